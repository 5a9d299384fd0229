"""Reads records and lists of records. Sends what has no effect, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Protocol, assert_never

from agentctl.connectors.rest.answers import Exchange, body
from agentctl.connectors.rest.expressions import Scope, evaluate, expressions
from agentctl.connectors.rest.http import Endpoint, Request, Response
from agentctl.connectors.rest.manifest import (
    ByCursor,
    ByHeader,
    ByLink,
    ByNext,
    ByPage,
    Listing,
    Manifest,
    RecordType,
)
from agentctl.connectors.rest.named import excluded, named
from agentctl.connectors.rest.names import ListName, Name, NewName, RecordName
from agentctl.connectors.rest.normal import record
from agentctl.connectors.rest.pointer import ABSENT, at
from agentctl.connectors.rest.template import Pending, made
from agentctl.connectors.rest.writing import JSON, encoded, meant, plain
from agentctl.errors import Rejected, Unreachable
from agentctl.facts import dataclass
from agentctl.model.snapshot import Address, Snapshot
from agentctl.model.values import Fields

Query = tuple[tuple[str, str], ...]
Page = tuple[str, Query, dict[str, Any] | None]
_PAGES = 10_000


class Sends(Protocol):
    """What carries a request to the system and its answer back."""

    def send(self, request: Request, token: str = "") -> Response: ...

    def close(self) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Reader:
    """``token`` returns the token to look with, or nothing. Safe from several threads."""

    instance: str
    manifest: Manifest
    endpoint: Endpoint
    client: Sends
    token: Callable[[], str]
    timeout: float

    def read(self, address: Address, name: Name) -> Snapshot:
        """Return the record or the records at ``address``."""
        match name:
            case NewName():
                return _absent(address)
            case RecordName():
                return self._record(address, name)
            case ListName():
                members = tuple(snapshot for snapshot, _ in self.listed(name))
                return Snapshot(address=address, value=None, at=datetime.now(UTC), members=members)
            case _:
                assert_never(name)

    def listed(self, name: ListName) -> Iterator[tuple[Snapshot, Any]]:
        """Yield each record of a list, once, and its body as the system has it. Raises Rejected for too long a list."""
        seen: set[Address] = set()
        for item in self._items(name):
            if excluded(name.kind, item):
                continue
            address = self._address(name, item)
            if address in seen:
                continue        # something was put in before it while we turned the page
            seen.add(address)
            if len(seen) > name.listing.most:
                raise Rejected(
                    "List too long", f"{name.listing.address.format(name.parameters)} has more than "
                    f"{name.listing.most:,} records.", hint="Ask for fewer of them.",
                )
            yield Snapshot(
                address=address, value=record(name.kind, item), at=datetime.now(UTC), token=_version(name.kind, item)
            ), item

    def whoami(self) -> tuple[str, str]:
        """Return as whom we speak, and whose the system says that it is; nothing where the manifest cannot ask."""
        asked = self.manifest.whoami
        if asked is None:
            return "", ""
        told, response = self._ask(asked.path, (), None, None, asked.nobody)
        if response.status in asked.nobody:
            return "", ""
        found = [ABSENT if told is None else at(pointer, told) for pointer in (asked.id, asked.tenant or asked.id)]
        for pointer, value in zip((asked.id, asked.tenant), found, strict=True):
            if pointer is not None and not isinstance(value, str | int):
                raise Unreachable(
                    "Token not accepted",
                    f"{self.endpoint.url}{asked.path} does not say at {pointer} who is asking.",
                    hint="It may be missing, mistyped, expired or revoked.",
                )
        return str(found[0]), "" if asked.tenant is None else str(found[1])

    def _record(self, address: Address, name: RecordName) -> Snapshot:
        if any(isinstance(value, Pending) for value in name.parameters.values()):
            return _absent(address)
        kind = name.kind
        scope = Scope(parameters=name.parameters, integers=kind.address.integers)
        told, response = self._ask(
            kind.path.path(name.parameters), _query(kind.query, scope), _post(kind.post, scope), kind
        )
        if told is None:
            return _absent(address)
        found = ABSENT if told is ABSENT else at(kind.at, told)
        named(self.endpoint, kind, name.parameters, found)
        return Snapshot(
            address=address, value=record(kind, found), at=datetime.now(UTC), token=_token(kind, found, response)
        )

    def _items(self, name: ListName) -> Iterator[Any]:
        listing = name.listing
        path: str = listing.path.path(name.parameters)
        made(*name.parameters.values())
        scope = Scope(parameters=name.parameters, integers=listing.address.integers)
        query, post = _query(listing.query, scope), _post(listing.post, scope)
        if post is None:
            query = (*query, *name.filters)
        else:
            post |= {key: meant(listing.filters.get(key, {}), text) for key, text in name.filters}
        if isinstance(listing.pages, ByPage):
            query, post = _turned(query, post, listing.pages.parameter, 1)
        asked: set[tuple[str, Query, bytes]] = set()
        for number in range(1, _PAGES + 1):
            if (page := (path, query, encoded(post))) in asked:
                raise Rejected("List without an end", f"{self.endpoint.url}{path} leads back to a page it had before.")
            asked.add(page)
            told, response = self._ask(path, query, post, name.kind)
            if told is None:
                raise Rejected("Not found", f"There is no {response.url} to list.", hint=_perhaps_hidden(name.kind))
            items = ABSENT if told is ABSENT else at(listing.at, told)
            if not isinstance(items, list):
                raise Rejected("Answer not understood", f"{response.url} has no list at {listing.at or 'its root'}.")
            yield from items
            following = self._following(listing, (path, query, post), number, told, response, len(items))
            if following is None:
                return
            path, query, post = following
        raise Rejected("List without an end", f"{self.endpoint.url}{path} has more than {_PAGES:,} pages.")

    def _following(
        self, listing: Listing, page: Page, number: int, told: Any, response: Response, size: int
    ) -> Page | None:
        """Return how the next page is asked for. A link is followed below the base URL only."""
        path, query, post = page
        match listing.pages:
            case None:
                return None
            case ByLink():
                link: Any = _next(response.headers.get("link", ""))
            case ByHeader(name):
                link = response.headers.get(name.lower(), "")
            case ByNext(pointer):
                link = at(pointer, told)
            case ByCursor(pointer, parameter):
                cursor = at(pointer, told)
                if cursor is ABSENT or cursor is None or cursor in ("", False):
                    return None
                plain(cursor)       # a text or a number; anything else is none
                return path, *_turned(query, post, parameter, cursor)
            case ByPage(parameter, full):
                return (path, *_turned(query, post, parameter, number + 1)) if size >= full else None
            case unexpected:
                assert_never(unexpected)
        return (*self.endpoint.inside(link), post) if isinstance(link, str) and link else None

    def _address(self, name: ListName, item: Any) -> Address:
        said = {parameter: at(pointer, item) for parameter, pointer in name.listing.item.items()}
        if wrong := [parameter for parameter, value in said.items() if not isinstance(value, str | int) or value == ""]:
            raise Rejected("Answer not understood", f"A {name.kind.name} in a list does not say its `{wrong[0]}`.")
        parameters = {**name.parameters, **{parameter: str(value) for parameter, value in said.items()}}
        named(self.endpoint, name.kind, parameters, item)
        return Address(f"{self.instance}/{name.kind.address.format(parameters)}")

    def _ask(
        self, path: str, query: Query, post: Mapping[str, Any] | None, kind: RecordType | None,
        nobody: frozenset[int] = frozenset(),
    ) -> tuple[Any, Response]:
        request = Request(
            method="GET" if post is None else "POST", path=path, query=query, deadline=self.timeout, reads=True,
            headers={**self.manifest.headers, **({} if post is None else JSON)},
            body=None if post is None else encoded(post),
        )
        token = self.token()
        response = self.client.send(request, token)
        if response.status in nobody:
            return None, response
        looks = [verb for verb in self.manifest.verbs.values() if verb.request is None and verb.record is kind]
        exchange = Exchange(
            request=request,
            response=response,
            rules=looks[0].errors if looks else self.manifest.errors,
            scopes=looks[0].scopes if looks else (),
            secrets=(token,),
        )
        return body(exchange), response


def where(kind: RecordType, parameters: Mapping[str, str]) -> str:
    """Return the path a record is read at, with what is asked besides where that names the record."""
    scope = Scope(parameters=parameters, integers=kind.address.integers)
    path = kind.path.path(parameters)
    if not expressions([kind.query, kind.post]):
        return path
    return f"{path}?{encoded([_query(kind.query, scope), _post(kind.post, scope)]).decode()}"


def _perhaps_hidden(kind: RecordType) -> str:
    return "It may be there and the token not see it." if kind.hidden else ""


def _token(kind: RecordType, found: Any, response: Response) -> str | None:
    if kind.token_header:
        return response.headers.get(kind.token_header.lower())
    return _version(kind, found)


def _version(kind: RecordType, found: Any) -> str | None:
    """Return the version that stands in the record."""
    value = ABSENT if kind.token_at is None else at(kind.token_at, found)
    known = isinstance(value, int if kind.token_integer else str | int) and not isinstance(value, bool)
    return plain(value) if known else None


def _absent(address: Address) -> Snapshot:
    return Snapshot(address=address, value=None, at=datetime.now(UTC))


def _query(template: Mapping[str, Any], scope: Scope) -> Query:
    return tuple((name, plain(value)) for name, value in evaluate(template, scope).items())


def _post(template: Mapping[str, Any] | None, scope: Scope) -> dict[str, Any] | None:
    return None if template is None else evaluate(template, scope)


def _turned(query: Query, post: Mapping[str, Any] | None, name: str, value: Any) -> tuple[Query, dict[str, Any] | None]:
    """Return query and body of another page: what says which is in the body where there is one."""
    if post is not None:
        return query, {**post, name: value}
    return (*(pair for pair in query if pair[0] != name), (name, plain(value))), None


def _next(header: str) -> str:
    """Return the target of ``rel="next"`` in a Link header, or nothing."""
    for part in header.split(",<" if ",<" in header else ", <"):
        target, _, attributes = part.strip().lstrip("<").partition(">")
        if 'rel="next"' in attributes or "rel=next" in attributes:
            return target
    return ""


def read_out(snapshot: Snapshot) -> Mapping[Address, Fields]:
    """Return what a read brought: the record, or how many there are and each of them."""
    if snapshot.value is not None:
        return {snapshot.address: snapshot.value}
    members = {member.address: member.value for member in snapshot.members if member.value is not None}
    return {snapshot.address: {"count": len(members)}, **members}
