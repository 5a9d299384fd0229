"""What an OpenAPI description says of one operation: its answer, its body, its parameters. Guesses nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from agentctl.connectors.rest.pointer import ABSENT, at
from agentctl.errors import Invalid
from agentctl.facts import dataclass, field, replace

_HOPS = 20
_DEEPEST = 20
_MOST = 100_000          # schemas looked at: alternatives within alternatives double with every level
_FIELD: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,99}")
_VALUES: Final = "urn:agentctl:values#/$defs/"
_STRINGS: Final[Mapping[str, tuple[Mapping[str, Any], str]]] = {
    "date-time": ({"$ref": f"{_VALUES}time"}, "time"),
    "date": ({"$ref": f"{_VALUES}date"}, "date"),
}


@dataclass(frozen=True, kw_only=True)
class Type:
    """A closed type of ours: its schema, and what its JSON stands for."""

    kind: str                   # what two types must share for one to be sent as the other
    schema: Mapping[str, Any]
    stands_for: str = ""
    secret: bool = False


@dataclass(frozen=True, kw_only=True)
class Members:
    """What an object may have, and what it must."""

    schemas: Mapping[str, Any]
    required: frozenset[str]


@dataclass
class Description:
    """One OpenAPI document. Nothing outside of it is ever looked at; one that never ends is refused."""

    document: Mapping[str, Any]
    _seen: int = field(default=0)

    def resolved(self, node: Any) -> Mapping[str, Any]:
        """Return what a reference leads to; nothing where it leads out of the document or in circles."""
        for _ in range(_HOPS):
            if not isinstance(node, Mapping):
                return {}
            reference = node.get("$ref")
            if not isinstance(reference, str):
                return node
            found = at(reference[1:], self.document) if reference.startswith("#/") else ABSENT
            node = None if found is ABSENT else found
        return {}

    def mapping(self, node: Mapping[str, Any], key: str) -> Mapping[str, Any]:
        return self.resolved(node.get(key))

    def parameters(self, item: Mapping[str, Any], operation: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        for holder in (item, operation):
            said = holder.get("parameters")
            for one in said if isinstance(said, list) else ():
                if isinstance((found := self.resolved(one)).get("name"), str):
                    yield found

    def body(self, operation: Mapping[str, Any]) -> Any:
        """Return the schema of the JSON that is sent, ABSENT where none is."""
        return at("/content/application~1json/schema", self.mapping(operation, "requestBody"))

    def answer(self, operation: Mapping[str, Any], *statuses: str) -> tuple[Any, Mapping[str, Any]]:
        """Return the schema of the first described of these answers, ABSENT where none is, and its headers."""
        responses = self.mapping(operation, "responses")
        for status in statuses:
            if status in responses:
                said = self.resolved(responses[status])
                return at("/content/application~1json/schema", said), self.mapping(said, "headers")
        return ABSENT, {}

    def members(self, schema: Any, depth: int = 0) -> Members:
        """Return the members of an object: those of all its parts, and those every alternative has."""
        node = self._look(schema)
        properties, required = node.get("properties"), node.get("required")
        schemas = dict(properties) if isinstance(properties, Mapping) else {}
        must = {name for name in required if isinstance(name, str)} if isinstance(required, list) else set()
        if depth < _DEEPEST:
            for part in _parts(node, "allOf"):
                found = self.members(part, depth + 1)
                schemas, must = {**found.schemas, **schemas}, must | found.required
            for key in ("oneOf", "anyOf"):
                found_all = [self.members(part, depth + 1) for part in _parts(node, key)]
                for found in found_all:
                    schemas = {**found.schemas, **schemas}
                if found_all:
                    must |= frozenset.intersection(*(found.required for found in found_all))
        return Members(schemas=schemas, required=frozenset(must))

    def type(self, schema: Any) -> Type | None:
        """Return the closed type that a schema is, None where it is none or more than one."""
        found = self.alternatives(schema)
        return found[0] if len(found) == 1 else None

    def alternatives(self, schema: Any, depth: int = 0) -> Sequence[Type | None]:
        """Return the types a value may have besides null; None stands for what is no closed type."""
        node = self._look(schema)
        parts = [*_parts(node, "oneOf"), *_parts(node, "anyOf")]
        if len(_parts(node, "allOf")) == 1 and "type" not in node:
            parts = _parts(node, "allOf")
        if parts:
            if depth >= _DEEPEST:
                return (None,)
            nullable = node.get("nullable") is True
            found = [one for part in parts if not _null(self._look(part)) for one in self.alternatives(part, depth + 1)]
            if nullable or any(_null(self._look(part)) for part in parts):
                return [one and replace(one, schema=_or_null(one.schema)) for one in found]
            return found
        said = node.get("type")
        names = [name for name in (said if isinstance(said, list) else [said]) if isinstance(name, str)]
        nullable = node.get("nullable") is True or "null" in names
        made = [self._plain(name, node) for name in names if name != "null"] or [None]
        secret = node.get("writeOnly") is True or node.get("format") == "password"
        return [
            one and replace(one, schema=_or_null(one.schema) if nullable else one.schema, secret=secret)
            for one in made
        ]

    def _plain(self, name: str, node: Mapping[str, Any]) -> Type | None:
        match name:
            case "string" if _words(node.get("enum")):
                return Type(kind="string", schema={"enum": [word for word in node["enum"] if word is not None]})
            case "string" if (format := str(node.get("format"))) in _STRINGS:
                schema, stands_for = _STRINGS[format]
                return Type(kind=stands_for, schema=schema, stands_for=stands_for)
            case "string" | "boolean" | "integer":
                return Type(kind=name, schema={"type": name})
            case "number":
                return Type(kind="decimal", schema={"$ref": f"{_VALUES}decimal"}, stands_for="decimal")
            case "array":
                item = self._look(node.get("items"))
                if item.get("type") in ("string", "integer", "boolean") and not item.get("nullable"):
                    kind = f"array of {item['type']}"
                    return Type(kind=kind, schema={"type": "array", "items": {"type": item["type"]}})
        return None

    def _look(self, schema: Any) -> Mapping[str, Any]:
        self._seen += 1
        if self._seen > _MOST:
            raise Invalid("Description not usable", f"Its schemas come to more than {_MOST} within each other.")
        return self.resolved(schema)


def nameable(name: object) -> bool:
    """Whether a member can be a field of a manifest."""
    return isinstance(name, str) and _FIELD.fullmatch(name) is not None


def _parts(node: Mapping[str, Any], key: str) -> list[Any]:
    return found if isinstance(found := node.get(key), list) else []


def _null(node: Mapping[str, Any]) -> bool:
    return node.get("type") == "null"


def _words(enum: Any) -> bool:
    return (
        isinstance(enum, list) and 0 < len(enum) <= 50
        and all(word is None or (isinstance(word, str) and len(word) <= 100) for word in enum) and enum != [None]
    )


def _or_null(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    if "enum" in schema:
        return {"enum": [*(word for word in schema["enum"] if word is not None), None]}
    if "type" in schema and isinstance(schema["type"], str):
        return {**schema, "type": [schema["type"], "null"]}
    return {"anyOf": [schema, {"type": "null"}]} if "$ref" in schema else schema
