"""The consent there is to a changeset before anybody is asked, and whether it still stands when it is used."""

from __future__ import annotations

from agentctl.engine.preview import Preview
from agentctl.model.changeset import ChangeSet
from agentctl.model.decision import Consent, ConsentKind
from agentctl.workspace import approving, overriding
from agentctl.workspace.workspace import Workspace


def given(workspace: Workspace, changeset: ChangeSet) -> Consent:
    """Return the consent that the signed approvals and overrides found here give to ``changeset``."""
    signed = approving.gathered(workspace, changeset).counted
    return Consent(
        kind=ConsentKind.SIGNATURES if signed else ConsentKind.NONE,
        digest=changeset.digest,
        person=workspace.person,
        at=workspace.timestamp(),
        signed=signed,
        overrides=overriding.gathered(workspace, changeset).counted,
    )


def confirm(workspace: Workspace, changeset: ChangeSet, consent: Consent, resumes: str = "") -> None:
    """Check, under the lock, that every signature ``consent`` rests on still counts. Raises ConsentMissing."""
    approving.confirm(workspace, changeset, consent, resumes)
    overriding.confirm(workspace, changeset, consent, resumes)


def renewed(workspace: Workspace, preview: Preview, consent: Consent, resumes: str) -> Consent:
    """Return the consent run ``resumes`` goes on under: what was answered then, with the signatures that count now.

    Raises ConsentMissing where what it rested on expired, or was revoked, and nothing renewed it.
    """
    signed = approving.renewed(workspace, preview, consent, resumes)
    return overriding.renewed(workspace, preview, signed, resumes)
