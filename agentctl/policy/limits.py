"""A limit as the policy states it. What a change takes of one is ``charging``'s part, what is left is the engine's."""

from __future__ import annotations

from collections.abc import Mapping

from agentctl.facts import dataclass
from agentctl.model.diagnostic import Span
from agentctl.model.limit import PLAN, Measure
from agentctl.policy.expressions import Expression
from agentctl.policy.globs import Glob

PLAIN_KEYS = {"agent": "agent", "action": "action.name", "target": "target"}
"""The words ``by:`` knows, each with its expression. These keys stand in the trace in clear."""

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True, kw_only=True)
class Limit:
    """At most ``most`` of ``measure`` per window, counted apart for each ``key``.

    ``actions`` are those it counts, None for all. ``most`` is by currency where there is a ``currency``, else under the
    empty one. ``stream`` names what is counted: a
    limit of another maximum or window goes on where it was. ``placed`` is whether that name hangs on a place in a list.
    """

    id: str
    place: Span
    stream: str
    placed: bool
    measure: Measure
    most: Mapping[str, int]
    per: str
    by: str
    key: Expression
    actions: tuple[Glob, ...] | None = None
    amount: Expression | None = None
    currency: Expression | None = None

    @property
    def seconds(self) -> int:
        """The window; 0 for one changeset."""
        return 0 if self.per == PLAN else int(self.per[:-1]) * _SECONDS[self.per[-1]]

    def counts(self, action: str) -> bool:
        return self.actions is None or any(glob(action) for glob in self.actions)

    @property
    def plain(self) -> bool:
        return self.by in PLAIN_KEYS

    @property
    def expressions(self) -> tuple[Expression, ...]:
        """What it asks of a change."""
        return tuple(asked for asked in (self.key, self.amount, self.currency) if asked is not None)


def stream(owner: str, measure: Measure, by: str, amount: str = "", currency: str = "") -> str:
    """Return what a limit's usage is told apart by: neither its maximum nor its window is in it."""
    what = " ".join(part for part in (measure.value, amount, f"in {currency}" if currency else "") if part)
    return f"{owner}: {what} by {by}"
