"""The one lock of a workspace: held by the kernel for as long as its owner lives, and saying who that is."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from agentctl.errors import Locked, Unwritable, Usage
from agentctl.store.heirs import heirs
from agentctl.store.owner import Owner, encode, parse, show

_PAUSE = 0.05       # seconds between attempts while waiting
_LINGER = 5.0       # seconds that programs of a dead owner, which end by themselves, are waited for in any case
_LONGEST = 1 << 16
_NO_LOCKS = {errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS}


def acquire(path: Path, me: Owner, *, timeout: float = 0.0, mode: int = 0o600) -> Held:
    """Take the lock, waiting up to ``timeout`` seconds. Raises Locked, saying who holds it.

    The kernel gives the lock back when its owner, and the programs it lent it to, are dead, however they die. An owner
    still named then is dead if it was of this machine, and is handed on as ``broke``; one of another machine may live,
    and stays in place.
    """
    return _acquire(path, me, timeout=timeout, mode=mode, overrule=False)


def break_(path: Path, me: Owner, *, mode: int = 0o600) -> Held:
    """Take the lock from an owner that cannot be proven dead. Raises Locked where it lives, Usage for no owner."""
    if show(path) is None:
        raise Usage("The lock is not held", "There is nothing to break.")
    return _acquire(path, me, timeout=0.0, mode=mode, overrule=True)


class Held:
    """The lock, held. ``broke`` is the dead (or overruled) owner it was taken from: the caller records that."""

    def __init__(self, descriptor: int, broke: Owner | None) -> None:
        self.broke = broke
        self._descriptor = descriptor
        self._lent = False
        _held.add(self)

    def lend(self) -> tuple[int, ...]:
        """Return the descriptors by which a program that inherits them holds the lock on should it outlive us.

        Until ``recall``, it does so even after ``release``: whoever waits for the lock waits for that program.
        """
        self._lent = True
        return (self._descriptor,)

    def recall(self) -> None:
        """Say that nothing begun under the lock is at work any more: what was left behind does not hold it on."""
        self._lent = False

    def release(self) -> None:
        """Give the lock back. May be called twice."""
        if self._descriptor < 0:
            return
        with contextlib.suppress(OSError):      # an owner that stays named is dead to whoever comes next
            os.ftruncate(self._descriptor, 0)
            if not self._lent:
                fcntl.flock(self._descriptor, fcntl.LOCK_UN)
        self.forget()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def forget(self) -> None:
        """Close our copy without giving the lock back: what a forked child does with its parent's."""
        _held.discard(self)
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)


_held: set[Held] = set()


def _let_go_in_child() -> None:
    """A forked child shares the kernel's lock and would hold it on after we die."""
    for held in list(_held):
        held.forget()


os.register_at_fork(after_in_child=_let_go_in_child)


def _acquire(path: Path, me: Owner, *, timeout: float, mode: int, overrule: bool) -> Held:
    try:
        descriptor = _lock(path, timeout, mode)
        try:
            left = parse(os.pread(descriptor, _LONGEST, 0))
            # Of the same boot it was held by the same kernel, whose word it is that nobody holds it any more.
            if left is not None and left.alive is None and left.boot != me.boot and not overrule:
                raise _locked(left, "It is of another machine, so whether it lives cannot be seen from here.")
            data = encode(me)
            os.pwrite(descriptor, data, 0)
            os.ftruncate(descriptor, len(data))
        except BaseException:
            os.close(descriptor)
            raise
    except OSError as error:
        raise Unwritable(
            "The lock could not be taken",
            f"{path}: {error.strerror}. Nothing was executed.",
            hint="The workspace must lie on a file system whose locks work, as those of local disks do."
            if error.errno in _NO_LOCKS else "It must be a file you can write. While no agentctl runs, remove it.",
        ) from error
    return Held(descriptor, left)


def _lock(path: Path, timeout: float, mode: int) -> int:
    begun = time.monotonic()
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
            owner = show(path)
            alive = owner is not None and owner.alive is not False
            if time.monotonic() - begun >= (timeout if alive else max(timeout, _LINGER)):
                raise (_locked(owner, "") if owner is not None and alive else _inherited(path, owner)) from None
            time.sleep(_PAUSE)
        except OSError:
            os.close(descriptor)
            raise


def _is_still(path: Path, descriptor: int) -> bool:
    """Whether the name still stands for the file we locked, and not for one made after somebody removed it."""
    with contextlib.suppress(FileNotFoundError):
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    return False


def _inherited(path: Path, owner: Owner | None) -> Locked:
    """Say which programs hold the lock of an owner that is gone."""
    import shlex

    left = heirs(path)
    names = ", ".join(f"`{heir.name}` (process {heir.pid})" for heir in left) or "a program it started"
    whose = f"run {owner.run}" if owner is not None and owner.run else "the last run"
    return Locked(
        "The workspace is locked",
        f"The process of {whose} is gone, but {names} lives on and may still be at work in a system.",
        hint="Wait until it has ended, or end it:" if left else "Wait until it has ended, or find it and end it:",
        command=f"kill {' '.join(str(heir.pid) for heir in left)}" if left else f"lsof {shlex.quote(str(path))}",
    )


def _locked(owner: Owner, more: str) -> Locked:
    since = f" since {owner.since}" if owner.since else ""
    run = f", run {owner.run}" if owner.run else ""
    who = f"{owner.person or 'Somebody'} on {owner.host} (process {owner.pid})"
    return Locked(
        "The workspace is locked",
        f"{who} holds it{since}{run}. {more}".strip(),
        hint="If its owner is known to be dead, take the lock from it." if more else "Wait, or ask its owner.",
        command='agentctl lock break --reason "…"' if more else f"agentctl show {owner.run}".strip(),
    )


