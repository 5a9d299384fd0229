"""Who listens where, as the kernel says."""

from __future__ import annotations

import socket
import struct
from pathlib import Path

_LISTENS = "0A"


def listening(pid: int) -> set[tuple[str, int]]:
    """Return the addresses and ports that a process, or any it started, listens on."""
    inodes = set().union(*(_sockets(one) for one in family(pid)))
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path("/proc/net", table).read_text("ascii").splitlines()[1:]:
            fields = line.split()
            if fields[3] == _LISTENS and fields[9] in inodes:
                found.add(_place(fields[1]))
    return found


def family(pid: int) -> list[int]:
    """Return the process and all its descendants."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
    return [pid, *(one for child in children for one in family(int(child)))]


def _sockets(pid: int) -> set[str]:
    links = []
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        try:
            links.append(str(entry.readlink()))
        except FileNotFoundError:
            continue        # closed while we looked
    return {link[len("socket:["):-1] for link in links if link.startswith("socket:[")}


def _place(text: str) -> tuple[str, int]:
    address, port = text.split(":")
    words = [struct.pack("=I", int(address[at:at + 8], 16)) for at in range(0, len(address), 8)]
    family_of = socket.AF_INET if len(words) == 1 else socket.AF_INET6
    return socket.inet_ntop(family_of, b"".join(words)), int(port, 16)
