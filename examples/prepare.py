"""Makes a workspace of an example:  python examples/prepare.py NAME DIR [--url URL]

An example about GitHub is told by ``--url`` where one is. Keys of people who sign are made beside the workspace.
"""

from __future__ import annotations

import argparse
import getpass
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from agentctl.demo.scratch import make
from agentctl.errors import Usage

EXAMPLES = Path(__file__).parent
GITHUB = "http://127.0.0.1:44444"       # what stands for the URL in the examples
KEYS = "example-keys"


def main(arguments: list[str]) -> int:
    names = sorted(path.parent.name for path in EXAMPLES.glob("*/agentctl.yaml"))
    parser = argparse.ArgumentParser(prog="prepare.py", description="Makes a workspace of an example.")
    parser.add_argument("name", metavar="NAME", choices=names, help=", ".join(names))
    parser.add_argument("directory", metavar="DIR", type=Path, help="a folder yet to be made")
    parser.add_argument("--url", default="", help="where the GitHub is, of an example that needs one")
    given = parser.parse_args(arguments)
    needs = (EXAMPLES / given.name / "github.yaml").exists()
    if needs and not given.url:
        parser.error(f"{given.name} needs a GitHub: `scripts/systems start {given.name}` starts one and says its --url")
    try:
        prepare(EXAMPLES / given.name, given.directory, getpass.getuser(), url=given.url)
    except Usage as error:
        print(f"error: {error}", file=sys.stderr)
        return error.code
    token = "    export GITHUB_TOKEN=tok_user\n" if needs else ""
    print(f"Made. Now:\n    cd {given.directory}\n{token}    agentctl init\n    agentctl plan plan.yaml")
    return 0


def prepare(example: Path, directory: Path, login: str, *, url: str = "") -> None:
    """Fill ``directory`` with an example whose GitHub is at ``url``. Raises Usage where it holds something already."""
    with tempfile.TemporaryDirectory() as folder:
        assets = Path(folder, "assets")
        shutil.copytree(example, assets)
        for path in assets.rglob("*.yaml"):
            text = path.read_text("utf-8").replace(GITHUB, url or GITHUB)
            path.write_text(re.sub(r"KEY-OF-([a-z]+)", lambda found: _key(directory.parent, found[1]), text), "utf-8")
        (assets / "github.yaml").unlink(missing_ok=True)
        make(assets, directory, login)


def _key(beside: Path, name: str) -> str:
    """Return the public line of a person's key, made where there is none yet. It opens nothing but this example."""
    path = beside / KEYS / name
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", path], check=True)
    return path.with_suffix(".pub").read_text("utf-8").strip()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
