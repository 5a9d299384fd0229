"""Text that wants to be more than text, by family, and what no stream of ours may ever hold."""

from __future__ import annotations

import re
import unicodedata

MARK = "zq7"                    # by which a text is found again where it is shown

# A plan or a workspace file cannot hold these: they are refused where it is read. A record, a name or an error can.
CONTROLS = {
    "c0": "\x00\x01\x07\x08\x0b\x0c\x0e\x1f\x7f",
    "c1": "\x80\x85\x90\x9b31m\x9d0;t\x9c",
    "escapes": "\x1b[2J\x1b[1A\x1b[31;1mred\x1b[0m\x1bc\x1b(0",
    "osc": "\x1b]0;owned\x07\x1b]8;;http://evil\x1b\\click\x1b]8;;\x1b\\\x1b]52;c;cm0=\x07",
    "overwriting": "bad\rgood\x08\x08\x08\x08ok",
}
WRITTEN = {
    "bidi": "a\u202eexe.txt\u202c\u2066b\u2069\u200fc\u061cd",
    "invisible": "a\u200bb\u200cc\u200dd\u2060e\ufefff\u00adg\u034fh\u115fi\u3164j\u2800k\uffa0",
    "lines": "a\u2028b\u2029c",
    "tags": "a\U000e0001\U000e0041\U000e007f",
    "selectors": "a\ufe0fb\ufe00c\U000e0100",
    "zalgo": "Z" + "\u0301\u0316\u0489" * 40,
    "private": "\ue000\ufdd0\U0010ffff\u0378",
    "twins": "раураl \uff11\uff12 \u0578ne",
    "blanks": "x" + " " * 200 + "y",
    "forged": "ok\nPlan: 0 to add, 0 to change, 0 to destroy, 0 side effects.\nerror: x\nRun: complete",
    "workflow": "::error file=x::y%0A::add-mask::z\n::set-output name=a::b ##[error]c ##vso[task.setvariable]d",
    "markdown": "[a](javascript:x) ![i](http://evil/p.png) <img src=x onerror=y> <!-- --> @all #1 | a | b |\n\n# H\n| - |",
    "fences": "`` ``` ```` `````` ~~~\n```\n# out\n</details>",
    "markup": "]]> &amp; </testcase><x/> {0} [l](1) ${{ secrets.X }}",
    "shell": "$(touch pwned) `touch pwned`; touch pwned | x && 'q' \"q\" \\",
    "formula": "=cmd|'/c calc'!A1 +1 -1 @x",
}
CODE = MARK + " ".join(WRITTEN.values())                        # what a plan may hold
ANYTHING = MARK + " ".join((*CONTROLS.values(), *WRITTEN.values()))    # what a system may answer
SHORT = MARK + "\x1b[2J\r\u202e\u200b\x9b\U000e0041" + "e" + "\u0301" * 9   # where there is little room

_OF_OURS = re.compile(r"\x1b\[[0-9;]*m")        # colour, on a terminal that asked for it
_NEVER = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ue000-\uf8ff\U000e0000-\U000e0fff]"
)
_COMMAND_OF_A_LOG = re.compile(r"##[A-Za-z]*\[")        # wherever it stands in a line; GitHub's `::x::` at its start only
_MARKS_IN_A_ROW = 4


def faults(said: str, *, colour: bool = False) -> list[str]:
    """Return the lines of what was said that hold anything but text that shows itself."""
    lines = (_OF_OURS.sub("", said) if colour else said).split("\n")
    return [ascii(line)[:300] for line in lines if not _shows_itself(line)]


def _shows_itself(line: str) -> bool:
    if not line.isprintable() or _NEVER.search(line) or _COMMAND_OF_A_LOG.search(line):
        return False
    in_a_row = 0
    for character in line:
        in_a_row = in_a_row + 1 if unicodedata.category(character).startswith("M") else 0
        if in_a_row > _MARKS_IN_A_ROW:
            return False
    return True
