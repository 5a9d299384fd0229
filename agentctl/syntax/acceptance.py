"""Says of a value that it is plainly valid by a JSON Schema, or does not know. What is wrong with it is not told here.

The schema checker is a library of 15 MB, and most commands check a dozen small documents that are valid: loading it and
compiling their schemas was a sixth of what such a command took. Whatever is not known here is asked of the library.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from agentctl.patterns import regex

Accept: TypeAlias = Callable[[Any], bool]
Schemas: TypeAlias = Mapping[str, Mapping[str, Any]]

_LARGEST: Final = 2**53
_LONGEST: Final = 1000
_MOST_KNOWN: Final = 64
_PRINTED: Final = "^[^\\x00-\\x1f\\x7f-\\x9f\u2028\u2029]+$"       # the target of a step
_SILENT: Final = frozenset({"$schema", "$id", "$defs", "title", "description"})
_SURROGATE: Final = regex("[\ud800-\udfff]")


def acceptance(schema: Mapping[str, Any], shared: Schemas, *, ours: bool) -> Accept:
    """Return a function that is true only of values in JSON form that are valid by ``schema``.

    ``shared`` are the schemas it may refer to, by their ids. Patterns are tried only where the schema is ``ours``: for
    those of strangers there is the library's engine, whose time is linear in the text.
    """
    accept = _Document(schema, shared, ours=ours).later(schema)

    def accepts(value: Any) -> bool:
        try:
            return accept(value)
        except RecursionError:      # a schema that refers to itself, or a value deeper than our stack
            return False

    return accepts


class _Document:
    """A whole schema. A part of it is made ready when the first value comes to it."""

    def __init__(self, root: Mapping[str, Any], shared: Schemas, *, ours: bool) -> None:
        self._root, self._shared, self._ours = root, shared, ours
        self._referred: dict[str, Accept] = {}

    def later(self, schema: Any) -> Accept:
        made: list[Accept] = []

        def accepts(value: Any) -> bool:
            if not made:
                made.append(self._made(schema))
            return made[0](value)

        return accepts

    def _made(self, schema: Any) -> Accept:
        if schema is True:
            return _plain
        if not isinstance(schema, Mapping):
            return _unknown
        rule = {key: item for key, item in schema.items() if key not in _SILENT}
        if not all(isinstance(item, _SHAPES.get(key, ())) for key, item in rule.items()):
            return _unknown
        match rule:
            case {**rest} if not rest:
                return _plain
            case {"$ref": str(name), **rest}:
                return self._all([rest], self._at(name)) if rest else self._at(name)
            case {"const": option, **rest} if not rest:
                return _one_of([option])
            case {"enum": list(options), **rest} if not rest:
                return _one_of(options)
            case {"anyOf": list(parts), **rest} if not rest:
                return self._any(parts)
            case {"oneOf": list(parts), **rest} if not rest and self._differ(parts):
                return self._any(parts)
            case {"allOf": list(parts), **rest} if not rest:
                return self._all(parts)
            case {"type": list(names), **rest} if not rest:
                return self._any([{"type": name} for name in names])
            case {"type": "boolean", **rest} if not rest:
                return lambda value: type(value) is bool
            case {"type": "null", **rest} if not rest:
                return lambda value: value is None
        # Where no type is said, a keyword binds the values of its own type only, and of others nothing is known here.
        of, type_ = rule.keys() - {"type"}, rule.get("type")
        if type_ in ("string", None) and of <= _OF_TEXTS:
            return self._text(rule)
        if type_ in ("integer", None) and of <= _OF_INTEGERS:
            return _integer(rule)
        if type_ in ("array", None) and of <= _OF_LISTS:
            return self._list(rule)
        if type_ in ("object", None) and of <= _OF_MAPPINGS:
            return self._mapping(rule)
        return _unknown

    def _at(self, name: str) -> Accept:
        if name not in self._referred:
            whole, part = self._find(name)
            beside = self if whole is self._root else _Document(whole, self._shared, ours=True)
            self._referred[name] = beside.later(part)       # for a part that refers to itself
            self._referred[name] = beside._made(part)  # noqa: SLF001  # of this very class
        return self._referred[name]

    def _find(self, name: str) -> tuple[Mapping[str, Any], Any]:
        """Return what a reference names, and the whole schema in which that stands."""
        id_, _, pointer = name.partition("#/$defs/")
        whole = self._root if not id_ else self._shared.get(id_, {})
        return whole, whole.get("$defs", {}).get(pointer, False)

    def _differ(self, parts: list[Any]) -> bool:
        """Whether no value can be valid by two of ``parts``, for they are of different types."""
        named = [part for part in parts if isinstance(part, Mapping)]
        meant = [self._find(part["$ref"])[1] if isinstance(part.get("$ref"), str) else part for part in named]
        types = [part.get("type") for part in meant if isinstance(part, Mapping)]
        texts = {name for name in types if isinstance(name, str)}
        return len(texts) == len(parts) and "number" not in texts       # a whole number is a number too

    def _any(self, parts: list[Any]) -> Accept:
        accepts = [self.later(part) for part in parts]
        return lambda value: any(accept(value) for accept in accepts)

    def _all(self, parts: list[Any], *others: Accept) -> Accept:
        accepts = [*others, *(self.later(part) for part in parts)]
        return lambda value: all(accept(value) for accept in accepts)

    def _text(self, rule: Mapping[str, Any]) -> Accept:
        least, most = rule.get("minLength", 0), rule.get("maxLength", _LARGEST)
        if "pattern" not in rule:
            return lambda value: _is_text(value) and least <= len(value) <= most
        if not self._ours:
            return _unknown
        # What is tried here prints and is ASCII: to compile this pattern takes longer than to read a small plan.
        search = _not_empty if rule["pattern"] == _PRINTED else re.compile(rule["pattern"]).search
        longest = min(most, _LONGEST)

        known: set[str] = set()     # what most values of one list say, as the action of a step

        # The two engines agree on what prints and is ASCII; of line ends and spaces beyond it each has its own idea.
        def accepts(value: Any) -> bool:
            if type(value) is not str:
                return False
            if value in known:
                return True
            fits = (
                least <= len(value) <= longest and value.isascii() and value.isprintable() and search(value) is not None
            )
            if fits and len(known) < _MOST_KNOWN:
                known.add(value)
            return fits

        return accepts

    def _list(self, rule: Mapping[str, Any]) -> Accept:
        least, most, unique = rule.get("minItems", 0), rule.get("maxItems", _LARGEST), rule.get("uniqueItems", False)
        accept = self.later(rule.get("items", True))

        def accepts(value: Any) -> bool:
            if type(value) is not list or not least <= len(value) <= most or not all(map(accept, value)):
                return False
            return not unique or (all(type(item) is str for item in value) and len(set(value)) == len(value))

        return accepts

    def _mapping(self, rule: Mapping[str, Any]) -> Accept:
        parts: Mapping[str, Any] = rule.get("properties", {})
        known: dict[str, Accept] = {}       # of parts, those that a value came to
        required = frozenset(rule.get("required", ()))
        least, most = rule.get("minProperties", 0), rule.get("maxProperties", _LARGEST)
        other = self.later(rule.get("additionalProperties", True))
        every_name = "propertyNames" in rule
        named = self.later(rule["propertyNames"]) if every_name else _is_text

        def accepts(value: Any) -> bool:
            if type(value) is not dict or not required <= value.keys() or not least <= len(value) <= most:
                return False
            for key, item in value.items():
                accept = known.get(key)
                if accept is None and key in parts:
                    accept = known[key] = self._made(parts[key])
                if (accept is None or every_name) and not named(key):
                    return False
                if not (accept or other)(item):
                    return False
            return True

        return accepts


# By keyword, of what type its argument must be; with any other keyword a schema is none that is known here.
_SHAPES: Final[Mapping[str, Any]] = {
    "$ref": str, "const": object, "enum": list, "anyOf": list, "oneOf": list, "allOf": list, "type": str | list,
    "pattern": str, "minLength": int, "maxLength": int, "minimum": int, "maximum": int,
    "items": Mapping | bool, "minItems": int, "maxItems": int, "uniqueItems": bool,
    "properties": Mapping, "required": list, "additionalProperties": Mapping | bool, "propertyNames": Mapping,
    "minProperties": int, "maxProperties": int,
}
_OF_TEXTS: Final = frozenset({"pattern", "minLength", "maxLength"})
_OF_INTEGERS: Final = frozenset({"minimum", "maximum"})
_OF_LISTS: Final = frozenset({"items", "minItems", "maxItems", "uniqueItems"})
_OF_MAPPINGS: Final = frozenset(
    {"properties", "required", "additionalProperties", "propertyNames", "minProperties", "maxProperties"}
)


def _unknown(_: Any) -> bool:
    return False


def _plain(value: Any) -> bool:
    """Whether a value is one of JSON's, whatever it is; what the library may take otherwise is not known."""
    if value is None or type(value) is bool:
        return True
    if type(value) is str:
        return _is_text(value)
    if type(value) is int:
        return -_LARGEST <= value <= _LARGEST
    if type(value) is list:
        return all(map(_plain, value))
    return type(value) is dict and all(_is_text(key) and _plain(item) for key, item in value.items())


def _is_text(value: Any) -> bool:
    return type(value) is str and (value.isascii() or _SURROGATE.search(value) is None)


def _not_empty(text: str) -> str | None:
    return text or None


def _one_of(options: list[Any]) -> Accept:
    scalars = {(type(option), option) for option in options if isinstance(option, str | bool | int | None)}
    return lambda value: not isinstance(value, list | dict) and (type(value), value) in scalars


def _integer(rule: Mapping[str, Any]) -> Accept:
    least, most = max(rule.get("minimum", -_LARGEST), -_LARGEST), min(rule.get("maximum", _LARGEST), _LARGEST)
    return lambda value: type(value) is int and least <= value <= most
