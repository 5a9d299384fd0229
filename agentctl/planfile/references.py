"""Reads a step's arguments: which mappings are values JSON cannot say, and which are references to other steps.

Whether what a reference points at exists and fits is judged in ``arguments``.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, Final

from agentctl.facts import dataclass
from agentctl.model.plan import Argument, Format, From, Reference, Secret
from agentctl.model.values import NotAValue, from_wire
from agentctl.patterns import regex
from agentctl.planfile.codes import Code
from agentctl.planfile.findings import Findings
from agentctl.syntax.document import Pointer
from agentctl.syntax.scalars import MOST_DIGITS, NUMBER, TooLong, number
from agentctl.syntax.suggest import did_you_mean

_FROM: Final = regex(r"steps\.(?P<step>[a-z][a-z0-9_-]*)\.(?P<part>after|receipt)\.(?P<path>[^.]+(?:\.[^.]+)*)")
_SECRET: Final = regex(r"[A-Za-z][A-Za-z0-9_.-]{0,99}")
_NAME: Final = regex(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_PLACEHOLDER: Final = regex(r"\{([A-Za-z_][A-Za-z0-9_]{0,63})\}")
_FORMS: Final = {
    "$int": (regex(r"-?(?:0|[1-9][0-9]{0,399})"), "at most 400 digits, as in 9007199254740993"),
    "$decimal": (NUMBER, "a decimal, as in 12.50"),
    "$bytes": (regex(r"[A-Za-z0-9+/]*={0,2}"), "base64"),
    "$time": (
        regex(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)?", re.ASCII),
        "a time, as in 2026-01-01T00:00:00Z",
    ),
    "$date": (regex(r"\d{4}-\d\d-\d\d", re.ASCII), "a date, as in 2026-01-01"),
}
_TAGS: Final = ("$from", "$format", "$secret", "$literal", *_FORMS)
_IN_TEXT: Final = ("$int", "$decimal", "$time", "$date")
_LONGEST_PATH: Final = 1000
_SHAPE = "A reference reads steps.STEP.after.FIELD or steps.STEP.receipt.NAME."


@dataclass(frozen=True)
class Found:
    """A reference and where in the document it stands. ``inside``: it is a part of a Format."""

    pointer: Pointer
    reference: Reference
    inside: bool = False


class Reading:
    """One step's arguments being read: what is found goes to ``findings`` and ``references``."""

    __slots__ = ("findings", "references", "tagged")

    def __init__(self, findings: Findings) -> None:
        self.findings = findings
        self.references: list[Found] = []
        self.tagged = False

    def read(self, node: Any, pointer: Pointer) -> Argument:
        """Return the argument that ``node`` writes down; None stands in for what is refused."""
        if type(node) is str or node is None:
            return node
        if type(node) is dict:
            if any(key.startswith("$") for key in node):
                self.tagged = True
                return self._tagged(node, pointer)
            return {key: self.read(item, (*pointer, key)) for key, item in node.items()}
        if type(node) is list:
            return [self.read(item, (*pointer, index)) for index, item in enumerate(node)]
        return node  # type: ignore[no-any-return]  # a bool, int or Decimal

    def _tagged(self, node: dict[str, Any], pointer: Pointer) -> Argument:
        tags = [key for key in node if key.startswith("$")]
        for tag in tags:
            if tag not in _TAGS:
                self._unknown_tag(tag, (*pointer, tag))
                return self._refused(pointer)
        tag = tags[0]
        if len(tags) > 1 or (len(node) > 1 and tag != "$format"):
            detail = f"`{tag}` stands alone in its mapping."
            return self._bad(pointer, Code.BAD_REFERENCE, detail, "To give a mapping as it is, use {$literal: …}.")
        inner = node[tag]
        match tag:
            case "$from":
                return self._from(inner, pointer)
            case "$format":
                return self._format(node, pointer)
            case "$secret":
                return self._secret(inner, pointer)
            case "$literal":
                return self._literal(inner, pointer)
        return self._value(tag, inner, pointer)

    def _from(self, text: Any, pointer: Pointer, *, inside: bool = False) -> Argument:
        found = _FROM.fullmatch(text) if isinstance(text, str) and len(text) <= _LONGEST_PATH else None
        if found is None or (found["part"] == "receipt" and "." in found["path"]):
            shown = f"`{text[:80]}` is not one. " if isinstance(text, str) else ""
            return self._bad(pointer, Code.BAD_REFERENCE, shown + _SHAPE, _reference_hint(text))
        reference = From(found["step"], found["part"], tuple(found["path"].split(".")))
        self.references.append(Found(pointer, reference, inside))
        return reference

    def _format(self, node: dict[str, Any], pointer: Pointer) -> Argument:
        text = node["$format"]
        if not isinstance(text, str):
            return self._bad(pointer, Code.BAD_REFERENCE, "`$format` takes a text with {NAME} in it.", "")
        names: dict[str, Argument] = {}
        for name, inner in node.items():
            if name != "$format":
                names[name] = self._piece(name, inner, (*pointer, name))
        used = {found.group(1) for found in _PLACEHOLDER.finditer(text)}
        for name in sorted(used - names.keys()):
            hint = did_you_mean(name, names) or f'To give it as it is, add {name}: "{{{name}}}".'
            detail = f"`{{{name}}}` stands in the text, but `{name}` is not given."
            at = (*pointer, "$format")
            self.findings.error(Code.UNKNOWN_PLACEHOLDER, "Unknown placeholder", detail, at, hint=hint)
        for name in names.keys() - used:
            detail = f"The text has no `{{{name}}}`."
            self.findings.error(
                Code.UNUSED_NAME, "Name not used", detail, (*pointer, name), hint=did_you_mean(name, used), key=True
            )
        template = Format(text, names)
        self.references.append(Found(pointer, template))
        return template

    def _piece(self, name: str, node: Any, pointer: Pointer) -> Argument:
        if not _NAME.fullmatch(name):
            return self._bad(pointer, Code.BAD_REFERENCE, f"`{name[:40]}` is no name: letters, digits and _.", "")
        if isinstance(node, dict) and node.keys() == {"$from"}:
            return self._from(node["$from"], pointer, inside=True)
        if isinstance(node, dict) and len(node) == 1 and (tag := next(iter(node))) in _IN_TEXT:
            return self._value(tag, node[tag], pointer)
        if isinstance(node, str | int | Decimal):
            return node
        detail = f"`{name}` must be a text, a number or a {{$from: …}}."
        return self._bad(pointer, Code.BAD_REFERENCE, detail, "")

    def _secret(self, name: Any, pointer: Pointer) -> Argument:
        if not isinstance(name, str) or not _SECRET.fullmatch(name):
            return self._bad(pointer, Code.BAD_REFERENCE, "`$secret` takes a secret's name, never its value.", "")
        reference = Secret(name)
        self.references.append(Found(pointer, reference))
        return reference

    def _literal(self, inner: Any, pointer: Pointer) -> Argument:
        if not isinstance(inner, dict):
            detail = "`$literal` takes a mapping; texts, numbers and lists are literal already."
            return self._bad(pointer, Code.BAD_REFERENCE, detail, "")
        below = (*pointer, "$literal")
        return {key: self.read(item, (*below, key)) for key, item in inner.items()}

    def _value(self, tag: str, text: Any, pointer: Pointer) -> Argument:
        form, words = _FORMS[tag]
        found = form.fullmatch(text) if isinstance(text, str) else None
        if found is None:
            hint = "Put it in quotes." if isinstance(text, int | Decimal) and not isinstance(text, bool) else ""
            return self._bad(pointer, Code.BAD_VALUE, f"`{tag}` takes {words}.", hint)
        try:
            if form is NUMBER:
                number(found)
            return from_wire({tag: text})
        except TooLong:
            detail = f"At most {MOST_DIGITS} digits are read, written out without an exponent."
        except NotAValue as error:
            detail = f"{error}."
        return self._bad(pointer, Code.BAD_VALUE, detail, "")

    def _unknown_tag(self, tag: str, pointer: Pointer) -> None:
        self.findings.error(
            Code.UNKNOWN_TAG, "Unknown $-key", f"`{tag[:40]}` is none of {', '.join(_TAGS)}.", pointer,
            hint=did_you_mean(tag, _TAGS) or "To give a mapping with such a key as it is, use {$literal: …}.", key=True,
        )

    def _bad(self, pointer: Pointer, code: str, detail: str, hint: str) -> Argument:
        summary = "Value malformed" if code is Code.BAD_VALUE else "Reference malformed"
        self.findings.error(code, summary, detail, pointer, hint=hint)
        return self._refused(pointer)

    def _refused(self, pointer: Pointer) -> Argument:
        self.findings.blame(pointer)
        return None


def _reference_hint(text: Any) -> str:
    if not isinstance(text, str):
        return ""
    if text.startswith(("${{", "{{", "$")):
        return "Write the bare path: {$from: steps.STEP.after.FIELD}."
    parts = text.split(".")
    if parts[0] != "steps" and len(parts) > 1:
        return f"Did you mean `steps.{text[:80]}`?"
    if len(parts) > 2 and parts[2] not in ("after", "receipt"):
        return f"Did you mean `{'.'.join([*parts[:2], 'after', *parts[3:]])[:80]}`?"
    return ""
