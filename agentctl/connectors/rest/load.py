"""Text to Manifest, or every diagnostic at once. Reads no file, and contacts nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

from agentctl.connectors.rest.expressions import NAMES
from agentctl.connectors.rest.lint import Fault, faults
from agentctl.connectors.rest.manifest import (
    Argument,
    ByCursor,
    ByHeader,
    ByLink,
    ByNext,
    ByPage,
    Doing,
    ErrorRule,
    Excluded,
    Faults,
    Field,
    Find,
    InverseTemplate,
    Listing,
    Manifest,
    Others,
    Pages,
    RecordType,
    RequestTemplate,
    Self,
    Verb,
    Whoami,
)
from agentctl.connectors.rest.normal import written
from agentctl.connectors.rest.template import Parameter, Template
from agentctl.errors import Invalid
from agentctl.facts import replace
from agentctl.model.action import Precondition, Reversibility, Settlement, Tier
from agentctl.model.canonical import digest
from agentctl.model.diagnostic import Diagnostic
from agentctl.model.values import Value, from_wire
from agentctl.resources import schema
from agentctl.syntax.document import Document
from agentctl.syntax.schema import check
from agentctl.syntax.yaml import parse

_MOST = 1000


def load(data: bytes, file: str) -> Manifest:
    """Return the manifest that ``data`` holds. Raises Invalid with every problem at once."""
    document = parse(data, file)
    if problems := _problems(document):
        raise Invalid("The connector manifest is not valid", diagnostics=problems)
    return judged(document.wire(document.value))


def examine(data: bytes, file: str, description: Mapping[str, Any] | None = None) -> tuple[Diagnostic, ...]:
    """Return everything that is wrong with a manifest, and what it sends that an OpenAPI description does not know.

    Raises Invalid where the text cannot be read at all.
    """
    document = parse(data, file)
    problems = _problems(document)
    if problems or description is None:
        return problems
    from agentctl.connectors.rest.openapi import undescribed

    return tuple(_placed(document, undescribed(document.wire(document.value), description)))


def _problems(document: Document) -> tuple[Diagnostic, ...]:
    shape = check(document, schema("connector-manifest"), ours=True)
    return shape or tuple(_placed(document, faults(document.wire(document.value))))


def _placed(document: Document, found: Iterable[Fault]) -> Iterator[Diagnostic]:
    for fault in found:
        yield document.diagnostic(
            fault.code, fault.summary, fault.detail, fault.hint, document.existing(fault.pointer)
        )


def judged(wire: Mapping[str, Any]) -> Manifest:
    """Return the manifest whose JSON form is ``wire``, and which ``examine`` finds nothing wrong with."""
    records = {name: _record(name, part) for name, part in wire["records"].items()}
    said = wire.get("authorization", {})
    shared = tuple(map(_rule, wire.get("errors", ())))
    patience = wire.get("consistency", 0)
    whoami = wire.get("whoami")
    return Manifest(
        name=wire["name"],
        release=wire["release"],
        summary=wire["summary"],
        digest=digest(wire),
        header=said.get("header", "Authorization"),
        scheme=said.get("scheme", "Bearer"),
        headers=wire.get("headers", {}),
        whoami=whoami and Whoami(
            path=whoami["path"], id=whoami["id"], tenant=whoami.get("tenant"),
            nobody=frozenset(whoami.get("nobody", ())),
        ),
        records=records,
        verbs={name: _verb(name, part, records, shared, patience) for name, part in wire["verbs"].items()},
        errors=shared,
    )


def _record(name: str, wire: Mapping[str, Any]) -> RecordType:
    parameters = {
        key: Parameter(
            name=key, type=part.get("type", "text"), pattern=part.get("pattern", ""), lower="case" in part
        )
        for key, part in wire.get("parameters", {}).items()
    }
    token = wire.get("token", {})
    others = wire.get("other_fields")
    listing = wire.get("list")
    own, excludes = wire.get("self"), wire.get("excludes")
    return RecordType(
        name=name,
        address=Template(text=wire["address"], parameters=parameters),
        path=Template(text=wire["path"], parameters=parameters),
        query=_literals(wire.get("query", {})),
        post=_literals(wire["post"]) if "post" in wire else None,
        at=wire.get("at", ""),
        token_header=token.get("header", ""),
        token_at=token.get("at"),
        token_integer="as" in token,
        hidden=wire.get("hidden", False),
        self_=own and Self(at=own["at"], path=Template(text=own.get("path", wire["path"]), parameters=parameters)),
        excludes=excludes and Excluded(**excludes),
        fields={key: _field(key, part) for key, part in wire["fields"].items()},
        others=None if others is None else Others(drop=frozenset(others["drop"]), schema=others.get("schema", {})),
        listing=None if listing is None else _listing(listing, parameters),
    )


def _field(name: str, wire: Mapping[str, Any]) -> Field:
    field = _bare_field(name, wire)
    for key in ("empty", "initial"):        # an initial null is read as what is empty
        if key in wire:
            normal = cast(Value, written(field, from_wire(wire[key])))
            field = replace(field, defaults={**field.defaults, key: normal})
    return field


def _bare_field(name: str, wire: Mapping[str, Any]) -> Field:
    return Field(
        name=name,
        schema=wire["schema"],
        at=wire.get("at", "/" + name.replace("~", "~0").replace("/", "~1")),
        required=wire.get("required", False),
        each=wire.get("each"),
        as_=wire.get("as", ""),
        sort=wire.get("sort", False),
        trim=wire.get("trim", False),
        unix="newlines" in wire,
        lower="case" in wire,
        unmark=wire.get("unmark", False),
        reads={text: from_wire(value) for text, value in wire.get("reads", {}).items()},
        volatile=wire.get("volatile", False),
        sensitive=wire.get("sensitive", False),
        sealed=wire.get("sealed", False),
    )


def _listing(wire: Mapping[str, Any], parameters: Mapping[str, Parameter]) -> Listing:
    return Listing(
        address=Template(text=wire["address"], parameters=parameters),
        path=Template(text=wire["path"], parameters=parameters),
        query=_literals(wire.get("query", {})),
        post=_literals(wire["post"]) if "post" in wire else None,
        filters=wire.get("filters", {}),
        at=wire.get("at", ""),
        item=wire["item"],
        pages=_pages(wire["pages"]) if "pages" in wire else None,
        most=wire.get("most", _MOST),
    )


def _pages(wire: Mapping[str, Any]) -> Pages:
    match wire["by"]:
        case "link":
            return ByLink()
        case "header":
            return ByHeader(wire["name"])
        case "next":
            return ByNext(wire["at"])
        case "cursor":
            return ByCursor(wire["at"], wire["parameter"])
    return ByPage(wire["parameter"], wire["size"])


def _verb(
    name: str, wire: Mapping[str, Any], records: Mapping[str, RecordType], shared: tuple[ErrorRule, ...], patience: int
) -> Verb:
    doing = Doing(wire["effect"])
    looks = doing in {Doing.READ, Doing.LIST}
    receipt = wire.get("receipt", {})
    inverse = wire.get("inverse")
    sets, find = wire.get("sets", ()), wire.get("find")
    kind = records[wire["record"]]
    return Verb(
        name=name,
        summary=wire["summary"],
        record=kind,
        doing=doing,
        tier=Tier.READ if looks else Tier(wire.get("tier", "execute")),
        reversibility=Reversibility(wire.get("reversibility", "exact" if looks else "none")),
        stays=wire.get("stays", ""),
        precondition=Precondition(wire.get("precondition", "none")),
        settlement=Settlement.LOCAL if looks else Settlement(wire.get("settle", "ask")),
        key_lifetime=wire.get("key_lifetime", 0),
        consistency=wire.get("consistency", 0 if looks else patience),
        scopes=tuple(wire.get("scopes", ())),
        sets=tuple(kind.fields) if sets == "any" else tuple(sets),
        sets_any=sets == "any",
        replaces=wire.get("replaces", False),
        arguments={key: Argument(**part) for key, part in wire.get("arguments", {}).items()},
        required=tuple(wire.get("required", ())),
        together={key: tuple(names) for key, names in wire.get("together", {}).items()},
        from_={key: from_wire(value) for key, value in wire.get("from", {}).items()},
        unique=wire.get("unique", False),
        becomes=_literals(wire.get("becomes", {})),
        assigns=wire.get("assigns", {}),
        request=_request(wire["request"], kind) if "request" in wire else None,
        inverse=inverse and InverseTemplate(verb=inverse["verb"], with_=_literals(inverse["with"])),
        find=find and Find(at=find["at"], query=find.get("query", {}), first=find.get("first", 0)),
        ids=receipt.get("ids", {}),
        links=tuple(receipt.get("links", ())),
        errors=(*map(_rule, wire.get("errors", ())), *shared),
        inverse_only=wire.get("inverse_only", False),
    )


def _request(wire: Mapping[str, Any], kind: RecordType) -> RequestTemplate:
    return RequestTemplate(
        method=wire["method"],
        path=Template(text=wire["path"], parameters=kind.address.parameters) if "path" in wire else None,
        query=_literals(wire.get("query", {})),
        headers=_literals(wire.get("headers", {})),
        body=_literals(wire["body"]) if "body" in wire else None,
    )


def _rule(wire: Mapping[str, Any]) -> ErrorRule:
    items = wire.get("items")
    return ErrorRule(
        status=frozenset(wire["status"]),
        means=wire["means"],
        at=wire.get("at"),
        is_=(_value(wire["is"]),) if "is" in wire else (),
        matches=wire.get("matches", ""),
        summary=wire.get("summary", ""),
        message=wire.get("message"),
        faults=items and Faults(at=items["at"], field=items.get("field"), message=_pointers(items.get("message", ()))),
        hint=wire.get("hint", ""),
    )


def _pointers(wire: str | list[str] | tuple[()]) -> tuple[str, ...]:
    return (wire,) if isinstance(wire, str) else tuple(wire)


def _value(wire: Any) -> Value:
    return from_wire(wire)


def _literals(template: Any) -> Any:
    """Return ``template`` with the values in it that JSON cannot say; expressions stay as they are."""
    match template:
        case Mapping() if any(str(key).startswith("$") and key not in NAMES for key in template):
            return from_wire(template)
        case Mapping():
            return {key: _literals(part) for key, part in template.items()}
        case list():
            return [_literals(part) for part in template]
    return template
