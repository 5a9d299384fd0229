"""Whether a request is one that GitHub describes: its path, its parameters, and each field of its body. Answers aren't judged.

Stricter than the description: a field or a parameter it does not name is a fault, as GitHub would drop it silently.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import jsonschema_rs

from tests.systems.fetched import fetched

# `heads/main` is two segments, and the description forgets to say so.
_MANY_SEGMENTS = frozenset({"/repos/{owner}/{repo}/git/ref/{ref}", "/repos/{owner}/{repo}/git/refs/{ref}"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """``body`` is the schema of what is sent, or None where nothing is."""

    name: str
    parameters: Mapping[str, dict[str, Any]]
    required: frozenset[str]
    media_types: frozenset[str]
    body: jsonschema_rs.Validator | None
    body_required: bool


class Description:
    """GitHub's published description, read once."""

    def __init__(self, path: Path) -> None:
        self._document = json.loads(path.read_text("utf-8"))
        self._places: list[tuple[int, str, re.Pattern[str]]] = sorted(
            ((template.count("{"), template, _pattern(template, item)) for template, item in self._document["paths"].items()),
            key=lambda place: place[:2],        # `/issues/comments/{id}` before `/issues/{number}/comments`
        )

    @property
    def document(self) -> Mapping[str, Any]:
        """The description itself, for a manifest to be checked against."""
        document: Mapping[str, Any] = self._document
        return document

    def faults(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> list[str]:
        """Return what is wrong with a request; nothing where it is one of those described."""
        path, _, query = target.partition("?")
        if (found := self._find(method, path)) is None:
            return [f"there is no {method} {path}"]
        operation, values = found
        return [
            f"{operation.name}: {fault}"
            for fault in [*_path_faults(operation, values), *_query_faults(operation, query), *_body_faults(operation, headers, body)]
        ]

    def _find(self, method: str, path: str) -> tuple[Operation, dict[str, str]] | None:
        for _, template, pattern in self._places:
            if (match := pattern.fullmatch(path)) and method.lower() in self._document["paths"][template]:
                return self._operation(template, method.lower()), {name: unquote(text) for name, text in match.groupdict().items()}
        return None

    @cache   # noqa: B019  (there is one description, and it is held for as long as the tests run)
    def _operation(self, template: str, method: str) -> Operation:
        said = self._document["paths"][template][method]
        parameters = [self._resolved(one) for one in said.get("parameters", [])]
        content = self._resolved(said.get("requestBody", {})).get("content", {})
        schema = content.get("application/json", {}).get("schema")
        return Operation(
            name=f"{method.upper()} {template}",
            parameters={one["name"]: self._schema(one["schema"]) for one in parameters if one["in"] in {"query", "path"}},
            required=frozenset(one["name"] for one in parameters if one["in"] == "query" and one.get("required")),
            media_types=frozenset(content), body_required=bool(said.get("requestBody", {}).get("required")),
            body=None if schema is None else jsonschema_rs.validator_for(self._schema(schema) | {"$schema": _DIALECT}),
        )

    def _resolved(self, node: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in node:
            found: Any = self._document
            for part in node["$ref"].removeprefix("#/").split("/"):
                found = found[part]
            node = found
        return node

    def _schema(self, node: dict[str, Any], *, closed: bool = True) -> dict[str, Any]:
        """Return a schema of OpenAPI 3.0 as JSON Schema has it, closed to fields it does not name."""
        node = self._resolved(node)
        made: dict[str, Any] = {key: node[key] for key in _KEPT if key in node}
        whole = closed and "properties" not in node
        for key in ("oneOf", "anyOf", "allOf"):     # which of several was meant, GitHub's own description often leaves open
            if key in node:
                made["anyOf" if key != "allOf" else key] = [self._schema(one, closed=whole and key != "allOf") for one in node[key]]
        if "items" in node:
            made["items"] = self._schema(node["items"])
        if "properties" in node:
            made["properties"] = {name: self._schema(one) for name, one in node["properties"].items()}
            if closed:
                made.setdefault("additionalProperties", False)
        if isinstance(node.get("additionalProperties"), dict):
            made["additionalProperties"] = self._schema(node["additionalProperties"])
        elif node.get("additionalProperties") is False:
            made["additionalProperties"] = False
        return {"anyOf": [made, {"type": "null"}]} if node.get("nullable") else made


_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_KEPT = ("type", "enum", "required", "minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "pattern")


@cache
def github_description() -> Description:
    """Return the description at the pinned version. Raises NotFetched."""
    return Description(fetched("github-openapi") / "api.github.com.json")


def _pattern(template: str, item: Mapping[str, Any]) -> re.Pattern[str]:
    many = {
        one["name"] for operation in item.values() for one in operation.get("parameters", []) if one.get("x-multi-segment")
    }
    parts = re.split(r"\{(\w+)\}", template)
    made = ""
    for number, part in enumerate(parts):
        if number % 2 == 0:
            made += re.escape(part)
        else:
            made += f"(?P<{part}>{'.+' if part in many or (template in _MANY_SEGMENTS and part == 'ref') else '[^/]+'})"
    return re.compile(made)


def _path_faults(operation: Operation, values: Mapping[str, str]) -> Iterator[str]:
    for name, text in values.items():
        if not _fits(operation.parameters.get(name, {}), text):
            yield f"`{name}` in the path cannot be {text!r}"


def _query_faults(operation: Operation, query: str) -> Iterator[str]:
    pairs = [pair.partition("=") for pair in query.split("&") if pair]
    given = {unquote(name.replace("+", " ")): unquote(value.replace("+", " ")) for name, _, value in pairs}
    for name in sorted(operation.required - given.keys()):
        yield f"the query has no `{name}`"
    for name, text in given.items():
        if name not in operation.parameters:
            yield f"the query has `{name}`, which is not described"
        elif not _fits(operation.parameters[name], text):
            yield f"`{name}` in the query cannot be {text!r}"


def _fits(schema: Mapping[str, Any], text: str) -> bool:
    """Whether a parameter's text can be read as a value that its schema takes."""
    values: list[object] = [text]
    if re.fullmatch(r"-?[0-9]+", text):
        values.append(int(text))
    if text in {"true", "false"}:
        values.append(text == "true")
    return any(jsonschema_rs.is_valid(schema, value) for value in values)


def _body_faults(operation: Operation, headers: Mapping[str, str], body: bytes) -> Iterator[str]:
    if not body:
        if operation.body_required:
            yield "the body is missing"
        return
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in operation.media_types:
        yield f"a body of {media_type or 'no type'} is not described"
    if operation.body is None or media_type != "application/json":
        return
    try:
        value = json.loads(body)
    except ValueError as error:
        yield f"the body is no JSON: {error}"
        return
    for error in operation.body.iter_errors(value):
        yield f"/{'/'.join(map(str, error.instance_path))} in the body: {error.message}"
