"""The loop without its command line: preview, gate, apply and rollback of a workspace, in this process."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

from agentctl.engine.rollback import Selection
from agentctl.model.decision import Consent, ConsentKind
from agentctl.planfile.load import loads
from agentctl.workspace.previewing import preview_plan, preview_rollback
from agentctl.workspace.running import Control, Ended, carry_out
from agentctl.workspace.workspace import Workspace
from tests.e2e.house import House


class FreeBrake:
    """Nobody stops the run."""

    def asked(self) -> str:
        return ""

    def call(self):
        return nullcontext()


@contextmanager
def opened(house: House) -> Iterator[Workspace]:
    """Open the workspace anew, as another command would."""
    environ = {"AGENTCTL_KEY_FILE": str(house.key)}
    workspace = Workspace.open(house.root, environ)
    try:
        yield workspace
    finally:
        for connector in workspace.systems.connectors.values():
            connector.close()


def plan(steps: Sequence[Mapping[str, Any]]) -> bytes:
    return json.dumps({"version": 1, "kind": "Plan", "intent": "x", "agent": "helper", "steps": list(steps)}).encode()


def apply(house: House, steps: Sequence[Mapping[str, Any]]) -> Ended:
    """Carry out a plan somebody said yes to. Raises Invalid where it cannot be."""
    with opened(house) as workspace:
        preview = preview_plan(workspace, loads(plan(steps), "plan.yaml", workspace.catalog))
        workspace.save_changeset(preview)
        return carry_out(workspace, preview, yes(preview), CONTROL)


def rollback(house: House, run: str = "latest", selection: Selection | None = None) -> Ended | None:
    """Undo a run; None where nothing was left to undo."""
    with opened(house) as workspace:
        done = workspace.run(run)
        if not any(step.status.acted for step in done.steps):
            return None
        undoing = preview_rollback(workspace, done, selection or Selection())
        if undoing.preview is None:
            return None
        workspace.save_changeset(undoing.preview)
        return carry_out(workspace, undoing.preview, yes(undoing.preview), CONTROL, undoing.left)


def yes(preview) -> Consent:
    groups = tuple(sorted({change.action for change in preview.changeset.changes}))
    return Consent(kind=ConsentKind.YES, digest=preview.changeset.digest, person="maria", at="now", groups=groups)


CONTROL = Control(timeout=0.0, brake=FreeBrake(), observe=lambda record: None)
