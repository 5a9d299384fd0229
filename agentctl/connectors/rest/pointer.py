"""JSON Pointers into answers: what stands where, or that nothing does."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any, Final


class Nothing(Enum):
    """What is absent, told from what is null."""

    ABSENT = "absent"


ABSENT: Final = Nothing.ABSENT


def at(pointer: str, document: Any) -> Any:
    """Return what stands at ``pointer``, ABSENT where nothing does. What is below a null is null."""
    node = document
    for part in parts(pointer):
        match node:
            case None:
                return None
            case Mapping() if part in node:
                node = node[part]
            case list() if part.isascii() and part.isdecimal() and int(part) < len(node):
                node = node[int(part)]
            case _:
                return ABSENT
    return node


def parts(pointer: str) -> tuple[str, ...]:
    """Return the names a pointer leads through; ``~1`` is a slash and ``~0`` a tilde."""
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:])
