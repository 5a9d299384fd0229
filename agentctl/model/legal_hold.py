"""Legal holds: runs nothing of which may be dropped, as the trace tells them. What a hold covers is told elsewhere."""

from __future__ import annotations

from collections.abc import Iterable

from agentctl.facts import dataclass
from agentctl.model.run import Act


@dataclass(frozen=True, kw_only=True)
class LegalHold:
    """One hold: its id, the run it is on, who gave it, when and why."""

    id: str
    run: str
    by: str
    host: str
    at: str
    reason: str

    @property
    def why(self) -> str:
        return f"legal hold {self.id} since {self.at[:10]}, by {self.by}: {self.reason}"


def standing(acts: Iterable[Act]) -> tuple[LegalHold, ...]:
    """Return the holds in force, oldest first. One is lifted by a release that names it, and by nothing else."""
    found: dict[str, LegalHold] = {}
    for act in acts:
        if act.kind == "hold":
            found[act.id] = LegalHold(
                id=act.id, run=act.body["of"], by=act.body["by"], host=act.body["host"], at=act.at,
                reason=act.body["reason"],
            )
        elif act.kind == "release":
            found.pop(act.body["hold"], None)
    return tuple(found.values())
