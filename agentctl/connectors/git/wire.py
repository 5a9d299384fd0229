"""How an inverse's arguments hold index entries: ``{PATH: "100644 SHA" or null}``. Reads nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from agentctl.connectors.git.objects import Entry


def entries_from(argument: object) -> dict[str, Entry | None]:
    """Return the index entries an inverse's ``index`` argument holds; none where the branch was not checked out."""
    held = cast(Mapping[str, str | None], argument or {})
    return {path: None if text is None else Entry(*text.split(" ")) for path, text in held.items()}
