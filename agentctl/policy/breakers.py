"""A policy's breakers, read from its document. Whether one of them can ever trip is told by ``tripping``."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from agentctl.model.breaker import Breaker, Trouble
from agentctl.model.diagnostic import Diagnostic
from agentctl.model.duration import seconds
from agentctl.model.halt import Reach
from agentctl.policy.place import Place
from agentctl.syntax.suggest import did_you_mean


def breaker(body: dict[str, Any], place: Place) -> Breaker:
    """Return the breaker that ``body``, which fits its schema, says."""
    return Breaker(
        id=body["id"],
        on=Trouble(body["on"]),
        count=body["count"],
        seconds=seconds(body["per"]),
        halt=Reach(body["halt"]),
        agents=tuple(body.get("agents", ())),
        connectors=tuple(body.get("connectors", ())),
        place=place.span,
    )


def strangers(breakers: Iterable[tuple[Breaker, Place]], agents: Collection[str]) -> Iterator[Diagnostic]:
    """Yield an error for each agent that a breaker names and the policy does not have: nothing of it would count."""
    for it, place in breakers:
        for index, name in enumerate(it.agents):
            if name not in agents:
                detail = f"Breaker {it.id} counts what goes wrong for `{name}`, and there is no such agent."
                yield (place / "agents" / index).wrong(
                    "unknown-agent", "Unknown agent", detail, did_you_mean(name, agents)
                )
