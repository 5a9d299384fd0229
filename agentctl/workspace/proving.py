"""The signed text of a plan as it travels: beside the plan's file, then sealed within its changeset."""

from __future__ import annotations

import json
import os
import stat
from binascii import a2b_base64, b2a_base64
from pathlib import Path
from typing import TYPE_CHECKING

from agentctl.engine.authoring import authorship
from agentctl.errors import Invalid
from agentctl.facts import replace
from agentctl.identity.plans import COMMAND
from agentctl.identity.vault import Vault
from agentctl.model.authorship import Signed
from agentctl.model.canonical import canonical
from agentctl.model.changeset import ChangeSet
from agentctl.model.diagnostic import DENIED, Diagnostic, Severity, Span
from agentctl.model.plan import Plan
from agentctl.planfile.catalog import Catalog
from agentctl.planfile.load import Checked, loads, read
from agentctl.planfile.load import check as check_plan

if TYPE_CHECKING:
    from agentctl.workspace.workspace import Workspace

SUFFIX = ".sig"
_LARGEST = 64 * 1024


def load(path: Path, catalog: Catalog) -> Plan:
    """Return the plan at ``path`` with what lies beside it as its signature, of exactly the bytes that were parsed."""
    source = read(path)
    plan = loads(source, str(path), catalog)
    signature = beside(path)
    return replace(plan, signed=Signed(source=source, signature=signature)) if signature is not None else plan


def check(path: Path, workspace: Workspace) -> Checked:
    """Return what there is to say offline of the plan file at ``path``, and of its signature."""
    try:
        source = read(path)
    except Invalid as error:
        return Checked(file=str(path), plan=None, diagnostics=error.diagnostics)
    checked = check_plan(source, str(path), workspace.catalog)
    if checked.plan is None:
        return checked
    try:
        signature = beside(path)
    except Invalid as error:
        return _with(checked, _unproven(path, Severity.ERROR, error.detail.rstrip(".")))
    signed = None if signature is None else Signed(source=source, signature=signature)
    author = authorship(replace(checked.plan, signed=signed), workspace.policy, workspace.catalog)
    if author.signed or not author.why:
        return checked
    agent = workspace.policy.agents.get(checked.plan.agent)
    severity = Severity.ERROR if agent and agent.signs else Severity.WARNING
    return _with(checked, _unproven(path, severity, author.why, agent.keys_place if agent else None))


def _with(checked: Checked, found: Diagnostic) -> Checked:
    return replace(checked, diagnostics=(*checked.diagnostics, found))


def _unproven(path: Path, severity: Severity, why: str, place: Span | None = None) -> Diagnostic:
    rule = f" Its agent's keys stand at {place}." if place else ""
    from shlex import quote

    signs = severity is Severity.ERROR
    return Diagnostic(
        severity=severity,
        code=DENIED if signs else "unproven-author",
        summary="Plan not signed by its agent" if signs else "Signature not checked",
        detail=f"{why[0].upper()}{why[1:]}.{rule}",
        hint=f"The agent signs it with: {COMMAND} {quote(str(path))}" if signs else "",
        span=Span(str(path), 1, 1),
    )


def beside(path: Path) -> str | None:
    """Return what ``PLAN.sig`` holds, None where there is no such file. Raises Invalid where it cannot be read."""
    name = Path(f"{path}{SUFFIX}")
    try:
        with os.fdopen(os.open(name, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise Invalid("The signature cannot be read", f"{name} is not a file.")
            data = file.read(_LARGEST + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Invalid("The signature cannot be read", f"{name}: {error.strerror}.") from error
    if len(data) > _LARGEST:
        raise Invalid("The signature cannot be read", f"{name} has more than {_LARGEST // 1024} KiB.")
    return data.decode("ascii", "replace")


def seal(signed: Signed, digest: str, vault: Vault) -> str:
    """Return ``signed`` as the changeset ``digest`` keeps it: a plan's text may hold what may not stand in clear."""
    wire = {"signature": signed.signature, "source": b2a_base64(signed.source, newline=False).decode()}
    return b2a_base64(vault.seal(canonical(wire), _context(digest)), newline=False).decode()


def with_signed(changeset: ChangeSet, vault: Vault | None) -> ChangeSet:
    """Return ``changeset`` with its plan's signed text, as far as ``vault`` can open it: else nothing is proven."""
    if not changeset.proof or vault is None:
        return changeset
    try:
        wire = json.loads(vault.open(a2b_base64(changeset.proof, strict_mode=True), _context(changeset.digest)))
    except ValueError:
        return changeset
    signed = Signed(source=a2b_base64(wire["source"], strict_mode=True), signature=wire["signature"])
    return replace(changeset, plan=replace(changeset.plan, signed=signed))


def _context(digest: str) -> bytes:
    return canonical(["plan", digest])
