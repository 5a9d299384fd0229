"""The ``dataclass`` of the standard library, its ``__init__`` compiled when first used; no fact itself lives here.

The standard library compiles up to six methods for each class when a module is imported. A command imports some two
hundred classes and makes values of a third of them: that was more than a third of all that starting it took.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import MISSING, Field, FrozenInstanceError
from operator import attrgetter
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any

__all__ = ["dataclass"]

if TYPE_CHECKING:
    from dataclasses import dataclass
else:
    def dataclass(
        *, frozen: bool = False, slots: bool = False, kw_only: bool = False, eq: bool = True
    ) -> Callable[[type], type]:
        """Return what makes a class a dataclass, to whoever asks the same as one of the standard library."""

        def decorate(cls: type) -> type:
            if not cls.__doc__:
                cls.__doc__ = cls.__name__      # or the standard library writes out its signature here
            bare = dataclasses.dataclass(init=False, repr=False, eq=False, slots=slots, kw_only=kw_only)(cls)
            _furnish(bare, frozen=frozen, slots=slots, eq=eq)
            return bare

        return decorate


def _furnish(cls: type, *, frozen: bool, slots: bool, eq: bool) -> None:
    """Give ``cls`` the methods it does not have itself."""
    fields = dataclasses.fields(cls)
    methods: dict[str, Any] = {"__init__": _Init(cls, fields, frozen=frozen), "__repr__": _repr(fields)}
    if eq:
        hashed = [each for each in fields if (each.compare if each.hash is None else each.hash)]
        methods["__eq__"] = _eq(_values(each for each in fields if each.compare))
        methods["__hash__"] = _hash(_values(hashed)) if frozen else None
    if frozen:
        methods |= _frozen(cls, frozenset(each.name for each in fields))
    if frozen and slots:
        methods |= _state(fields)
    for name, method in methods.items():
        # Python itself takes the hash from a class that compares; that is no word of the class's own.
        if name not in cls.__dict__ or (name == "__hash__" and cls.__dict__[name] is None):
            setattr(cls, name, method)


class _Init:
    """Stands where ``__init__`` does until that is asked for."""

    def __init__(self, cls: Any, fields: Sequence[Field[Any]], *, frozen: bool) -> None:
        self.cls, self.fields, self.frozen = cls, fields, frozen

    def __get__(self, instance: Any, owner: type) -> Any:
        made = _init(self.cls, self.fields, frozen=self.frozen)
        self.cls.__init__ = made
        return made if instance is None else made.__get__(instance, owner)


def _init(cls: type, fields: Sequence[Field[Any]], *, frozen: bool) -> Any:
    """Compile ``__init__``; annotations are resolved where the class was written, so its module is its globals."""
    asked = [each for each in fields if each.init]
    in_order = [_parameter(each) for each in asked if not each.kw_only]
    by_name = [_parameter(each) for each in asked if each.kw_only]
    parameters = ", ".join(["self", *in_order, *(["*", *by_name] if by_name else [])])
    body = [_assignment(each, frozen=frozen) for each in fields if each.init or _has_default(each)]
    if hasattr(cls, "__post_init__"):
        body.append("self.__post_init__()")
    given: dict[str, Any] = {"_unset": _UNSET, "_set": object.__setattr__}
    for each in fields:
        if each.default is not MISSING:
            given[f"_default_{each.name}"] = each.default
        if each.default_factory is not MISSING:
            given[f"_make_{each.name}"] = each.default_factory
    source = "\n  ".join([f" def __init__({parameters}):", *(body or ["pass"])])
    found: dict[str, Any] = {}
    text = f"def build({', '.join(given)}):\n{source}\n return __init__"
    exec(text, sys.modules[cls.__module__].__dict__, found)  # noqa: S102  # as the standard library does
    init = found["build"](**given)
    init.__qualname__ = f"{cls.__qualname__}.__init__"
    init.__annotations__ = {each.name: each.type for each in asked} | {"return": None}
    return init


class _Unset:
    """What a parameter holds that was not given, where its default is made anew each time."""

    def __repr__(self) -> str:
        return "<factory>"


_UNSET = _Unset()


def _parameter(field: Field[Any]) -> str:
    if field.default_factory is not MISSING:
        return f"{field.name}=_unset"
    return field.name if field.default is MISSING else f"{field.name}=_default_{field.name}"


def _has_default(field: Field[Any]) -> bool:
    return field.default is not MISSING or field.default_factory is not MISSING


def _assignment(field: Field[Any], *, frozen: bool) -> str:
    made = f"_default_{field.name}" if field.default_factory is MISSING else f"_make_{field.name}()"
    value = field.name if field.init else made
    if field.init and field.default_factory is not MISSING:
        value = f"{made} if {field.name} is _unset else {field.name}"
    return f"_set(self, {field.name!r}, {value})" if frozen else f"self.{field.name} = {value}"


def _values(fields: Iterable[Field[Any]]) -> Callable[[Any], tuple[Any, ...]]:
    """Return a function that gives the values of ``fields``."""
    names = [each.name for each in fields]
    if len(names) > 1:
        return attrgetter(*names)
    return lambda value: tuple(getattr(value, name) for name in names)


def _repr(fields: Sequence[Field[Any]]) -> Any:
    names = [each.name for each in fields if each.repr]

    @recursive_repr()
    def __repr__(self: Any) -> str:  # noqa: N807  # becomes the method of that name, as those below
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in names)
        return f"{self.__class__.__qualname__}({shown})"

    return __repr__


def _eq(values: Callable[[Any], tuple[Any, ...]]) -> Any:
    def __eq__(self: Any, other: object) -> Any:  # noqa: N807
        return values(self) == values(other) if other.__class__ is self.__class__ else NotImplemented

    return __eq__


def _hash(values: Callable[[Any], tuple[Any, ...]]) -> Any:
    def __hash__(self: Any) -> int:  # noqa: N807
        return hash(values(self))

    return __hash__


def _frozen(cls: Any, names: frozenset[str]) -> dict[str, Any]:
    def __setattr__(self: Any, name: str, value: Any) -> None:  # noqa: N807
        if type(self) is cls or name in names:
            raise FrozenInstanceError(f"cannot assign to field {name!r}")
        super(cls, self).__setattr__(name, value)

    def __delattr__(self: Any, name: str) -> None:  # noqa: N807
        if type(self) is cls or name in names:
            raise FrozenInstanceError(f"cannot delete field {name!r}")
        super(cls, self).__delattr__(name)

    return {"__setattr__": __setattr__, "__delattr__": __delattr__}


def _state(fields: Sequence[Field[Any]]) -> dict[str, Any]:
    """Return what copying and pickling go by: a value with slots has no ``__dict__``, and a frozen one can't be set."""
    names = [each.name for each in fields]

    def __getstate__(self: Any) -> list[Any]:  # noqa: N807
        return [getattr(self, name) for name in names]

    def __setstate__(self: Any, state: list[Any]) -> None:  # noqa: N807
        for name, value in zip(names, state, strict=True):
            object.__setattr__(self, name, value)

    return {"__getstate__": __getstate__, "__setstate__": __setstate__}
