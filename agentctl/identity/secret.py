"""Where the values of ``{$secret: NAME}`` are, and how one is fetched at the moment it is needed. Keeps no value."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, assert_never

from agentctl.errors import Rejected, Unreachable
from agentctl.facts import dataclass, field

if TYPE_CHECKING:
    import subprocess

_LONGEST = 64 * 1024        # bytes of one secret
_PATIENCE = 30.0            # seconds a command may take to tell one


@dataclass(frozen=True)
class Variable:
    """``{env: NAME}``: an environment variable."""

    name: str


@dataclass(frozen=True)
class File:
    """``{file: PATH}``: a file that nobody but its owner can read."""

    path: str


@dataclass(frozen=True)
class Command:
    """``{command: [PROGRAM, …]}``: what a program prints; no shell is involved."""

    argv: tuple[str, ...]


Source: TypeAlias = Variable | File | Command


def source_from_wire(wire: Mapping[str, Any]) -> Source:
    """Return the source that one entry of ``secrets:`` in ``agentctl.yaml`` names."""
    if "env" in wire:
        return Variable(wire["env"])
    return File(wire["file"]) if "file" in wire else Command(tuple(wire["command"]))


@dataclass(frozen=True, kw_only=True)
class Secrets:
    """The secrets of a workspace by name. Files and commands are seen from ``root``.

    Nothing it raises holds a value, a part of one, or what a command said.
    """

    sources: Mapping[str, Source]
    root: Path
    environ: Mapping[str, str] = field(repr=False)
    withheld: frozenset[str] = frozenset()      # variables besides its own that no command gets

    def check(self, names: Iterable[str]) -> None:
        """Raise Rejected for a name nobody configured, Unreachable for what can't be had as far as a look can tell.

        Reads no value and runs no command.
        """
        for name in names:
            match self._source(name):
                case Variable(variable):
                    self._variable(name, variable)
                case File(path):
                    os.close(self._open(name, path))
                case Command(argv):
                    self._program(name, argv)
                case unexpected:
                    assert_never(unexpected)

    def value(self, name: str) -> str:
        """Return the value of ``name`` as it is now. Raises as ``check`` does."""
        match self._source(name):
            case Variable(variable):
                return _text(name, os.fsencode(self._variable(name, variable)), f"the environment variable {variable}")
            case File(path):
                with os.fdopen(self._open(name, path), "rb") as file:
                    return _text(name, file.read(_LONGEST + 2), path)
            case Command(argv):
                return _text(name, self._told(name, argv), f"what `{argv[0]}` printed")
            case unexpected:
                assert_never(unexpected)

    @property
    def variables(self) -> frozenset[str]:
        """The environment variables that hold secrets."""
        return frozenset(source.name for source in self.sources.values() if isinstance(source, Variable))

    def _source(self, name: str) -> Source:
        try:
            return self.sources[name]
        except KeyError:
            known = ", ".join(sorted(self.sources)) or "none"
            raise Rejected(
                "Secret not configured", f"agentctl.yaml does not say where `{name}` is; its `secrets` are: {known}."
            ) from None

    def _variable(self, name: str, variable: str) -> str:
        value = self.environ.get(variable, "")
        if not value:
            how = "is empty" if variable in self.environ else "is not set"
            raise _missing(name, f"the environment variable {variable} {how}")
        return value

    def _open(self, name: str, path: str) -> int:
        whole = self.root / path
        try:
            descriptor = os.open(whole, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)     # a pipe must not make us wait
        except OSError as error:
            raise _missing(name, f"{whole}: {error.strerror}") from None
        if why := _open_to_others(whole, os.fstat(descriptor)):
            os.close(descriptor)
            raise _missing(name, why)
        return descriptor

    def _program(self, name: str, argv: tuple[str, ...]) -> str:
        """Return the program to start. Seen from the workspace where it is named by a path, else found on PATH."""
        import shutil

        program = argv[0]
        if "/" in program:
            program = str(self.root / program)
        found = shutil.which(program, path=self.environ.get("PATH", os.defpath))
        if found is None:
            raise _missing(name, f"there is no program `{argv[0]}`")
        return found

    def _told(self, name: str, argv: tuple[str, ...]) -> bytes:
        """Return what a command prints. What it says on stderr is nobody's: it may hold what it was asked for."""
        import subprocess

        program = self._program(name, argv)
        others = {key: value for key, value in self.environ.items() if key not in self.variables | self.withheld}
        try:
            process = subprocess.Popen(
                [program, *argv[1:]], cwd=self.root, env=others, stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True,
            )
        except OSError as error:
            raise _missing(name, f"`{argv[0]}` cannot be started: {error.strerror}") from None
        try:
            told, _ = process.communicate(timeout=_PATIENCE)
        except subprocess.TimeoutExpired:
            raise _missing(name, f"`{argv[0]}` did not end within {_PATIENCE:.0f} seconds") from None
        finally:
            _end(process)
        if process.returncode:
            raise _missing(name, f"`{argv[0]}` ended with {process.returncode}")
        return told


def _open_to_others(path: Path, status: os.stat_result) -> str:
    """Say why a file is no place for a secret, or nothing."""
    if not stat.S_ISREG(status.st_mode):
        return f"{path} is not a regular file"
    if status.st_mode & 0o077:
        return f"{path} has mode {stat.S_IMODE(status.st_mode):04o}, so that others can read it: `chmod 600` it"
    if status.st_uid not in (os.geteuid(), 0):
        return f"{path} is owned by uid {status.st_uid}"
    return ""


def _text(name: str, data: bytes, where: str) -> str:
    """Return a value, less the one newline that editors and programs end it with."""
    data = data.removesuffix(b"\n").removesuffix(b"\r")
    try:
        text = data.decode()
    except UnicodeDecodeError:      # not chained: it quotes what it could not decode
        raise _missing(name, f"{where} is not text in UTF-8") from None
    for wrong, why in ((not text, "is empty"), ("\0" in text, "holds a zero character"),
                       (len(data) > _LONGEST, f"is longer than {_LONGEST // 1024} KiB")):
        if wrong:
            raise _missing(name, f"{where} {why}")
    return text


def _missing(name: str, why: str) -> Unreachable:
    return Unreachable("Secret not available", f"`{name}` cannot be had: {why}.")


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill what is left of a command and of all it started, and wait for it."""
    import signal

    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.stdout is not None:
        process.stdout.close()

