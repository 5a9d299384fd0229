"""A changeset edited by a person: opened as a draft, previewed anew, and recorded as what it was and what it became."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agentctl.engine import edit
from agentctl.engine.preview import Preview
from agentctl.engine.protect import Protector
from agentctl.errors import Usage
from agentctl.facts import replace
from agentctl.model.edit import differences, step_edits
from agentctl.model.plan import Plan, Step, argument_to_wire
from agentctl.model.snapshot import Address
from agentctl.planfile.draft import read_arguments
from agentctl.syntax.writing import written
from agentctl.trace.record import Kind
from agentctl.views.safe import line
from agentctl.workspace.planning import Meant, plan_of
from agentctl.workspace.previewing import preview_plan
from agentctl.workspace.unlocking import locked, record_act
from agentctl.workspace.workspace import Workspace

_SHORT = 12


def subject_of(workspace: Workspace, name: str) -> Meant:
    """Return what ``name``, a plan file or a changeset's digest or file, means. A plan's changeset is stored.

    Raises Usage for a rollback.
    """
    meant = plan_of(workspace, name)
    if meant.digest:
        return meant
    preview = preview_plan(workspace, meant.plan)
    workspace.save_changeset(preview)
    return Meant(plan=preview.plan, digest=preview.changeset.digest)


def short(subject: Meant) -> str:
    return subject.digest.removeprefix("sha256:")[:_SHORT]


def draft(workspace: Workspace, subject: Meant, name: str) -> str:
    """Return step ``name`` as the text a person edits. Raises Usage."""
    step = edit.step_of(subject.plan, name)
    spec = workspace.specs[step.action]
    shown, kept = edit.draft(step, spec)
    facts = [
        f"Step {step.id} of changeset {short(subject)}: {step.action} on {line(step.target)}",
        "",
        "Below is what the action is given. Change it, save, and close the editor: you",
        "are then shown the new changeset, and nothing is done before it is applied.",
        "To change nothing, empty this file or leave it as it is.",
    ]
    if takes := sorted(spec.arguments.get("properties", ())):
        facts.append(f"It takes: {', '.join(takes)}.")
    if kept:
        names = ", ".join(map(line, kept))
        facts.append(f"Sensitive, so not shown, and kept as it is unless you write it anew: {names}.")
    return "".join(f"# {fact}".rstrip() + "\n" for fact in facts) + "\n" + written(shown)


def rewritten(workspace: Workspace, subject: Meant, name: str, text: bytes, file: str) -> Plan | None:
    """Return the plan with step ``name`` given what ``text`` says; None where that is nothing, or nothing new.

    Raises Invalid with every diagnostic, at the lines of ``text``, which messages call ``file``.
    """
    if _is_empty(text):
        return None
    step = edit.step_of(subject.plan, name)
    spec = workspace.specs[step.action]
    _, kept = edit.draft(step, spec)
    # What is kept is not in the text, so that only the whole plan can be judged by what is missing.
    arguments = read_arguments(text, file, None if kept else spec)
    return edit.changed(subject.plan, step, arguments, kept, workspace.catalog)


def editor_of(workspace: Workspace, name: str) -> str:
    """Return who edits: the person of the policy called ``name``, or who runs this. Raises Usage where that is nobody.

    Who runs this may be nobody in the policy; where signatures are needed, it then refuses what they made.
    """
    person = workspace.policy.person(name or workspace.person)
    if person is None and name:
        raise Usage("Nobody of that name", f"`{name}` is nobody in the policy's `people:`.")
    return person.name if person else workspace.person


def keep(
    workspace: Workspace, subject: Meant, plan: Plan, person: str, timeout: float, out: Path | None = None
) -> Preview | None:
    """Preview ``plan``, what ``person`` made of ``subject``, store it, and record the edit; None where nothing is new.

    Raises as ``Workspace.preview``, or Locked.
    """
    made = edit.by_person(subject.plan, plan, person, subject.digest)
    if made is None:
        return None
    preview = preview_plan(workspace, made, repeat=subject.repeat)
    protector = Protector(workspace.vault, large=True)
    body = _act(subject, preview, person, protector)
    with locked(workspace, "", timeout):
        workspace.save_changeset(replace(preview, hidden={**preview.hidden, **protector.values}), out)
        record_act(workspace, Kind.EDIT, body)
    return preview


def _act(subject: Meant, preview: Preview, person: str, protector: Protector) -> dict[str, object]:
    """Return what the trace says of an edit; values hidden in the changeset, and large ones, as commitments only."""
    now = {step.id: step for step in preview.plan.steps}
    before = {step.id: step for step in subject.plan.steps}
    return {
        "from": subject.digest,
        "to": preview.changeset.digest,
        "by": person,
        "host": socket.gethostname(),
        "changed": [name for name, step in before.items() if name in now and now[name] != step],
        "left_out": [name for name in before if name not in now],
        "steps": [
            {
                "step": item.wrote.id,
                "kind": item.kind.value,
                "fields": [] if item.made is None else list(
                    differences(_wire(item.wrote, protector), _wire(item.made, protector))
                ),
            }
            for item in step_edits(preview.changeset.plan)
        ],
    }


def _wire(step: Step, protector: Protector) -> Mapping[str, Any]:
    short = protector.large_arguments(step, Address(f"{step.instance}/{step.target}"))
    return {name: argument_to_wire(argument) for name, argument in short.with_.items()}


def _is_empty(text: bytes) -> bool:
    return all(not row.strip() or row.lstrip().startswith(b"#") for row in text.splitlines())
