"""Values as the JSON that is sent: numbers exactly as they are, times and bytes in the forms APIs share."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

from agentctl.errors import Rejected

JSON: Final[Mapping[str, str]] = {"Content-Type": "application/json"}


def encoded(value: Any) -> bytes:
    """Return ``value`` as JSON. Raises Rejected for what is not known, or not text that UTF-8 can hold."""
    try:
        return "".join(_parts(value)).encode()
    except UnicodeEncodeError as error:
        raise Rejected("Value not sendable", "A text holds half a character.") from error


def plain(value: Any) -> str:
    """Return a value as it stands in a query or a header. Raises Rejected for what has no such form."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case Decimal():
            return format(value, "f")
        case datetime():
            return _moment(value)
        case date():
            return value.isoformat()
    raise Rejected("Value not sendable", "A list, a mapping or nothing cannot stand in a query or a header.")


def meant(schema: Mapping[str, Any], text: str) -> Any:
    """Return what ``plain`` made ``text`` of: the text, or the number or truth that its schema asks for."""
    from agentctl.syntax.schema import problems

    try:
        other = json.loads(text, parse_float=Decimal)
    except ValueError:
        return text
    return other if problems(schema, text) and isinstance(other, int | Decimal) else text


def _parts(value: Any) -> list[str]:
    match value:
        case None:
            return ["null"]
        case bool():
            return ["true" if value else "false"]
        case str():
            return [json.dumps(value, ensure_ascii=False)]
        case int() | Decimal():
            return [plain(value)]
        case datetime() | date():
            return [json.dumps(plain(value))]
        case bytes():
            return [json.dumps(b64encode(value).decode())]
        case Mapping():
            inner = [[json.dumps(name, ensure_ascii=False), ":", *_parts(item)] for name, item in value.items()]
            return ["{", *_joined(inner), "}"]
        case list() | tuple():
            return ["[", *_joined([_parts(item) for item in value]), "]"]
    raise Rejected("Value not sendable", f"A value is still {type(value).__name__.lower()}.")


def _joined(items: list[list[str]]) -> list[str]:
    return [part for index, item in enumerate(items) for part in ([",", *item] if index else item)]


def _moment(moment: datetime) -> str:
    if moment.tzinfo is None:
        return moment.isoformat()
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"
