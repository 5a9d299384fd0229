"""Values as the expression library takes them without changing them, and holes where it can't be given any."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from agentctl.facts import dataclass, field
from agentctl.model.plan import Format, From
from agentctl.model.values import Hidden, Unknown, to_wire

_BEYOND = 2**63
_DEEPEST = 64


@dataclass(slots=True)
class Holes:
    """Per fact, the fields whose value is not known at this point, and those conditions cannot be trusted with."""

    unknown: dict[str, frozenset[str]] = field(default_factory=dict)
    unfit: dict[str, frozenset[str]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.unknown or self.unfit)

    def copy(self) -> Holes:
        return Holes(dict(self.unknown), dict(self.unfit))


class NotKnown(Exception):
    """The value, or a part of it, is not known before apply, or hidden from whoever asks."""


class NotFit(Exception):
    """The library would change this value, or may not see it."""


def plain_fields(fact: str, fields: Mapping[str, Any], holes: Holes) -> dict[str, Any]:
    """Return ``fields`` as conditions see them, leaving out and noting in ``holes`` what they can't be shown."""
    shown = {}
    for name, value in fields.items():
        try:
            shown[plain_text(name)] = plain(value)
        except NotKnown:
            holes.unknown[fact] = holes.unknown.get(fact, frozenset()) | {name}
        except NotFit:
            holes.unfit[fact] = holes.unfit.get(fact, frozenset()) | {name}
    return shown


def plain(value: Any, depth: int = 0) -> Any:
    """Return ``value`` in plain types. Raises NotKnown and NotFit.

    The library cuts text and bytes at a zero character, takes integers beyond 64 bits for others, and refuses a whole
    record for one date in it. Times and decimals become the text that ``timestamp()`` and ``decimal()`` take.
    """
    if value is None or value is True or value is False:
        return value
    if type(value) is str:
        return plain_text(value)
    if type(value) is int:
        if -_BEYOND <= value < _BEYOND:
            return value
        raise NotFit
    if depth > _DEEPEST:
        raise NotFit
    match value:
        case Mapping():
            return {plain_text(key): plain(item, depth + 1) for key, item in value.items()}
        case list() | tuple():
            return [plain(item, depth + 1) for item in value]
        case Decimal() | datetime() | date():
            return next(iter(to_wire(value).values()))
        case Unknown() | Hidden() | From() | Format():
            raise NotKnown
        case str():
            return plain_text(str(value))
    raise NotFit        # bytes, secrets, and whatever nobody has thought of


def plain_text(text: str) -> str:
    if "\0" in text or not (text.isascii() or _is_text(text)):
        raise NotFit
    return text


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False        # a lone surrogate
    return True
