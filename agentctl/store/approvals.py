"""Approvals kept under ``.agentctl/approvals/``, each in a file by its statement's digest. Judges none of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from agentctl.errors import Unwritable
from agentctl.store import atomic
from agentctl.store.layout import Layout

_SUFFIX = ".approval"


def save(layout: Layout, identifier: str, content: bytes) -> None:
    """Keep an approval durably. Raises Unwritable."""
    folder = layout.approvals
    try:
        folder.mkdir(exist_ok=True)
        folder.chmod(layout.folder_mode)
    except OSError as error:
        raise Unwritable("The approval could not be kept", f"{folder}: {error.strerror}.") from error
    name = f"{identifier.removeprefix('sha256:')}{_SUFFIX}"
    atomic.replace(folder / name, [content], layout.file_mode)


def kept(layout: Layout) -> Iterator[tuple[Path, bytes]]:
    """Yield every approval's file with its content, by name. Raises Unwritable where one cannot be read."""
    for path in sorted(layout.approvals.glob(f"*{_SUFFIX}")):
        try:
            yield path, path.read_bytes()
        except OSError as error:
            raise Unwritable("An approval cannot be read", f"{path}: {error.strerror}.") from error
