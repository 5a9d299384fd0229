"""The limits of policy as they stand in a workspace, and what a run sets aside of them before its first effect."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from agentctl.engine import limits
from agentctl.engine.limits import Charges
from agentctl.errors import Refused
from agentctl.model.decision import Decision
from agentctl.model.limit import Reserved, Standing

if TYPE_CHECKING:
    from agentctl.engine.preview import Preview
    from agentctl.workspace.workspace import Workspace

_REFUSALS_TOLD = 10


def standings(workspace: Workspace, decisions: Iterable[Decision], resumes: str = "") -> tuple[Standing, ...]:
    """Return how the limits that ``decisions`` take of stand now, under each key. ``resumes`` is the run that goes on.

    Raises Tampered where the trace is damaged: what was used cannot be told.
    """
    return _standings(workspace, {decision.step: decision.charges for decision in decisions}, resumes)


def reserve(workspace: Workspace, preview: Preview) -> tuple[Reserved, ...]:
    """Return what a run of ``preview`` is to set aside. The lock must be held.

    Raises Refused where not all of it fits: nothing is begun that could not be finished.
    """
    wanted = {decision.step: decision.charges for decision in preview.decisions if decision.charges}
    refused = limits.refusals(_standings(workspace, wanted, preview.resumes))
    if refused:
        lines = [f"step `{step}`: {why}" for step, why in list(refused.items())[:_REFUSALS_TOLD]]
        more = [f"{len(refused) - len(lines):,} more steps do not fit."] if len(refused) > len(lines) else []
        raise Refused("A limit is reached", "\n".join([*lines, *more, "Nothing was executed."]))
    return limits.reservation(wanted, workspace.vault) if wanted else ()


def _standings(workspace: Workspace, wanted: Charges, resumes: str) -> tuple[Standing, ...]:
    if not any(wanted.values()):
        return ()
    vault = workspace.vault
    accounts = {limits.account(charge, vault) for taken in wanted.values() for charge in taken}
    used = limits.usage(workspace.whole_history(), accounts, resumes)
    return limits.standings(wanted, used, workspace.time(), vault)
