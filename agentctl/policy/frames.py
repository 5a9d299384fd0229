"""What a policy asks of all steps of a plan alike, worked out once, and what is left to ask. Nothing is decided."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeAlias, TypeVar

from agentctl.facts import dataclass, field
from agentctl.model.action import ActionSpec
from agentctl.model.authorship import Authorship
from agentctl.model.change import Change
from agentctl.model.plan import Plan
from agentctl.policy.batches import Batch, batch, guarded
from agentctl.policy.constraints import UNCONSTRAINED, Circumstances, elsewhere
from agentctl.policy.expressions import Expression
from agentctl.policy.facts import Facts
from agentctl.policy.globs import either
from agentctl.policy.granting import unknown_people
from agentctl.policy.plain import NotFit, plain_text
from agentctl.policy.rules import Grant, Invariant, Policy
from agentctl.policy.sight import Sight
from agentctl.policy.units import Unit
from agentctl.policy.uses import Needs, Uses, needs

_OF_STEP = frozenset({"target", "step", "args"})
_MOST = 256

Reads: TypeAlias = frozenset[str] | None


class Around(Circumstances, Protocol):
    """What a change is judged under, as far as it is looked at here."""

    @property
    def policy(self) -> Policy: ...

    @property
    def tenant(self) -> str: ...

    @property
    def author(self) -> Authorship: ...


@dataclass(frozen=True)
class Term:
    """A condition: what it yields for every step of the frame, or else the place of its bit in what a step yields.

    ``reads`` are the fields of the record that hangs on. ``mixed`` is a condition on the step and the record, whose
    answer hangs on no field of the record where the step alone settles it.
    """

    fixed: bool | None
    place: int = 0
    reads: Reads = frozenset()
    mixed: Expression | None = None


@dataclass(frozen=True)
class Clause:
    """An invariant that not every step of the frame fulfils. Where ``when`` doesn't hold, the others yield nothing."""

    when: Term
    deny: Term
    require: Term


@dataclass(frozen=True)
class Row:
    """A grant that may speak of steps of the frame. Its ``where`` is asked by itself, and has no place.

    ``targets`` are all its patterns in one; ``whole`` are the fields it lists, where it lists whole ones only.
    """

    grant: Grant
    targets: Callable[[str], bool] | None
    whole: frozenset[str] | None
    where: Term
    constrained: bool


@dataclass
class Frame:
    """What is the same for all steps of a plan that have one action, effect and circumstances.

    ``usable`` is whether any of them can be granted. ``answers`` are kept by what steps yielded.
    """

    plan: Plan                  # these two are known by identity, and kept so that it is not given to another
    spec: ActionSpec
    usable: bool = False
    roles: tuple[str, ...] = ()
    unknown_people: bool = False
    looks_for_leaks: bool = False
    base: dict[str, Any] = field(default_factory=dict)
    needs: Needs = field(default_factory=dict)
    batch: Batch = field(default_factory=lambda: Batch(()))
    clauses: tuple[Clause, ...] = ()
    mixed: tuple[Term, ...] = ()
    rows: tuple[Row, ...] = ()
    answers: dict[Any, Any] = field(default_factory=dict)


AroundT = TypeVar("AroundT", bound=Around)


def frame_of(
    change: Change, around: AroundT, facts_around: Callable[[AroundT], Mapping[str, Any]], unit: Unit
) -> Frame:
    """Return the frame of ``change``, made by the first step that has it."""
    frames = around.policy.frames
    author = around.author
    key = (
        id(around.plan), id(around.spec), change.action, change.effect, around.environment, around.tenant,
        author.proven, author.signed, around.now if "now" in around.policy.needs else None,
    )
    found: Frame | None = frames.get(key)
    if found is None:
        if len(frames) >= _MOST or any(frame.plan is not around.plan for frame in frames.values()):
            frames.clear()
        found = frames[key] = _frame(change, around, facts_around(around), unit)
    return found


def _frame(change: Change, around: Around, facts_around: Mapping[str, Any], unit: Unit) -> Frame:
    policy, plan, spec = around.policy, around.plan, around.spec
    agent = policy.agents.get(plan.agent)
    if agent is None or spec.inverse_only or (agent.signs and not around.author.signed):
        return Frame(plan, spec)
    if any(policy.limits.get(role) for role in agent.roles):
        return Frame(plan, spec)    # of all grants of a role together: more than one may have a part
    if plan.tenant not in ("", around.tenant) or plan.environment not in ("", around.environment):
        return Frame(plan, spec)
    making = _Making(change, around, facts_around, unit)
    clauses = tuple(clause for invariant in policy.invariants if (clause := making.clause(invariant)) is not None)
    rows = tuple(
        Row(grant, _targets(grant), _whole(grant), making.where(grant.where), grant.constraints is not UNCONSTRAINED)
        for grant in policy.grants_of(agent, change.action)
        if not elsewhere(grant.constraints, around)
    )
    sources = tuple(making.sources)
    if sources not in policy.batches:       # kept: the next plan asks the same of its steps
        policy.batches[sources] = batch(sources)
    wanted = needs(making.uses)
    return Frame(
        plan,
        spec,
        usable=making.usable and all(map(_is_fit, (name for names in wanted.values() for name in names or ()))),
        roles=agent.roles,
        unknown_people=unknown_people(plan, policy) is not None,
        looks_for_leaks=any(invariant.secrets for invariant in policy.invariants),
        base={name: _only(value, wanted[name]) for name, value in making.plain.items() if name in wanted},
        needs=wanted,
        batch=policy.batches[sources],
        clauses=clauses,
        mixed=tuple(
            term for clause in clauses for term in (clause.when, clause.deny, clause.require) if term.mixed is not None
        ),
        rows=rows,
    )


def _only(fact: Any, names: frozenset[str] | None) -> Any:
    """Return of a fact's fields those that are looked at: the library converts what it is given anew for each step."""
    return fact if names is None or not isinstance(fact, dict) else {name: fact[name] for name in names & fact.keys()}


def _targets(grant: Grant) -> Callable[[str], bool] | None:
    return None if grant.targets is None else either(grant.targets)


def _whole(grant: Grant) -> frozenset[str] | None:
    if grant.fields is None or any(len(path) > 1 or path[0] == "*" for path in grant.fields):
        return None
    return frozenset(path[0] for path in grant.fields)


def _is_fit(name: str) -> bool:
    """Whether conditions can be shown a field of this name."""
    try:
        plain_text(name)
    except NotFit:
        return False
    return True


class _Making:
    """Asks by the facts of one step what hangs on no step, and gathers what does."""

    def __init__(self, change: Change, around: Around, facts_around: Mapping[str, Any], unit: Unit) -> None:
        facts = Facts(change, around, around.policy.needs, facts_around)
        self._sight = Sight(facts, unit, unit.before, unit.after)
        self.plain = {name: value for name, value in facts.plain.items() if name not in _OF_STEP}
        self.plain["effect"] = change.effect.value
        self.sources: list[str] = []
        self.uses: list[Uses] = []
        self.usable = True

    def clause(self, invariant: Invariant) -> Clause | None:
        """Return what is left to ask of ``invariant``; None where every step fulfils it."""
        when = self._term(invariant.when, otherwise=True)
        if when.fixed is False:
            return None
        guard = invariant.when if when.fixed is None else None
        deny = self._term(invariant.deny, otherwise=False, guard=guard)
        require = self._term(invariant.require, otherwise=True, guard=guard)
        if deny.fixed is False and require.fixed is True and when.fixed is True:
            return None
        return Clause(when, deny, require)

    def where(self, condition: Expression | None) -> Term:
        """Return what is left to ask of a grant's ``where``, which is asked only where the rest of it holds."""
        if condition is None:
            return Term(True)
        return self._fixed(condition) or self._open(condition)

    def _term(self, condition: Expression | None, *, otherwise: bool, guard: Expression | None = None) -> Term:
        if condition is None:
            return Term(otherwise)
        if (fixed := self._fixed(condition)) is not None:
            return fixed
        place = len(self.sources)
        source = condition.source
        self.sources.append(guarded(guard.source, source, "false") if guard else source)
        return self._open(condition, place)

    def _open(self, condition: Expression, place: int = 0) -> Term:
        uses = condition.uses
        self.uses.append(uses)
        mixed = uses.alone and uses.of_record and not uses.facts.isdisjoint(_OF_STEP)
        return Term(None, place, uses.reads, condition if mixed else None)

    def _fixed(self, condition: Expression) -> Term | None:
        """Return what ``condition`` yields for every step, if it hangs on nothing of theirs."""
        uses = condition.uses
        if not uses.alone or not uses.facts.isdisjoint(_OF_STEP):
            return None
        settled = self._sight.answer_alone(condition)
        if isinstance(settled, bool):
            return Term(settled)
        if settled is not None:         # it fails, or can't be decided
            self.usable = False
        return None
