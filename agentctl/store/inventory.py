"""What of runs and changesets lies under ``.agentctl/`` and could be dropped: name, size, age. Reads no content.

Only names that agentctl gives are seen; anything else was put there by somebody else and is left alone.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from agentctl.errors import Unwritable
from agentctl.files import sync_folder
from agentctl.model.stored import Sort, Stored
from agentctl.store.layout import Layout

_OF_CHANGESET = re.compile(r"changeset-([0-9a-f]{64})")
_CHANGESET = re.compile(r"([0-9a-f]{64})\.jsonl")
_OF_RUN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
_APPROVAL = re.compile(r"([0-9a-f]{16})-[0-9a-f]{32}\.approval")


def inventory(layout: Layout) -> tuple[Stored, ...]:
    """Return every file there is, by path. Raises Unwritable where a folder cannot be listed."""
    found = [*_listed(layout.packs), *_listed(layout.changesets), *_listed(layout.statements("approval"))]
    return tuple(sorted(filter(None, found), key=lambda file: file.path))


def fingerprint(layout: Layout, file: Stored) -> str | None:
    """Return the digest of a file's bytes, or None where it is no longer what was seen. Raises OSError."""
    try:
        descriptor = os.open(layout.root / file.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    with os.fdopen(descriptor, "rb") as opened:
        if _stamp(os.fstat(descriptor)) != file.stamp:
            return None
        return f"sha256:{hashlib.file_digest(opened, 'sha256').hexdigest()}"


def drop(layout: Layout, file: Stored) -> bool:
    """Take a file away unless it was written anew meanwhile; return whether it is gone. Raises OSError."""
    path = layout.root / file.path
    with suppress(FileNotFoundError):
        if _stamp(path.stat(follow_symlinks=False)) != file.stamp:
            return False
        path.unlink()
    return True


def settle(layout: Layout) -> None:
    """Make what was taken away stay away, whatever happens to the machine. Raises OSError."""
    for folder in (layout.packs, layout.changesets, layout.statements("approval")):
        with suppress(FileNotFoundError):
            sync_folder(folder)


def _listed(folder: Path) -> Iterator[Stored | None]:
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                with suppress(FileNotFoundError):
                    yield _stored(folder.name, entry.name, entry.stat(follow_symlinks=False))
    except FileNotFoundError:
        return
    except OSError as error:
        raise Unwritable("A folder cannot be read", f"{folder}: {error.strerror}.") from error


def _stored(folder: str, name: str, status: os.stat_result) -> Stored | None:
    named = _named(folder, name)
    if named is None or not stat.S_ISREG(status.st_mode):
        return None
    sort, of = named
    return Stored(
        path=f"{folder}/{name}",
        sort=sort,
        of=of,
        bytes=status.st_size,
        written=datetime.fromtimestamp(status.st_mtime, UTC),
        stamp=_stamp(status),
    )


def _named(folder: str, name: str) -> tuple[Sort, str] | None:
    match folder:
        case "packs" if found := _OF_CHANGESET.fullmatch(name):
            return Sort.CHANGESET, f"sha256:{found[1]}"
        case "packs" if _OF_RUN.fullmatch(name):
            return Sort.PACK, name
        case "changesets" if found := _CHANGESET.fullmatch(name):
            return Sort.CHANGESET, f"sha256:{found[1]}"
        case "approvals" if found := _APPROVAL.fullmatch(name):
            return Sort.APPROVAL, f"sha256:{found[1]}"
    return None


def _stamp(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_ino, status.st_size, status.st_ctime_ns
