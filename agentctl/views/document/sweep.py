"""What a gc would drop, what that costs and what stays, as a document."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Protocol

from agentctl.model.retention import Retention
from agentctl.model.run import Run
from agentctl.model.stored import Sort, Stored


class Loss(Protocol):
    """What one run loses."""

    @property
    def run(self) -> Run: ...

    @property
    def bytes(self) -> int: ...

    @property
    def steps(self) -> tuple[str, ...]: ...

    @property
    def resume(self) -> bool: ...


class Kept(Protocol):
    """An old run that stays, and why."""

    @property
    def run(self) -> str: ...

    @property
    def why(self) -> str: ...


class Sweep(Protocol):
    """What goes, at what cost, and what stays."""

    @property
    def files(self) -> tuple[Stored, ...]: ...

    @property
    def losses(self) -> Sequence[Loss]: ...

    @property
    def kept(self) -> Sequence[Kept]: ...

    @property
    def steps(self) -> int: ...


def sweep(found: Sweep, retention: Retention, command: str) -> dict[str, Any]:
    """Return the document of ``gc``; ``command`` is what does it."""
    return {
        "version": 1,
        "kind": "SweepDocument",
        "retention": {
            "packs": str(retention.packs or ""),
            "changesets": str(retention.changesets or ""),
            "from": retention.origin.value,
        },
        "runs": [_loss(loss) for loss in found.losses],
        "kept": [{"run": one.run, "why": one.why} for one in found.kept],
        "files": [
            {"path": file.path, "sort": file.sort.value, "of": file.of, "bytes": file.bytes} for file in found.files
        ],
        "summary": {
            "files": len(found.files),
            "bytes": sum(file.bytes for file in found.files),
            "steps": found.steps,
            **{sort.value + "s": _of(found, sort) for sort in Sort},
        },
        "next": [{"why": "To drop exactly this, for good:", "command": command}] if found.files else [],
    }


def _loss(loss: Loss) -> dict[str, Any]:
    run = loss.run
    return {
        "run": run.id,
        "purpose": run.purpose.value,
        "status": run.status.value,
        "started_at": run.started_at,
        "agent": run.plan.agent,
        "intent": run.plan.intent,
        "bytes": loss.bytes,
        "steps": len(run.steps),
        "undo": list(loss.steps),
        "resume": loss.resume,
    }


def _of(found: Sweep, sort: StrEnum) -> dict[str, int]:
    files = [file for file in found.files if file.sort is sort]
    return {"count": len({file.of for file in files} if sort is Sort.CHANGESET else files),
            "bytes": sum(file.bytes for file in files)}
