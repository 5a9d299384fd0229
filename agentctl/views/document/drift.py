"""What somebody else changed of what we wrote, as a document."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from agentctl.model.values import Value, to_wire


class Drift(Protocol):
    """One difference; ``field`` is empty where the whole record came or went."""

    @property
    def address(self) -> str: ...

    @property
    def field(self) -> str: ...

    @property
    def ours(self) -> Value: ...

    @property
    def now(self) -> Value: ...

    @property
    def run(self) -> str: ...

    @property
    def step(self) -> str: ...


class DriftReport(Protocol):
    @property
    def looked_at(self) -> int: ...

    @property
    def drifts(self) -> Sequence[Drift]: ...

    @property
    def orphans(self) -> Sequence[str]: ...


def drift(report: DriftReport) -> dict[str, Any]:
    """Return the document of ``drift``. A field we keep only as a commitment shows neither side."""
    return {
        "version": 1,
        "kind": "DriftDocument",
        "looked_at": report.looked_at,
        "drifted": len({item.address for item in report.drifts}),
        "drifts": [
            {
                "address": item.address,
                "field": item.field,
                "ours": to_wire(item.ours),
                "now": _now(item),
                "run": item.run,
                "step": item.step,
            }
            for item in report.drifts
        ],
        "unreachable": list(report.orphans),
    }


def _now(item: Drift) -> Any:
    # Where what we wrote is hidden, the field is secret or personal: what stands there now is no less so.
    ours, now = to_wire(item.ours), to_wire(item.now)
    return {"$hidden": ""} if isinstance(ours, dict) and "$hidden" in ours and len(ours) == 1 else now
