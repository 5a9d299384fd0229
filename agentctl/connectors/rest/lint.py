"""What a manifest's schema cannot say: that its parts fit each other. Judges the manifest alone, and sends nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any, NamedTuple

from agentctl.connectors.rest.expressions import NAMES, expressions, places
from agentctl.connectors.rest.http.request import Request
from agentctl.connectors.rest.template import Template
from agentctl.errors import Invalid, Rejected
from agentctl.model.values import NotAValue, from_wire
from agentctl.syntax.schema import compiled, problems
from agentctl.syntax.suggest import did_you_mean

_LOOKS = ("read", "list")


class Fault(NamedTuple):
    """What is wrong with the part of a manifest at ``pointer``."""

    pointer: tuple[str | int, ...]
    detail: str
    hint: str = ""
    summary: str = "Manifest not coherent"
    code: str = "manifest-not-coherent"


def faults(wire: Mapping[str, Any]) -> Iterator[Fault]:
    """Yield what is wrong with a manifest that has the right shape."""
    for name, record in wire["records"].items():
        yield from _record(("records", name), record)
    yield from _ambiguous(wire["records"])
    yield from _headers(("headers",), wire.get("headers", {}))
    for name, verb in wire["verbs"].items():
        yield from _verb(("verbs", name), verb, wire)
    yield from _patterns(("errors",), wire.get("errors", ()))


def _record(place: tuple[str, ...], record: Mapping[str, Any]) -> Iterator[Fault]:
    address = Template(text=record["address"])
    yield from _doubled((*place, "address"), address)
    for name, parameter in record.get("parameters", {}).items():
        here = (*place, "parameters", name)
        if name not in address.names:
            yield _unknown(here, "parameter of the address", name, address.names)
        if parameter.get("type") == "path" and not record["address"].endswith(f"{{{name}}}"):
            yield Fault(here, f"`{name}` takes all segments that are left, so the address must end with it.")
        yield from _pattern(here, parameter.get("pattern", ""))
    yield from _named((*place, "path"), record["path"], address.names)
    yield from _asked(place, record, address.names)
    yield from _named((*place, "self", "path"), record.get("self", {}).get("path", "/"), address.names)
    for name, field in record["fields"].items():
        yield from _schema((*place, "fields", name, "schema"), field["schema"])
        for key in ("initial", "empty"):
            yield from _literal((*place, "fields", name, key), field.get(key), field)
        for text, value in field.get("reads", {}).items():
            yield from _literal((*place, "fields", name, "reads", text), value, field)
    yield from _schema((*place, "other_fields", "schema"), record.get("other_fields", {}).get("schema", {}))
    if (listing := record.get("list")) is None:
        return
    here = (*place, "list")
    known = Template(text=listing["address"]).names
    yield from _doubled((*here, "address"), Template(text=listing["address"]))
    yield from _named((*here, "path"), listing["path"], known)
    yield from _asked(here, listing, known)
    for name in known:
        if name not in address.names:
            yield _unknown((*here, "address"), "parameter of the record's address", name, address.names)
    told = {*known, *listing["item"]}
    if missing := [name for name in address.names if name not in told]:
        yield Fault((*here, "item"), f"It does not say where `{missing[0]}` of the record's address is.")
    for name in listing["item"]:
        if name not in address.names:
            yield _unknown((*here, "item", name), "parameter of the record's address", name, address.names)
    for name, schema in listing.get("filters", {}).items():
        yield from _schema((*here, "filters", name), schema)


def _verb(place: tuple[str, ...], verb: Mapping[str, Any], wire: Mapping[str, Any]) -> Iterator[Fault]:
    record = wire["records"].get(verb["record"])
    if record is None:
        yield _unknown((*place, "record"), "kind of record", verb["record"], tuple(wire["records"]))
        return
    if verb["effect"] in _LOOKS:
        for key in _EFFECTS.intersection(verb):
            yield Fault((*place, key), f"An effect that is `{verb['effect']}` takes no `{key}`.")
        if verb["effect"] == "list" and "list" not in record:
            yield Fault((*place, "effect"), f"The record `{verb['record']}` does not say how it is listed.")
        return
    if "request" not in verb:
        yield Fault(place, "It does not say which `request` does it.")
        return
    known = _arguments(verb, record)
    for key in verb.get("sets", ()) if verb.get("sets") != "any" else ():
        if key not in record["fields"]:
            yield _unknown((*place, "sets"), "field of the record", key, tuple(record["fields"]))
    if verb.get("sets") == "any" and "other_fields" not in record:
        yield Fault((*place, "sets"), "`any` is for records that have `other_fields`.")
    for key in verb.get("required", ()):
        if not _takes(verb, known, key):
            yield _unknown((*place, "required"), "argument", key, known)
    for key, others in verb.get("together", {}).items():
        for other in (key, *others):
            if not _takes(verb, known, other):
                yield _unknown((*place, "together", key), "argument", other, known)
    for key, value in verb.get("from", {}).items():
        if key not in record["fields"]:
            yield _unknown((*place, "from", key), "field of the record", key, tuple(record["fields"]))
        yield from _literal((*place, "from", key), value, record["fields"].get(key, {}))
    for key, argument in verb.get("arguments", {}).items():
        yield from _schema((*place, "arguments", key, "schema"), argument["schema"])
        if key in _settable(verb, record):
            yield Fault((*place, "arguments", key), f"`{key}` is a field it sets already.")
    for key, value in verb.get("becomes", {}).items():
        if key not in record["fields"]:
            yield _unknown((*place, "becomes", key), "field of the record", key, tuple(record["fields"]))
        elif not expressions(value):
            yield from _literal((*place, "becomes", key), value, record["fields"][key])
    yield from _target(place, verb, record)
    yield from _words(place, verb, record, known)
    yield from _guarantees(place, verb, record)
    yield from _inverse(place, verb, wire, record)
    yield from _patterns((*place, "errors"), verb.get("errors", ()))


_EFFECTS = frozenset({
    "tier", "reversibility", "precondition", "settle", "key_lifetime", "consistency", "sets", "arguments", "required",
    "becomes", "assigns", "request", "inverse", "find", "receipt", "replaces", "inverse_only", "stays", "together",
    "from", "unique",
})


def _target(place: tuple[str, ...], verb: Mapping[str, Any], record: Mapping[str, Any]) -> Iterator[Fault]:
    address = Template(text=record["address"])
    assigns = frozenset(verb.get("assigns", ()))
    if assigns and verb["effect"] != "create":
        yield Fault((*place, "assigns"), "Only a verb that creates has names assigned.")
    for name in assigns - set(address.names):
        yield _unknown((*place, "assigns", name), "parameter of the address", name, address.names)
    left = address.without(assigns).names
    if stuck := sorted(assigns.intersection(left)):
        yield Fault((*place, "assigns"), f"`{stuck[0]}` does not stand alone at the end of {record['address']}.")
    if verb.get("from") and verb["effect"] == "create":
        yield Fault((*place, "from"), "What is not there yet has no fields.")
    if verb.get("unique") and (verb["effect"] != "create" or assigns):
        yield Fault((*place, "unique"), "Only what is created under a name of ours can be there already.")
    if verb.get("replaces") and verb["effect"] != "update":
        yield Fault((*place, "replaces"), "Only a verb that updates can replace.")
    path = verb["request"].get("path")
    if path is None and assigns:
        yield Fault((*place, "request"), "What has no name yet has no path: say the `path` to send it to.")
    yield from _named((*place, "request", "path"), path or "/", left)


def _words(
    place: tuple[str, ...], verb: Mapping[str, Any], record: Mapping[str, Any], known: Sequence[str]
) -> Iterator[Fault]:
    """Look at every expression: what it names must be there."""
    request = verb["request"]
    left = Template(text=record["address"]).without(frozenset(verb.get("assigns", ()))).names
    parts: list[tuple[tuple[str, ...], Any]] = []
    parts += [(("request", key), request.get(key, {})) for key in ("query", "headers", "body")]
    parts += [(("becomes",), verb.get("becomes", {})), (("inverse", "with"), verb.get("inverse", {}).get("with", {}))]
    for where, template in parts:
        here = (*place, *where)
        yield from _tags(here, template)
        for word, operand in expressions(template):
            sends = where[0] == "request"
            match word, operand:
                case "$argument", str() if not _takes(verb, known, operand):
                    yield _unknown(here, "argument", operand, known)
                case "$parameter", str() if operand not in left:
                    yield _unknown(here, "parameter of the target", operand, left)
                case "$before", str() if operand not in record["fields"] and "other_fields" not in record:
                    yield _unknown(here, "field of the record", operand, tuple(record["fields"]))
                case "$text", str():
                    for name in places(operand):
                        if name not in left and not _takes(verb, known, name):
                            yield _unknown(here, "argument or parameter of the target", name, (*known, *left))
                case ("$token" | "$key" | "$mark" | "$marked" | "$reference"), _ if not sends:
                    yield Fault(here, f"`{word}` is known only while the request is made.")
                case "$token", True if verb["effect"] == "create":
                    yield Fault(here, "What is not there yet has no version to compare.", "Send If-None-Match.")
                case "$token", True if "token" not in record:
                    yield Fault(here, f"The record `{verb['record']}` does not say where its `token` is.")
                case "$marked", _ if verb["effect"] != "create":
                    yield Fault(here, "`$marked` is for what is created: it writes a mark where no text is given.")
                case "$changed", True if where[0] != "inverse":
                    yield Fault(here, "`$changed` is for the arguments of an inverse.")
                case ("$argument" | "$parameter" | "$text"), str():
                    pass
                case ("$before"), str() | True:
                    pass
                case ("$arguments" | "$changed" | "$token" | "$key" | "$mark" | "$reference"), True:
                    pass
                case ("$marked" | "$present"), _:
                    pass
                case _:
                    yield Fault(here, f"`{word}` takes {'a name' if word in _NAMED else 'true'}.")
    yield from _headers((*place, "request", "headers"), request.get("headers", {}))


_NAMED = frozenset({"$argument", "$parameter", "$before", "$text"})


def _guarantees(place: tuple[str, ...], verb: Mapping[str, Any], record: Mapping[str, Any]) -> Iterator[Fault]:
    """What a verb claims must be in what it sends."""
    request = verb["request"]
    words = {word for key in ("query", "headers", "body") for word, _ in expressions(request.get(key, {}))}
    only_new = any(name.lower() == "if-none-match" for name in request.get("headers", {}))
    settle, enforced = verb.get("settle", "ask"), verb.get("precondition") == "enforced"
    if enforced and "$token" not in words and not only_new and not verb.get("unique"):
        yield Fault(
            (*place, "precondition"), "Nothing in the request lets the system compare.",
            "Send {$token: true}, or If-None-Match for what must not be there yet.",
        )
    if settle == "conditional" and (not enforced or verb.get("unique")):
        yield Fault((*place, "settle"), "`conditional` is for requests whose precondition the system enforces.")
    if settle == "keyed" and "$key" not in words:
        yield Fault((*place, "settle"), "`keyed` is for requests that carry {$key: true}.")
    if "key_lifetime" in verb and settle != "keyed":
        yield Fault((*place, "key_lifetime"), "Only `settle: keyed` has a lifetime.")
    marked = bool(words & {"$mark", "$marked", "$reference"})
    if settle == "find" and not (marked and "find" in verb and "list" in record):
        yield Fault((*place, "settle"), "`find` takes a mark in the request, `find:` and a `list` of the record.")
    if "find" in verb and "list" in record:
        left = Template(text=record["address"]).without(frozenset(verb.get("assigns", ()))).names
        if not set(Template(text=record["list"]["address"]).names) <= set(left):
            yield Fault((*place, "find"), "The target does not say which list to look in.")
    if "find" in verb and settle != "find":
        yield Fault((*place, "find"), "Only `settle: find` looks for a mark.")
    if verb["effect"] == "create" and verb.get("precondition") == "checked" and verb.get("assigns"):
        yield Fault((*place, "precondition"), "A record whose name is assigned is not there to be checked.")
    if verb["effect"] == "side-effect" and verb.get("reversibility", "none") != "none":
        yield Fault((*place, "reversibility"), "A side effect changes no record that could be put back.")
    if verb.get("reversibility", "none") != "exact" and "stays" not in verb:
        yield Fault(place, "It does not say what `stays` where it is undone, or cannot be.")


def _inverse(
    place: tuple[str, ...], verb: Mapping[str, Any], wire: Mapping[str, Any], record: Mapping[str, Any]
) -> Iterator[Fault]:
    inverse = verb.get("inverse")
    if (inverse is None) != (verb.get("reversibility", "none") == "none"):
        yield Fault((*place, "reversibility"), "What can be undone has an `inverse`; what cannot has none.")
    if inverse is None:
        return
    other = wire["verbs"].get(inverse["verb"])
    if other is None:
        yield _unknown((*place, "inverse", "verb"), "verb", inverse["verb"], tuple(wire["verbs"]))
        return
    if other["record"] != verb["record"] or other.get("assigns"):
        yield Fault((*place, "inverse", "verb"), f"`{inverse['verb']}` takes another kind of target.")
        return
    known = _arguments(other, record)
    if "$before" in inverse["with"]:
        for key, field in record["fields"].items():
            by_itself = field.get("volatile") or (other["effect"] == "create" and "initial" in field)
            if field.get("required") and not by_itself and not _takes(other, known, key):
                yield Fault(
                    (*place, "inverse", "with"), f"Every record has `{key}`, and `{inverse['verb']}` takes none.",
                    "Name what it takes, as in {title: {$before: title}}, or say that the field is volatile.",
                )
    for key in inverse["with"]:
        if not key.startswith("$") and not _takes(other, known, key):
            yield _unknown((*place, "inverse", "with"), f"argument of `{inverse['verb']}`", key, known)


def _arguments(verb: Mapping[str, Any], record: Mapping[str, Any]) -> tuple[str, ...]:
    return (*_settable(verb, record), *verb.get("arguments", ()))


def _settable(verb: Mapping[str, Any], record: Mapping[str, Any]) -> tuple[str, ...]:
    sets = verb.get("sets", ())
    return tuple(record["fields"]) if sets == "any" else tuple(sets)


def _takes(verb: Mapping[str, Any], known: Sequence[str], name: str) -> bool:
    return name in known or verb.get("sets") == "any"


def _ambiguous(records: Mapping[str, Any]) -> Iterator[Fault]:
    """Every address must say by itself which kind of record it is."""
    kinds: list[tuple[tuple[str, ...], str, Mapping[str, Any]]] = []
    for name, record in records.items():
        parameters = record.get("parameters", {})
        kinds.append((("records", name, "address"), record["address"], parameters))
        if "list" in record:
            kinds.append((("records", name, "list", "address"), record["list"]["address"], parameters))
    for (_, one, ones), (place, other, others) in combinations(kinds, 2):
        if _overlap(one, ones, other, others):
            yield Fault(place, f"An address could be {other} as well as {one}.", "Put a word into one of them.")


def _overlap(one: str, ones: Mapping[str, Any], other: str, others: Mapping[str, Any]) -> bool:
    left, right = one.split("/"), other.split("/")
    long = _open_ended(left, ones), _open_ended(right, others)
    if (len(left) > len(right) and not long[1]) or (len(right) > len(left) and not long[0]):
        return False
    pairs = zip(left, right, strict=False)
    return all(_meet(a, ones, b, others) for a, b in pairs)


def _open_ended(segments: Sequence[str], parameters: Mapping[str, Any]) -> bool:
    return any(parameters.get(name, {}).get("type") == "path" for name in Template(text=segments[-1]).names)


def _meet(one: str, ones: Mapping[str, Any], other: str, others: Mapping[str, Any]) -> bool:
    """Whether one segment could be both."""
    if "{" in one and "{" in other:
        return True
    if "{" not in one and "{" not in other:
        return one == other
    literal, place, parameters = (one, other, others) if "{" in other else (other, one, ones)
    if not re.fullmatch(r"\{[a-z][a-z0-9_]*\}", place):
        return True
    parameter = parameters.get(place[1:-1], {})
    if parameter.get("type") == "integer":
        return literal.isdecimal()
    return not parameter.get("pattern") or re.fullmatch(parameter["pattern"], literal) is not None


def _named(place: tuple[str, ...], template: str, known: Sequence[str]) -> Iterator[Fault]:
    try:
        Template(text=re.sub(r"\{[a-z][a-z0-9_]*\}", "x", template)).path({})
        Request(method="GET", path=re.sub(r"\{[a-z][a-z0-9_]*\}", "x", template), deadline=1)
    except Rejected as error:
        yield Fault(place, error.detail)
    for name in Template(text=template).names:
        if name not in known:
            yield _unknown(place, "parameter of the address", name, known)


def _asked(place: tuple[str, ...], part: Mapping[str, Any], known: Sequence[str]) -> Iterator[Fault]:
    """What is asked for may name what stands in the address, and nothing else."""
    for key in ("query", "post"):
        for name, value in part.get(key, {}).items():
            here = (*place, key, name)
            yield from _tags(here, value)
            if name.startswith("$") or (key == "query" and isinstance(value, Mapping) and not expressions(value)):
                yield Fault(here, "Names and what they stand for are expected.")
            for text in _texts(value):
                if filled := [one for one in places(text) if one in known]:
                    yield Fault(
                        here, f"{{{filled[0]}}} stands for nothing here.",
                        f'Write {{$parameter: {filled[0]}}}, or {{$text: "{text}"}}.',
                    )
            for word, operand in expressions(value):
                if word not in ("$parameter", "$text"):
                    yield Fault(here, f"`{word}` is not known while something is only looked at.")
                elif not isinstance(operand, str):
                    yield Fault(here, f"`{word}` takes a name.")
                else:
                    for one in (operand,) if word == "$parameter" else places(operand):
                        if one not in known:
                            yield _unknown(here, "parameter of the address", one, known)


def _texts(template: Any) -> Iterator[str]:
    """Yield the texts that are sent as they stand."""
    match template:
        case str():
            yield template
        case {**only} if len(only) == 1 and next(iter(only)) in NAMES:
            return
        case Mapping():
            for part in template.values():
                yield from _texts(part)
        case list():
            for part in template:
                yield from _texts(part)


def _doubled(place: tuple[str, ...], address: Template) -> Iterator[Fault]:
    for name in {name for name in address.names if address.names.count(name) > 1}:
        yield Fault(place, f"`{name}` stands in it twice.")


def _headers(place: tuple[str, ...], headers: Mapping[str, Any]) -> Iterator[Fault]:
    for name, value in headers.items():
        try:
            Request(method="GET", path="/", deadline=1, headers={name: value if isinstance(value, str) else "x"})
        except Rejected as error:
            yield Fault((*place, name), error.detail)


def _patterns(place: tuple[str, ...], rules: Sequence[Mapping[str, Any]]) -> Iterator[Fault]:
    for index, rule in enumerate(rules):
        yield from _pattern((*place, index), rule.get("matches", ""))
        if ("is" in rule or "matches" in rule) and "at" not in rule:
            yield Fault((*place, index), "It does not say `at` which place of the answer.")


def _pattern(place: tuple[str | int, ...], pattern: str) -> Iterator[Fault]:
    try:
        re.compile(pattern)
    except re.error as error:
        yield Fault(place, f"The pattern is not one: {error}.")


def _schema(place: tuple[str, ...], schema: Mapping[str, Any]) -> Iterator[Fault]:
    try:
        compiled(schema)
    except Invalid as error:
        yield Fault(place, f"The schema is not one: {error.detail}")


def _literal(place: tuple[str, ...], wire: Any, field: Mapping[str, Any]) -> Iterator[Fault]:
    """What a field is said to hold must be a value, and one that its schema takes."""
    try:
        from_wire(wire)
    except NotAValue as error:
        yield Fault(place, f"It is not a value: {error}.")
        return
    try:
        found = problems(field.get("schema", {}), wire) if wire is not None else ()
    except Invalid:
        return      # told where the schema stands
    for problem in found[:1]:
        yield Fault(place, f"It is no value of this field: {problem.detail}", problem.hint)


def _tags(place: tuple[str, ...], template: Any) -> Iterator[Fault]:
    """Refuse what looks like an expression and is none."""
    match template:
        case Mapping() if tags := [key for key in template if key.startswith("$")]:
            if tags[0] in NAMES and len(template) == 1:
                return
            try:
                from_wire(template)
            except NotAValue:
                yield _unknown(place, "expression", tags[0], tuple(sorted(NAMES)))
        case Mapping():
            for key, part in template.items():
                yield from _tags((*place, key), part)
        case list():
            for part in template:
                yield from _tags(place, part)


def _unknown(place: tuple[str | int, ...], what: str, name: str, known: Sequence[str]) -> Fault:
    there = ", ".join(known) or "none"
    return Fault(place, f"There is no {what} `{name}`; there are: {there}.", did_you_mean(name, list(known)))
