"""Signed statements kept under ``.agentctl/``: a folder for each noun, a file by its statement's id. Judges none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from agentctl.errors import Unwritable
from agentctl.store import atomic
from agentctl.store.layout import Layout


def save(layout: Layout, noun: str, identifier: str, content: bytes) -> None:
    """Keep a statement durably. Raises Unwritable."""
    folder = layout.statements(noun)
    try:
        folder.mkdir(exist_ok=True)
        folder.chmod(layout.folder_mode)
    except OSError as error:
        raise Unwritable(f"The {noun} could not be kept", f"{folder}: {error.strerror}.") from error
    name = f"{identifier.removeprefix('sha256:')}.{noun}"
    atomic.replace(folder / name, [content], layout.file_mode)


def kept(layout: Layout, noun: str) -> Iterator[tuple[Path, bytes]]:
    """Yield every kept statement's file with its content, by name. Raises Unwritable where one cannot be read."""
    for path in sorted(layout.statements(noun).glob(f"*.{noun}")):
        try:
            yield path, path.read_bytes()
        except OSError as error:
            raise Unwritable(f"A kept {noun} cannot be read", f"{path}: {error.strerror}.") from error
