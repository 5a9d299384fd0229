"""A draft pull request said to be ready, and taken back to a draft: two verbs that only GraphQL knows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from agentctl.connectors.base import Call, Located, Location, Receipt, View
from agentctl.connectors.github.asking import HIDDEN
from agentctl.connectors.github.graphql import change_pull
from agentctl.connectors.github.unmoved import unmoved
from agentctl.connectors.rest.connector import RestConnector
from agentctl.errors import Indeterminate, Rejected
from agentctl.facts import dataclass, replace
from agentctl.model.action import ActionSpec
from agentctl.model.change import Change, Inverse, RecordChange, strongest
from agentctl.model.plan import Step
from agentctl.model.snapshot import Address, within

_NOTHING: Mapping[str, object] = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}


@dataclass(frozen=True, kw_only=True)
class _Turn:
    """One of the two ways; ``back`` is the verb of the other."""

    verb: str
    back: str
    mutation: str
    draft: bool
    summary: str
    stays: str


_READY: Final = _Turn(
    verb="pull.ready", back="pull.draft", mutation="markPullRequestReadyForReview", draft=False,
    summary="Say that a draft pull request is ready for review.",
    stays="Reviewers and owners of the code were asked, and who watches it was notified.",
)
_DRAFT: Final = _Turn(
    verb="pull.draft", back="pull.ready", mutation="convertPullRequestToDraft", draft=True,
    summary="Make a pull request a draft again.",
    stays="Its history shows both changes.",
)


class Ready:
    """Marks a pull request ready for review, or a draft again: each is undone exactly by the other."""

    def __init__(self, rest: RestConnector, graph: RestConnector, turn: _Turn) -> None:
        """``graph`` is asked at GraphQL's address, which an Enterprise has elsewhere."""
        self._rest = rest
        self._graph = graph
        self._turn = turn
        self.spec: ActionSpec = replace(
            rest.actions["pull.close"], verb=turn.verb, summary=turn.summary, stays=turn.stays, arguments=_NOTHING
        )

    def addresses(self, step: Step) -> tuple[Address, ...]:
        return (self._rest.names.of_step(step, self._rest.names.manifest.verbs["pull.close"]),)

    def preview(self, step: Step, view: View) -> Change:
        (address,) = self.addresses(step)
        before = view.read(address).value
        if before is None:
            raise Rejected("Record absent", f"There is no {within(address)}.", hint=HIDDEN)
        if before["state"] == "closed":
            raise Rejected("Record not ready for this", f"{within(address)} is closed.")
        record = RecordChange(address=address, before=before, after={**before, "draft": self._turn.draft})
        back = Step(id=step.id, action=f"{step.instance}.{self._turn.back}", target=step.target)
        return Change(
            step=step.id, action=step.action, target=step.target, effect=strongest((record,)), arguments=step.with_,
            records=(record,), inverse=Inverse(kind=self.spec.reversibility, step=back, stays=self.spec.stays),
        )

    def execute(self, change: Change, call: Call) -> Receipt:
        (record,) = change.records
        unmoved(self._rest, self.spec, change, call)
        node = str((call.before[record.address].value or {})["node_id"])
        pull = change_pull(self._graph, self.spec, call, self._turn.mutation, node)
        if pull.get("isDraft") is not self._turn.draft:
            raise Indeterminate("Answer not understood", f"{self._turn.mutation} left the pull request as it was.")
        url = pull.get("url")
        return Receipt(links=(url,) if isinstance(url, str) and url.startswith(("https://", "http://")) else ())

    def locate(self, change: Change, call: Call) -> Location:
        """A pull request that is no draft may be anybody's doing."""
        return Located.CANNOT_TELL


def ready(rest: RestConnector, graph: RestConnector) -> Ready:
    return Ready(rest, graph, _READY)


def draft(rest: RestConnector, graph: RestConnector) -> Ready:
    return Ready(rest, graph, _DRAFT)
