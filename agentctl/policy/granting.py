"""What an agent's grants say of a change: every record covered, nothing forbidden, the strictest consent of all."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from agentctl.facts import dataclass, field
from agentctl.model.action import ActionSpec, Tier
from agentctl.model.authorship import Authorship
from agentctl.model.change import Change
from agentctl.model.decision import Finding, Mode, Outcome, Signatures
from agentctl.model.plan import Plan, Secret, Step, is_plain, references
from agentctl.model.snapshot import instance_of
from agentctl.policy import grants
from agentctl.policy.facts import Facts
from agentctl.policy.grants import Match
from agentctl.policy.invariants import union
from agentctl.policy.limits import Limit
from agentctl.policy.permission import Consent, Irreconcilable, Permission, denial, strictest
from agentctl.policy.rules import Agent, Grant, Policy
from agentctl.policy.sight import Sight
from agentctl.policy.units import Unit, looked_at
from agentctl.syntax.suggest import did_you_mean

if TYPE_CHECKING:
    from agentctl.policy.charging import Charged

_BY_TIER = {Tier.READ: Mode.AUTO, Tier.DRAFT: Mode.AUTO, Tier.WRITE: Mode.APPROVE, Tier.EXECUTE: Mode.MANUAL}
_MANUAL = 2
_SILENT = (Outcome.NOT_APPLICABLE, Outcome.PASSES, Outcome.GRANTS)
_WEIGHT = (
    Outcome.NOT_APPLICABLE, Outcome.PASSES, Outcome.GRANTS, Outcome.UNDECIDED, Outcome.DENIES, Outcome.ERROR,
)


def granted(
    change: Change,
    sights: list[Sight],
    facts: Facts,
    policy: Policy,
    plan: Plan,
    step: Step,
    *,
    author: Authorship,
) -> Permission:
    """Return how far the grants of the plan's agent permit ``change``."""
    agent = policy.agents.get(plan.agent)
    if agent is None:
        hint = did_you_mean(plan.agent, policy.agents)
        reason = f"agent `{plan.agent}` is not among the policy's agents. {hint}".rstrip()
        return Permission(considered=(denial("unknown-agent", reason),))
    asked = _Asked(policy.grants_of(agent, change.action), change.instance)
    secrets = secrets_of(change, step)
    for sight in sights:
        asked.ask(sight, secrets)
    for unit in looked_at(change):
        asked.ask_of_read(Sight(facts, unit, None, None))
    charged = tuple(asked.charged(change, facts.spec, {role: policy.limits.get(role, ()) for role in agent.roles}))
    considered = [
        *_unsigned(agent, author), *asked.findings(), *asked.gaps(agent, change),
        *(item.finding for item in charged),
    ]
    mode, signatures = Mode.FORBID, None
    try:
        consent = strictest(consent_of(grant, facts.spec, proven=author.proven) for grant in asked.covering)
        if asked.covering:
            mode, signatures = consent.mode, consent.signatures
    except Irreconcilable as error:
        considered.append(denial("irreconcilable-approvals", f"{error}"))
    if signatures and (unknown := unknown_people(plan, policy)):
        considered.append(unknown)
    return Permission(
        mode=mode,
        signatures=signatures,
        considered=tuple(considered),
        reads=functools.reduce(union, (item.reads for item in charged), asked.reads),
        roles=agent.roles,
        charges=tuple(item for charged_one in charged for item in charged_one.charges),
    )


@dataclass
class _Asked:
    """The grants that name the action, and what they said of each unit."""

    grants: tuple[Grant, ...]
    instance: str
    reads: frozenset[str] | None = frozenset()
    covering: list[Grant] = field(default_factory=list)
    _covered: dict[str, list[Sight]] = field(default_factory=dict)
    _strongest: dict[str, tuple[Match, Sight]] = field(default_factory=dict)
    _uncovered: list[tuple[Unit, str, Grant | None]] = field(default_factory=list)

    def ask(self, sight: Sight, secrets: frozenset[str]) -> None:
        """Ask every grant about one unit, and note where none covers it."""
        matches = [(grant, grants.match(grant, sight, secrets)) for grant in self.grants]
        granted = any(match.outcome is Outcome.GRANTS for _, match in matches)
        covered, nearest, near_by = False, Match(Outcome.NOT_APPLICABLE, ""), None
        for grant, match in matches:
            if grant.forbids:
                self._note(grant, match, sight)
                continue
            if match.outcome in (Outcome.GRANTS, Outcome.UNDECIDED):
                self._cover(grant, sight)
            if match.outcome is Outcome.UNDECIDED and granted:
                # It could only ask for more consent, and that is asked for already.
                match = Match(Outcome.PASSES, f"{match.reason}; its consent is asked for", match.reads)
            self._note(grant, match, sight)
            if match.outcome is not Outcome.NOT_APPLICABLE:
                covered = True
            elif near_by is None or match.near > nearest.near:
                nearest, near_by = match, grant
        if self._is_elsewhere(sight.unit):
            reason = f"`{sight.unit.address}` is of another system than the action, so no grant for the action names it"
            self._uncovered.append((sight.unit, reason, None))
        elif not covered:
            self._uncovered.append((sight.unit, nearest.reason, near_by))

    def ask_of_read(self, sight: Sight) -> None:
        """Ask about an address that is only looked at: no values are at hand, so a grant with where can't cover it."""
        unit = sight.unit
        covered = False
        for grant in self.grants:
            if grant.forbids:
                self._note(grant, grants.match(grant, sight, frozenset()), sight)
            elif grant.where is None and grants.covers_address(grant, unit.target):
                missing = sight.unmet(grant.constraints)
                covered = covered or missing is None or missing.open
        if not covered or self._is_elsewhere(unit):
            self._uncovered.append((unit, f"it reads `{unit.address}`, which no grant without `where` names", None))

    def _is_elsewhere(self, unit: Unit) -> bool:
        return unit.address is not None and instance_of(unit.address) != self.instance

    def charged(
        self, change: Change, spec: ActionSpec, limits: Mapping[str, tuple[Limit, ...]]
    ) -> Iterator[Charged]:
        """Yield what the change takes of each limit of the grants that cover it, and of ``limits`` of their roles."""
        limited = [(limit, self._covered[grant.id]) for grant in self.covering for limit in grant.limits]
        for role, of_role in limits.items():
            covered = [sight for grant in self.covering if grant.role == role for sight in self._covered[grant.id]]
            limited += [(limit, covered) for limit in of_role]
        if not limited:
            return
        from agentctl.policy.charging import charge

        for limit, sights in limited:
            if (charged := charge(limit, sights, change, spec)) is not None:
                yield charged

    def findings(self) -> Iterator[Finding]:
        """Yield what each grant said, of the unit where it weighs most; the nearest miss is told by ``gaps``."""
        told = self._uncovered[0][2] if self._uncovered else None
        for grant in self.grants:
            said = self._strongest.get(grant.id)
            if said is None or (grant is told and said[0].outcome in _SILENT):
                continue
            match, sight = said
            yield Finding(
                rule=grant.id,
                place=grant.place,
                outcome=match.outcome,
                reason=match.reason,
                inputs={} if grant.where is None else sight.inputs(grant.where),
            )

    def gaps(self, agent: Agent, change: Change) -> Iterator[Finding]:
        """Yield the denial of what no grant covers, told by the grant that came nearest."""
        if not self._uncovered:
            return
        allowing = [grant for grant in self.grants if not grant.forbids]
        if not allowing:
            roles = ", ".join(f"`{role}`" for role in agent.roles)
            yield denial("default-deny", f"no grant of {roles} names `{change.action}`")
            return
        unit, reason, grant = self._uncovered[0]
        rest = len(self._uncovered) - 1
        of = f"`{unit.target}`: " if unit.address and f"{unit.target}`" not in reason else ""
        more = f"; and so for {rest} more" if rest else ""
        others = f" (nor does any of {len(allowing) - 1} other grants cover it)" if grant and len(allowing) > 1 else ""
        yield denial(
            grant.id if grant else "default-deny", f"{of}{reason}{others}{more}", grant.place if grant else None
        )

    def _note(self, grant: Grant, match: Match, sight: Sight) -> None:
        if match.outcome is not Outcome.NOT_APPLICABLE or grant.forbids:
            self.reads = union(self.reads, match.reads)
        known = self._strongest.get(grant.id)
        if known is None or _WEIGHT.index(match.outcome) > _WEIGHT.index(known[0].outcome):
            self._strongest[grant.id] = (match, sight)

    def _cover(self, grant: Grant, sight: Sight) -> None:
        if all(known is not grant for known in self.covering):
            self.covering.append(grant)
        self._covered.setdefault(grant.id, []).append(sight)


def consent_of(grant: Grant, spec: ActionSpec, *, proven: bool) -> Consent:
    """Return the consent that ``grant`` asks for."""
    mode = grant.mode or _BY_TIER[spec.tier]
    if grant.approvals and mode is Mode.AUTO:
        mode = Mode.APPROVE
    # Only what can be taken back by ignoring it may happen on the word of an agent nobody has proven.
    if mode is Mode.AUTO and spec.tier.rank > Tier.DRAFT.rank and not proven:
        mode = Mode.APPROVE
    signatures = None
    if grant.approvals:
        signatures = Signatures(count=grant.approvals.count, groups=grant.approvals.groups)
    elif mode is Mode.MANUAL:
        signatures = Signatures(count=_MANUAL)
    return Consent(mode, signatures)


def _unsigned(agent: Agent, author: Authorship) -> Iterator[Finding]:
    if agent.signs and not author.signed:
        why = author.why or "this one is not proven to be its own"
        reason = f"agent `{agent.name}` has keys, so its plans must be signed: {why}"
        yield denial(f"agents.{agent.name}.keys", reason, agent.keys_place or agent.place)


def unknown_people(plan: Plan, policy: Policy) -> Finding | None:
    """Return the denial of a plan whose signatures would check nothing: who may not sign can't be told."""
    return _unknown_requester(plan, policy) or _unknown_editor(plan, policy)


def _unknown_editor(plan: Plan, policy: Policy) -> Finding | None:
    for name in plan.edited.by if plan.edited else ():
        if policy.person(name) is None:
            reason = (
                f"signatures are needed and may not be of who edited it, but `{name}` is nobody in `people:`; "
                "add it to somebody's `aliases`, or edit again and say who you are there with --as"
            )
            return denial("unknown-editor", reason, outcome=Outcome.ERROR)
    return None


def _unknown_requester(plan: Plan, policy: Policy) -> Finding | None:
    if not plan.requested_by or policy.person(plan.requested_by):
        return None
    reason = (
        f"signatures are needed and may not be the requester's, but `{plan.requested_by}` is nobody in `people:`; "
        "add it to somebody's `aliases`"
    )
    return denial("unknown-requester", reason, outcome=Outcome.ERROR)


_NONE: frozenset[str] = frozenset()


def secrets_of(change: Change, step: Step) -> frozenset[str]:
    """Return the names of the secrets that the arguments of ``change`` use."""
    if is_plain(change.arguments) and (step.with_ is change.arguments or is_plain(step.with_)):
        return _NONE        # as most do
    return frozenset(
        reference.name
        for arguments in (change.arguments, step.with_) if not is_plain(arguments)
        for argument in arguments.values()
        for reference in references(argument) if isinstance(reference, Secret)
    )
