"""The limits of policy as they stand in a workspace, and what a run sets aside of them before its first effect."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING

from agentctl.engine import limits
from agentctl.engine.gate import binding
from agentctl.engine.lifted import lifted
from agentctl.engine.limits import Charges
from agentctl.errors import Refused
from agentctl.model.decision import Consent, Decision
from agentctl.model.limit import Reserved, Standing

if TYPE_CHECKING:
    from agentctl.engine.preview import Preview
    from agentctl.workspace.workspace import Workspace

_REFUSALS_TOLD = 10


def standings(
    workspace: Workspace, decisions: Iterable[Decision], consent: Consent, resumes: str = ""
) -> tuple[Standing, ...]:
    """Return how the limits that ``decisions`` take of stand now, under each key. ``resumes`` is the run that goes on.

    What ``consent`` overrides takes as well.
    Raises Tampered where the trace is damaged: what was used cannot be told.
    """
    return _standings(workspace, _charges(decisions, consent), resumes)


def reserve(workspace: Workspace, preview: Preview, consent: Consent) -> tuple[Reserved, ...]:
    """Return what a run of ``preview`` is to set aside. The lock must be held.

    Raises Refused where not all of it fits: nothing is begun that could not be finished.
    """
    wanted = _charges(preview.decisions, binding(consent, preview.changeset))
    refused = limits.refusals(_standings(workspace, wanted, preview.resumes))
    if refused:
        told = list(refused.items())[:_REFUSALS_TOLD]
        lines = [f"step `{step}`: {denial.reason}\n{denial.rule} stands at {denial.place}." for step, denial in told]
        more = [f"{len(refused) - len(lines):,} more steps do not fit."] if len(refused) > len(lines) else []
        raise Refused("A limit is reached", "\n".join([*lines, *more, "Nothing was executed."]))
    return limits.reservation(wanted, workspace.vault) if wanted else ()


def _charges(decisions: Iterable[Decision], consent: Consent) -> Charges:
    return {
        decision.step: charges for decision in decisions
        if (charges := lifted(decision, consent).charges)
    }


def _standings(workspace: Workspace, wanted: Charges, resumes: str) -> tuple[Standing, ...]:
    if not wanted:
        return ()
    vault = workspace.vault
    accounts = {limits.account(charge, vault) for taken in wanted.values() for charge in taken}
    now = workspace.time()
    longest = max(charge.seconds for taken in wanted.values() for charge in taken)
    used = limits.usage(workspace.whole_history(), accounts, now, timedelta(seconds=longest), resumes)
    return limits.standings(wanted, used, now, vault)
