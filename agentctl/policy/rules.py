"""The nouns of a policy: agents, roles, grants, people, invariants. Reading them from text is ``document``'s part."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from agentctl.facts import dataclass, field
from agentctl.model.breaker import Breaker
from agentctl.model.changeset import Purpose
from agentctl.model.decision import Level, Mode
from agentctl.model.diagnostic import Diagnostic, Span
from agentctl.policy.batches import Batch
from agentctl.policy.constraints import UNCONSTRAINED, Constraints
from agentctl.policy.expressions import Expression
from agentctl.policy.freezes import Freeze
from agentctl.policy.globs import FieldPath, Glob
from agentctl.policy.lifting import Unhalt
from agentctl.policy.limits import Limit
from agentctl.policy.overriding import BreakGlass, Overriders
from agentctl.policy.uses import Needs


@dataclass(frozen=True, kw_only=True)
class Approvals:
    """Signed approvals asked for: by how many people, out of which groups (none named: anybody's)."""

    count: int
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Grant:
    """What a role may do, or with mode ``forbid`` may not. ``None`` is no restriction."""

    id: str
    place: Span
    role: str
    actions: tuple[Glob, ...]
    targets: tuple[Glob, ...] | None = None
    fields: tuple[FieldPath, ...] | None = None
    where: Expression | None = None
    mode: Mode | None = None
    approvals: Approvals | None = None
    secrets: frozenset[str] = frozenset()
    constraints: Constraints = UNCONSTRAINED
    limits: tuple[Limit, ...] = ()

    @property
    def forbids(self) -> bool:
        return self.mode is Mode.FORBID


class Content(StrEnum):
    """What becomes of a change whose arguments or values hold something."""

    DENY = "deny"


@dataclass(frozen=True, kw_only=True)
class Invariant:
    """What holds for everybody: where ``when`` holds, ``deny`` must not and ``require`` must.

    ``secrets`` is what becomes of a change that would write what looks like a credential.
    """

    id: str
    place: Span
    when: Expression | None = None
    deny: Expression | None = None
    require: Expression | None = None
    secrets: Content | None = None
    message: str = ""
    level: Level = Level.HARD
    override: Overriders | None = None
    excepted: frozenset[Purpose] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Agent:
    """An agent by the name plans claim. With ``signs`` a plan must carry a signature."""

    name: str
    place: Span
    roles: tuple[str, ...]
    keys: tuple[str, ...] = ()
    keys_place: Span | None = None

    @property
    def signs(self) -> bool:
        return bool(self.keys)


@dataclass(frozen=True, kw_only=True)
class Person:
    name: str
    place: Span
    groups: frozenset[str] = frozenset()
    aliases: frozenset[str] = frozenset()
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Rollback:
    """Who may undo runs, and with how many signatures."""

    place: Span
    groups: tuple[str, ...]
    count: int = 0


@dataclass(frozen=True, kw_only=True)
class Policy:
    """Rules on effects. Whatever no grant covers is denied.

    ``digest`` is over the rules without ``people``, breakers and who may lift halts: these are looked up live.
    ``warnings`` tell what the document holds that has no effect yet.
    """

    digest: str
    agents: Mapping[str, Agent] = field(default_factory=dict)
    grants: Mapping[str, tuple[Grant, ...]] = field(default_factory=dict)       # by role
    limits: Mapping[str, tuple[Limit, ...]] = field(default_factory=dict)       # of all a role's grants together
    people: Mapping[str, Person] = field(default_factory=dict)
    invariants: tuple[Invariant, ...] = ()
    freezes: tuple[Freeze, ...] = ()
    rollback: Rollback | None = None
    breakers: tuple[Breaker, ...] = ()
    unhalt: Unhalt | None = None
    break_glass: BreakGlass | None = None
    needs: Needs = field(default_factory=dict)      # what all conditions together look at
    warnings: tuple[Diagnostic, ...] = ()
    frames: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)         # of the latest plan
    batches: dict[tuple[str, ...], Batch] = field(default_factory=dict, compare=False, repr=False)
    _matched: dict[tuple[str, str], tuple[Grant, ...]] = field(default_factory=dict, compare=False, repr=False)

    def grants_of(self, agent: Agent, action: str) -> tuple[Grant, ...]:
        """Return the grants of the agent's roles that name ``action``, in the order of the document."""
        key = (agent.name, action)
        if (found := self._matched.get(key)) is None:
            found = self._matched[key] = tuple(
                grant
                for role in agent.roles
                for grant in self.grants[role]
                if any(glob(action) for glob in grant.actions)
            )
        return found

    def person(self, name: str) -> Person | None:
        """Return the person who has this name or alias. Names are compared exactly."""
        if name in self.people:
            return self.people[name]
        return next((person for person in self.people.values() if name in person.aliases), None)
