"""Foreign text in Markdown: code spans and fences it cannot end, and as many lines as a comment holds.

Foreign text stands in code only, where no mention, link, image, HTML or table can begin.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from hashlib import sha256

from agentctl.views import safe

BUDGET = 65_000             # bytes; a comment holds 65,536 characters
LONGEST = 400               # characters of one value or line
_BACKTICKS = re.compile(r"`+")


def code(text: str) -> str:
    """Return foreign ``text`` as a code span, whatever it holds; long text is cut."""
    shown = safe.line(text)
    if len(shown) > LONGEST:
        shown = f"{shown[:LONGEST]}…"
    if not shown.strip():
        return "(nothing)"
    ticks = "`" * (_longest_run(shown) + 1)
    return f"{ticks} {shown} {ticks}" if shown[0] in "` " or shown[-1] in "` " else f"{ticks}{shown}{ticks}"


def cell(text: str) -> str:
    """Return foreign ``text`` as a code span in a table, whose cell it cannot end either."""
    return code(text).replace("|", "\\|")


def block(lines: Sequence[str]) -> list[str]:
    """Return lines as a fenced block whose fence none of them can close."""
    shown = [safe.escape(line) for line in lines]
    fence = "`" * max(3, 1 + max(map(_longest_run, shown), default=0))
    return [f"{fence}text", *shown, fence]


def more(count: int, indent: str = "") -> list[str]:
    """Return the line that says how many items are left out, if any are."""
    return [f"{indent}- … {count:,} more: `--format json` has all of them"] if count > 0 else []


def fitting(lines: Sequence[str], room: int) -> list[str]:
    """Return as many of the first ``lines`` as ``room`` bytes hold, and a line that counts those left out."""
    shown = _first(lines, room - LONGEST)
    left = len(lines) - len(shown)
    return [*shown, "", f"… {left:,} more: `--format json` has all of them"] if left else shown


def cut(lines: Sequence[str], room: int, see: str) -> list[str]:
    """Return as many lines as ``room`` bytes hold, two thirds from the beginning, and how many are left out."""
    wide = [line if len(line) <= LONGEST else f"{line[:LONGEST]}…" for line in lines]
    # Fences take part of the room: twice the longest run of backticks, and the words of what is left out.
    room -= 400 + 2 * max(map(_longest_run, wide), default=0)
    if size(wide) <= room:
        return wide
    head = _first(wide, room * 2 // 3)
    tail = _first(wide[len(head):][::-1], room - size(head))
    left = len(wide) - len(head) - len(tail)
    return [*head, f"… {left:,} lines left out. To see all of it: {see}", *reversed(tail)]


def size(lines: Sequence[str]) -> int:
    """Return how many bytes ``lines`` are."""
    return sum(len(line.encode("utf-8", "backslashreplace")) + 1 for line in lines)


def marker(files: Sequence[str]) -> str:
    """Return the line by which a job finds its own comment again: it says nothing a stranger could write."""
    name = sha256("\0".join(files).encode("utf-8", "surrogateescape")).hexdigest()[:12]
    return f"<!-- agentctl:{name} -->"


def text_of(lines: Sequence[str]) -> str:
    return "\n".join(lines) + "\n"


def _first(lines: Sequence[str], room: int) -> list[str]:
    used = 0
    for number, line in enumerate(lines):
        used += size([line])
        if used > room:
            return list(lines[:number])
    return list(lines)


def _longest_run(text: str) -> int:
    return max(map(len, _BACKTICKS.findall(text)), default=0)
