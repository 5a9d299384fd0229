"""Reads JSON Schemas as descriptions of fields: whether a field exists, and what kinds of value it takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from agentctl.syntax.schema import VALUES

Kinds = frozenset[str]

SCALARS: Final = frozenset({"null", "boolean", "integer", "decimal", "string", "time", "date"})
_VALUE_KINDS: Final[dict[str, Kinds]] = {
    "int": frozenset({"integer"}), "decimal": frozenset({"integer", "decimal"}), "bytes": frozenset({"bytes"}),
    "time": frozenset({"time"}), "date": frozenset({"date"}),
}
_TAG_KINDS: Final = {
    "$int": "integer", "$decimal": "decimal", "$bytes": "bytes", "$time": "time", "$date": "date",
}
_TYPES: Final[dict[str, Kinds]] = {"number": frozenset({"integer", "decimal"})}
_DEEPEST = 32


def fields_at(root: Mapping[str, Any], path: Sequence[str]) -> list[Any]:
    """Return the schemas a field may have by ``root``; none where no such field can be. True stands for any value."""
    found = list(_plain(root, root, _DEEPEST))
    for name in path:
        below = [part for schema in found for part in _property(schema, name)]
        found = [plain for schema in below for plain in _plain(root, schema, _DEEPEST)]
    return found


def arguments_at(root: Mapping[str, Any], pointer: Sequence[str | int]) -> list[Any]:
    """Return the schemas that judge the part of an argument at ``pointer``."""
    found = list(_plain(root, root, _DEEPEST))
    for part in pointer:
        below = [
            inner for schema in found for inner in (_item(schema) if isinstance(part, int) else _property(schema, part))
        ]
        found = [plain for schema in below for plain in _plain(root, schema, _DEEPEST)]
    return found


def names_at(root: Mapping[str, Any], path: Sequence[str]) -> tuple[str, ...]:
    """Return the names that may follow ``path``, as far as they are listed."""
    return tuple(
        name
        for schema in fields_at(root, path)
        if isinstance(schema, Mapping)
        for name in schema.get("properties", ())
    )


def kinds(schemas: Sequence[Any]) -> Kinds | None:
    """Return the kinds of value that ``schemas`` together allow; None where that cannot be told."""
    union: set[str] = set()
    for schema in schemas:
        some = _kinds(schema)
        if some is None:
            return None
        union |= some
    return frozenset(union) if schemas else None


def _plain(root: Mapping[str, Any], schema: Any, deepest: int) -> Iterator[Any]:
    """Yield the schemas that ``schema`` stands for once references and alternatives are followed."""
    if not isinstance(schema, Mapping) or deepest == 0:
        yield schema
        return
    if isinstance(ref := schema.get("$ref"), str):
        if ref.startswith(VALUES):
            yield schema
        elif (target := _local(root, ref)) is not None:
            yield from _plain(root, target, deepest - 1)
        else:
            yield True
        return
    alternatives = [inner for word in ("anyOf", "oneOf") for inner in schema.get(word, ())]
    if not alternatives or "properties" in schema or "items" in schema:
        yield schema
    for inner in alternatives:
        yield from _plain(root, inner, deepest - 1)


def _property(schema: Any, name: str) -> Iterator[Any]:
    if not isinstance(schema, Mapping):
        if schema is not False:
            yield True
        return
    if isinstance(ref := schema.get("$ref"), str) and ref.startswith(VALUES):
        if ref == f"{VALUES}#/$defs/value":
            yield True
        return
    if name in (known := schema.get("properties", {})):
        yield known[name]
    elif "object" in _type(schema) and schema.get("additionalProperties", True) is not False:
        yield schema.get("additionalProperties", True)
    elif schema.get("patternProperties"):
        yield True


def _item(schema: Any) -> Iterator[Any]:
    if not isinstance(schema, Mapping):
        yield True
    elif "array" in _type(schema):
        yield True if "prefixItems" in schema else schema.get("items", True)


def _kinds(schema: Any) -> Kinds | None:
    if not isinstance(schema, Mapping):
        return None
    if isinstance(ref := schema.get("$ref"), str):
        return _VALUE_KINDS.get(ref.rpartition("/")[2]) if ref.startswith(VALUES) else None
    properties = schema.get("properties", {})
    if len(properties) == 1 and (tag := next(iter(properties))) in _TAG_KINDS:
        return frozenset({_TAG_KINDS[tag]})
    if "type" not in schema:
        return None
    some: set[str] = set()
    for name in _type(schema):
        some |= _TYPES.get(name, frozenset({name}))
    if "object" in some and not properties and schema.get("additionalProperties", True) is not False:
        # Tagged values are objects in JSON form: an open object may be any of them.
        return None
    return frozenset(some)


def _type(schema: Mapping[str, Any]) -> tuple[str, ...]:
    stated = schema.get("type", ("object", "array"))
    return (stated,) if isinstance(stated, str) else tuple(stated)


def _local(root: Mapping[str, Any], ref: str) -> Any:
    if not ref.startswith("#/"):
        return root if ref == "#" else None
    node: Any = root
    for part in ref[2:].split("/"):
        name = part.replace("~1", "/").replace("~0", "~")
        if not isinstance(node, Mapping) or name not in node:
            return None
        node = node[name]
    return node
