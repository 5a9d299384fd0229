"""How limits stand for a changeset, and what a run set aside of them, as a part of their documents."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from agentctl.model.limit import Reserved, Standing


def limits(standings: Iterable[Standing]) -> list[dict[str, Any]]:
    """Return each limit under each key, with what is used, held, asked for and left beside that."""
    return [
        {
            "limit": item.limit,
            "place": str(item.place),
            "measure": item.measure.value,
            "by": item.by,
            "key": item.key,
            "currency": item.currency,
            "max": item.most,
            "per": item.per,
            "used": item.used,
            "reserved": item.reserved,
            "holders": list(item.holders),
            "asked": item.asked,
            "left": max(0, item.left - item.asked),
            "steps": list(item.steps),
            "refused": list(item.refused),
            "frees": item.frees,
            "fits": item.fits,
        }
        for item in standings
    ]


def reservations(reserved: Iterable[Reserved]) -> list[dict[str, Any]]:
    """Return what a run set aside, in all, of each limit. A key that stands in the trace as a commitment stays one."""
    return [
        {
            "limit": item.limit,
            "key": item.account.key,
            "currency": item.account.currency,
            "amount": sum(item.amounts.values()),
            "steps": len(item.amounts),
        }
        for item in reserved
    ]
