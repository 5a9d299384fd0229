"""Signed statements kept under ``.agentctl/``: a folder for each noun. Judges none of them.

A file's name begins with what it is about, so that a damaged one is known to concern that and nothing else.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from agentctl.errors import Unwritable
from agentctl.facts import dataclass
from agentctl.files import sync_folder
from agentctl.patterns import regex
from agentctl.store import atomic
from agentctl.store.layout import Layout

_MOST = 256 * 1024 + 1      # a byte more than a statement may have
_ABOUT = 16
_ID = 32
_NAME = regex(rf"([0-9a-f]{{{_ABOUT}}})-[0-9a-f]{{{_ID}}}\.[a-z]+")


@dataclass(frozen=True, kw_only=True)
class Kept:
    """One file: how the digest of what it is about begins (empty where its name doesn't tell), and what is in it.

    ``why`` says why it can't be read; ``content`` is then empty.
    """

    path: Path
    about: str
    content: bytes = b""
    why: str = ""

    def concerns(self, digest: str) -> bool:
        """Whether it is, or may be, about ``digest``."""
        return digest.removeprefix("sha256:").startswith(self.about)


def save(layout: Layout, noun: str, about: str, identifier: str, content: bytes) -> None:
    """Keep a statement durably; ``about`` and ``identifier`` are digests. Raises Unwritable."""
    folder = layout.statements(noun)
    try:
        folder.mkdir(exist_ok=True)
        if folder.stat().st_uid == os.geteuid():
            folder.chmod(layout.folder_mode)
        sync_folder(layout.root)
    except OSError as error:
        raise Unwritable(f"The {noun} could not be kept", f"{folder}: {error.strerror}.") from error
    atomic.replace(folder / name_of(noun, about, identifier), [content], layout.file_mode)


def name_of(noun: str, about: str, identifier: str) -> str:
    """Return the file name of a statement; ``about`` and ``identifier`` are digests."""
    return f"{about.removeprefix('sha256:')[:_ABOUT]}-{identifier.removeprefix('sha256:')[:_ID]}.{noun}"


def any_kept(layout: Layout, noun: str) -> bool:
    """Whether there is anything that ``kept`` yields."""
    return next(kept(layout, noun), None) is not None


def kept(layout: Layout, noun: str) -> Iterator[Kept]:
    """Yield every kept statement of a noun, by name. A folder that cannot be read is one that may be about anything."""
    folder = layout.statements(noun)
    try:
        with os.scandir(folder) as entries:
            names = sorted(entry.name for entry in entries if entry.name.endswith(f".{noun}"))
    except FileNotFoundError as error:
        if folder.is_symlink():
            yield Kept(path=folder, about="", why=error.strerror or "it leads nowhere")
        return
    except OSError as error:
        yield Kept(path=folder, about="", why=error.strerror or "it cannot be listed")
        return
    for name in names:
        if (found := _read(folder / name)) is not None:
            yield found


def _read(path: Path) -> Kept | None:
    matched = _NAME.fullmatch(path.name)
    about = matched[1] if matched else ""
    try:
        # Without O_NONBLOCK a pipe laid in its place would keep every command waiting.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            return Kept(path=path, about=about, content=file.read(_MOST))
    except FileNotFoundError:       # dropped since it was listed
        return None
    except OSError as error:
        return Kept(path=path, about=about, why=error.strerror or "it cannot be read")
