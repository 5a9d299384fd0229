"""Edits by path in JSON and YAML texts, given any text: what was meant, every other byte kept, or a refusal."""

from __future__ import annotations

import json
from decimal import Decimal

import yaml

from agentctl.connectors.file.edit import Format, set_value, unset_value
from agentctl.errors import Rejected
from agentctl.model.values import Value

_VALUES: tuple[Value, ...] = (7, "x", "a: b # c\n- d", None, True, Decimal("1.50"), {"k": [1, "y"]}, [], {})
_PATHS: tuple[list[str | int], ...] = (["a"], ["a", "b"], ["a", 0], ["a", 0, "b"], ["new"], [0])


def edit_yaml(data: bytes) -> None:
    """Set and unset in a YAML text, as another reader of YAML sees it."""
    _edit(data, Format.YAML)


def edit_json(data: bytes) -> None:
    """Set and unset in a JSON text, as another reader of JSON sees it."""
    _edit(data, Format.JSON)


def _edit(data: bytes, format_: Format) -> None:
    text = data[2:].decode("utf-8", "ignore")
    path = _PATHS[(data[0] if data else 0) % len(_PATHS)]
    value = _VALUES[(data[1] if len(data) > 1 else 0) % len(_VALUES)]
    try:
        after = set_value("f", text, format_, path, value)
    except Rejected as error:
        assert error.summary
    else:
        if _is_read(text, format_):
            assert _plain(value) == _at(_loaded(after, format_), path), after
        assert set_value("f", after, format_, path, value) == after, "setting twice is setting once"
    try:
        gone = unset_value("f", text, format_, path)
    except Rejected as error:
        assert error.summary
    else:
        assert unset_value("f", gone, format_, path) == gone or isinstance(path[-1], int)


def _is_read(text: str, format_: Format) -> bool:
    """Whether the other reader makes anything of the text as it is: we also edit beside what it stumbles over."""
    try:
        _loaded(text, format_)
    except (yaml.YAMLError, ValueError, TypeError, OverflowError, RecursionError):
        return False
    return True


def _loaded(text: str, format_: Format) -> object:
    text = text.removeprefix("\ufeff")
    return json.loads(text) if format_ is Format.JSON else yaml.load(text, Loader=_Reader)


class _Reader(yaml.SafeLoader):
    """The other reader. A tag it does not know makes nothing of what stands behind it."""


_Reader.add_constructor(None, lambda loader, node: None)


def _at(loaded: object, path: list[str | int]) -> object:
    for key in path:
        loaded = loaded[key]  # type: ignore[index]  # or the oracle fails, which is its job
    return loaded


def _plain(value: Value) -> object:
    return float(value) if isinstance(value, Decimal) else value
