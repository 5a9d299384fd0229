"""The standard library's ``dataclass``, ``field`` and ``replace``, without importing it; no fact itself lives here.

The standard library compiles up to six methods for each class when a module is imported. A command imports some two
hundred classes and makes many values of a few: that was more than a third of all that starting it took. To import it
takes nearly as long as to start Python, for it brings ``inspect``; whoever asks for a class's fields gets real ones.
Annotations are read as the texts they are; a class whose annotations are none is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from functools import cache, cached_property, partial
from operator import attrgetter
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

V = TypeVar("V")

__all__ = ["by_name", "dataclass", "field", "kept", "replace"]

if TYPE_CHECKING:
    from dataclasses import dataclass, field, replace
else:
    def dataclass(
        cls: type | None = None, /, *, frozen: bool = False, slots: bool = False, kw_only: bool = False, eq: bool = True
    ) -> Any:
        """Make a class a dataclass, to whoever asks the same as one of the standard library.

        For ``slots`` Python has to make the class a second time, at every start: they are for what is made by the step.
        """

        def decorate(cls: type) -> type:
            if not cls.__doc__:
                cls.__doc__ = cls.__name__
            fields = _fields(cls, kw_only=kw_only)
            given = {"__dataclass_fields__": _Fields(fields), **_methods(tuple(fields.values()), frozen=frozen, eq=eq)}
            if frozen and slots:
                given |= {"__getstate__": _getstate, "__setstate__": _setstate}
            # Python itself takes the hash from a class that compares; that is no word of the class's own.
            given = {
                name: item for name, item in given.items()
                if name not in cls.__dict__ or (name == "__hash__" and cls.__dict__[name] is None)
            }
            if slots:
                return _slotted(cls, fields, given)
            for name, item in given.items():
                setattr(cls, name, item)
            if "__init__" in given:
                given["__init__"].__set_name__(cls, "__init__")     # which Python does for a class it makes
            return cls

        return decorate if cls is None else decorate(cls)

    def field(**said: Any) -> Any:
        """Return what a class says of a field, in the words of the standard library."""
        if unknown := said.keys() - _SAID:
            raise TypeError(f"a field says nothing of {', '.join(sorted(unknown))}")
        made = Field()
        vars(made).update(said)
        return made

    def replace(value: Any, /, **changes: Any) -> Any:
        """Return ``value`` anew with ``changes``, made as any other: what its class refuses is refused."""
        names, values = _asked(value.__class__)
        return value.__class__(**{**dict(zip(names, values(value), strict=True)), **changes})


def by_name(value: Any) -> dict[str, Any]:
    """Return what the fields of ``value`` hold, in their order, nothing taken apart or copied."""
    return {name: getattr(value, name) for name in _fields_of(type(value))}


class kept(Generic[V]):  # noqa: N801  # written as what it stands beside, ``property``
    """A property that is worked out when it is first asked, and kept beside the fields of a fact without slots.

    ``cached_property`` takes a lock, and the dictionary that a value has otherwise no need of.
    """

    def __init__(self, work_out: Callable[[Any], V]) -> None:
        self.work_out = work_out
        self.__doc__ = work_out.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, instance: None, owner: type) -> kept[V]: ...
    @overload
    def __get__(self, instance: object, owner: type) -> V: ...
    def __get__(self, instance: object | None, owner: type) -> kept[V] | V:
        if instance is None:
            return self
        value = self.work_out(instance)
        object.__setattr__(instance, self.name, value)
        return value


class _Missing:
    """What stands where nothing was given; told from every value, for it is its own class."""


MISSING = _Missing()


class Field:
    """What a class says of one field. It holds what was said; what was not is the same for all."""

    name: str
    type: str
    default: Any = MISSING
    default_factory: Any = MISSING
    init = repr = compare = True
    hash: bool | None = None
    kw_only: bool | None = None

    @property
    def is_optional(self) -> bool:
        """Whether it need not be given."""
        return self.default is not MISSING or self.default_factory is not MISSING


_SAID = {"compare", "default", "default_factory", "hash", "init", "kw_only", "repr"}


class _Fields:
    """Stands where the standard library looks for a class's fields, and makes them once it does."""

    __slots__ = ("by_name", "theirs")

    def __init__(self, by_name: dict[str, Field]) -> None:
        self.by_name = by_name
        self.theirs: dict[str, Any] | None = None

    def __get__(self, instance: Any, owner: type) -> dict[str, Any]:
        if self.theirs is None:
            self.theirs = {name: _theirs(each) for name, each in self.by_name.items()}
        return self.theirs


def _theirs(ours: Field) -> Any:
    import dataclasses

    given = {
        name: getattr(ours, name) for name in ("default", "default_factory") if getattr(ours, name) is not MISSING
    }
    made: Any = dataclasses.field(
        **given, init=ours.init, repr=ours.repr, hash=ours.hash, compare=ours.compare, kw_only=bool(ours.kw_only)
    )
    made.name, made.type = ours.name, ours.type
    made._field_type = dataclasses._FIELD  # type: ignore[attr-defined]  # noqa: SLF001  # as ``dataclasses`` does
    return made


_NO_FIELDS = ("ClassVar", "typing.ClassVar")


def _fields(cls: type, *, kw_only: bool) -> dict[str, Field]:
    """Return the fields of ``cls`` by name, those of its bases first, and leave on it only what their defaults are."""
    fields: dict[str, Field] = {}
    for base in reversed(cls.__mro__[1:]):
        if (inherited := base.__dict__.get("__dataclass_fields__")) is not None:
            if not isinstance(inherited, _Fields):
                raise TypeError(f"{cls.__qualname__} inherits from a dataclass that is no fact: {base.__qualname__}")
            fields |= inherited.by_name
    own = cls.__dict__
    for name, annotation in own.get("__annotations__", {}).items():  # its own, as written
        if not isinstance(annotation, str):
            raise TypeError(f"{cls.__module__} lacks `from __future__ import annotations`")
        if annotation.startswith(_NO_FIELDS):
            continue
        made = fields[name] = _given(cls, name) if name in own else Field()
        made.name, made.type = name, annotation
        if made.kw_only is None:
            made.kw_only = kw_only
    _check_order(fields.values())
    return fields


def _given(cls: type, name: str) -> Field:
    """Return what ``cls`` says of a field, or what it begins with; it keeps only that."""
    given = cls.__dict__[name]
    if given.__class__.__module__ == "dataclasses":
        raise TypeError(f"{cls.__qualname__}.{name} is a field of the standard library; use that of agentctl.facts")
    if isinstance(given, Field):
        made = given
        if made.default is MISSING:
            delattr(cls, name)
        else:
            setattr(cls, name, made.default)
    else:
        made = Field()
        made.default = given
    if made.default.__class__.__hash__ is None:
        raise ValueError(f"{cls.__qualname__}.{name} has a default that can change; use default_factory")
    return made


def _check_order(fields: Iterable[Field]) -> None:
    """Raise TypeError where a value could be given by its place to a field after one that need not be given."""
    optional = ""
    for each in fields:
        if each.init and not each.kw_only:
            if each.is_optional:
                optional = each.name
            elif optional:
                raise TypeError(f"non-default argument {each.name!r} follows default argument {optional!r}")


def _fields_of(cls: type) -> Mapping[str, Any]:
    """Return the fields of a class that has some, or of the first of its bases that does; ours where they are ours."""
    for base in cls.__mro__:
        if (found := base.__dict__.get("__dataclass_fields__")) is not None:
            return found.by_name if isinstance(found, _Fields) else found
    raise TypeError(f"{cls.__qualname__} is no fact: it has no fields")


def _slotted(cls: type, fields: Iterable[str], given: Mapping[str, Any]) -> type:
    """Return ``cls`` anew with what it is given and slots for its fields: a class gets slots only as it is made."""
    inherited = {name for base in cls.__mro__[1:] for name in base.__dict__.get("__slots__", ())}
    inside = {name: item for name, item in cls.__dict__.items() if name not in ("__dict__", "__weakref__", *fields)}
    slots = tuple(name for name in fields if name not in inherited)
    made = type(cls)(cls.__name__, cls.__bases__, {**inside, **given, "__slots__": slots})
    made.__qualname__ = cls.__qualname__
    return made


def _methods(fields: Sequence[Field], *, frozen: bool, eq: bool) -> dict[str, Any]:
    """Return what a class with ``fields`` has, unless it has its own."""
    methods: dict[str, Any] = {
        "__init__": _Init(fields, frozen=frozen),
        "__repr__": _repr,
        "__match_args__": tuple(each.name for each in fields if each.init and not each.kw_only),
    }
    if eq:
        methods["__eq__"] = _eq(fields)
        methods["__hash__"] = _hash(fields) if frozen else None
    if frozen:
        methods |= {"__setattr__": _setattr, "__delattr__": _delattr}
    return methods


class _Init:
    """Stands where ``__init__`` does until somebody looks at it, or so many values are made that to compile it pays."""

    def __init__(self, fields: Sequence[Field], *, frozen: bool) -> None:
        self.fields, self.frozen, self.left = fields, frozen, _FEW

    @cached_property
    def whole(self) -> Set[str] | None:
        """The names of all fields, where all of them can be given."""
        return {each.name for each in self.fields} if all(each.init for each in self.fields) else None

    def __set_name__(self, owner: Any, name: str) -> None:
        self.cls = owner

    def __get__(self, instance: Any, owner: type) -> Any:
        if instance is not None and self.left > 0 and not isinstance(instance, type):  # a class asks for the signature
            self.left -= 1
            return partial(self.fill, instance)
        made = self.compiled()
        return made if instance is None else made.__get__(instance, owner)

    def compiled(self) -> Any:
        from agentctl.constructor import constructor

        made = self.cls.__init__ = constructor(self.cls, self.fields, frozen=self.frozen)
        return made

    def fill(self, instance: Any, /, *in_order: Any, **given: Any) -> None:
        """Do what the compiled ``__init__`` does; what that refuses, it is left to refuse."""
        if in_order:
            names = [each.name for each in self.fields if each.init and not each.kw_only]
            if len(in_order) > len(names) or not given.keys().isdisjoint(names[:len(in_order)]):
                self.compiled()(instance, *in_order, **given)
                return
            given |= zip(names, in_order, strict=False)
        set_ = object.__setattr__ if self.frozen else setattr
        if given.keys() != self.whole:
            left = [each for each in self.fields if each.name not in given or not each.init]
            lacking = any(each.init and not each.is_optional for each in left)
            if lacking or len(given) + len(left) != len(self.fields):
                self.compiled()(instance, **given)
                return
            for each in left:
                if each.is_optional:
                    set_(instance, each.name, each.default_factory() if each.default is MISSING else each.default)
        for name, value in given.items():
            set_(instance, name, value)
        if hasattr(self.cls, "__post_init__"):
            instance.__post_init__()


_FEW = 32       # values, which cost some 2 µs more each; to compile costs 100


@cache
def _asked(cls: type) -> tuple[tuple[str, ...], Callable[[Any], tuple[Any, ...]]]:
    """Return what the constructor of ``cls`` takes: the names, and what gives a value's own."""
    asked = [each for each in _fields_of(cls).values() if each.init]
    return tuple(each.name for each in asked), _values(asked)


def _values(fields: Iterable[Field]) -> Callable[[Any], tuple[Any, ...]]:
    """Return a function that gives the values of ``fields``."""
    names = [each.name for each in fields]
    if len(names) > 1:
        return attrgetter(*names)
    return lambda value: tuple(getattr(value, name) for name in names)


@recursive_repr()
def _repr(self: Any) -> str:
    shown = ", ".join(f"{name}={getattr(self, name)!r}" for name, each in _fields_of(type(self)).items() if each.repr)
    return f"{self.__class__.__qualname__}({shown})"


def _eq(fields: Sequence[Field]) -> Any:
    values: Callable[[Any], tuple[Any, ...]] | None = None      # found when two are first compared, which few ever are

    def __eq__(self: Any, other: object) -> Any:  # noqa: N807
        nonlocal values
        if other.__class__ is not self.__class__:
            return NotImplemented
        if values is None:
            values = _values(each for each in fields if each.compare)
        return values(self) == values(other)

    return __eq__


def _hash(fields: Sequence[Field]) -> Any:
    values: Callable[[Any], tuple[Any, ...]] | None = None

    def __hash__(self: Any) -> int:  # noqa: N807
        nonlocal values
        if values is None:
            values = _values(each for each in fields if (each.compare if each.hash is None else each.hash))
        return hash(values(self))

    return __hash__


def _is_fixed(value: Any, name: str) -> bool:
    """Whether an attribute is a fact's: all of its own class, and the fields in one that only inherits."""
    return "__dataclass_fields__" in type(value).__dict__ or name in _fields_of(type(value))


def _setattr(self: Any, name: str, value: Any) -> None:
    if _is_fixed(self, name):
        raise _frozen(f"cannot assign to field {name!r}")
    object.__setattr__(self, name, value)


def _delattr(self: Any, name: str) -> None:
    if _is_fixed(self, name):
        raise _frozen(f"cannot delete field {name!r}")
    object.__delattr__(self, name)


def _frozen(why: str) -> Exception:
    from dataclasses import FrozenInstanceError

    return FrozenInstanceError(why)


def _getstate(self: Any) -> list[Any]:
    """Return what copying and pickling go by: a value with slots has no ``__dict__``, and a frozen one can't be set."""
    return [getattr(self, name) for name in _fields_of(type(self))]


def _setstate(self: Any, state: list[Any]) -> None:
    for name, value in zip(_fields_of(type(self)), state, strict=True):
        object.__setattr__(self, name, value)
