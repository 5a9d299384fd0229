"""The workspaces that are measured: rows of a database, records in memory, and Terraform's builtin resource."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from measure import Command, Spent, spend

AGENTCTL = str(Path(sys.executable).with_name("agentctl"))
_WORKSPACE = """\
version: 1
kind: Workspace
tenant: acme
environment: bench
policy: policy.yaml
connectors:
  crm: {type: sql, url: "sqlite:///crm.db"}
  mem: {type: memory}
"""
_POLICY = """\
version: 1
kind: Policy
agents:
  bot: {roles: [mover]}
roles:
  mover:
    grants:
      - actions: ["crm.row.update"]
        targets: ["customers/*"]
        fields: [tier]
        where: 'before.region == "eu"'
        mode: approve
      - {actions: ["mem.record.create"], mode: approve}
people:
  somebody: {groups: [on-call], aliases: [PERSON]}
rollback: {from: [on-call]}
"""


@dataclass(frozen=True, slots=True)
class World:
    """A workspace with a plan of so many steps in ``plan.yaml``."""

    folder: Path

    def command(self, *arguments: str) -> Command:
        return [AGENTCTL, *arguments]

    def agentctl(self, *arguments: str, typed: str = "") -> Spent:
        return spend(self.command(*arguments), self.folder, typed=typed)

    def written(self, kind: str) -> list[Path]:
        """Return the files of the trace."""
        return sorted((self.folder / ".agentctl" / kind).glob("*.jsonl"))


def rows(folder: Path, steps: int) -> World:
    """A plan that reads ``steps`` rows of a SQLite database and changes one field of each."""
    with closing(_database(folder)) as database, database:
        database.execute("CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT, region TEXT, tier TEXT)")
        database.executemany(
            "INSERT INTO customers VALUES (?, ?, 'eu', 'monthly')",
            ((number, f"Customer {number}") for number in range(1, steps + 1)),
        )
    return _world(folder, (("crm.row.update", f"customers/{n}", "{tier: annual}") for n in range(1, steps + 1)))


def records(folder: Path, steps: int) -> World:
    """A plan that creates ``steps`` records in memory: like Terraform's resource, with no system behind it."""
    _database(folder).close()
    return _world(folder, (("mem.record.create", "customers", f"{{name: n{n}}}") for n in range(1, steps + 1)))


def terraform() -> bool:
    return shutil.which("terraform") is not None


@dataclass(frozen=True, slots=True)
class Blocks:
    """A Terraform configuration of so many ``terraform_data`` blocks: its builtin resource, without a plug-in."""

    folder: Path

    def run(self, *arguments: str) -> Spent:
        return spend(["terraform", *arguments], self.folder)

    def forget(self) -> None:
        for name in ("terraform.tfstate", "terraform.tfstate.backup"):
            (self.folder / name).unlink(missing_ok=True)


YES = "yes\n"
PLAN = ("plan", "-input=false", "-no-color")
APPLY = ("apply", "-input=false", "-no-color", "-auto-approve")


def blocks(folder: Path, count: int) -> Blocks:
    folder.mkdir(parents=True)
    os.environ["TF_CLI_CONFIG_FILE"] = os.devnull
    os.environ["CHECKPOINT_DISABLE"] = "1"
    (folder / "main.tf").write_text(
        "".join(f'resource "terraform_data" "s{n}" {{\n  input = "n{n}"\n}}\n' for n in range(count))
    )
    subprocess.run(["terraform", "init", "-input=false"], cwd=folder, check=True, capture_output=True)
    return Blocks(folder)


def _database(folder: Path) -> sqlite3.Connection:
    folder.mkdir(parents=True)
    return sqlite3.connect(folder / "crm.db")


def _world(folder: Path, steps: Iterable[tuple[str, str, str]]) -> World:
    import getpass

    (folder / "agentctl.yaml").write_text(_WORKSPACE)
    (folder / "policy.yaml").write_text(_POLICY.replace("PERSON", getpass.getuser()))
    lines = ["version: 1", "kind: Plan", "intent: Move everybody to another tier.", "agent: bot", "steps:"]
    for number, (action, target, with_) in enumerate(steps, start=1):
        lines += [
            f"  - id: s{number}", f"    action: {action}", f"    target: {target}", f"    with: {with_}",
            "    because: The customer asked for it.", "    needs: []",
        ]
    (folder / "plan.yaml").write_text("\n".join(lines) + "\n")
    subprocess.run([AGENTCTL, "init"], cwd=folder, check=True, capture_output=True)
    return World(folder)
