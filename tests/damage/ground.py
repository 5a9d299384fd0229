"""A workspace with a history, everything agentctl keeps of its own in it, and the command line as a function."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from agentctl.cli.boundary import run
from agentctl.store.lock import acquire
from agentctl.store.owner import myself

PERSON = "maria"
SECRET = "tok-5eCr3t-1"
PATIENCE = 20       # seconds after which a command counts as hanging; none needs more than a fraction of one

FILE = {
    "version": 1,
    "kind": "Workspace",
    "tenant": "acme",
    "environment": "staging",
    "policy": "policy.yaml",
    "connectors": {
        "mem": {"type": "memory", "path": "world.json", "sensitive": ["token"]},
        "site": {"type": "file", "root": "./site"},
    },
    "witness": {"file": "../witness"},
}
POLICY = {
    "version": 1,
    "kind": "Policy",
    "agents": {"helper": {"roles": ["all"]}, "other": {"roles": ["all"]}},
    "roles": {
        "all": {
            "grants": [
                {"id": "writes", "actions": ["mem.record.create", "mem.record.update", "site.*"], "mode": "approve"},
                {"id": "deletes", "actions": ["mem.record.delete"], "mode": "approve",
                 "approvals": {"count": 1, "from": ["leads"]}},
            ]
        },
    },
    "people": {"on-call-1": {"groups": ["on-call"], "aliases": [PERSON]}},
    "rollback": {"from": ["on-call"], "approvals": {"count": 0}},
    "unhalt": {"from": ["on-call"]},
}
WORLD = ('{"serial": 2, "records": {"customers/1": {"tier": "monthly"}, "customers/9": {"tier": "old"}}, '
         '"versions": {"customers/1": 1, "customers/9": 2}, "keys": {}, "outbox": []}')


class Said(NamedTuple):
    """How a command ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def all(self) -> str:
        return self.out + self.err


class Hangs(Exception):  # what is told of it
    """A command takes so long that somebody at a terminal would have given up."""


class _Typed(io.StringIO):
    def isatty(self) -> bool:
        return True


@dataclass(frozen=True, kw_only=True)
class Ground:
    """One workspace. The key, signing keys, the witness and copies of what was lie beside it."""

    base: Path

    @property
    def root(self) -> Path:
        return self.base / "ws"

    @property
    def ours(self) -> Path:
        return self.root / ".agentctl"

    @property
    def key(self) -> Path:
        return self.base / "key"

    def type(self, *arguments: str | Path, answers: str = "") -> Said:
        """Run a command in this process; with ``answers`` on a terminal where they are typed."""
        out, err = io.StringIO(), _Typed() if answers else io.StringIO()
        stdin = _Typed(answers) if answers else io.StringIO()
        with _as_in(self.root, self.environ()), _deadline(), contextlib.redirect_stdout(out):
            kept, sys.stdin = sys.stdin, stdin
            try:
                with contextlib.redirect_stderr(err):
                    code = run([str(argument) for argument in arguments])
            finally:
                sys.stdin = kept
        return Said(code, out.getvalue(), err.getvalue())

    def environ(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
        return {
            **kept, "HOME": str(self.base / "home"), "LOGNAME": PERSON, "COLUMNS": "160", "NO_COLOR": "1",
            "AGENTCTL_KEY_FILE": str(self.key),
        }

    def done(self, *arguments: str | Path, answers: str = "") -> Said:
        """Run a command that must succeed."""
        said = self.type(*arguments, answers=answers)
        assert said.code == 0, f"{arguments}: {said.code}\n{said.all}"
        return said

    def plan(self, *steps: Mapping[str, Any], name: str = "plan.yaml", **more: Any) -> str:
        wire = {"version": 1, "kind": "Plan", "intent": "Try it.", "agent": "helper", "steps": list(steps), **more}
        (self.root / name).write_text(yaml.safe_dump(wire, sort_keys=False))
        return name

    @contextlib.contextmanager
    def busy(self) -> Iterator[None]:
        """Hold the workspace's lock, as a run going on would."""
        with acquire(self.ours / "lock", myself(run="", person=PERSON, now=datetime.now(UTC))):
            yield

    def world(self) -> dict[str, bytes]:
        """Return all that the systems of record hold."""
        files = [self.root / "world.json", *sorted((self.root / "site").rglob("*"))]
        return {str(path): path.read_bytes() for path in files if path.is_file()}

    def digest_of(self, name: str) -> str:
        """Return the digest, without its prefix, that the plan called ``name`` had when it was planned."""
        return (self.base / "digests" / name).read_text()

    @property
    def first(self) -> str:
        """The id of the first run."""
        return (self.base / "digests" / "first").read_text()

    def keep(self) -> None:
        """Remember how everything is now."""
        shutil.copytree(self.base, self._kept, symlinks=True)

    def renewed(self) -> Ground:
        """Return it as it was kept, where it was: systems, and so consent, go by their paths."""
        shutil.rmtree(self.base)
        shutil.copytree(self._kept, self.base, symlinks=True)
        return self

    def restore(self, path: Path) -> None:
        """Put one thing back as it was kept."""
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
        was = self._kept / path.relative_to(self.base)
        if was.is_dir():
            shutil.copytree(was, path, symlinks=True)
        else:
            shutil.copy2(was, path)

    @property
    def _kept(self) -> Path:
        return self.base.with_name(f"{self.base.name}-kept")


def step(id: str, action: str, target: str, with_: Mapping[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return {"id": id, "action": action, "target": target, **({"with": with_} if with_ else {}), **more}


def build(base: Path) -> Ground:
    """Make a workspace in which much has happened, and copies of how it was before the last of it."""
    ground = bare(base)
    _first_run(ground)
    gone = _digest(ground, step("gone", "mem.record.delete", "customers/9"), name="gone.yaml")
    approved = ground.type("approve", gone, "--as", "ann", "--key", base / "ann", answers="yes\n")
    assert approved.code == 0, approved.all
    ground.done("apply", gone, answers="yes\n")
    ground.done("rollback", ground.first, "--step", "page", answers="yes\nyes\n")
    waiting = _digest(ground, step("again", "mem.record.delete", "customers/1"), name="waiting.yaml")
    ground.done("approve", waiting, "--as", "ann", "--key", base / "ann", answers="yes\n")
    refused = _digest(ground, step("no", "mem.record.update", "customers/1", {"tier": "never"}), name="refused.yaml")
    _keep(ground, "older")
    _digest(ground, step("later", "mem.record.update", "customers/7", {"tier": "gold"}), name="later.yaml")
    ground.done("apply", "later.yaml", answers="yes\n")
    with ground.busy():
        ground.done("halt", "--agent", "other", "--reason", "it goes too far")
        ground.done("reject", refused, "--as", "ann", "--key", base / "ann", "--reason", "nobody asked for it")
    ground.plan(step("next", "mem.record.update", "customers/1", {"tier": "gold"}), name="next.yaml")
    ground.keep()
    return ground


def bare(base: Path) -> Ground:
    """Make a workspace in which nothing has happened."""
    ground = Ground(base=base)
    (ground.root / "site").mkdir(parents=True)
    (base / "home").mkdir()
    (ground.root / "world.json").write_text(WORLD)
    (ground.root / "site/index.html").write_text("<p>$12</p>\n")
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "ann", "-f", base / "ann"], check=True)
    leads = {"ann": {"groups": ["leads"], "keys": [(base / "ann.pub").read_text().strip()]}}
    policy = {**POLICY, "people": {**POLICY["people"], **leads}}
    (ground.root / "agentctl.yaml").write_text(yaml.safe_dump(FILE, sort_keys=False))
    (ground.root / "policy.yaml").write_text(yaml.safe_dump(policy, sort_keys=False))
    ground.done("init")
    return ground


def foreign(base: Path) -> Ground:
    """Make another workspace, with a run of its own."""
    ground = bare(base)
    _first_run(ground)
    gone = _digest(ground, step("gone", "mem.record.delete", "customers/9"), name="gone.yaml")
    ground.done("approve", gone, "--as", "ann", "--key", base / "ann", answers="yes\n")
    refused = _digest(ground, step("no", "mem.record.update", "customers/7", {"tier": "never"}), name="refused.yaml")
    with ground.busy():
        ground.done("halt", "--agent", "other", "--reason", "it goes too far")
        ground.done("reject", refused, "--as", "ann", "--key", base / "ann", "--reason", "nobody asked for it")
    return ground


def _first_run(ground: Ground) -> None:
    _digest(
        ground,
        step("tier", "mem.record.update", "customers/1", {"tier": "annual", "token": SECRET}),
        step("page", "site.text.replace", "index.html", {"find": "$12", "replace": "$10", "count": 1}),
        step("client", "mem.record.create", "customers/7", {"name": "Barbara"}),
        name="plan.yaml",
    )
    ground.done("apply", "plan.yaml", answers="yes\n")
    (run,) = ground.ours.glob("trace/*-run-*")
    (ground.base / "digests" / "first").write_text(run.stem.rpartition("-")[2])


def _digest(ground: Ground, *steps: Mapping[str, Any], name: str) -> str:
    ground.plan(*steps, name=name)
    digest = json.loads(ground.done("plan", name, "--format", "json").out)["digest"]
    (ground.base / "digests").mkdir(exist_ok=True)
    (ground.base / "digests" / name.removesuffix(".yaml")).write_text(digest.removeprefix("sha256:"))
    return str(digest)


def _keep(ground: Ground, name: str) -> None:
    kept = ground.base / name
    kept.mkdir()
    shutil.copytree(ground.ours, kept / "ours")
    shutil.copy2(ground.base / "witness", kept / "witness")


@contextlib.contextmanager
def _as_in(folder: Path, environ: Mapping[str, str]) -> Iterator[None]:
    here, kept = Path.cwd(), dict(os.environ)
    os.environ.clear()
    os.environ.update(environ)
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(here)
        os.environ.clear()
        os.environ.update(kept)


@contextlib.contextmanager
def _deadline() -> Iterator[None]:
    def late(*_: object) -> None:
        raise Hangs

    kept = signal.signal(signal.SIGALRM, late)
    signal.alarm(PATIENCE)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, kept)
