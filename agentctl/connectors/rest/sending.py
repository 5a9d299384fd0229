"""Makes and sends the one request of an effect, and turns its answer into a receipt."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, cast

from agentctl.connectors.base import Call, Receipt
from agentctl.connectors.rest.answers import Exchange, body
from agentctl.connectors.rest.expressions import Scope, evaluate, expressions, reference, sign
from agentctl.connectors.rest.http import Request
from agentctl.connectors.rest.manifest import RequestTemplate, Verb
from agentctl.connectors.rest.names import ListName, Names
from agentctl.connectors.rest.pointer import ABSENT, at, parts
from agentctl.connectors.rest.reading import Reader
from agentctl.connectors.rest.template import made
from agentctl.connectors.rest.writing import JSON, encoded, plain
from agentctl.errors import Indeterminate, Rejected
from agentctl.facts import dataclass, replace
from agentctl.model.action import Precondition, Settlement
from agentctl.model.change import Change
from agentctl.model.snapshot import Address, Snapshot, within
from agentctl.model.values import Fields, Value, same

_LONGEST_LINK = 2000


@dataclass(frozen=True, kw_only=True)
class Sender:
    """Acts for one instance, once per call."""

    names: Names
    reader: Reader

    def execute(self, change: Change, call: Call) -> Receipt:
        verb = self.names.manifest.verbs[change.action.partition(".")[2]]
        token = call.credential.token if call.credential else self.reader.token()
        request = self._request(verb, change, call)
        if (earlier := self.find(verb, change, call.key)) is not None:
            return earlier          # it was done under this very key, and whoever asked never heard of it
        if verb.precondition is Precondition.CHECKED:
            self._unchanged(verb, change, call)
        response = self.reader.client.send(request, token)
        told = body(Exchange(
            request=request, response=response, rules=verb.errors, scopes=verb.scopes, hidden=verb.record.hidden,
            secrets=(token, *call.secrets.values(), *_sensitive(verb, change, call)),
        ))
        return self.receipt(verb, change, told)

    def receipt(
        self, verb: Verb, change: Change, told: Any, named: Mapping[str, Any] | None = None
    ) -> Receipt:
        """Return the receipt of a change whose answer holds ``told``; ``named`` is what its record was found as.

        Raises Indeterminate where something was made and the answer does not say what it is called.
        """
        found = {name: ABSENT if told is ABSENT else at(pointer, told) for name, pointer in verb.ids.items()}
        ids = {name: value for name, value in found.items() if isinstance(value, str | int)}
        if missing := sorted(found.keys() - ids.keys()):
            raise Indeterminate("Name not told", f"{change.action} was done, and its answer has no `{missing[0]}`.")
        if not verb.assigns:
            return Receipt(ids=cast(Fields, ids), links=_links(verb, told))
        said = named or {
            name: ABSENT if told is ABSENT else at(pointer, told) for name, pointer in verb.assigns.items()
        }
        wrong = [name for name, value in said.items() if not isinstance(value, str | int) or value == ""]
        if wrong:
            raise Indeterminate("Name not told", f"{change.action} was done, and its answer has no `{wrong[0]}`.")
        parameters = {**self.names.target(change.target, verb), **{name: str(value) for name, value in said.items()}}
        name = verb.record.address.format(parameters)
        (record,) = change.records
        undo = change.inverse.step and replace(change.inverse.step, target=name)
        return Receipt(
            ids={"id": cast(Value, said[tuple(verb.assigns)[-1]]), **cast(Fields, ids)},
            links=_links(verb, told),
            addresses={record.address: Address(f"{self.names.instance}/{name}")},
            inverse=replace(change.inverse, step=undo),
        )

    def find(self, verb: Verb, change: Change, key: str) -> Receipt | None:
        """Return the receipt of what was made under ``key``, if it bears a mark and is among those looked at."""
        listing = verb.record.listing
        if verb.find is None or listing is None:
            return None
        name = ListName(
            kind=verb.record, listing=listing, parameters=self.names.target(change.target, verb),
            filters=tuple(verb.find.query.items()),
        )
        ours, short = sign(key), reference(key)
        for _, item in islice(self.reader.listed(name), verb.find.first or None):
            text = at(verb.find.at, item)
            if isinstance(text, str) and (ours in text or text == short):
                answer = _as_answered(verb, item)
                named = {name: at(listing.item[name], item) for name in verb.assigns}
                return self.receipt(verb, change, answer, named)
        return None

    def _request(self, verb: Verb, change: Change, call: Call) -> Request:
        template = cast(RequestTemplate, verb.request)
        scope = self._scope(verb, change, call)
        made(*scope.parameters.values())
        words = {word for part in (template.query, template.headers, template.body) for word, _ in expressions(part)}
        headers = {name: plain(value) for name, value in evaluate(template.headers, scope).items()}
        guarded = "$token" in words or any(name.lower() == "if-none-match" for name in headers)
        content = None if template.body is None else encoded(evaluate(template.body, scope))
        return Request(
            method=template.method,
            path=(template.path or verb.record.path).path(scope.parameters),
            query=tuple((name, plain(value)) for name, value in evaluate(template.query, scope).items()),
            headers={**self.names.manifest.headers, **headers, **({} if content is None else JSON)},
            body=content,
            deadline=call.deadline,
            repeatable=guarded or verb.settlement is Settlement.KEYED,
        )

    def _scope(self, verb: Verb, change: Change, call: Call) -> Scope:
        held = call.before.get(change.records[0].address) if change.records else None
        arguments: Mapping[str, Any] = {**change.arguments, **call.secrets}
        return Scope(
            arguments=arguments,
            parameters=self.names.target(change.target, verb),
            integers=verb.record.address.integers,
            before=(held.value if held else None) or {},
            token=held.token if held else None,
            token_integer=verb.record.token_integer,
            key=call.key,
            run=call.run,
        )

    def _unchanged(self, verb: Verb, change: Change, call: Call) -> None:
        """Read once more, and raise Rejected where a record is not what it was: the system compares nothing."""
        quiet = {name for name, field in verb.record.fields.items() if field.volatile}
        for address in (record.address for record in change.records if "/new:" not in record.address):
            before = call.before.get(address)
            now = self.reader.read(address, self.names.parse(address))
            if before is None or _moved(before, now, quiet):
                raise Rejected("Record changed since it was read", f"{within(address)} is not what it was just now.")


def _as_answered(verb: Verb, item: Any) -> Any:
    """Return an item of a list as it stands in the answer that is about it alone."""
    for part in reversed(parts(verb.record.at)):
        item = {part: item}
    return item


def _moved(before: Snapshot, now: Snapshot, quiet: set[str]) -> bool:
    if before.value is None or now.value is None:
        return before.value is not now.value
    if before.token is not None and now.token is not None and before.token == now.token:
        return False
    steady = [{name: value for name, value in side.items() if name not in quiet} for side in (before.value, now.value)]
    return not same(*steady)


def _links(verb: Verb, told: Any) -> tuple[str, ...]:
    found = [at(pointer, told) for pointer in verb.links] if told is not ABSENT else []
    return tuple(
        link for link in found
        if isinstance(link, str) and link.startswith(("https://", "http://")) and len(link) <= _LONGEST_LINK
    )


def _sensitive(verb: Verb, change: Change, call: Call) -> Iterator[str]:
    """Yield the texts of fields that are never shown: some systems repeat what they refuse."""
    hidden = [name for name, field in verb.record.fields.items() if field.sensitive or field.sealed]
    sides: list[Mapping[str, Any]] = [change.arguments]
    sides += [side for record in change.records for side in (record.before, record.after) if side is not None]
    sides += [snapshot.value for snapshot in call.before.values() if snapshot.value is not None]
    for side in sides:
        for name in hidden:
            if isinstance(value := side.get(name), str):
                yield value

