"""Whether an API's OpenAPI description knows every request a manifest can send. Sends nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from typing import Any, NamedTuple

from agentctl.connectors.rest.expressions import NAMES
from agentctl.connectors.rest.lint import Fault
from agentctl.connectors.rest.pointer import ABSENT, at
from agentctl.errors import Invalid
from agentctl.facts import dataclass
from agentctl.syntax.suggest import did_you_mean

_DEEPEST = 20
_MOST = 10_000           # parts of one schema: alternatives within alternatives double with every level


class Sent(NamedTuple):
    """One request of a manifest: ``place`` is where it is said, ``body`` which names it can have, and if always."""

    place: tuple[str | int, ...]
    method: str
    path: str
    query: Mapping[str, bool]
    body: Mapping[str, bool] | None


@dataclass(frozen=True)
class Shape:
    """The members of an object that a schema names, and those it must have."""

    known: frozenset[str]
    required: frozenset[str]
    closed: bool


def undescribed(wire: Mapping[str, Any], description: Mapping[str, Any]) -> Iterator[Fault]:
    """Yield what a manifest can send that ``description`` does not know. The manifest has no faults of its own."""
    for sent in _requests(wire):
        yield from _check(sent, description)


def _requests(wire: Mapping[str, Any]) -> Iterator[Sent]:
    if "whoami" in wire:
        yield Sent(("whoami", "path"), "get", wire["whoami"]["path"], {}, None)
    for name, record in wire["records"].items():
        yield Sent(
            ("records", name, "path"), "post" if "post" in record else "get", record["path"],
            dict.fromkeys(record.get("query", {}), True), _always_there(record.get("post")),
        )
        if "list" in record:
            listing = record["list"]
            query, post = dict.fromkeys(listing.get("query", {}), True), _always_there(listing.get("post"))
            chosen = query if post is None else post
            chosen |= {key: chosen.get(key, False) for key in listing.get("filters", {})}
            if (parameter := listing.get("pages", {}).get("parameter")) is not None:
                chosen[parameter] = False
            yield Sent(
                ("records", name, "list", "path"), "get" if post is None else "post", listing["path"], query, post
            )
    for name, verb in wire["verbs"].items():
        if "request" not in verb:
            continue
        request, record = verb["request"], wire["records"][verb["record"]]
        yield Sent(
            ("verbs", name, "request"), request["method"].lower(), request.get("path", record["path"]),
            _members(request.get("query", {}), verb, record),
            _members(request["body"], verb, record) if "body" in request else None,
        )


def _always_there(members: Mapping[str, Any] | None) -> dict[str, bool] | None:
    return None if members is None else dict.fromkeys(members, True)


def _members(template: Mapping[str, Any], verb: Mapping[str, Any], record: Mapping[str, Any]) -> Mapping[str, bool]:
    """Return the names a mapping of values can have, and whether each is always there."""
    required = set(verb.get("required", ()))
    if set(template) == {"$arguments"}:
        sets = verb.get("sets", ())
        names = [*(record["fields"] if sets == "any" else sets), *verb.get("arguments", ())]
        return {name: name in required for name in names}
    return {name: _always(part, required) for name, part in template.items()}


def _always(template: Any, required: set[str]) -> bool:
    match template:
        case {"$argument": str(name)}:
            return name in required
        case {"$marked": inner}:
            return _always(inner, required)
        case Mapping() if len(template) == 1 and next(iter(template)) in NAMES - {"$before", "$text"}:
            return True
        case {"$before": _} | {"$text": _}:
            return False
    return True


def _check(sent: Sent, description: Mapping[str, Any]) -> Iterator[Fault]:
    paths: Mapping[str, Any] = description.get("paths", {})
    found = _find(sent.path, paths)
    if found is None:
        near = did_you_mean(sent.path, list(paths))
        yield _fault(sent, f"There is no path like {sent.path} in the description.", near)
        return
    item = _resolved(paths[found], description)
    operation = item.get(sent.method)
    if not isinstance(operation, Mapping):
        there = ", ".join(key.upper() for key in item if key in _METHODS) or "nothing"
        yield _fault(sent, f"{found} takes {there} in the description; not {sent.method.upper()}.")
        return
    said = (*_parts(item, "parameters"), *_parts(operation, "parameters"))
    parameters = [_resolved(one, description) for one in said]
    asked = {
        one["name"]: one.get("required") is True for one in parameters
        if one.get("in") == "query" and isinstance(one.get("name"), str)
    }
    yield from _compare(sent, "query", sent.query, Shape(
        frozenset(asked), frozenset(name for name, needed in asked.items() if needed), closed=True
    ))
    content = _resolved(operation.get("requestBody", {}), description)
    schema = at("/content/application~1json/schema", content)
    if sent.body is not None and not content:
        yield _fault(sent, f"{sent.method.upper()} {found} takes no body in the description.")
    elif sent.body is None and content.get("required", False):
        yield _fault(sent, f"{sent.method.upper()} {found} takes a body in the description.")
    elif sent.body is not None and schema is not ABSENT:
        yield from _compare(sent, "body", sent.body, _shape(schema, description))


_METHODS = ("get", "post", "put", "patch", "delete")


def _compare(sent: Sent, where: str, members: Mapping[str, bool], shape: Shape) -> Iterator[Fault]:
    for name in members:
        if shape.closed and name not in shape.known:
            hint = did_you_mean(name, sorted(shape.known))
            yield _fault(sent, f"The description knows no `{name}` in the {where} of {sent.path}.", hint)
    for name in sorted(shape.required):
        if not members.get(name, False):
            yield _fault(sent, f"By the description the {where} of {sent.path} must always have `{name}`.")


def _find(path: str, paths: Mapping[str, Any]) -> str | None:
    """Return the path of the description that ``path`` is; one with fewer places in it before others."""
    parts = path.strip("/").split("/")
    fitting = [other for other in paths if _fits(parts, other.strip("/").split("/"))]
    return min(fitting, key=lambda other: other.count("{"), default=None)


def _fits(ours: Sequence[str], theirs: Sequence[str]) -> bool:
    return len(ours) == len(theirs) and all(
        right.startswith("{") or left == right for left, right in zip(ours, theirs, strict=True)
    )


def _resolved(node: Any, description: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a reference within the description leads to."""
    for _ in range(_DEEPEST):
        if not isinstance(node, Mapping):
            return {}
        reference = node.get("$ref")
        if not isinstance(reference, str):
            return node
        node = at(reference.removeprefix("#"), description) if reference.startswith("#/") else None
    return {}


def _shape(
    schema: Any, description: Mapping[str, Any], depth: int = 0, parts_seen: Iterator[int] | None = None
) -> Shape:
    """Return the members that any alternative of a schema knows, and those that all of them require."""
    seen = parts_seen or count()
    if next(seen) > _MOST:
        raise Invalid("Description not usable", f"One of its schemas comes to more than {_MOST} within each other.")
    node = _resolved(schema, description)
    properties = node.get("properties")
    known = set(properties) if isinstance(properties, Mapping) else set()
    required = {name for name in _parts(node, "required") if isinstance(name, str)}
    closed = bool(known) and not node.get("additionalProperties")
    if depth < _DEEPEST:
        for part in (_shape(one, description, depth + 1, seen) for one in _parts(node, "allOf")):
            known, required, closed = known | part.known, required | part.required, closed or part.closed
        for key in ("oneOf", "anyOf"):
            parts = [_shape(one, description, depth + 1, seen) for one in _parts(node, key)]
            if parts:
                known |= frozenset().union(*(part.known for part in parts))
                required |= frozenset.intersection(*(part.required for part in parts))
                closed = bool(known) and all(part.closed or not part.known for part in parts)
    return Shape(frozenset(known), frozenset(required), closed)


def _parts(node: Mapping[str, Any], key: str) -> Sequence[Any]:
    return found if isinstance(found := node.get(key), list) else ()


def _fault(sent: Sent, detail: str, hint: str = "") -> Fault:
    return Fault(sent.place, detail, hint, "Request not in the description", "request-not-described")
