"""Compiles the constructors of facts, one for each shape and a copy for each class; what a fact is, is ``facts``' part.

Imported by the first class of which many values are made: most commands make few of any.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from functools import cache
from types import CellType, CodeType, FunctionType
from typing import Any

from agentctl.facts import MISSING, Field


def constructor(cls: type, fields: Sequence[Field], *, frozen: bool) -> Any:
    """Return ``__init__``; annotations are resolved where the class was written, so its module is its globals."""
    in_order = [each for each in fields if each.init and not each.kw_only]
    by_name = [each for each in fields if each.init and each.kw_only]
    asked = [*in_order, *by_name]
    places = {each.name: place for place, each in enumerate(fields)}
    thawed = _thawed(cls) if frozen and len(fields) >= _MANY and "__slots__" in cls.__dict__ else None
    values = tuple(map(_value, range(len(fields)), fields))
    code = _code(
        values, tuple(places[each.name] for each in asked),
        frozen=frozen, thawed=thawed is not None, finished=hasattr(cls, "__post_init__"),
    )
    called = {f"_{place}": each.name for place, each in enumerate(fields)}
    given: dict[str, Any] = {"_set": object.__setattr__, "_unset": _UNSET}
    given |= {"_become": _become, "_thawed": thawed, "_own": cls}
    for place, each in enumerate(fields):
        given[f"_made{place}"] = each.default if each.default_factory is MISSING else each.default_factory
    init = FunctionType(
        code.replace(
            co_argcount=1 + len(in_order), co_kwonlyargcount=len(by_name),
            co_varnames=tuple(called.get(name, name) for name in code.co_varnames),
            co_names=tuple(called.get(name, name) for name in code.co_names),
            co_consts=tuple(called.get(value, value) for value in code.co_consts),
        ),
        sys.modules[cls.__module__].__dict__, "__init__", _defaults(in_order),
        tuple(CellType(given[name]) for name in code.co_freevars),
    )
    init.__kwdefaults__ = {each.name: _default(each) for each in by_name if each.is_optional} or None
    init.__qualname__ = f"{cls.__qualname__}.__init__"
    init.__annotations__ = {each.name: each.type for each in asked} | {"return": None}
    return init


_MANY = 4       # fields from where to become another class and back takes less than to set each past its guard
_become = object.__dict__["__class__"].__set__


def _thawed(cls: type) -> type:
    """Return a class of the same slots whose values can be set: what a frozen value is while it is made."""
    slots = cls.__dict__["__slots__"]
    return type(cls)(cls.__name__, cls.__bases__, {"__slots__": slots, "__setattr__": object.__setattr__})


@cache
def _code(values: tuple[str, ...], asked: tuple[int, ...], *, frozen: bool, thawed: bool, finished: bool) -> CodeType:
    """Compile the ``__init__`` of all classes of one shape: fields are called by their places, and named in a copy.

    To compile costs forty times what a copy does, and of the classes a command makes values of most share their shape.
    """
    past = [f"_set(self, '_{place}', {value})" for place, value in enumerate(values) if value]
    plain = [f"self._{place} = {value}" for place, value in enumerate(values) if value]
    body = past if frozen else plain
    if thawed:      # of a class that only inherits it stays as it is
        inside = ["_become(self, _thawed)", *plain, "_become(self, _own)"]
        body = ["if self.__class__ is _own:", *(f" {line}" for line in inside), "else:", *(f" {line}" for line in past)]
    body = [*body, *(["self.__post_init__()"] if finished else [])] or ["pass"]
    made = [f"_made{place}" for place, value in enumerate(values) if f"_made{place}" in value]
    source = "\n  ".join([f" def __init__({', '.join(['self', *(f'_{place}' for place in asked)])}):", *body])
    given = ["_set", "_unset", "_become", "_thawed", "_own", *made]
    text = f"def build({', '.join(given)}):\n{source}\n return __init__"
    found: dict[str, Any] = {}
    exec(text, found)  # noqa: S102  # as the standard library does
    code: CodeType = found["build"](*given).__code__
    return code


class _Unset:
    """What a parameter holds that was not given, where its default is made anew each time."""

    def __repr__(self) -> str:
        return "<factory>"


_UNSET = _Unset()


def _default(field: Field) -> Any:
    return field.default if field.default_factory is MISSING else _UNSET


def _defaults(fields: Iterable[Field]) -> tuple[Any, ...]:
    """Return the defaults of parameters given by their order, of which Python knows only how many there are."""
    return tuple(_default(each) for each in fields if each.is_optional)


def _value(place: int, field: Field) -> str:
    """Return what the field at ``place`` is set to, or nothing where nothing sets it."""
    if not field.init and not field.is_optional:
        return ""
    made = f"_made{place}" if field.default_factory is MISSING else f"_made{place}()"
    if field.init and field.default_factory is not MISSING:
        return f"{made} if _{place} is _unset else _{place}"
    return f"_{place}" if field.init else made
