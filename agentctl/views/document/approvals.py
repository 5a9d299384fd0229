"""The kept approvals as a document."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from agentctl.model.approval import Approval
from agentctl.model.override import Override
from agentctl.model.rejection import Statement
from agentctl.model.statement import Attested, Signable


class Damaged(Protocol):
    """A file among the approvals that can't be read, and why."""

    @property
    def file(self) -> str: ...

    @property
    def why(self) -> str: ...


class Unreadable(Protocol):
    """A file among the rejections that can't be read, and why."""

    @property
    def name(self) -> str: ...

    @property
    def why(self) -> str: ...


def approvals(
    listed: Iterable[tuple[Approval, str, str]],
    rejections: Iterable[tuple[Statement, bool]] = (),
    damaged: Iterable[Damaged] = (),
    overrides: Iterable[tuple[Override, str, str]] = (),
    doubtful: Iterable[Unreadable] = (),
) -> dict[str, Any]:
    """Return the document of approvals, each given with the run that used it and why it does not count, or nothing.

    ``rejections`` are given with whether each stands, ``overrides`` like approvals; ``doubtful`` are rejections that
    can't be read.
    """
    return {
        "version": 1,
        "kind": "ApprovalsDocument",
        "approvals": [
            {"id": approval.statement.id, **_said(approval), "used_by": run, "objection": why}
            for approval, run, why in listed
        ],
        "overrides": [
            {"id": override.statement.id, **_said(override), "used_by": run, "objection": why}
            for override, run, why in overrides
        ],
        "rejections": [
            {
                "id": rejection.id,
                "digest": rejection.digest,
                "effects": rejection.effects,
                "person": rejection.person,
                "reason": rejection.reason,
                "from": rejection.from_,
                "stands": stands,
            }
            for rejection, stands in rejections
        ],
        "damaged": [{"file": one.file, "why": one.why} for one in damaged],
        "damaged_rejections": [{"file": one.name, "why": one.why} for one in doubtful],
    }


def _said(attested: Attested[Signable]) -> dict[str, Any]:
    wire = attested.statement.to_wire()
    return {name: value for name, value in wire.items() if name not in ("version", "kind")}
