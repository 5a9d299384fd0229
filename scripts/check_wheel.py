"""Builds the wheel and names every file a running agentctl needs that is not in it."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    missing = sorted(needed() - contained())
    for name in missing:
        print(f"missing in the wheel: {name}")
    return bool(missing)


def needed() -> set[str]:
    """Return the names, as the wheel has them, of every tracked file of the package and every schema."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "agentctl", "schemas"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.split("\0")
    return {name.replace("schemas/", "agentctl/_schemas/", 1) if name.startswith("schemas/") else name
            for name in listed if name}


def contained() -> set[str]:
    build = [sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--quiet", "--no-deps",
             "--no-build-isolation"]
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([*build, "--wheel-dir", folder, str(ROOT)], check=True)
        (wheel,) = Path(folder).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            return set(archive.namelist())


if __name__ == "__main__":
    sys.exit(main())
