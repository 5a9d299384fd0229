"""A person's own editor on a private file. What is edited, and what becomes of it, is told elsewhere."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from agentctl.errors import Exit, Usage


class Sheet:
    """A file only its owner can read, in a folder of its own: what editors leave beside it goes with it.

    It is gone when the block ends, unless ``keep`` was called; a signal that ends us ends the block.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.kept = False

    @property
    def text(self) -> bytes:
        return self.path.read_bytes()

    def keep(self) -> Path:
        self.kept = True
        return self.path


@contextmanager
def sheet(name: str, text: str, environ: Mapping[str, str]) -> Iterator[Sheet]:
    """Yield a new file called ``name`` that holds ``text``, in memory where the system has a place for that."""
    place = environ.get("XDG_RUNTIME_DIR", "")
    folder = Path(tempfile.mkdtemp(prefix="agentctl-", dir=place if place and os.access(place, os.W_OK) else None))
    made = Sheet(folder / name)
    try:
        with _ended_by_signals():
            descriptor = os.open(made.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
            yield made
    finally:
        if not made.kept:
            shutil.rmtree(folder, ignore_errors=True)


def run(path: Path, environ: Mapping[str, str]) -> None:
    """Open ``path`` in $VISUAL, else $EDITOR, else vi, and wait. Raises Usage where it did not end well."""
    chosen = environ.get("VISUAL") or environ.get("EDITOR") or "vi"
    try:
        command = shlex.split(chosen)
        process = subprocess.Popen([*command, str(path)])
    except (OSError, ValueError, IndexError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise Usage(
            "The editor could not be started",
            f"`{chosen}`: {why}. Nothing was changed.",
            hint="Set VISUAL or EDITOR to your editor, or give the text with --with FILE.",
        ) from error
    code = _wait(process)
    if code:
        how = f"was ended by signal {-code}" if code < 0 else f"ended with {code}"
        raise Usage("Nothing was changed", f"The editor `{chosen}` {how}, so what it left was not taken.")


def _wait(process: subprocess.Popen[bytes]) -> int:
    """Wait; Ctrl-C is the editor's own business."""
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Leave by the way every block ends by, where we are asked to end."""

    def end(number: int, frame: FrameType | None) -> None:  # noqa: ARG001  # a handler's signature
        raise SystemExit(int(Exit.TERMINATED))

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
