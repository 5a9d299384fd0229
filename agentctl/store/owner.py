"""Who holds a workspace's lock: how the lock's file says it, and whether that process lives. Takes no lock."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
from datetime import datetime
from pathlib import Path

from agentctl.errors import Unwritable
from agentctl.facts import by_name, dataclass

_LONGEST = 1 << 16


@dataclass(frozen=True, kw_only=True)
class Owner:
    """Who holds the lock: for which run, since when, and which process of which boot of which machine.

    ``machine`` and ``pids`` (the namespace in which ``pid`` counts) are empty where the system does not tell them.
    """

    run: str
    person: str
    host: str
    pid: int
    since: str
    boot: str
    started: str        # the process's start time in the kernel's own clock: a reused pid has another
    machine: str = ""
    pids: str = ""

    @property
    def alive(self) -> bool | None:
        """Whether that process still runs; None where it is on a machine, or in a container, we cannot look into."""
        if self.pid <= 0:
            return False
        if self.host != os.uname().nodename or self.machine != _machine():
            return None
        if self.boot != _boot():
            return False if self.machine else None      # machines may be called the same
        if self.pids != _pids():
            return None
        return _started(self.pid) == self.started if self.started else _exists(self.pid)


def show(path: Path) -> Owner | None:
    """Return the named owner, dead or alive, or None. Takes no lock."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            return parse(os.read(descriptor, _LONGEST)) if stat.S_ISREG(os.fstat(descriptor).st_mode) else None
        finally:
            os.close(descriptor)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Unwritable("The lock cannot be read", f"{path}: {error.strerror}.") from error


def myself(*, run: str, person: str, now: datetime) -> Owner:
    """Describe this process as an owner."""
    return Owner(
        run=run,
        person=person,
        host=os.uname().nodename,
        pid=os.getpid(),
        since=now.isoformat(timespec="seconds"),
        boot=_boot(),
        started=_started(os.getpid()),
        machine=_machine(),
        pids=_pids(),
    )


def encode(owner: Owner) -> bytes:
    return json.dumps(by_name(owner)).encode()


def parse(data: bytes) -> Owner | None:
    """Return the owner a lock file names. One that was cut short while being written names nobody we know."""
    from dataclasses import fields

    if not data.strip(b"\0 \n"):
        return None
    try:
        wire = json.loads(data)
        wire = {"machine": "", "pids": "", **wire}      # as of before they were written
        return Owner(**{field.name: _TYPES[str(field.type)](wire[field.name]) for field in fields(Owner)})
    except (ValueError, KeyError, TypeError, RecursionError):
        return Owner(run="", person="", host=os.uname().nodename, pid=0, since="", boot="", started="")


_TYPES = {"str": str, "int": int}


def _boot() -> str:
    with contextlib.suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return ""


def _machine() -> str:
    """Return which machine this is across reboots; not its own id, which is meant to stay there."""
    with contextlib.suppress(OSError):
        if found := Path("/etc/machine-id").read_bytes().strip():
            return hashlib.sha256(b"agentctl lock\0" + found).hexdigest()[:16]
    return ""


def _pids() -> str:
    """Return the namespace that processes are numbered in: containers have their own."""
    with contextlib.suppress(OSError):
        return str(Path("/proc/self/ns/pid").readlink())
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
