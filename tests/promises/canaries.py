"""Values that must turn up nowhere, and a search for them in whatever was written or said, however it is written."""

from __future__ import annotations

import base64
import json
import re
import secrets
import string
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

_TELLING = 8
_FILLING = dict.fromkeys(map(ord, string.whitespace + "│|>,\"'\\"))


def canary(name: str) -> str:
    """Return a value nobody has seen before, with characters that every notation writes differently."""
    return f"Cnry/{name}+{secrets.token_hex(10)}=é&"


def forms(value: str) -> dict[str, bytes]:
    """Return how ``value`` may be written, by the name of the notation. Its core tells it from any other text."""
    data = value.encode()
    core = max(re.findall("[0-9A-Za-z]+", value), key=len)      # random, and it survives every escaping but encoding
    assert len(core) >= _TELLING, "so short a piece of it stands in other texts, too"
    found = {
        "core": core, "reversed": core[::-1], "JSON": json.dumps(value)[1:-1], "URL": quote(value, safe=""),
        "hex": data.hex(), "HEX": data.hex().upper(), "hex of the core": core.encode().hex(),
    }
    for offset in range(3):
        encoded = base64.b64encode(bytes(offset) + core.encode()).decode().rstrip("=")
        inner = encoded[-(-offset * 8 // 6) : len(encoded) - 1]
        found[f"base64 at {offset}"] = inner
        found[f"base64url at {offset}"] = inner.replace("+", "-").replace("/", "_")
    return {name: form.encode() for name, form in found.items()}


def search(data: bytes, canaries: Mapping[str, str]) -> Iterator[str]:
    """Yield which canary stands in ``data`` in which notation, also where it is split over lines."""
    whole = data.decode("utf-8", "replace").translate(_FILLING).encode()
    for name, value in canaries.items():
        for notation, form in forms(value).items():
            if form in data or form in whole:
                yield f"{name} in {notation}"
                break


def leaks(folders: Iterable[Path], told: Mapping[str, str], canaries: Mapping[str, str], allowed: Iterable[Path]) -> list[str]:
    """Return where any canary stands: below ``folders`` but for what is ``allowed``, names included, or in what was told."""
    free = tuple(allowed)
    found = [f"{what}: {leak}" for what, text in told.items() for leak in search(text.encode(), canaries)]
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if any(path == one or one in path.parents for one in free):
                continue
            found += [f"the name {path}: {leak}" for leak in search(str(path).encode(), canaries)]
            if path.is_file() and not path.is_symlink():
                found += [f"{path}: {leak}" for leak in search(path.read_bytes(), canaries)]
    return found
