"""People and teams asked for their review of a pull request, and no longer asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

from agentctl.connectors.base import Call, Located, Location, Receipt, View
from agentctl.connectors.github.asking import HIDDEN, ask
from agentctl.connectors.github.unmoved import unmoved
from agentctl.connectors.rest.connector import RestConnector
from agentctl.errors import Rejected
from agentctl.facts import replace
from agentctl.model.action import ActionSpec
from agentctl.model.change import Change, Effect, Inverse, RecordChange, strongest
from agentctl.model.plan import Step
from agentctl.model.snapshot import Address, within
from agentctl.model.values import UNKNOWN, Fields, Value, has_unknown

_ASK, _UNASK = "pull.request_reviewers", "pull.remove_reviewers"
_WHO: Final = ("reviewers", "team_reviewers")
_NAME = {"type": "string", "minLength": 1, "maxLength": 100}
_NAMES = {"type": "array", "items": _NAME, "minItems": 1, "maxItems": 100}
_ARGUMENTS: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "reviewers": {**_NAMES, "description": "Their logins."},
        "team_reviewers": {**_NAMES, "description": "Short names of teams of the organisation."},
    },
    "required": [],
    "minProperties": 1,
    "additionalProperties": False,
}


class Reviewers:
    """Asks for reviews, or asks no longer. Its inverse names those only for whom something changed."""

    def __init__(self, rest: RestConnector, verb: str) -> None:
        self._rest = rest
        self._asks = verb == _ASK
        self.spec: ActionSpec = replace(
            rest.actions["pull.close"],
            verb=verb,
            summary="Ask people and teams for their review." if self._asks else "Ask people and teams no longer.",
            stays="Who was asked was notified." if self._asks else "Asked again, they are notified.",
            arguments=_ARGUMENTS,
            recipients=_WHO,
        )

    def addresses(self, step: Step) -> tuple[Address, ...]:
        return (self._rest.names.of_step(step, self._rest.names.manifest.verbs["pull.close"]),)

    def preview(self, step: Step, view: View) -> Change:
        (address,) = self.addresses(step)
        before = view.read(address).value
        if before is None:
            raise Rejected("Record absent", f"There is no {within(address)}.", hint=HIDDEN)
        self._not_the_author(step, before)
        after: dict[str, Value] = dict(before)
        changed: dict[str, list[str]] = {}
        unknown = False
        for who in _WHO:
            if who not in step.with_:
                continue
            if has_unknown(cast(Value, step.with_[who])) or has_unknown(before[who]):
                after[who], unknown = UNKNOWN, True
                continue
            there, named = cast(list[str], before[who]), _names(step.with_[who])
            after[who] = sorted({*there, *named} if self._asks else {*there} - {*named})
            changed[who] = sorted({*named} - {*there} if self._asks else {*named} & {*there})
        record = RecordChange(address=address, before=before, after=after)
        undone = {who: names for who, names in changed.items() if names}
        other = _UNASK if self._asks else _ASK
        back = Step(
            id=step.id, action=f"{step.instance}.{other}", target=step.target,
            with_=dict.fromkeys(step.with_, UNKNOWN) if unknown else undone,
        )
        return Change(
            step=step.id, action=step.action, target=step.target,
            effect=Effect.UPDATE if unknown else strongest((record,)), arguments=step.with_, records=(record,),
            inverse=Inverse(kind=self.spec.reversibility, step=back, stays=self.spec.stays),
        )

    def execute(self, change: Change, call: Call) -> Receipt:
        unmoved(self._rest, self.spec, change, call)
        verb = self._rest.names.manifest.verbs["pull.close"]
        path = verb.record.path.path(self._rest.names.target(change.target, verb))
        given = {who: _names(change.arguments[who]) for who in _WHO if who in change.arguments}
        if not self._asks:
            given.setdefault("reviewers", [])       # GitHub takes the request with them only
        told = ask(
            self._rest, self.spec, call, "POST" if self._asks else "DELETE", f"{path}/requested_reviewers", given
        )
        url = told.get("html_url") if isinstance(told, Mapping) else None
        return Receipt(links=(url,) if isinstance(url, str) and url.startswith(("https://", "http://")) else ())

    def locate(self, change: Change, call: Call) -> Location:
        """That somebody's review is waited for may be anybody's doing."""
        return Located.CANNOT_TELL

    def _not_the_author(self, step: Step, before: Fields) -> None:
        named, author = step.with_.get("reviewers", []), before.get("author")
        if self._asks and isinstance(author, str) and isinstance(named, list | tuple) and author in _names(named):
            raise Rejected("Reviewer is the author", f"{author} cannot review a pull request of their own.")


def request_reviewers(rest: RestConnector) -> Reviewers:
    return Reviewers(rest, _ASK)


def remove_reviewers(rest: RestConnector) -> Reviewers:
    return Reviewers(rest, _UNASK)


def _names(value: Any) -> list[str]:
    """Return logins as GitHub compares them: in any case."""
    return sorted({str(name).lower() for name in value})
