"""The one lock of a workspace: held by the kernel for as long as its owner lives, and saying who that is."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import socket
import time
import weakref
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from agentctl.errors import Locked, Unwritable, Usage

_PAUSE = 0.05       # seconds between attempts while waiting
_LONGEST = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Who holds the lock: for which run, since when, and which process of which boot of which machine."""

    run: str
    person: str
    host: str
    pid: int
    since: str
    boot: str
    started: str        # the process's start time in the kernel's own clock: a reused pid has another

    @property
    def alive(self) -> bool | None:
        """Whether that process still runs; None where it is on a machine, or in a container, we cannot look into."""
        if self.host != socket.gethostname():
            return None
        if self.boot != _boot() or self.pid <= 0:
            return False
        return _started(self.pid) == self.started if self.started else _exists(self.pid)


def acquire(path: Path, me: Owner, *, timeout: float = 0.0, mode: int = 0o600) -> Held:
    """Take the lock, waiting up to ``timeout`` seconds. Raises Locked, saying who holds it.

    The kernel gives the lock back when its owner dies, however it dies. An owner still named then is dead if it was of
    this machine, and is handed on as ``broke``; one of another machine may live, and stays in place.
    """
    return _acquire(path, me, timeout=timeout, mode=mode, overrule=False)


def break_(path: Path, me: Owner, *, mode: int = 0o600) -> Held:
    """Take the lock from an owner that cannot be proven dead. Raises Locked where it lives, Usage for no owner."""
    if show(path) is None:
        raise Usage("The lock is not held", "There is nothing to break.")
    return _acquire(path, me, timeout=0.0, mode=mode, overrule=True)


def show(path: Path) -> Owner | None:
    """Return the named owner, dead or alive, or None. Takes no lock."""
    try:
        return _parse(path.read_bytes()[:_LONGEST])
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Unwritable("The lock cannot be read", f"{path}: {error.strerror}.") from error


def owner(*, run: str, person: str, now: datetime) -> Owner:
    """Describe this process as an owner."""
    return Owner(
        run=run,
        person=person,
        host=socket.gethostname(),
        pid=os.getpid(),
        since=now.isoformat(timespec="seconds"),
        boot=_boot(),
        started=_started(os.getpid()),
    )


class Held:
    """The lock, held. ``broke`` is the dead (or overruled) owner it was taken from: the caller records that."""

    def __init__(self, descriptor: int, broke: Owner | None) -> None:
        self.broke = broke
        self._descriptor = descriptor
        _held.add(self)

    def release(self) -> None:
        """Give the lock back. May be called twice."""
        if self._descriptor < 0:
            return
        with contextlib.suppress(OSError):      # an owner that stays named is dead to whoever comes next
            os.ftruncate(self._descriptor, 0)
        self.forget()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def forget(self) -> None:
        """Close our copy without giving the lock back: what a forked child does with its parent's."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)


_held: weakref.WeakSet[Held] = weakref.WeakSet()


def _let_go_in_child() -> None:
    """A forked child shares the kernel's lock and would hold it on after we die."""
    for held in list(_held):
        held.forget()


os.register_at_fork(after_in_child=_let_go_in_child)


def _acquire(path: Path, me: Owner, *, timeout: float, mode: int, overrule: bool) -> Held:
    try:
        descriptor = _lock(path, timeout, mode)
        try:
            left = _parse(os.pread(descriptor, _LONGEST, 0))
            if left is not None and left.alive is None and left.boot != me.boot and not overrule:
                raise _locked(left, "It is of another machine, so whether it lives cannot be seen from here.")
            data = json.dumps(asdict(me)).encode()
            os.pwrite(descriptor, data, 0)
            os.ftruncate(descriptor, len(data))
        except BaseException:
            os.close(descriptor)
            raise
    except OSError as error:
        raise Unwritable("The lock could not be taken", f"{path}: {error.strerror}. Nothing was executed.") from error
    return Held(descriptor, left)


def _lock(path: Path, timeout: float, mode: int) -> int:
    due = time.monotonic() + timeout
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, mode)
        try:
            if os.fstat(descriptor).st_uid == os.geteuid():
                os.fchmod(descriptor, mode)     # whatever the umask is
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_still(path, descriptor):
                return descriptor
            os.close(descriptor)
        except BlockingIOError:
            os.close(descriptor)
            if time.monotonic() >= due:
                raise _locked(show(path), "") from None
            time.sleep(_PAUSE)
        except OSError:
            os.close(descriptor)
            raise


def _is_still(path: Path, descriptor: int) -> bool:
    """Whether the name still stands for the file we locked, and not for one made after somebody removed it."""
    with contextlib.suppress(FileNotFoundError):
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    return False


def _locked(owner: Owner | None, more: str) -> Locked:
    if owner is None:
        return Locked("The workspace is locked", "Another process is just taking or releasing the lock.")
    since = f" since {owner.since}" if owner.since else ""
    run = f", run {owner.run}" if owner.run else ""
    who = f"{owner.person or 'Somebody'} on {owner.host} (process {owner.pid})"
    return Locked(
        "The workspace is locked",
        f"{who} holds it{since}{run}. {more}".strip(),
        hint="If its owner is known to be dead, take the lock from it." if more else "Wait, or ask its owner.",
        command='agentctl lock break --reason "…"' if more else f"agentctl show {owner.run}".strip(),
    )


def _parse(data: bytes) -> Owner | None:
    """Return the owner a lock file names. One that was cut short while being written names nobody we know."""
    if not data.strip(b"\0 \n"):
        return None
    try:
        wire = json.loads(data)
        return Owner(**{field.name: _TYPES[str(field.type)](wire[field.name]) for field in fields(Owner)})
    except (ValueError, KeyError, TypeError, RecursionError):
        return Owner(run="", person="", host=socket.gethostname(), pid=0, since="", boot="", started="")


_TYPES = {"str": str, "int": int}


def _boot() -> str:
    with contextlib.suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return ""


def _started(pid: int) -> str:
    """Return the process's start time in clock ticks since boot, or nothing where it is gone or cannot be told."""
    with contextlib.suppress(OSError):
        # The name, in parentheses, may hold anything; the fields count from its last parenthesis.
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[19]
    return ""


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
