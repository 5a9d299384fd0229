"""The publishing of a release: with a view of all that becomes public by it, and consent to that."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from agentctl.connectors import gitnames
from agentctl.connectors.base import Call, Location, Receipt, View
from agentctl.connectors.rest.connector import RestConnector
from agentctl.facts import replace
from agentctl.model.action import ActionSpec
from agentctl.model.change import Change, Effect
from agentctl.model.plan import Step
from agentctl.model.snapshot import Address
from agentctl.model.values import Fields

_PUBLIC: Final = ("tag_name", "target_commitish", "name", "body", "prerelease", "assets")


class Publish:
    """What the manifest says of ``release.publish``; besides, what was drafted is shown and bound as what changes.

    No release has the fields ``public_…`` before or after: a draft that somebody edits after consent is another one.
    """

    def __init__(self, rest: RestConnector) -> None:
        self._rest = rest
        spec = rest.actions["release.publish"]
        properties: Mapping[str, Any] = spec.record["properties"]
        shown = {f"public_{name}": {"anyOf": [properties[name], {"type": "null"}]} for name in _PUBLIC}
        self.spec: ActionSpec = replace(
            spec, record={**spec.record, "properties": {**properties, **shown}}, volatile=spec.volatile | shown.keys()
        )

    def addresses(self, step: Step) -> tuple[Address, ...]:
        return self._rest.addresses(step)

    def preview(self, step: Step, view: View) -> Change:
        change = self._rest.preview(step, view)
        (record,) = change.records
        if change.effect is Effect.NO_OP or record.after is None:
            return change
        public = {f"public_{name}": record.after[name] for name in _PUBLIC if name in record.after}
        after: Fields = {**record.after, **public}
        return replace(change, records=(replace(record, after=after),), notes=tuple(_notes(record.after)))

    def execute(self, change: Change, call: Call) -> Receipt:
        return self._rest.execute(change, call)

    def locate(self, change: Change, call: Call) -> Location:
        return self._rest.locate(change, call)


def _notes(fields: Fields) -> list[str]:
    tag, target = fields["tag_name"], fields["target_commitish"]
    if not isinstance(tag, str) or not isinstance(target, str):
        return []
    where = "" if gitnames.is_sha(target) else ", wherever that stands by then"
    return [f"makes the tag {tag} at {target}{where}, unless it is there already"]
