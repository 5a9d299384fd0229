"""Says of a YAML syntax error what the author most likely meant, and how to write that."""

from __future__ import annotations

import json
import re
from typing import Final

import yaml

from agentctl.syntax.document import Source

_ENTRY: Final = re.compile(r"(?P<lead> *(?:- +)*(?:[\w.$-]+: +)?)(?P<value>\S.*)")
_LONGEST: Final = 200


def explain(source: Source, error: yaml.YAMLError) -> tuple[str, str, int]:
    """Return what is wrong in a sentence, a hint, and the offset both are about."""
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return f"{error}.", "", 0
    problem = error.problem or "the text ends too early"
    at = min(error.problem_mark.index, len(source.text))
    context = error.context or ""
    start = at if error.context_mark is None else min(error.context_mark.index, len(source.text))
    if "quoted scalar" in context and "end of stream" in problem:
        return "The quote opened here is never closed.", "Close it, or use a block: `key: |`.", start
    detail = f"{_sentence(problem)} {_where(context)}".strip()
    line = source.line(source.span(at).line)
    return detail, _hint(source, problem, context, line, at), at


def _hint(source: Source, problem: str, context: str, line: str, at: int) -> str:
    text = line.strip()
    character = source.text[at : at + 1]
    if text.startswith(("```", "~~~")):
        return "Remove the code fence: the file holds the document alone."
    if character == "\t" or line.startswith("\t") or (line[: len(line) - len(line.lstrip())].count("\t")):
        return "Indent with spaces; YAML allows no tabs there."
    if "unknown escape" in problem:
        return "In double quotes write \\\\ for a backslash, or use single quotes."
    if "mapping values are not allowed" in problem:
        if ": " in _value_of(line) or _value_of(line).endswith(":"):
            return _quote_hint(line, 'A value with ": " in it needs quotes')
        return "Compare its indentation with the lines above, and see that the line above has its own colon."
    value = _value_of(line)
    if value.startswith("{{"):
        return _quote_hint(line, 'A value that begins with "{{" needs quotes')
    if value[:1] in ("*", "&", "@", "`", "%", "!", "|", ">"):
        return _quote_hint(line, f'A value that begins with "{value[0]}" needs quotes')
    if value[:1] in ("'", '"') and ("block mapping" in context or "block collection" in context):
        return "A quoted value ends at its closing quote: put quotes around all of it, and write ' inside '…' as ''."
    if "block sequence entries are not allowed" in problem:
        return "Begin the list on the next line."
    if "could not find expected ':'" in problem:
        return 'A key is followed by ":" and a space; text over several lines needs quotes or a block: `key: |`.'
    if value[:1] in ("{", "[") or "flow" in context:
        return _quote_hint(line, "Close the bracket, or, if text is meant, use quotes")
    return "Compare the indentation of this line with the lines above."


def _quote_hint(line: str, why: str) -> str:
    """Suggest the line with its value in quotes, where the line can be understood that far."""
    found = _ENTRY.fullmatch(line[:_LONGEST])
    if found is None or len(line) > _LONGEST or not found["lead"].strip():
        return f"{why}."
    value = found["value"].strip()
    if value[:1] in ("'", '"'):
        return f"{why}."
    return f"{why}: {found['lead'].strip()} {json.dumps(value, ensure_ascii=False)}"


def _value_of(line: str) -> str:
    found = _ENTRY.match(line[:_LONGEST])
    return found["value"] if found else line.strip()


def _sentence(problem: str) -> str:
    text = problem.strip().replace("\\t", "tab")
    return text[:1].upper() + text[1:] + "."


def _where(context: str) -> str:
    says_something = context.startswith("while ") and "next token" not in context
    return f"This was {context}." if says_something else ""
