"""The JSON of an answer as values, strictly: what two readers could read differently is none."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, NoReturn, cast

from agentctl.connectors.rest.http.failed import Unreadable, told
from agentctl.connectors.rest.http.request import Request
from agentctl.connectors.rest.http.response import Response
from agentctl.model.values import Value
from agentctl.syntax.scalars import NUMBER, TooLong, number

DEEPEST = 64
_MARK = b"\xef\xbb\xbf"


class NotJSON(ValueError):
    """Why a text is not JSON as we read it: the end of a sentence, without a word of the text."""


def decoded(request: Request, response: Response) -> Value:
    """Return the values in the body of ``response``, with exact numbers.

    Raises as may have happened or not: Unreachable for a read, Rejected for a refusal, Indeterminate for an effect.
    """
    try:
        return values(response.body)
    except NotJSON as error:
        why = f"What came back (status {response.status}) {error}."
    raise told(request, Unreadable(response.status, "Answer not readable", why), response.url)


def values(body: bytes) -> Value:
    """Return the values that a JSON text holds. Raises NotJSON."""
    try:
        text = body.removeprefix(_MARK).decode()
        found = _READER.decode(text)
    except UnicodeDecodeError as error:
        why = f"is not text in UTF-8 (byte {error.start + 1})"
    except json.JSONDecodeError as error:
        why = f"is not JSON (line {error.lineno}, column {error.colno})"
    except RecursionError:
        why = _TOO_DEEP
    else:
        # Only an escape can smuggle in half a character, and only many brackets can be deep.
        if "\\u" in text or text.count("[") + text.count("{") > DEEPEST:
            _look_through(found)
        return cast("Value", found)
    raise NotJSON(why)      # out here, without Python's own errors: they hold the whole text


_TOO_DEEP = f"is nested deeper than {DEEPEST} levels"


def _look_through(root: Any) -> None:
    todo = [(root, 1)]
    while todo:
        item, depth = todo.pop()
        for inner in _inside(item):
            if isinstance(inner, str) and not inner.isascii() and any("\ud800" <= mark <= "\udfff" for mark in inner):
                raise NotJSON("holds half a character")
            if isinstance(inner, dict | list):
                if depth == DEEPEST:
                    raise NotJSON(_TOO_DEEP)
                todo.append((inner, depth + 1))


def _inside(item: Any) -> Iterator[Any]:
    if isinstance(item, dict):
        yield from item
        yield from item.values()
    elif isinstance(item, list):
        yield from item
    else:
        yield item


def _pairs(pairs: list[tuple[str, Any]]) -> Mapping[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise NotJSON("says one thing twice: a key occurs more than once")
    return found


def _number(text: str) -> int | Decimal:
    found = NUMBER.fullmatch(text)
    try:
        return number(found) if found else _refuse(text)
    except TooLong:
        raise NotJSON("holds a number longer than any record needs") from None


def _refuse(_: str) -> NoReturn:
    raise NotJSON("holds a number that is none (NaN or Infinity)")


_READER = json.JSONDecoder(
    object_pairs_hook=_pairs, parse_float=_number, parse_int=_number, parse_constant=_refuse
)
