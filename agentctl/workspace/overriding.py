"""Overrides of soft rules, and broken glass, in a workspace: signed, recorded in the trace, and found there again."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from agentctl.engine.overrides import (
    WeighedOverrides,
    longest,
    may_break_glass,
    may_override,
    soft_denials,
    weigh_overrides,
)
from agentctl.engine.preview import Preview
from agentctl.errors import ConsentMissing, Invalid, Refused, Tampered, Usage
from agentctl.facts import dataclass, replace
from agentctl.identity import statements as files
from agentctl.model.canonical import canonical
from agentctl.model.changeset import ChangeSet
from agentctl.model.clock import corrections, void_before
from agentctl.model.decision import Consent, ConsentKind, Hold, Level, Overridden, Refuse, Ruling
from agentctl.model.duration import spoken
from agentctl.model.override import Override, Statement
from agentctl.model.run import Act, History
from agentctl.syntax.suggest import did_you_mean
from agentctl.trace.record import Kind
from agentctl.workspace import judging
from agentctl.workspace.approving import as_text, short, unrelated
from agentctl.workspace.workspace import Workspace

_USUAL = 3600       # seconds an override is good for where nobody says, if policy lets it be that long
_WAIT = 30.0        # seconds a signed override waits for the workspace before it is lost


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What a person wants to sign: as whom, why, for how long (None: as is usual), with which key."""

    person: str
    reason: str
    seconds: float | None
    key: Path


def of_rules(workspace: Workspace, preview: Preview, names: Sequence[str], wish: Wish) -> Statement:
    """Return the statement that lets ``preview`` pass the rules called ``names``, not yet signed.

    Raises Refused where a rule is hard, or policy does not let the person; Usage where a rule denies nothing.
    """
    denied = soft_denials(preview.decisions)
    rules: dict[str, tuple[str, ...]] = {}
    for name in dict.fromkeys(names):
        _check_soft(workspace, name)
        if name not in denied:
            raise Usage("Nothing to override", f"Rule `{name}` denies no step of this changeset.")
        if wish.person not in (may := may_override(workspace.policy, preview.plan, name)):
            raise _not_theirs(f"override rule `{name}`", wish.person, may)
        rules[name] = denied[name]
    return _statement(workspace, preview.changeset, rules, wish, break_glass=False)


def of_glass(workspace: Workspace, preview: Preview, wish: Wish) -> Statement:
    """Return the statement that breaks the glass for ``preview``, not yet signed.

    Raises Refused where policy does not let the person, Usage where there is nothing it would stand in for.
    """
    if workspace.policy.break_glass is None:
        raise Refused("There is no glass to break", "The policy has no `break_glass:`, so nobody may act alone.")
    if wish.person not in (may := may_break_glass(workspace.policy, preview.plan)):
        raise _not_theirs("break the glass", wish.person, may)
    rules = soft_denials(preview.decisions)
    statement = _statement(workspace, preview.changeset, rules, wish, break_glass=True)
    if not rules and not _waits_for_signatures(workspace, preview):
        raise Usage(
            "Nothing to break the glass for",
            "No soft rule denies this changeset, and no signature is missing.",
            hint="To carry it out:",
            command=f"agentctl apply {short(preview.changeset)}",
        )
    return statement


def supposed(given: Consent, statement: Statement) -> Consent:
    """Return the consent there would be if ``statement`` were signed and counted besides what is ``given``."""
    override = Overridden(
        override=statement.id,
        person=statement.person,
        rules=statement.rules,
        reason=statement.reason,
        until=statement.until,
        breaks_glass=statement.break_glass,
    )
    return replace(given, overrides=(*given.overrides, override))


def sign(workspace: Workspace, changeset: ChangeSet, statement: Statement, key: Path, shown: str) -> Override:
    """Have ``statement`` signed, check that it counts, and record it. ``shown`` is the digest of what was shown.

    Raises Usage where it was not signed, ConsentMissing where it would not count, Locked.
    """
    override = files.sign(replace(statement, shown=shown), key)
    if refused := _weigh(workspace, [override], changeset, "").refused:
        raise ConsentMissing(
            "The override would not count",
            f"{refused[0][1]}.",
            hint="Sign as yourself (--as) with a key that the policy lists under your `keys:` (--key).",
        )
    keep(workspace, override)
    return override


def keep(workspace: Workspace, override: Override) -> None:
    """Record ``override`` in the trace, where it is found again; once."""
    from agentctl.workspace.unlocking import locked, record_act

    with locked(workspace, "", _WAIT):
        if override.statement.id not in {act.body["id"] for act in _acts(workspace.history())}:
            record_act(workspace, Kind.OVERRIDE, {
                "id": override.statement.id,
                "statement": override.statement.to_wire(),
                "signature": override.signature,
                "user": workspace.person,
                "host": os.uname().nodename,
            })


def take_in(workspace: Workspace, changeset: ChangeSet, paths: Iterable[Path], resumes: str = "") -> None:
    """Record the overrides of ``paths``. Raises Invalid, or ConsentMissing where one does not count."""
    for path in paths:
        try:
            data = path.read_bytes()
        except OSError as error:
            raise Invalid("The override cannot be read", f"{path}: {error.strerror}.") from error
        override = files.parse(data, str(path), Statement)
        if refused := _weigh(workspace, [override], changeset, resumes).refused:
            raise ConsentMissing("The override does not count", f"{path}: {refused[0][1]}. Nothing was executed.")
        keep(workspace, override)


def take_in_for(workspace: Workspace, run: str, paths: Sequence[Path]) -> None:
    """Record the overrides of ``paths`` for going on with ``run``. Raises as ``take_in``."""
    if paths:
        old = workspace.run(run)
        take_in(workspace, workspace.stored(old.digest)[0], paths, old.id)


def gathered(workspace: Workspace, changeset: ChangeSet, resumes: str = "") -> WeighedOverrides:
    """Return what the recorded overrides of ``changeset`` are worth now; ``resumes`` is the run that goes on."""
    of_it = every(workspace, changeset.digest)
    return _weigh(workspace, of_it, changeset, resumes) if of_it else WeighedOverrides()


def again(changeset: ChangeSet, rules: Iterable[str], *, break_glass: bool) -> str:
    """Return the command that signs such an override of ``changeset``."""
    if break_glass:
        return f"agentctl break-glass {short(changeset)} --reason …"
    return f"agentctl override {short(changeset)} {' '.join(rules)} --reason …"


def why_not(workspace: Workspace, changeset: ChangeSet) -> list[str]:
    """Return in sentences why recorded overrides of ``changeset`` do not count."""
    refused = gathered(workspace, changeset).refused
    return [f"The override of `{override.statement.person}` does not count: {why}." for override, why in refused]


def in_emergency(workspace: Workspace, changeset: ChangeSet) -> list[str]:
    """Return in a sentence who may act without the signatures that are missing; nothing where nobody may."""
    may = may_break_glass(workspace.policy, changeset.plan)
    if not may:
        return []
    command = f"agentctl break-glass {short(changeset)} --reason …"
    return [f"In an emergency {' or '.join(may)} may break the glass: {command}"]


def every(workspace: Workspace, digest: str = "") -> list[Override]:
    """Return the recorded overrides, all or of one changeset, oldest first. Raises Invalid where one is none."""
    return [
        files.parse(
            canonical(act.body["statement"]) + b"\n" + act.body["signature"].encode(), f"act {act.id}", Statement
        )
        for act in _acts(workspace.history())
        if digest in ("", act.body["statement"]["digest"])
    ]


def listed(workspace: Workspace, subject: str) -> list[tuple[Override, str, str]]:
    """Return the recorded overrides, each with the run that used it and why it does not count, or nothing.

    With ``subject``, a digest or the beginning of one, only those for it.
    """
    used = used_up(workspace.history())
    found = []
    for override in every(workspace):
        statement = override.statement
        if statement.digest.removeprefix("sha256:").startswith(subject.removeprefix("sha256:")):
            run = used.get(statement.id, "")
            found.append((override, run, "" if run else _worth(workspace, override)))
    return found


def _worth(workspace: Workspace, override: Override) -> str:
    try:
        changeset, _ = workspace.stored(override.statement.digest)
    except (Usage, Tampered) as error:
        return f"its changeset cannot be looked at: {error.summary}"
    refused = _weigh(workspace, [override], changeset, "").refused
    return refused[0][1] if refused else ""


def confirm(workspace: Workspace, changeset: ChangeSet, consent: Consent, resumes: str = "") -> None:
    """Check, under the lock, that every override ``consent`` rests on still counts. Raises ConsentMissing."""
    if not consent.overrides:
        return
    weighed = gathered(workspace, changeset, resumes)
    counted = {one.override: one for one in weighed.counted}
    why = {override.statement.id: reason for override, reason in weighed.refused}
    for override in consent.overrides:
        if counted.get(override.override) != override:
            reason = why.get(override.override, "the trace does not tell of it as it is")
            raise _gone(changeset, override, reason)


def renewed(workspace: Workspace, preview: Preview, consent: Consent, resumes: str) -> Consent:
    """Return ``consent`` of the run that is gone on with, under the overrides that count now.

    Raises ConsentMissing where one it rested on does not, and what is left needs it.
    """
    weighed = gathered(workspace, preview.changeset, resumes)
    now = replace(consent, overrides=weighed.counted)
    counted = {one.override for one in weighed.counted}
    lost = next((one for one in consent.overrides if one.override not in counted), None)
    done = {step.id for step in workspace.run(resumes).steps if step.status.done}
    left = [ruling for step, ruling in judging.judge(workspace, preview, now).items() if step not in done]
    if lost is not None and any(map(_stops, left)):
        why = {override.statement.id: reason for override, reason in weighed.refused}
        raise _gone(preview.changeset, lost, why.get(lost.override, "the trace does not tell of it"))
    return now


def _waits_for_signatures(workspace: Workspace, preview: Preview) -> bool:
    holds = [ruling for ruling in judging.judge(workspace, preview).values() if isinstance(ruling, Hold)]
    return any(need.kind is ConsentKind.SIGNATURES for hold in holds for need in hold.needs)


def _stops(ruling: Ruling) -> bool:
    return isinstance(ruling, Hold) or (isinstance(ruling, Refuse) and ruling.halt is None)


def used_up(history: History, resumes: str = "") -> dict[str, str]:
    """Return the overrides named by runs, each with the run; those of ``resumes`` and what it resumed are its own."""
    return {one.override: run.id for run in unrelated(history, resumes) for one in run.consent.overrides}


def _statement(
    workspace: Workspace, changeset: ChangeSet, rules: Mapping[str, tuple[str, ...]], wish: Wish, *, break_glass: bool
) -> Statement:
    workspace.check_clock()
    now, most = workspace.time(), longest(workspace.policy, rules, break_glass=break_glass)
    lasting = min(_USUAL, most) if wish.seconds is None else wish.seconds
    if not 0 < lasting <= most:
        raise Usage("Wrong usage", f"--expires: it must be good for some time, and policy lets {spoken(most)} at most.")
    return Statement(
        digest=changeset.digest,
        effects=changeset.effects,
        lineage=changeset.lineage,
        rules=rules,
        person=wish.person,
        reason=wish.reason,
        from_=as_text(now),
        until=as_text(now + timedelta(seconds=lasting)),
        shown="",
        break_glass=break_glass,
    )


def _check_soft(workspace: Workspace, name: str) -> None:
    known = {invariant.id: invariant for invariant in workspace.policy.invariants}
    if name not in known:
        soft = [id for id, invariant in known.items() if invariant.level is Level.SOFT]
        hint = did_you_mean(name, soft) or f"Soft rules: {', '.join(soft) or 'none'}."
        raise Usage("No such rule", f"The policy has no invariant `{name}`.", hint=hint)
    invariant = known[name]
    if invariant.level is Level.HARD:
        raise Refused("A hard rule has no override", f"Rule `{name}` ({invariant.place}) holds for everybody, always.")
    if invariant.level is Level.ADVISORY:
        raise Usage("Nothing to override", f"Rule `{name}` ({invariant.place}) is advisory: it denies nothing.")


def _not_theirs(what: str, person: str, may: Sequence[str]) -> Refused:
    who = f"May: {', '.join(may)}." if may else "Nobody may, for this changeset."
    return Refused("Policy does not let you", f"`{person}` may not {what} here. {who}")


def _gone(changeset: ChangeSet, override: Overridden, reason: str) -> ConsentMissing:
    return ConsentMissing(
        "The override does not count any more",
        f"Of `{override.person}`'s override: {reason}. Nothing was executed.",
        hint="To have exactly this overridden again:",
        command=again(changeset, override.rules, break_glass=override.breaks_glass),
    )


def _acts(history: History) -> list[Act]:
    return [act for act in history.acts if act.kind == Kind.OVERRIDE.value]


def _weigh(
    workspace: Workspace, overrides: Iterable[Override], changeset: ChangeSet, resumes: str
) -> WeighedOverrides:
    history = workspace.history()
    return weigh_overrides(
        overrides,
        changeset,
        workspace.policy,
        workspace.time(),
        used_up(history, resumes),
        void_before(corrections(history.acts)),
    )
