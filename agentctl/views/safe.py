"""The one place where foreign text becomes displayable: nothing invisible, nothing that moves the cursor, no twins.

A terminal obeys what it is sent, and a reader believes what he sees. So only characters that show themselves pass;
everything else becomes a visible escape such as ``\\u202e``. No layout and no colour live here.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection

from agentctl.patterns import regex

_NAMED = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}
_INVISIBLE_RANGES = (
    (0x034F, 0x034F), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F), (0x2800, 0x2800), (0x3164, 0x3164),
    (0xFE00, 0xFE0F), (0xFFA0, 0xFFA0), (0x1D159, 0x1D159), (0xE0100, 0xE01EF),
)
# Python calls these printable, yet they draw nothing or change their neighbour: fillers, selectors, joiners.
_INVISIBLE = frozenset(chr(code) for first, last in _INVISIBLE_RANGES for code in range(first, last + 1))
_MARKS_IN_A_ROW = 4
_LONG_BLANK = regex(r"(?<=\S) {16,}")
_BACKSLASHES = regex(r"\\+")
# Runners of CI obey `##[error]`, `##vso[task.setvariable …]` and `##teamcity[…]` wherever they read it, and
# `::error::` where a line begins, which may be wherever we wrap one.
_COMMAND = regex(
    r"#(?=#[a-z]*\[)|(?<!\S):(?=:[a-z])|:(?=:(?:error|warning|notice|debug|group|endgroup|echo|add-mask|add-matcher|"
    r"remove-matcher|add-path|set-env|set-output|save-state|stop-commands)[ :])",
    re.IGNORECASE,
)
_PLAIN = frozenset(map(chr, (*range(0x20, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x300)))) | {*"←→…│−–—‘’“”"}
_LOOKS_ESCAPED = regex(r"[ntr]|x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8}")


def escape(text: str, write: Callable[[str], str] | None = None) -> str:
    """Return ``text`` with everything that does not show itself made visible. Idempotent; one line comes out.

    What the log of a CI job would take for a command is no command any more.

    ``write`` says how a character is escaped; by default as Python would.
    """
    if is_plain(text) and "##" not in text and "::" not in text:
        return text
    write = write or _escaped
    text = _COMMAND.sub(lambda found: write(found[0]), text)
    shown: list[str] = []
    marks = _MARKS_IN_A_ROW                 # a mark with nothing before it would sit on our own punctuation
    for character in text:
        if not visible(character):
            shown.append(write(character))
            marks = _MARKS_IN_A_ROW
        elif character > "\u02ff" and unicodedata.category(character).startswith("M"):
            marks += 1
            shown.append(character if marks <= _MARKS_IN_A_ROW else write(character))
        else:
            shown.append(character)
            marks = 0
    return "".join(shown)


def is_plain(text: str) -> bool:
    """Whether ``text`` is of letters and signs that show themselves in a column each; other texts may be, too."""
    return text.isprintable() if text.isascii() else _PLAIN.issuperset(text)


def visible(character: str) -> bool:
    """Whether a single character shows itself, and nothing but itself, on a terminal."""
    return character.isprintable() and character not in _INVISIBLE


def line(text: str) -> str:
    """Return foreign ``text`` as one line that can be told from every other text's: look-alike escapes are doubled."""
    if "\\" in text:
        text = _BACKSLASHES.sub(_doubled, text)
    return _blanks(escape(text))


def lines(text: str) -> list[str]:
    """Return foreign ``text`` line by line, broken at newlines only: a carriage return stays visible."""
    return [line(part) for part in text.split("\n")]


def quoted(text: str) -> str:
    """Return ``text`` in double quotes, so that its ends, its blanks and its escapes can't be mistaken."""
    plain = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{_blanks(escape(plain))}"'


def shell_word(text: str) -> str | None:
    """Return ``text`` as one word of a command to paste, or None where showing it could not be typing it."""
    if escape(text) != text or not text:
        return None
    return text if re.fullmatch(r"[A-Za-z0-9_@%+=:,./-]+", text) else "'" + text.replace("'", "'\\''") + "'"


def runs_right_to_left(text: str) -> bool:
    """Whether a terminal could draw ``text`` backwards and swap what stands left and right of it."""
    return not text.isascii() and any(unicodedata.bidirectional(character) in ("R", "AL", "AN") for character in text)


def confusable(left: str, right: str) -> bool:
    """Whether two different strings could be taken for the same one."""
    return left != right and skeleton(left) == skeleton(right)


def code_points(left: str, right: str) -> str:
    """Return in words where two look-alike strings part: ``U+0430 CYRILLIC SMALL LETTER A, was U+0061 LATIN …``."""
    place = next(
        (place for place, (old, new) in enumerate(zip(left, right, strict=False)) if old != new),
        min(len(left), len(right)),
    )
    return f"character {place + 1} is {_name(right[place:place + 1])}, was {_name(left[place:place + 1])}"


def _escaped(character: str) -> str:
    code = ord(character)
    if character in _NAMED:
        return _NAMED[character]
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _doubled(match: re.Match[str]) -> str:
    rest = match.string[match.end():match.end() + 9]
    ambiguous = _LOOKS_ESCAPED.match(rest) or (rest and escape("a" + rest[0]) != "a" + rest[0])
    return match[0] * 2 if ambiguous or _COMMAND.match(match.string, match.end()) else match[0]


def _blanks(text: str) -> str:
    # Blanks enough push what follows out of sight.
    return _LONG_BLANK.sub(lambda match: f"\\x20{{{len(match[0])}}}", text) if " " * 16 in text else text


def _name(character: str) -> str:
    if not character:
        return "nothing"
    return f"U+{ord(character):04X} {unicodedata.name(character, 'without a name')}"


# Letters of other scripts, and digits, that print like a Latin letter in common fonts.
_TWINS = str.maketrans(
    "АВЕЅІЈКМНОРСТУХҮԌԜаеоѕіјрсухѵһԁԛԝӏ" "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧοαιντυρ" "ıɑɡɩʏ" "01|" "‘’‚‛′`´“”„″–—―‐‑−‒",
    "ABESIJKMHOPCTYXYGWaeosijpcyxvhdqwl" "ABEZHIKMNOPTYXoaivtup" "iagly" "OlI" "'''''''\"\"\"\"-------",
)
_ONE_STROKE = str.maketrans("Il", "||")
_PRINTABLE = "".join(map(chr, range(0x20, 0x7F)))
_SEEN_IN_ASCII = str.maketrans(_PRINTABLE, _PRINTABLE.translate(_TWINS).translate(_ONE_STROKE))


def skeleton(text: str) -> str:
    """Return what a reader sees of ``text``: the same for two that could be taken for one another."""
    if text.isascii() and text.isprintable():
        return text.translate(_SEEN_IN_ASCII).replace(" ", "")
    return skeleton_of_any(text)


def skeletons(texts: Collection[str]) -> list[str]:
    """Return the same of each of many texts."""
    if (together := "".join(texts)).isascii() and together.isprintable():
        return "\n".join(texts).translate(_SEEN_IN_ASCII).replace(" ", "").split("\n") if texts else []
    return [*map(skeleton, texts)]


def skeleton_of_any(text: str) -> str:
    """Return the same, the plain way: a twentieth of planning 10,000 steps went into looking at letters one by one."""
    folded = unicodedata.normalize("NFKC", text).translate(_TWINS).translate(_ONE_STROKE)
    return "".join(character for character in folded if not character.isspace() and visible(character))
