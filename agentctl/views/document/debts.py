"""Owed reviews as a document."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from agentctl.model.debt import Debt


def debts(owed: Iterable[Debt], now: datetime | None = None) -> list[dict[str, Any]]:
    """Return the reviews that are owed, each with whether it is overdue, and the command that closes it."""
    return [
        {
            "run": debt.run,
            "people": list(debt.people),
            "reason": debt.reason,
            "at": debt.at,
            "due": debt.due,
            "overdue": now is not None and debt.overdue(now),
            "command": f"agentctl review {debt.run} --reason …",
        }
        for debt in owed
    ]
