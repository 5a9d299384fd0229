"""Workspaces on disk around a memory connector whose faults a test can choose."""

from __future__ import annotations

import getpass
import os
from contextlib import nullcontext
from pathlib import Path

import pytest

from agentctl.connectors.base import Instance
from agentctl.connectors.memory import TYPE
from agentctl.engine.ports import Systems
from agentctl.model.canonical import digest_bytes
from agentctl.model.decision import Consent, ConsentKind
from agentctl.model.run import RunStatus
from agentctl.planfile.load import loads
from agentctl.workspace import making
from agentctl.workspace.history import read_history
from agentctl.workspace.previewing import preview_plan
from agentctl.workspace.running import Control, carry_out, resume
from agentctl.workspace.workspace import Workspace

POLICY = """
version: 1
kind: Policy
agents:
  bot: {roles: [all]}
roles:
  all:
    grants:
      - {actions: ["mem.record.*"], targets: ["**"], mode: approve}
      - {actions: ["mem.record.read"], targets: ["**"]}
      - {actions: ["mem.note.send"], targets: ["**"], mode: approve}
people:
  me: {groups: [on-call], aliases: [USER]}
rollback: {from: [on-call]}
"""
FILE = """
version: 1
kind: Workspace
tenant: acme
environment: test
policy: policy/
connectors:
  mem: {type: memory}
"""


class FreeBrake:
    """Nobody stops the run."""

    def asked(self) -> str:
        return ""

    def call(self):
        return nullcontext()


class World:
    """One workspace and one memory system; ``wrap`` puts a faulty connector in between."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "policy").mkdir(parents=True)
        (root / "agentctl.yaml").write_text(FILE)
        self.policy(POLICY)
        self.environ = {"AGENTCTL_KEY_FILE": str(root.parent / "key"), **os.environ}
        making.make(root, self.environ, policy="", group="")
        self.memory = TYPE.open(Instance(name="mem", settings={}, root=str(root)))
        self.wrap = lambda connector: connector
        self.seen: list = []

    def policy(self, text: str) -> None:
        self.rules = text
        (self.root / "policy/policy.yaml").write_text(text.replace("USER", getpass.getuser()))

    @property
    def workspace(self) -> Workspace:
        """The workspace, opened anew as another command would."""
        workspace = Workspace.open(self.root, self.environ)
        workspace.__dict__["systems"] = Systems({"mem": self.wrap(self.memory)})
        return workspace

    def preview(self, steps: str, *, on_failure: str = "stop", repeat: int = 0):
        plan = f"version: 1\nkind: Plan\nintent: test\nagent: bot\non_failure: {on_failure}\nsteps:\n{steps}"
        workspace = self.workspace
        return preview_plan(workspace, loads(plan.encode(), "plan.yaml", workspace.catalog), repeat=repeat)

    def apply(self, steps: str, *, consent: Consent | None = None, **options):
        preview = self.preview(steps, **options)
        return self.carry_out(preview, consent)

    def carry_out(self, preview, consent: Consent | None = None, left=None):
        workspace = self.workspace
        workspace.save_changeset(preview)
        given = consent or self.yes(preview)
        ended = carry_out(workspace, preview, given, self.control, left)
        check_known(workspace, ended.run)
        return ended

    def resume(self, run: str = "latest"):
        workspace = self.workspace
        ended = resume(workspace, run, self.control)
        check_known(workspace, ended.run)
        return ended

    @staticmethod
    def yes(preview) -> Consent:
        """Everything a person could say yes to."""
        actions = {change.action for change in preview.changeset.changes}
        return Consent(
            kind=ConsentKind.YES, digest=preview.changeset.digest, person="me", at="now", groups=tuple(sorted(actions))
        )

    @property
    def control(self) -> Control:
        return Control(timeout=0.0, brake=FreeBrake(), observe=self.seen.append)

    def run(self, name: str = "latest"):
        return self.workspace.run(name)


def check_known(workspace: Workspace, name: str) -> None:
    """Whoever writes a run knows of its steps what its trace tells of them."""
    run = read_history(workspace.layout.trace).run(name)
    (path,) = workspace.layout.trace.glob(f"*-run-{name}.jsonl")
    known = workspace._reading._known.get(digest_bytes(path.read_bytes()))
    if known is None:
        assert run.resumes or run.status in (RunStatus.OPEN, RunStatus.ABANDONED), "what was written is known"
    else:
        assert tuple(known.values()) == run.steps


@pytest.fixture
def world(tmp_path):
    return World(tmp_path / "workspace")
