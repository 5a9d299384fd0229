"""Everything that makes foreign text displayable, given any text: nothing invisible, nothing that breaks out of it."""

from __future__ import annotations

import json
import re
import shlex
import unicodedata
from xml.etree import ElementTree as ET

from agentctl.views import safe
from agentctl.views.annotations import Annotation, Level
from agentctl.views.github import github
from agentctl.views.jsontext import one_line, pretty
from agentctl.views.junit import junit
from agentctl.views.markdown_text import block, cell, code
from agentctl.views.sarif import sarif

_DRAWS_NOTHING = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0"
    "\ufff0-\ufffb\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_COMMAND = re.compile(r"::(?:error|warning|notice) [^:\n]*::[^\n]*\n")
_OBEYED = re.compile(r"##[A-Za-z]*\[|^\s*::[A-Za-z]")


def show(data: bytes) -> None:
    """Show a text in every way there is to show one."""
    text = data.decode("utf-8", "surrogatepass" if len(data) % 2 else "surrogateescape") if _decodes(data) else data.decode("latin-1")
    for shown in (safe.escape(text), safe.line(text), safe.quoted(text), *safe.lines(text)):
        _shows_itself(shown)
        assert safe.escape(shown) == shown
    assert (safe.line(text) == safe.line(text + "\u200b")) is False
    assert safe.quoted(text)[0] == safe.quoted(text)[-1] == '"'
    _typed(text)
    _markdown(text)
    _annotated(text)
    for drawn in (pretty({"x": text}), one_line({"x": text}), pretty({text: [text]}, ascii_only=True)):
        for row in drawn.split("\n"):
            _shows_itself(row)
    assert json.loads(pretty({"x": text})) == {"x": text}
    safe.confusable(text, text[::-1])
    safe.runs_right_to_left(text)


def _decodes(data: bytes) -> bool:
    try:
        data.decode("utf-8", "surrogatepass" if len(data) % 2 else "surrogateescape")
    except UnicodeDecodeError:
        return False
    return True


def _shows_itself(shown: str) -> None:
    assert shown.isprintable(), ascii(shown)
    assert not _DRAWS_NOTHING.search(shown), ascii(shown)
    assert not _OBEYED.search(shown), ascii(shown)
    shown.encode()
    in_a_row = 0
    for character in shown:
        in_a_row = in_a_row + 1 if unicodedata.category(character).startswith("M") else 0
        assert in_a_row <= 4, ascii(shown)


def _typed(text: str) -> None:
    """What is offered for pasting is typed as what it stands for, and nothing but that."""
    word = safe.shell_word(text)
    if word is not None:
        assert shlex.split(word) == [text]
        _shows_itself(word)


def _markdown(text: str) -> None:
    span = code(text)
    ticks = len(span) - len(span.lstrip("`"))
    if ticks:
        assert span.endswith("`" * ticks)
        assert ticks not in map(len, re.findall("`+", span[ticks:-ticks]))
        assert "\n" not in span
    else:
        assert span == "(nothing)"
    assert not re.search(r"(?<!\\)\|", cell(text))
    fence, *rows, end = block(text.split("\n"))
    assert not any(row.strip().startswith(end) for row in rows)
    assert fence == f"{end}text"


def _annotated(text: str) -> None:
    found = [Annotation(level=Level.ERROR, rule=text, title=text, text=text, file=text, line=3, column=1)]
    assert _COMMAND.fullmatch(github(found)), ascii(github(found))
    assert "\r" not in github(found)
    written = sarif(found)
    message = json.loads(written)["runs"][0]["results"][0]["message"]["text"]
    assert written.replace("\n", "").isprintable()
    # `[text](1)` and `{0}` are links and placeholders to a reader of SARIF.
    assert not re.search(r"(?<!\\)\]\(", message), ascii(message)
    assert not re.search(r"(?<!\{)\{(?:\{\{)*(?!\{)", message), ascii(message)
    document = {
        "kind": "ErrorDocument", "summary": text, "detail": text, "hint": text,
        "diagnostics": [{"severity": "error", "code": text, "summary": text, "detail": text, "hint": "", "file": text, "line": 1, "column": 1}],
    }
    ET.fromstring(junit(document, [text]))
