"""Names that a reader could take for one another. Which names there are is the document's matter."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

_LOOKS_LIKE = str.maketrans({"I": "l", "1": "l", "|": "l", "0": "o", "O": "o", "-": "_", ".": "_"})


def look_alikes(names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield each name that reads like an earlier one, with that one: ``sales-Ops`` and ``sales_ops``."""
    seen: dict[str, str] = {}
    for name in names:
        earlier = seen.setdefault(_skeleton(name), name)
        if earlier != name:
            yield name, earlier


def _skeleton(name: str) -> str:
    return name.translate(_LOOKS_LIKE).lower().replace("rn", "m").replace("vv", "w")
