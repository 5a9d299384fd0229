"""Which record or list an address names. Every address names one thing, and every thing has one address."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import TypeAlias, cast
from urllib.parse import parse_qsl, quote

from agentctl.connectors.rest.manifest import Doing, Listing, Manifest, RecordType, Verb
from agentctl.connectors.rest.writing import plain
from agentctl.errors import Rejected
from agentctl.facts import dataclass
from agentctl.model.plan import Step
from agentctl.model.snapshot import Address, new_address, within
from agentctl.model.values import Value, has_unknown


@dataclass(frozen=True, kw_only=True)
class RecordName:
    kind: RecordType
    parameters: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class ListName:
    """``filters`` as they stand in the query."""

    kind: RecordType
    listing: Listing
    parameters: Mapping[str, str]
    filters: tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class NewName:
    """A record that has no name yet."""

    kind: RecordType


Name: TypeAlias = RecordName | ListName | NewName


@dataclass(frozen=True, kw_only=True)
class Names:
    """The addresses of one instance. ``only`` are globs on them; empty admits all."""

    instance: str
    manifest: Manifest
    only: tuple[str, ...] = ()

    def of_step(self, step: Step, verb: Verb) -> Address:
        """Return the one address a step looks at. Raises Rejected where its target is not what the verb takes."""
        parameters = self.target(step.target, verb)
        text = verb.record.address.format(parameters) if not verb.assigns and verb.doing is not Doing.LIST else ""
        if verb.doing is Doing.LIST:
            return Address(f"{self.instance}/{step.target}{_filters(step)}")
        if verb.assigns:
            return new_address(self.instance, step.target, step.id)
        return Address(f"{self.instance}/{text}")

    def target(self, target: str, verb: Verb) -> Mapping[str, str]:
        """Return the parameters in a target."""
        template = verb.record.address.without(frozenset(verb.assigns))
        listing = verb.record.listing
        if verb.doing is Doing.LIST and listing is not None:
            template = listing.address
        parameters = template.parse(target)
        if parameters is None:
            why = template.misfit(target)
            raise Rejected(
                "Target malformed",
                f"{self.instance}.{verb.name} takes {template.text}; not {target!r}" + (f": {why}." if why else "."),
            )
        self.admit(target)
        _sendable(parameters)
        return parameters

    def parse(self, address: Address) -> Name:
        """Return what ``address`` names. Raises Rejected where it names nothing here."""
        text, asked, query = within(address).partition("?")
        self.admit(text)
        for kind in self.manifest.records.values():
            if not asked and (parameters := kind.address.parse(text)) is not None:
                return RecordName(kind=kind, parameters=parameters)
            if kind.listing is not None and (parameters := kind.listing.address.parse(text)) is not None:
                filters = tuple(parse_qsl(query, keep_blank_values=True))
                return ListName(kind=kind, listing=kind.listing, parameters=parameters, filters=filters)
            if not asked and self._is_new(kind, text):
                return NewName(kind=kind)
        raise Rejected("Target malformed", f"{self.instance} has no record called {text!r}.")

    def _is_new(self, kind: RecordType, text: str) -> bool:
        collection, _, name = text.rpartition("/")
        if not name.startswith("new:"):
            return False
        return any(
            verb.record is kind and verb.assigns
            and kind.address.without(frozenset(verb.assigns)).parse(collection) is not None
            for verb in self.manifest.verbs.values()
        )

    def admit(self, target: str) -> None:
        """Raise Rejected for what this instance was not given."""
        if self.only and not any(_below(target, glob) for glob in self.only):
            raise Rejected(
                "Outside of the instance", f"{self.instance} is for {' and '.join(self.only)} only; not {target!r}."
            )


def _below(target: str, glob: str) -> bool:
    """Whether ``target`` is, or lies below, what ``glob`` names; * stops at a slash."""
    names, parts = target.split("/"), glob.split("/")
    return len(names) >= len(parts) and all(map(fnmatchcase, names, parts))


def _sendable(parameters: Mapping[str, str]) -> None:
    """Raise Rejected for a name that could not stand in a path, before anybody consents to it."""
    from agentctl.connectors.rest.http.paths import segment
    from agentctl.connectors.rest.template import Pending

    for value in parameters.values():
        for part in value.split("/") if not isinstance(value, Pending) else ():
            segment(part)


def _filters(step: Step) -> str:
    if any(has_unknown(cast(Value, value)) for value in step.with_.values()):
        raise Rejected("Filter not known yet", "Which records are meant is known only after apply.")
    pairs = [f"{quote(name, safe='')}={quote(plain(value), safe='')}" for name, value in sorted(step.with_.items())]
    return f"?{'&'.join(pairs)}" if pairs else ""
