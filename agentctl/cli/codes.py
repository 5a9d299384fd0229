"""From what came of a command to its exit code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from agentctl.errors import Exit
from agentctl.model.change import Effect
from agentctl.model.changeset import ChangeSet
from agentctl.model.decision import Refuse, Ruling
from agentctl.model.run import RunStatus, StepStatus

if TYPE_CHECKING:
    from agentctl.engine.apply import Ending

_WITHOUT_EFFECT = (
    (StepStatus.HELD, Exit.CONSENT),
    (StepStatus.FAILED, Exit.UNREACHABLE),
)


def code_for(changeset: ChangeSet, rulings: Mapping[str, Ruling], *, detailed: bool) -> Exit:
    """Return the exit code of a plan: refused, or changes present where asked to tell, else fine."""
    if any(isinstance(ruling, Refuse) for ruling in rulings.values()):
        return Exit.REFUSED
    changes = any(change.effect not in (Effect.NO_OP, Effect.READ) for change in changeset.changes)
    return Exit.CHANGES if detailed and changes else Exit.OK


def code_of(ending: Ending, *, began_before: bool, interrupted: Exit | None) -> Exit:
    """Return the exit code of a run: any effect, or doubt about one, without completion is 7."""
    if ending.status is RunStatus.COMPLETE:
        return Exit.OK
    if interrupted is not None:
        return interrupted
    if ending.began or began_before:
        return Exit.INCOMPLETE
    if ending.halted:
        return Exit.REFUSED
    if ending.moved:
        return Exit.STALE
    for status, code in _WITHOUT_EFFECT:
        if status in ending.steps.values():
            return code
    return Exit.REFUSED if StepStatus.REFUSED in ending.steps.values() else Exit.INCOMPLETE
