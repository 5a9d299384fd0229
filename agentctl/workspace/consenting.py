"""The consent there is to a changeset before anybody is asked, and whether it still stands when it is used."""

from __future__ import annotations

from agentctl.engine.preview import Preview
from agentctl.model.changeset import ChangeSet
from agentctl.model.decision import Consent, ConsentKind, Overridden, Signed
from agentctl.store import statements
from agentctl.workspace.workspace import Workspace


def given(workspace: Workspace, changeset: ChangeSet) -> Consent:
    """Return the consent that the signed approvals and overrides found here give to ``changeset``."""
    signed = _signed(workspace, changeset)
    return Consent(
        kind=ConsentKind.SIGNATURES if signed else ConsentKind.NONE,
        digest=changeset.digest,
        person=workspace.person,
        at=workspace.timestamp(),
        signed=signed,
        overrides=_overrides(workspace, changeset),
    )


def confirm(workspace: Workspace, changeset: ChangeSet, consent: Consent, resumes: str = "") -> None:
    """Check, under the lock, that every signature ``consent`` rests on still counts. Raises ConsentMissing."""
    from agentctl.workspace import approving, overriding

    approving.confirm(workspace, changeset, consent, resumes)
    overriding.confirm(workspace, changeset, consent, resumes)


def renewed(workspace: Workspace, preview: Preview, consent: Consent, resumes: str) -> Consent:
    """Return the consent run ``resumes`` goes on under: what was answered then, with the signatures that count now.

    Raises ConsentMissing where what it rested on expired, or was revoked, and nothing renewed it.
    """
    from agentctl.workspace import approving, overriding

    signed = approving.renewed(workspace, preview, consent, resumes)
    return overriding.renewed(workspace, preview, signed, resumes)


def _signed(workspace: Workspace, changeset: ChangeSet) -> tuple[Signed, ...]:
    if not statements.any_kept(workspace.layout, "approval"):      # as mostly: to know how they are weighed takes 3 ms
        return ()
    from agentctl.workspace.approving import gathered

    return gathered(workspace, changeset).counted


def _overrides(workspace: Workspace, changeset: ChangeSet) -> tuple[Overridden, ...]:
    if all(act.kind != "override" for act in workspace.history().acts):
        return ()
    from agentctl.workspace.overriding import gathered

    return gathered(workspace, changeset).counted
