"""How far breakers are from halting a plan, as a part of its documents."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from agentctl.model.breaker import Gauge
from agentctl.model.halt import scope_to_wire


def breakers(gauges: Iterable[Gauge]) -> list[dict[str, Any]]:
    """Return each breaker under each scope it would halt, with what counts now and how much more halts it."""
    return [
        {
            "breaker": gauge.breaker.id,
            "place": str(gauge.breaker.place),
            "rule": gauge.breaker.rule,
            "scope": scope_to_wire(gauge.scope),
            "halts": str(gauge.scope),
            "counted": gauge.counted,
            "tripped": gauge.tripped,
            "left": gauge.breaker.count - gauge.counted,
            "steps": list(gauge.steps),
        }
        for gauge in gauges
    ]
