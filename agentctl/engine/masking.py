"""What a run may say and keep once it knows secrets: their values, however written, are told by their names."""

from __future__ import annotations

import json
from binascii import b2a_base64
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote, quote_plus

from agentctl.connectors.base import Receipt
from agentctl.facts import dataclass, field, replace
from agentctl.model.decision import Decision
from agentctl.model.plan import Argument, Format, From, Secret
from agentctl.model.values import Hidden, Unknown, Value

if TYPE_CHECKING:
    from agentctl.engine.moved import Moved

_SHORT = 6          # characters: cutting less out of a text would show by its gaps what was cut
_STEM = 8           # characters: a longer value is known by its beginning, since whoever told it may have cut it
_LINE = 8           # characters: a shorter line of a value stands in too many texts to mean anything


@dataclass(frozen=True, slots=True)
class Mask:
    """The secrets known so far. Neither shows them nor compares by them."""

    _forms: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False, compare=False)

    def knowing(self, secrets: Mapping[str, str]) -> Mask:
        """Return the mask that knows ``secrets``, values by name, as well."""
        return Mask({**self._forms, **{name: forms(value) for name, value in secrets.items()}})

    def text(self, text: str) -> str:
        """Return ``text`` with ``[secret NAME]`` wherever a value stood, cut short or written otherwise."""
        for name, written in self._forms.items():
            for form in written:
                text = _without(text, form, f"[secret {name}]")
        for name, written in self._forms.items():       # only then what was cut short: whole ones begin like it too
            for form in written:
                text = _without_beginning(text, form, f"[secret {name}]")
        return text

    def holds(self, value: Argument) -> bool:
        """Whether a secret stands anywhere in ``value``, keys included."""
        return bool(self._forms) and any(self.text(text) != text for text in _texts(value))

    def value(self, value: Value) -> Value:
        """Return ``value`` with every text in it masked; what is no text and holds one is replaced whole."""
        if not self.holds(value):
            return value
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self.text(key): self.value(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.value(item) for item in value]
        return "[secret]"

    def receipt(self, receipt: Receipt) -> Receipt:
        """Return ``receipt`` with its ids and links masked; what it read and its inverse are hidden where recorded."""
        if not self._forms:
            return receipt
        return replace(
            receipt,
            ids=cast(Mapping[str, Value], self.value(receipt.ids)),
            links=tuple(map(self.text, receipt.links)),
        )

    def decision(self, decision: Decision) -> Decision:
        """Return ``decision`` with what its rules read and say masked."""
        if not self._forms:
            return decision
        findings = tuple(
            replace(
                finding,
                reason=self.text(finding.reason),
                inputs={name: self.text(value) for name, value in finding.inputs.items()},
            )
            for finding in decision.findings
        )
        otherwise = decision.otherwise and self.decision(decision.otherwise)
        return replace(decision, findings=findings, otherwise=otherwise)

    def moved(self, moved: Iterable[Moved]) -> tuple[Moved, ...]:
        """Return ``moved`` with the values on both sides masked."""
        return tuple(replace(one, planned=self.value(one.planned), now=self.value(one.now)) for one in moved)

    def clear(self, fields: Mapping[str, Value] | None) -> Mapping[str, Value] | None:
        """Return what of ``fields`` may be handed on to other steps: all that holds no secret."""
        if fields is None or not self._forms:
            return fields
        return {name: value for name, value in fields.items() if not self.holds(value)}


def forms(value: str) -> tuple[str, ...]:
    """Return the ways in which ``value`` may be written in a text, the longest first."""
    found: set[str] = set()
    for part in {value, value.strip(), *(line.strip() for line in value.splitlines() if len(line.strip()) >= _LINE)}:
        if part:
            found.update(_written(part))
    return tuple(sorted(found, key=lambda form: (-len(form), form)))


def _written(value: str) -> Iterator[str]:
    import html

    data = value.encode("utf-8", "surrogateescape")
    yield value
    yield json.dumps(value)[1:-1]
    yield json.dumps(value, ensure_ascii=False)[1:-1]
    yield repr(value)[1:-1]
    yield repr(data)[2:-1]
    yield html.escape(value)
    yield value.replace("'", "''")
    for quoted in (quote(data, safe=""), quote(data), quote_plus(data)):
        yield quoted
        yield quoted.lower()
    yield data.hex()
    yield data.hex().upper()
    if len(data) < _SHORT:
        return
    # Within something longer (`user:password`) base64 begins at any of three offsets; its edges depend on neighbours.
    for offset in range(3):
        encoded = b2a_base64(bytes(offset) + data, newline=False).decode().rstrip("=")
        inner = encoded[-(-offset * 8 // 6) : len(encoded) - (1 if (offset + len(data)) % 3 else 0)]
        yield inner
        yield inner.replace("+", "-").replace("/", "_")


def _without(text: str, form: str, instead: str) -> str:
    if len(form) < _SHORT:
        return instead if form in text else text
    return text.replace(form, instead)


def _without_beginning(text: str, form: str, instead: str) -> str:
    """Return ``text`` with as much of ``form`` as stands there from its beginning replaced, if that is a good part."""
    stem = form[: max(_STEM, len(form) // 2)]
    if len(stem) < _STEM or (at := text.find(stem)) < 0:
        return text
    pieces, done = [], 0
    while at >= 0:
        end = at + len(stem)
        while end < len(text) and end - at < len(form) and text[end] == form[end - at]:
            end += 1
        pieces += [text[done:at], instead]
        done, at = end, text.find(stem, end)
    return "".join([*pieces, text[done:]])


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case bytes():
            yield value.decode("utf-8", "surrogateescape")
        case Mapping():
            for key, item in value.items():
                yield key
                yield from _texts(item)
        case list() | tuple():
            for item in value:
                yield from _texts(item)
        case None | bool() | Unknown() | Hidden() | From() | Format() | Secret():
            return
        case _:
            yield str(value)
