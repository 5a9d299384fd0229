"""One workspace, opened: everything a command may ask of it, each part wired only when it is asked for."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from agentctl.connectors.base import Connector
from agentctl.engine.authoring import author_of
from agentctl.engine.breakers import gauges
from agentctl.engine.gate import Judge
from agentctl.engine.ports import Systems
from agentctl.engine.preview import Preview
from agentctl.errors import Invalid, Tampered, Usage
from agentctl.facts import replace
from agentctl.identity import keys
from agentctl.identity.secret import Secrets
from agentctl.identity.vault import Vault
from agentctl.model.action import ActionSpec
from agentctl.model.authorship import CLAIMED, Authorship
from agentctl.model.breaker import Gauge
from agentctl.model.changeset import ChangeSet, Purpose
from agentctl.model.clock import Clocks, decision_time
from agentctl.model.diagnostic import Diagnostic
from agentctl.model.halt import Halt
from agentctl.model.plan import Plan
from agentctl.model.retention import dropped
from agentctl.model.run import History, Run, StepRun
from agentctl.planfile.catalog import Catalog
from agentctl.planfile.evidence import checking
from agentctl.policy.rules import Policy
from agentctl.store import changesets, halts, packs
from agentctl.store.changesets import ChangeSets
from agentctl.store.layout import Layout
from agentctl.trace.chain import Found
from agentctl.trace.checkpoint import NAMESPACE, Places
from agentctl.workspace import clock, lineage, proving
from agentctl.workspace.connecting import Connectors, Specs
from agentctl.workspace.file import WorkspaceFile, find
from agentctl.workspace.file import load as load_file
from agentctl.workspace.history import Reading
from agentctl.workspace.policy_place import pinned
from agentctl.workspace.tokens import tokens_in
from agentctl.workspace.vouching import vouching
from agentctl.workspace.watching import in_force

if TYPE_CHECKING:
    from agentctl.identity.broker.broker import Broker
    from agentctl.workspace.policy import PolicySource

Tell: TypeAlias = Callable[[str], None]


class Workspace:
    """A folder with ``agentctl.yaml``. Opening it reads that file and nothing else."""

    @classmethod
    def open(
        cls, start: Path, environ: Mapping[str, str], tell: Tell = lambda _: None, *, policy: str = ""
    ) -> Workspace:
        """Return the workspace at or above ``start``. Raises Usage where there is none, Invalid where it is wrong.

        ``tell`` takes warnings to whoever is there: of what went wrong beside what was asked for. ``policy`` is the
        git ref that stands in the place of the policy the workspace's file names.
        """
        file = load_file(find(start))
        return cls(replace(file, policy=pinned(policy, file.policy)) if policy else file, environ, tell)

    def __init__(self, file: WorkspaceFile, environ: Mapping[str, str], tell: Tell = lambda _: None) -> None:
        self.file = file
        self.tell = tell
        self.root = file.root
        self.environ = environ
        self.clocks: Callable[[], Clocks] = clock.machine

    def now(self) -> datetime:
        """Return what the wall clock shows: for telling when, never for deciding whether."""
        return self.clocks().wall

    def time(self) -> datetime:
        """Return the time every decision is made by: the wall clock, never before the last record."""
        return decision_time(self.now(), clock.last_record(self.history()))

    def check_clock(self) -> None:
        """Raise Refused where this machine's clock can't be believed: nothing may begin, and nobody sign, by it."""
        clock.check(self.clocks(), self.history())

    def timestamp(self) -> str:
        return self.now().isoformat(timespec="seconds").replace("+00:00", "Z")

    @cached_property
    def layout(self) -> Layout:
        folder = self.root / lineage.FOLDER
        if not folder.is_dir():
            raise Usage(
                "The workspace is not initialised",
                f"{self.root} has agentctl.yaml but no {lineage.FOLDER}.",
                hint="To give it a lineage and a key, run:",
                command="agentctl init",
            )
        return Layout.of(folder)

    @cached_property
    def lineage(self) -> str:
        return lineage.read(self.layout.root)

    @property
    def key_path(self) -> Path:
        """Where the key is. Raises NoKey where that is within the workspace."""
        return keys.outside(keys.place_in(self.lineage, self.environ), self.root)

    @cached_property
    def held_key(self) -> keys.Key:
        """The key this machine has, whether it is still in force or not. Raises NoKey, saying who can help."""
        return keys.load(self.key_path, self.lineage)

    @cached_property
    def key(self) -> keys.Key:
        """The key of this lineage, to seal and sign with. Raises NoKey, of one that was replaced as well."""
        from agentctl.workspace.succession import in_force

        return in_force(self.held_key, self.key_path, self.layout.trace, self.lineage)

    def forget_key(self) -> None:
        """Read the key anew when it is asked for next."""
        for name in ("held_key", "key", "vault", "vault_if_any"):
            self.__dict__.pop(name, None)

    @cached_property
    def vault(self) -> Vault:
        return Vault(self.key)

    @property
    def secrets(self) -> Secrets:
        """Where the values of secrets are; none is looked at before it is asked for."""
        return Secrets(
            sources=self.file.secrets, root=self.root, environ=self.environ,
            withheld=tokens_in(self.file.connectors),
        )

    @property
    def withheld(self) -> frozenset[str]:
        """The environment variables that hold what is secret: no program that is started gets them."""
        return self.secrets.variables | tokens_in(self.file.connectors)

    @cached_property
    def broker(self) -> Broker:
        """What gives the tokens of connectors; nobody is asked for one before it is needed."""
        from agentctl.workspace.brokering import broker

        return broker(self)

    def forget_tokens(self) -> None:
        """End the tokens that connectors looked with, where there are any that can be ended."""
        if "broker" in self.__dict__:
            self.broker.close()

    def _token(self, name: str) -> str:
        """Return what connector ``name`` looks with."""
        from agentctl.workspace.brokering import look

        return look(self, name).token

    @cached_property
    def systems(self) -> Systems:
        """The configured connectors, not yet connected. Asking for one raises Invalid where its settings are wrong."""
        return Systems(Connectors(tuple(self.file.connectors), self._opened))

    def _opened(self, name: str) -> Connector:
        from agentctl.connectors.registry import open_connector

        # Who writes a manifest decides what an approved action sends: it is no step's to write, as little as policy.
        manifests = [settings["manifest"] for settings in self.file.connectors.values() if "manifest" in settings]
        reserved = (self.file.policy.path, *(path for path in manifests if isinstance(path, str)))
        try:
            return open_connector(
                name, self.file.connectors[name], str(self.root), tenant=self.file.tenant, reserved=reserved,
                environ=self.environ, tell=self.tell, token=partial(self._token, name),
            )
        except Invalid as error:
            if error.diagnostics:
                raise
            raise Invalid(error.summary, diagnostics=(self._setting_problem(name, error),)) from error

    @cached_property
    def readable(self) -> Systems:
        """The same connectors, unable to act: what is planned and compared with."""
        from agentctl.connectors.layers import ReadOnly

        return Systems(
            Connectors(tuple(self.systems.connectors), lambda name: ReadOnly(self.systems.connectors[name]))
        )

    def _setting_problem(self, name: str, error: Invalid) -> Diagnostic:
        found = self.file.document.diagnostic(
            "connector-setting", error.summary, error.detail, error.hint, ("connectors", name)
        )
        return replace(found, source="")        # its line may hold what should have stood elsewhere: a password

    @cached_property
    def specs(self) -> Mapping[str, ActionSpec]:
        """Every action by its full name."""
        return Specs(self.systems.connectors)

    @cached_property
    def catalog(self) -> Catalog:
        """What plans may use, as far as it can be told offline."""
        systems = self.systems
        return Catalog(
            actions=self.specs,
            tenant=self.file.tenant,
            environment=self.file.environment,
            agents=frozenset(self.policy.agents),
            secrets=frozenset(self.file.secrets),
            addresses=lambda step: systems.of(step.instance).addresses(step),
            root=self.root,
        )

    @cached_property
    def policy(self) -> Policy:
        from agentctl.workspace.policy import load_policy

        return load_policy(self.policy_source)

    @cached_property
    def policy_source(self) -> PolicySource:
        """Where the policy is read from; a git ref is resolved once. Raises Invalid where it can't be."""
        from agentctl.workspace.policy import open_policy

        return open_policy(self.root, self.file.policy)

    @cached_property
    def person(self) -> str:
        """Who runs this, as the operating system says: a claim, unless policy's people have it as an alias."""
        return getpass.getuser()

    @property
    def changesets(self) -> ChangeSets:
        return ChangeSets(self.layout.changesets, self.layout.file_mode)

    @property
    def places(self) -> Places:
        """Where the trace is written, and by whose signature its files are closed."""
        from agentctl.identity.sshsig import sign

        key = keys.signing(self.key, self.key_path)
        return Places(
            trace=self.layout.trace,
            checkpoints=self.layout.checkpoints,
            lineage=self.lineage,
            sign=lambda message: sign(message, seed=key.signing, namespace=NAMESPACE),
            mode=self.layout.file_mode,
        )

    def history(self) -> History:
        """Return everything the trace tells now; another process may be writing it."""
        return self._reading.history()

    def walk(self) -> Iterator[Found]:
        """Yield what the trace holds by now, in order: of a long one what is signed as one, and not each line of it."""
        return self._reading.walk()

    def know_steps(self, digest: str, steps: Mapping[str, StepRun]) -> None:
        """Take from who wrote a run how its steps stand, where the bytes of its closed file have ``digest``."""
        self._reading.know(digest, steps)

    def halts(self) -> tuple[Halt, ...]:
        """Return every halt in force: those the trace tells, and those asked for or tripped that it does not yet."""
        asked = halts.asked(self.layout)        # first: what is recorded meanwhile is then found in the trace
        return in_force(self.history(), asked)

    def gauges(self, plan: Plan) -> tuple[Gauge, ...]:
        """Return how far today's breakers are from halting ``plan``."""
        return gauges(self.history(), self.policy.breakers, plan, self.time())

    @cached_property
    def _reading(self) -> Reading:
        return Reading(self.layout.trace, self.layout.checkpoints, lambda: vouching(self))

    def whole_history(self) -> History:
        """Return the same. Raises Tampered where it is damaged or gone: what was done already could not be told."""
        from agentctl.trace import tail

        files = tail.newest(self.layout.trace, self.layout.checkpoints)
        history = self.history()
        if history.damage or not files:
            where = history.damage[0] if history.damage else f"{self.layout.trace}: there is none"
            raise Tampered(
                "The trace is damaged",
                f"{where}. What was done already cannot be told from it, so nothing is planned.",
                command="agentctl verify",
            )
        return history

    def values(self, run: Run) -> Mapping[str, Any]:
        """Return the hidden values of ``run``, and of the runs whose steps it carries, as far as they can be read."""
        found: dict[str, Any] = {}
        for name in {run.id, *run.carried.values()}:
            found.update(packs.read(self.layout.packs, name, self.vault_if_any).values)
        return found

    @cached_property
    def vault_if_any(self) -> Vault | None:
        """The vault, or None where this machine has no key that works: what only reads works without it."""
        try:
            return Vault(self.held_key)     # also one that was replaced: what it sealed it can read
        except (keys.NoKey, Tampered):
            return None

    def save_changeset(self, preview: Preview, out: Path | None = None) -> None:
        """Store the changeset under its digest, its hidden values encrypted beside; and in a file, where asked."""
        changeset = preview.changeset
        if preview.plan.signed is not None and not changeset.proof:
            changeset = changeset.proven_by(proving.seal(preview.plan.signed, changeset.digest, self.vault))
        self.layout.refill()
        self.changesets.save(changeset)
        name = _pack_of(changeset)
        kept = packs.read(self.layout.packs, name, self.vault).values if preview.hidden else {}
        if not kept.keys() >= preview.hidden.keys():
            packs.save(self.layout.packs, name, preview.hidden, self.vault, self.layout.file_mode)
        if out is not None:
            changesets.write(out, changeset, 0o600)
        for made in (changeset, preview.changeset):
            made.forget_bytes()

    def stored(self, name: str) -> tuple[ChangeSet, Mapping[str, Any]]:
        """Return a stored changeset (digest, its beginning, or a file) and its hidden values."""
        changeset = proving.with_signed(self._load(name), self.vault_if_any)
        return changeset, packs.read(self.layout.packs, _pack_of(changeset), self.vault_if_any).values

    def _load(self, name: str) -> ChangeSet:
        try:
            return self.changesets.load(name)
        except Usage as error:
            gone = dropped(self.history().acts)
            digest = f"sha256:{name.removeprefix('sha256:')}"
            found = [which for which in gone if name and which.startswith(digest)]
            if len(found) != 1:
                raise
            raise Usage(
                "The changeset was dropped",
                f"{found[0]} {gone[found[0]].why}.",
                hint="Plan again what is still wanted: the same effects have the same digest.",
            ) from error

    def stored_here(self, name: str) -> tuple[ChangeSet, Mapping[str, Any]]:
        """Return the same. Raises Invalid where it is another workspace's."""
        changeset, hidden = self.stored(name)
        if changeset.lineage != self.lineage:
            raise Invalid(
                "The changeset is another workspace's", f"It is of lineage {changeset.lineage}, not {self.lineage}."
            )
        return changeset, hidden

    def run(self, name: str) -> Run:
        """Return the run of a full id, a unique beginning of one, or ``latest``. Raises Usage, or Tampered."""
        history = self.history()
        runs = history.runs
        if not runs and history.damage:
            raise self._cannot_be_read(f"{history.damage[0]}. No run can be read from it.")
        if not runs:
            raise Usage("No runs yet", "Nothing has been applied in this workspace.")
        if name == "latest":
            return runs[-1]
        found = [run for run in runs if run.id == name] or [run for run in runs if name and run.id.startswith(name)]
        if len(found) == 1:
            return found[0]
        if not found and history.damage:
            raise self._cannot_be_read(f"{history.damage[0]}. `{name}` is none of the runs that can be read.")
        ids = ", ".join(run.id for run in (found or runs)[-5:])
        problem = "No such run" if not found else "The run's name is not unique"
        raise Usage(problem, f"`{name}` could be one of: {ids}.", hint="`agentctl runs` lists them.")

    def run_to_act_on(self, name: str) -> Run:
        """Return the same. Raises Tampered for the ``latest`` of a damaged trace: it may have told of a later one."""
        run, history = self.run(name), self.history()
        if name == "latest" and history.damage:
            raise self._cannot_be_read(
                f"{history.damage[0]}. Which run is the latest cannot be told from it: name the run that you mean.",
            )
        return run

    def _cannot_be_read(self, why: str) -> Tampered:
        return Tampered(
            "The trace is damaged", why, hint="See what is whole and what is not:", command="agentctl verify"
        )

    def load_plan(self, path: Path) -> Plan:
        """Return the plan at ``path``, with the signature that lies beside it. Raises Invalid."""
        return proving.load(path, self.catalog)

    def judge_now(
        self, purpose: Purpose = Purpose.APPLY, now: datetime | None = None, author: Authorship = CLAIMED
    ) -> Judge:
        """Return what judges now, or at ``now`` where the time is known already."""
        return Judge(
            policy=self.policy,
            systems=self.systems,
            tenant=self.file.tenant,
            environment=self.file.environment,
            now=now or self.time(),
            purpose=purpose,
            person=self.person,
            author=author,
            checked=checking(self.root),
        )

    def judge_of(self, changeset: ChangeSet, hidden: Mapping[str, Any]) -> Judge:
        """Return what judges a stored changeset now, its plan's author proven anew; ``hidden`` are its values."""
        author = author_of(changeset, hidden, self.policy, self.catalog)
        return self.judge_now(changeset.purpose, author=author)


def _pack_of(changeset: ChangeSet) -> str:
    return f"changeset-{changeset.digest.removeprefix('sha256:')}"


def is_plan(path: Path) -> bool:
    """Whether ``path`` is a file, and none that holds a changeset."""
    return path.is_file() and not _is_changeset(path)


def _is_changeset(path: Path) -> bool:
    with path.open("rb") as file:
        return b'"kind":"ChangeSet"' in file.read(4096)

