"""Puts what a JSON Schema validator found into our words. It decides nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from agentctl.facts import replace
from agentctl.model.values import SAFE_INTEGER
from agentctl.syntax.codes import Code
from agentctl.syntax.document import Pointer
from agentctl.syntax.problem import Problem
from agentctl.syntax.scalars import NUMBER
from agentctl.syntax.suggest import did_you_mean

if TYPE_CHECKING:
    from jsonschema_rs import ValidationError

_NOUNS: Final = {
    "string": "text", "integer": "a whole number", "number": "a number", "boolean": "true or false",
    "array": "a list", "object": "a mapping", "null": "null",
}
_TAGS: Final = {
    "$decimal": "the decimal", "$int": "the number", "$bytes": "bytes", "$time": "the time", "$date": "the date",
    "$from": "a reference", "$format": "a reference", "$secret": "a secret",
}
_SIZES: Final = {
    "minLength": ("at least", "character"), "maxLength": ("at most", "character"),
    "minItems": ("at least", "entry"), "maxItems": ("at most", "entry"),
    "minProperties": ("at least", "key"), "maxProperties": ("at most", "key"),
}
_RANGES: Final = {
    "minimum": "at least", "maximum": "at most", "exclusiveMinimum": "more than", "exclusiveMaximum": "less than",
}
_CONDITIONS: Final = frozenset({"then", "else", "not", "dependentSchemas"})
_MOST_LISTED = 20
_LONGEST_SHOWN = 60


def explain(
    schema: Mapping[str, Any], wire: Any, errors: Iterable[ValidationError], values: Mapping[str, Any]
) -> Iterator[Problem]:
    """Yield a Problem for everything found, each once."""
    seen: set[tuple[Pointer, str, str]] = set()
    for error in errors:
        for problem in _one(schema, wire, error, values):
            if not _CONDITIONS.isdisjoint(error.evaluation_path):
                problem = replace(problem, within=())
            if (name := (problem.pointer, problem.code, problem.detail)) not in seen:
                seen.add(name)
                yield problem


def shown(wire: Any) -> str:
    """Return a value in a sentence's form: cut short, and by its own name where it is tagged."""
    if isinstance(wire, dict):
        if len(wire) >= 1 and (tag := next(iter(wire))) in _TAGS:
            return f"{_TAGS[tag]} {_cut(str(wire[tag]))}"
        return "a mapping"
    if isinstance(wire, list):
        return "a list"
    text = json.dumps(wire, ensure_ascii=False)
    return _cut(text.encode(errors="backslashreplace").decode())


def without_value(detail: str) -> str:
    """Return a problem's detail less the value it is about, for where that may be a secret in the wrong place."""
    expected, found, _ = detail.partition(", not ")
    if found:
        return f"{expected}."
    _, found, pattern = detail.rpartition(" does not match ")
    if found:
        return f"It does not match {pattern}"
    return detail if detail.startswith(("Expected ", "`", "Every entry ", "Nothing ")) else ""


def _one(
    schema: Mapping[str, Any], wire: Any, error: ValidationError, values: Mapping[str, Any]
) -> Iterator[Problem]:
    pointer: Pointer = tuple(error.instance_path)
    node = _at(wire, pointer)
    parent = _parent(schema, error, values)
    keyword = error.kind.name
    facts = error.kind.as_dict()

    def problem(code: str, summary: str, detail: str, hint: str = "") -> Problem:
        return Problem(pointer=pointer, code=code, summary=summary, detail=detail, hint=hint, keyword=keyword)

    match keyword:
        case "additionalProperties" | "unevaluatedProperties":
            yield from _unknown_keys(pointer, node, parent, facts["unexpected"], keyword)
        case "required":
            yield problem(Code.MISSING_KEY, "Missing key", f"`{facts['property']}` is required here.")
        case "enum" | "const":
            yield _choice(pointer, node, _options(facts), keyword)
        case "anyOf" | "oneOf" if (title := _title(parent)) == "" and facts.get("context"):
            yield from _alternatives(schema, wire, error, values)
        case "type" | "anyOf" | "oneOf" | "pattern" if title := _title(parent):
            code = Code.MALFORMED if keyword == "pattern" else Code.WRONG_TYPE
            summary = "Malformed text" if keyword == "pattern" else "Wrong type"
            yield problem(code, summary, f"Expected {title}, not {shown(node)}.", _quote_hint(node, title, parent))
        case "type":
            expected = _or([_NOUNS.get(name, name) for name in facts["types"]])
            if isinstance(node, dict) and "$int" in node:
                expected = f"{expected} of at most {SAFE_INTEGER}"
            yield problem(
                Code.WRONG_TYPE, "Wrong type", f"Expected {expected}, not {shown(node)}.",
                _quote_hint(node, expected, parent),
            )
        case "pattern":
            yield problem(Code.MALFORMED, "Malformed text", f"{shown(node)} does not match {_cut(facts['pattern'])}.")
        case "minLength" | "maxLength" | "minItems" | "maxItems" | "minProperties" | "maxProperties":
            yield problem(Code.WRONG_LENGTH, "Wrong length", _size(keyword, facts["limit"]))
        case "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum":
            detail = f"Expected {_RANGES[keyword]} {facts['limit']}, not {shown(node)}."
            yield problem(Code.OUT_OF_RANGE, "Number out of range", detail)
        case "uniqueItems":
            yield problem(Code.NOT_ACCEPTED, "Repeated entry", "Every entry of this list may occur once.")
        case "propertyNames":
            yield _key_name(schema, node, pointer, facts["error"], values)
        case "falseSchema":
            yield problem(Code.NOT_ACCEPTED, "Value not accepted", "Nothing may stand here.")
        case _:
            yield problem(Code.NOT_ACCEPTED, "Value not accepted", f"{_cut(error.message, 200)}.")


def _unknown_keys(
    pointer: Pointer, node: Any, parent: Any, unexpected: Iterable[str], keyword: str
) -> Iterator[Problem]:
    known = list(parent.get("properties", ())) if isinstance(parent, Mapping) else []
    free = [name for name in known if not isinstance(node, dict) or name not in node]
    listed = ", ".join(known[:_MOST_LISTED]) + (", …" if len(known) > _MOST_LISTED else "")
    for name in unexpected:
        yield Problem(
            pointer=(*pointer, name),
            code=Code.UNKNOWN_KEY,
            summary="Unknown key",
            detail=f"`{_cut(name)}` is not known here." + (f" Known are: {listed}." if known else ""),
            hint=did_you_mean(name, free) or did_you_mean(name, known),
            at_key=True,
            keyword=keyword,
        )


def _choice(pointer: Pointer, node: Any, options: list[Any], keyword: str) -> Problem:
    listed = _or([shown(option) for option in options[:_MOST_LISTED]])
    words = [option for option in options if isinstance(option, str)]
    return Problem(
        pointer=pointer,
        code=Code.NOT_A_CHOICE,
        summary="Not one of the choices",
        detail=f"Expected {listed}{' and others' if len(options) > _MOST_LISTED else ''}, not {shown(node)}.",
        hint=did_you_mean(node, words) if isinstance(node, str) else "",
        keyword=keyword,
    )


def _alternatives(
    schema: Mapping[str, Any], wire: Any, error: ValidationError, values: Mapping[str, Any]
) -> Iterator[Problem]:
    """Explain the alternative that came nearest: whose problems lie deepest. Where none began to fit, name them all."""
    pointer: Pointer = tuple(error.instance_path)
    branches = [branch for branch in error.kind.as_dict()["context"] if branch]
    here = len(error.instance_path)
    deepest: list[ValidationError] = max(branches, key=_depth, default=[])
    fitting = [branch for branch in branches if not any(_misses(item, here) for item in branch)]
    if fitting or any(len(item.instance_path) > here for item in deepest):
        for item in min(fitting, key=len) if fitting else deepest:
            for problem in _one(schema, wire, item, values):
                yield replace(problem, within=pointer)
        return
    nouns: list[str] = []
    for branch in branches:
        for item in branch:
            title = _title(_parent(schema, item, values))
            names = [title] if title else [_NOUNS.get(name, name) for name in item.kind.as_dict().get("types", ())]
            nouns += [name for name in names if name not in nouns]
    node = _at(wire, pointer)
    detail = f"Expected {_or(nouns)}, not {shown(node)}." if nouns else f"{shown(node)} fits none of the alternatives."
    yield Problem(
        pointer=pointer, code=Code.WRONG_TYPE, summary="Wrong type", detail=detail, keyword=error.kind.name
    )


def _depth(branch: list[ValidationError]) -> int:
    return max(len(item.instance_path) for item in branch)


def _misses(error: ValidationError, depth: int) -> bool:
    """Whether an error says that the value is of another kind altogether."""
    return len(error.instance_path) == depth and error.kind.name in ("type", "const", "enum", "anyOf", "oneOf")


def _key_name(
    schema: Mapping[str, Any], node: Any, pointer: Pointer, error: ValidationError, values: Mapping[str, Any]
) -> Problem:
    name = error.instance if isinstance(error.instance, str) else ""
    title = _title(_parent(schema, error, values))
    why = f"Expected {title}" if title else "This name may not stand here"
    known = isinstance(node, dict) and name in node
    return Problem(
        pointer=(*pointer, name) if known else pointer,
        code=Code.UNKNOWN_KEY,
        summary="Key not accepted",
        detail=f"{why}, not `{_cut(name)}`.",
        at_key=known,
        keyword="propertyNames",
    )


def _parent(schema: Mapping[str, Any], error: ValidationError, values: Mapping[str, Any]) -> Any:
    """Return the schema in which the keyword that was not met stands."""
    base, _, fragment = (error.absolute_keyword_location or "").partition("#")
    if base and base == values.get("$id"):
        path: list[str | int] = [part.replace("~1", "/").replace("~0", "~") for part in fragment.split("/")[1:]]
        return _at(values, tuple(path[:-1]))
    return _at(schema, tuple(error.schema_path[:-1]))


def _at(node: Any, pointer: Pointer) -> Any:
    for part in pointer:
        if isinstance(node, Mapping) and part in node:
            node = node[part]
        elif isinstance(node, list | tuple) and str(part).isdigit() and int(part) < len(node):
            node = node[int(part)]
        else:
            return None
    return node


def _title(parent: Any) -> str:
    """Return a schema's title where it is meant for sentences, that is begins with an article."""
    title = parent.get("title", "") if isinstance(parent, Mapping) else ""
    return title if isinstance(title, str) and title.startswith(("a ", "an ", "the ")) else ""


def _options(facts: Mapping[str, Any]) -> list[Any]:
    return list(facts["options"]) if "options" in facts else [facts["expected_value"]]


def _size(keyword: str, limit: int) -> str:
    how, noun = _SIZES[keyword]
    plural = noun if limit == 1 else ("entries" if noun == "entry" else f"{noun}s")
    return f"Expected {how} {limit:,} {plural}."


def _quote_hint(node: Any, expected: str, parent: Any) -> str:
    wants_text = expected == "text" or (isinstance(parent, Mapping) and parent.get("type") == "string")
    is_word = node is None or isinstance(node, bool | int) or (isinstance(node, dict) and "$decimal" in node)
    if wants_text and is_word:
        return "If text is meant, put it in quotes."
    if not wants_text and isinstance(node, str) and NUMBER.fullmatch(node):
        return "A number stands without quotes."
    if not wants_text and isinstance(node, str) and node[:20].lstrip("+-0._x").replace("_", "").isdigit():
        return "A number is written as in JSON: no leading zero, no +, _ or 0x."
    return ""


def _or(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}" if names else "something else"


def _cut(text: str, longest: int = _LONGEST_SHOWN) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"
