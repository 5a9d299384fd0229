"""Draws old → new: the rows of a diff, each field under the other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from agentctl.views.page import Ink, Inked, Page, Part

if TYPE_CHECKING:
    from agentctl.views.diff import Row

_INKS = {"+": Ink.ADD, "-": Ink.DESTROY, "~": Ink.PLAIN, " ": Ink.FAINT, "@": Ink.FAINT, "!": Ink.RISK}


def draw_changes(page: Page, changes: Iterable[Mapping[str, Any]], indent: int, sign: str = "~") -> None:
    """Draw changed fields; the sign of a whole record (``+`` or ``-``) is not repeated before each of them."""
    from agentctl.views.diff import rows

    for change in changes:
        for row in rows(change, page.look.detail):
            _draw(page, row, indent, sign)


def _draw(page: Page, row: Row, indent: int, sign: str) -> None:
    indent += 2 * row.depth
    ink = _INKS[row.sign]
    mark = "" if not row.depth and row.sign in ("~", sign) else f"{row.sign} "
    if row.sign == "@":
        mark = "" if row.label.startswith("…") else "@ "
    parts: list[Part] = [Inked(mark, ink)] if mark else []
    if row.old is not None and row.new is not None:
        parts += [f"{row.label}: ", Inked(row.old, Ink.DESTROY), " → ", Inked(row.new, Ink.ADD)]
    elif row.new is not None:
        parts += [f"{row.label}: ", Inked(row.new, ink)]
    else:
        parts.append(Inked(row.label, ink))
    page.line(*parts, indent=indent, hang=indent + 4)
