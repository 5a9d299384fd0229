"""The common answer, quickly: one record, which grants cover and nothing denies. It is the answer ``evaluate`` gives.

Whatever comes out otherwise than granted, or is out of the common, is left to ``evaluate``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, overload

from agentctl.facts import dataclass
from agentctl.model.action import ActionSpec
from agentctl.model.change import Change, Effect
from agentctl.model.decision import Decision, Finding, Mode, Outcome, Signatures, Verdict
from agentctl.model.limit import Charge
from agentctl.model.values import Fields, differing
from agentctl.policy import expressions, freezes
from agentctl.policy.constraints import spared, unmet
from agentctl.policy.facts import Facts, step_facts
from agentctl.policy.frames import Around, AroundT, Frame, Reads, Row, Term, frame_of
from agentctl.policy.globs import FieldPath, is_canonical
from agentctl.policy.granting import consent_of, secrets_of
from agentctl.policy.grants import inside, names_fields, outside
from agentctl.policy.invariants import union
from agentctl.policy.permission import Irreconcilable, strictest
from agentctl.policy.plain import Holes, NotFit, NotKnown, plain, plain_text
from agentctl.policy.rules import Grant
from agentctl.policy.sight import Sight, alike, at
from agentctl.policy.units import Unit, changed

_EFFECTS = (Effect.CREATE, Effect.UPDATE, Effect.DELETE)
_SIDES = ("before", "after")
_MOST_KEPT = 1024
_ELSE, _COVERS, _COVERS_ALONE = 0, 1, 2     # what came of a grant: the last where no field of the record had a part


def quick(
    change: Change,
    around: AroundT,
    facts_around: Callable[[AroundT], Mapping[str, Any]],
    plainly: Callable[[Change, AroundT], Decision],
) -> Decision | None:
    """Return the decision for ``change``, which is to be applied, where it is granted and nothing about it is uncommon.

    ``plainly`` gives the same decision with every rule that was considered, should somebody ask for these.
    """
    if len(change.records) != 1:
        return None
    record = change.records[0]
    if record.effect is not change.effect or change.effect not in _EFFECTS:
        return None
    if change.reads and any(address != record.address for address in change.reads):
        return None
    instance, _, target = record.address.partition("/")
    if instance != change.instance:
        return None
    unit = Unit(
        target=target, effect=change.effect, address=record.address, before=record.before, after=record.after
    )
    frame = frame_of(change, around, facts_around, unit)
    if not frame.usable or not is_canonical(unit.target):
        return None
    for freeze in around.policy.freezes:
        if freezes.judge(freeze, change, around).outcome is Outcome.DENIES:
            return None
    if frame.looks_for_leaks and _leaks(change, unit, around.spec):
        return None
    asking = _Asking(frame, change, around, unit)
    try:
        answer = asking.answer()
    except (NotKnown, NotFit):
        return None
    if answer is None or (answer.signatures and frame.unknown_people):
        return None
    charges: tuple[Charge, ...] = ()
    reads = answer.reads
    if answer.limited:
        from agentctl.policy.charging import charge

        sight = Sight(Facts(change, around, around.policy.needs, facts_around(around)), unit, unit.before, unit.after)
        for grant in answer.limited:
            for limit in grant.limits:
                if (charged := charge(limit, [sight], change, around.spec)) is None:
                    continue
                if charged.finding.outcome is not Outcome.PASSES:
                    return None
                charges, reads = charges + charged.charges, union(reads, charged.reads)
    return Decision(
        step=change.step,
        verdict=Verdict.ALLOW if answer.mode is Mode.AUTO else Verdict.CONSENT,
        mode=answer.mode,
        signatures=answer.signatures,
        findings=answer.findings,
        considered=Later(plainly, change, around),
        reads=reads,
        roles=frame.roles,
        charges=charges,
    )


def _leaks(change: Change, unit: Unit, spec: ActionSpec) -> bool:
    from agentctl.policy.leaks import in_arguments, in_record

    return bool(in_arguments(change, spec) or in_record(unit, spec))


class Later(Sequence[Finding]):
    """What was considered, found out when somebody looks at it: of a step that is granted, hardly ever."""

    __slots__ = ("_around", "_change", "_found", "_plainly")

    def __init__(self, plainly: Callable[[Change, Any], Decision], change: Change, around: Around) -> None:
        self._plainly, self._change, self._around = plainly, change, around
        self._found: Sequence[Finding] | None = None

    @overload
    def __getitem__(self, index: int) -> Finding: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Finding]: ...
    def __getitem__(self, index: int | slice) -> Finding | Sequence[Finding]:
        return self._all()[index]

    def __len__(self) -> int:
        return len(self._all())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return repr(tuple(self))

    def _all(self) -> Sequence[Finding]:
        if self._found is None:
            self._found = self._plainly(self._change, self._around).considered
        return self._found


@dataclass(frozen=True)
class _Answer:
    mode: Mode
    signatures: Signatures | None
    findings: tuple[Finding, ...]
    reads: Reads
    limited: tuple[Grant, ...]


class _Asking:
    """One step put before its frame."""

    __slots__ = ("_around", "_base", "_bits", "_change", "_frame", "_paths", "_settled", "_unit", "_whole")

    def __init__(self, frame: Frame, change: Change, around: Around, unit: Unit) -> None:
        self._frame = frame
        self._change = change
        self._around = around
        self._unit = unit
        self._base: dict[str, Any] = frame.base
        self._whole: Any = None
        self._paths: tuple[FieldPath, ...] | None = None
        self._bits = 0

    def answer(self) -> _Answer | None:
        """Return the answer, None where it is not granted. Raises NotKnown and NotFit."""
        frame = self._frame
        self._base = self._step_facts()
        if frame.batch.programs:
            self._bits = frame.batch.ask(self._with_record())
            if self._bits < 0:
                return None
        settled = tuple(map(self._settles, frame.mixed))
        states = []
        secrets = secrets_of(self._change, self._around.step)
        for row in frame.rows:
            state = self._forbidding(row) if row.grant.forbids else self._covering(row, secrets)
            if state < 0:
                return None
            states.append(state)
        key = (self._bits, settled, *states)
        answers = frame.answers
        if key not in answers:
            if len(answers) >= _MOST_KEPT:
                answers.clear()
            answers[key] = self._conclude(states)
        found: _Answer | None = answers[key]
        return found

    def _step_facts(self) -> dict[str, Any]:
        wanted = self._frame.needs
        facts = self._frame.base
        if "target" in wanted:
            facts = {**facts, "target": plain_text(self._unit.target)}
        if "step" in wanted or "args" in wanted:
            holes = Holes()
            facts = {**facts, **step_facts(self._change, self._around.step, self._around.plan, wanted, holes)}
            if holes:
                raise NotKnown
        return facts

    def _with_record(self) -> Any:
        if self._whole is None:
            unit, needs = self._unit, self._frame.needs
            facts = dict(self._base)
            for side, row in zip(_SIDES, (unit.before, unit.after), strict=True):
                if side in needs:
                    facts[side] = self._side(side, row, (unit.before, unit.after))
            if "changes" in needs:
                facts["changes"] = list(map(self._change_at, self._changed()))
            self._whole = expressions.activation(facts)
        return self._whole

    def _change_at(self, path: FieldPath) -> dict[str, Any]:
        before, after = at(self._unit.before, path), at(self._unit.after, path)
        return {"path": plain_text(".".join(path)), "before": plain(before), "after": plain(after)}

    def _side(self, fact: str, row: Fields | None, both: tuple[Fields | None, Fields | None]) -> dict[str, Any]:
        """Return a side of the record with every field that is wanted, null where absent, as ``Sight`` shows it."""
        wanted, declared = self._frame.needs[fact], self._frame.spec.record.get("properties", ())
        before, after, mine = both[0] or {}, both[1] or {}, row or {}
        shown: dict[str, Any] = {}
        if wanted is None:
            return {plain_text(name): plain(mine.get(name)) for name in dict.fromkeys((*declared, *before, *after))}
        for name in wanted:
            if name in mine:
                value = mine[name]
                simple = value is None or (type(value) is str and value.isascii() and "\0" not in value)
                shown[name] = value if simple else plain(value)
            elif name in declared or name in before or name in after:
                shown[name] = None
        return shown

    def _covering(self, row: Row, secrets: frozenset[str]) -> int:
        """Return whether a grant covers the record; -1 where that has no answer yet, or none at all."""
        grant, unit = row.grant, self._unit
        if (row.targets is not None and not row.targets(unit.target)) or not secrets <= grant.secrets:
            return _ELSE
        if grant.fields is not None and not (names_fields(unit.effect) and self._is_inside(row, grant.fields)):
            return _ELSE
        held = self._where(row, any_row=False)
        if held is None:
            return -1
        if not held:
            return _ELSE
        if row.constrained and (missing := unmet(grant.constraints, self._change, self._around)):
            return -1 if missing.open else _ELSE
        return _COVERS_ALONE if self._settles(row.where) else _COVERS

    def _forbidding(self, row: Row) -> int:
        """Return whether the record had a part in it that a grant doesn't forbid this; -1 where it may forbid it."""
        grant, unit = row.grant, self._unit
        if row.targets is not None and not row.targets(unit.target):
            return _ELSE
        if grant.fields is not None and names_fields(unit.effect) and not inside(grant.fields, self._changed()):
            return _ELSE
        if row.constrained and spared(grant.constraints, self._change, self._around):
            return _ELSE
        if grant.where is None or self._where(row, any_row=True) is not False:
            return -1
        return _ELSE if self._settles(row.where) else _COVERS

    def _is_inside(self, row: Row, fields: tuple[FieldPath, ...]) -> bool:
        """Whether a list of fields names everything that changes."""
        if row.whole is None:
            return not outside(fields, self._changed())
        return row.whole.issuperset(differing(self._unit.before or {}, self._unit.after or {}))

    def _where(self, row: Row, *, any_row: bool) -> bool | None:
        """Return whether a scope holds in every row it speaks of, or in any; None where that has no answer."""
        where, term = row.grant.where, row.where
        if where is None or term.fixed is not None:
            return term.fixed
        mine = expressions.ask(where, self._with_record())
        if not isinstance(mine, bool):
            return None
        if len(where.uses.images) != 1 or self._settles(term):
            return mine
        if "changes" in where.uses.facts:
            return None
        before, after = self._unit.before, self._unit.after
        here, there = (before, after) if "before" in where.uses.images else (after, before)
        truths = [] if here is None else [mine]
        if there is not None and (here is None or not alike(here, there, where.uses.reads)):
            image = {side: self._side(side, there, (there, there)) for side in where.uses.images}
            other = expressions.ask(where, expressions.activation({**self._base, **image}))
            if not isinstance(other, bool):
                return None
            truths.append(other)
        return any(truths) if any_row else all(truths)

    def _settles(self, term: Term) -> bool:
        """Whether no field of the record had a part in what a condition yields."""
        if term.fixed is not None:
            return True
        return term.mixed is not None and expressions.settles(
            term.mixed, expressions.activation(self._base)
        ) is not None

    def _changed(self) -> tuple[FieldPath, ...]:
        if self._paths is None:
            self._paths = tuple(changed(self._unit.before, self._unit.after))
        return self._paths

    def _conclude(self, states: Sequence[int]) -> _Answer | None:
        """Return what the answers amount to: None where an invariant denies, or no grant covers the record."""
        reads: Reads = frozenset()
        for clause in self._frame.clauses:
            applies, found = self._holds(clause.when)
            reads = union(reads, found)
            if not applies:
                continue
            for term, wanted in ((clause.deny, False), (clause.require, True)):
                truth, found = self._holds(term)
                if truth is not wanted:
                    return None
                reads = union(reads, found)
        covering: list[Grant] = []
        for row, state in zip(self._frame.rows, states, strict=True):
            if state == _COVERS:
                reads = union(reads, row.where.reads)
            if state and not row.grant.forbids:
                covering.append(row.grant)
        if not covering:
            return None
        proven = self._around.author.proven
        try:
            consent = strictest(consent_of(grant, self._frame.spec, proven=proven) for grant in covering)
        except Irreconcilable:
            return None
        findings = tuple(map(_granting, covering))
        limited = tuple(grant for grant in covering if grant.limits)
        return _Answer(consent.mode, consent.signatures, findings, reads, limited)

    def _holds(self, term: Term) -> tuple[bool, Reads]:
        if term.fixed is not None:
            return term.fixed, frozenset()
        truth = bool(self._bits >> term.place & 1)
        return truth, frozenset() if self._settles(term) else term.reads


def _granting(grant: Grant) -> Finding:
    return Finding(
        rule=grant.id, place=grant.place, outcome=Outcome.GRANTS, reason=f"grant {grant.id} covers it"
    )
