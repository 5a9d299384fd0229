"""Makes a scratch workspace from a folder of files: a git repository and databases of the scripts beside them."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

from agentctl.errors import Usage

ASSETS = Path(__file__).parent / "assets"

_PLACEHOLDER = b"YOUR-LOGIN"
_IDENTITY = ("-c", "user.name=Acme", "-c", "user.email=web@acme.example", "-c", "commit.gpgsign=false")


def make(assets: Path, directory: Path, login: str) -> None:
    """Fill ``directory`` with a copy of ``assets``, ``*.sql`` made into databases and everything else committed.

    ``login`` takes the place of YOUR-LOGIN in the policy, so that whoever looks at it may roll back. Raises Usage where
    the directory holds something already.
    """
    if directory.exists() and any(directory.iterdir()):
        raise Usage("Directory not empty", f"{directory} holds files already.", hint="Name a directory yet to be made.")
    shutil.copytree(assets, directory, dirs_exist_ok=True, ignore=shutil.ignore_patterns("expected.txt", "README.md"))
    for path in directory.rglob("*.yaml"):
        path.write_bytes(path.read_bytes().replace(_PLACEHOLDER, login.encode()))
    for script in directory.glob("*.sql"):
        with closing(sqlite3.connect(script.with_suffix(".db"))) as database:
            database.executescript(script.read_text("utf-8"))
            database.commit()
    (directory / ".gitignore").write_text(".agentctl/\n*.db\n")
    _git(directory, "init", "--quiet", "--initial-branch=main")
    _git(directory, "add", "--all")
    _git(directory, *_IDENTITY, "commit", "--quiet", "--no-verify", "--message", "The workspace as it was")


def _git(directory: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=directory, check=True, stdin=subprocess.DEVNULL)
