"""The parsed files of a policy put together, with everything that is wrong noted. No text is parsed here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from agentctl.model.breaker import Breaker
from agentctl.model.canonical import digest
from agentctl.model.changeset import Purpose
from agentctl.model.decision import Level, Mode
from agentctl.model.diagnostic import Diagnostic, Span
from agentctl.model.duration import seconds
from agentctl.policy import breakers, expressions, globs
from agentctl.policy.expressions import Expression, NotAnExpression, Yields
from agentctl.policy.freezes import Freeze
from agentctl.policy.holders import Holder, shared
from agentctl.policy.lifting import Unhalt
from agentctl.policy.limiting import limits
from agentctl.policy.limits import Limit
from agentctl.policy.names import look_alikes
from agentctl.policy.overriding import BreakGlass, Overriders
from agentctl.policy.place import Place
from agentctl.policy.restricting import constraints, freezes
from agentctl.policy.rules import Agent, Approvals, Content, Grant, Invariant, Person, Policy, Rollback
from agentctl.policy.uses import needs
from agentctl.syntax.document import Document
from agentctl.syntax.suggest import did_you_mean

_RULES = ("agents", "roles", "invariants", "freezes", "rollback", "break_glass")


class Reading:
    """The files read so far, put together. Everything wrong is noted, not raised."""

    def __init__(self) -> None:
        self.problems: list[Diagnostic] = []
        self._warnings: list[Diagnostic] = []
        self._named: dict[str, dict[str, Place]] = {
            kind: {} for kind in ("agent", "role", "person", "rule", "group", "environment")
        }
        self._aliases: dict[str, tuple[str, Place]] = {}
        self._agents: dict[str, Agent] = {}
        self._grants: dict[str, tuple[Grant, ...]] = {}
        self._limited: dict[str, tuple[Limit, ...]] = {}
        self._people: dict[str, Person] = {}
        self._invariants: list[Invariant] = []
        self._freezes: list[Freeze] = []
        self._rollback: Rollback | None = None
        self._breakers: list[tuple[Breaker, Place]] = []
        self._unhalt: Unhalt | None = None
        self._break_glass: BreakGlass | None = None
        self._conditions: list[Expression] = []
        self._once: dict[str, Place] = {}
        self._rules: dict[str, Any] = {"agents": {}, "roles": {}, "invariants": []}

    def read(self, document: Document) -> None:
        body, top = document.value, Place(document, ())
        for name, agent in body.get("agents", {}).items():
            if self._name("agent", name, top / "agents" / name):
                self._agents[name] = self._agent(name, agent, top / "agents" / name)
        for name, role in body.get("roles", {}).items():
            if self._name("role", name, top / "roles" / name):
                self._grants[name] = tuple(self._role(name, role, top / "roles" / name))
                self._limited[name] = self._limits(f"roles.{name}", role, top / "roles" / name, placed=False)
        for name, person in body.get("people", {}).items():
            if self._name("person", name, top / "people" / name):
                self._people[name] = self._person(name, person, top / "people" / name)
        for index, invariant in enumerate(body.get("invariants", ())):
            self._invariants.append(self._invariant(invariant, top / "invariants" / index))
        for index, freeze in enumerate(body.get("freezes", ())):
            self._freezes += self._freeze(freeze, top / "freezes" / index)
        if "rollback" in body and self._only_once("rollback", top):
            self._rollback = self._of_rollback(body["rollback"], top / "rollback")
        for index, breaker in enumerate(body.get("breakers", ())):
            place = top / "breakers" / index
            if self._name("rule", breaker["id"], place / "id"):
                self._breakers.append((breakers.breaker(breaker, place), place))
        if "unhalt" in body and self._only_once("unhalt", top):
            self._groups(body["unhalt"]["from"], top / "unhalt" / "from")
            self._unhalt = Unhalt(
                place=(top / "unhalt").span,
                groups=tuple(body["unhalt"]["from"]),
                signed=body["unhalt"].get("signed", False),
            )
        if "break_glass" in body and self._only_once("break_glass", top):
            self._break_glass = self._of_break_glass(body["break_glass"], top / "break_glass")
        self._keep_rules(document)
        self._warnings += document.diagnostics

    def compare(self) -> None:
        """Check what can be checked only when every file is read: roles that are nowhere, names that mislead."""
        for agent in self._agents.values():
            place = self._named["agent"][agent.name]
            for index, role in enumerate(agent.roles):
                if role not in self._named["role"]:
                    detail = f"Agent `{agent.name}` has the role `{role}`, which is nowhere defined."
                    hint = did_you_mean(role, self._named["role"])
                    self.problems.append((place / "roles" / index).wrong("unknown-role", "Unknown role", detail, hint))
        self.problems += breakers.strangers(self._breakers, self._agents)
        self.problems += shared(
            Holder(kind, item.name, item.keys, self._named[kind][item.name])
            for kind, items in (("agent", self._agents), ("person", self._people)) for item in items.values()
        )
        for alias, (owner, place) in self._aliases.items():
            if alias in self._people and alias != owner:
                detail = f"`{alias}` is the name of another person; it must mean one person."
                self.problems.append(place.wrong("duplicate-name", "Alias of two people", detail))
        for kind, named in self._named.items():
            for name, earlier in look_alikes(named):
                detail = f"`{name}` is easily taken for `{earlier}` at {named[earlier].span}."
                self.problems.append(
                    named[name].wrong("look-alike", f"Look-alike {kind} names", detail, "Rename one of them.")
                )

    def policy(self) -> Policy:
        return Policy(
            digest=digest(self._rules),
            agents=self._agents,
            grants=self._grants,
            limits=self._limited,
            people=self._people,
            invariants=tuple(self._invariants),
            freezes=tuple(self._freezes),
            rollback=self._rollback,
            breakers=tuple(breaker for breaker, _ in self._breakers),
            unhalt=self._unhalt,
            break_glass=self._break_glass,
            needs=needs(condition.uses for condition in self._conditions),
            warnings=tuple(self._warnings),
        )

    def _agent(self, name: str, body: dict[str, Any], place: Place) -> Agent:
        return Agent(
            name=name,
            place=place.span,
            roles=tuple(body["roles"]),
            keys=tuple(body.get("keys", ())),
            keys_place=(place / "keys").span if "keys" in body else None,
        )

    def _role(self, name: str, body: dict[str, Any], place: Place) -> Iterator[Grant]:
        for index, grant in enumerate(body["grants"]):
            yield self._grant(name, index, grant, place / "grants" / index)

    def _limits(self, owner: str, body: dict[str, Any], place: Place, *, placed: bool) -> tuple[Limit, ...]:
        return tuple(limits(owner, body, place, self._condition, self._name, self.problems.append, placed=placed))

    def _grant(self, role: str, index: int, body: dict[str, Any], place: Place) -> Grant:
        identifier = body.get("id", f"roles.{role}.grants[{index}]")
        self._name("rule", identifier, place / "id" if "id" in body else place)
        mode = Mode(body["mode"]) if "mode" in body else None
        self._environments(body, place)
        self._check_consent(mode, body, place)
        approvals = body.get("approvals")
        if approvals:
            self._groups(approvals.get("from", ()), place / "approvals" / "from")
        return Grant(
            id=identifier,
            place=place.span,
            role=role,
            actions=tuple(map(globs.action, body["actions"])),
            targets=tuple(map(globs.target, body["targets"])) if "targets" in body else None,
            fields=tuple(map(globs.field, body["fields"])) if "fields" in body else None,
            where=self._condition(body, "where", place),
            mode=mode,
            approvals=approvals and Approvals(count=approvals["count"], groups=tuple(approvals.get("from", ()))),
            secrets=frozenset(body.get("secrets", ())),
            constraints=constraints(body, mode, place, self.problems.append),
            limits=self._limits(identifier, body, place, placed="id" not in body),
        )

    def _check_consent(self, mode: Mode | None, body: dict[str, Any], place: Place) -> None:
        """Refuse what a mode would make void, so that nothing written here is without effect."""
        pointless = {
            Mode.AUTO: ("approvals",),
            Mode.FORBID: ("approvals", "limits", "secrets"),
        }
        for key in pointless.get(mode, ()) if mode else ():
            if key in body:
                why = "asks nobody" if mode is Mode.AUTO else "lets nothing through"
                self.problems.append(
                    (place / key).wrong(
                        "no-effect", "Setting without effect", f"mode {mode} {why}, so `{key}` would have no effect.",
                        f"Take `{key}` out, or change the mode.", key=True,
                    )
                )

    def _person(self, name: str, body: dict[str, Any], place: Place) -> Person:
        self._groups(body.get("groups", ()), place / "groups")
        for index, alias in enumerate(body.get("aliases", ())):
            self._alias(alias, name, place / "aliases" / index)
        return Person(
            name=name,
            place=place.span,
            groups=frozenset(body.get("groups", ())),
            aliases=frozenset(body.get("aliases", ())),
            keys=tuple(body.get("keys", ())),
        )

    def _invariant(self, body: dict[str, Any], place: Place) -> Invariant:
        self._name("rule", body["id"], place / "id")
        return Invariant(
            id=body["id"],
            place=place.span,
            when=self._condition(body, "when", place),
            deny=self._condition(body, "deny", place),
            require=self._condition(body, "require", place),
            secrets=Content(body["content"]["secrets"]) if "content" in body else None,
            message=body.get("message", ""),
            level=Level(body.get("level", Level.HARD)),
            override=self._overriders(body, place),
            excepted=frozenset(map(Purpose, body.get("except", ()))),
        )

    def _freeze(self, body: dict[str, Any], place: Place) -> Iterator[Freeze]:
        self._name("rule", body["id"], place / "id")
        self._environments(body, place)
        yield from freezes(body, place, self.problems.append)

    def _overriders(self, body: dict[str, Any], place: Place) -> Overriders | None:
        if "override" not in body:
            return None
        level, rule = body.get("level", Level.HARD), body["override"]
        if level != Level.SOFT:
            why = "nobody overrides a hard rule" if level == Level.HARD else "an advisory rule denies nothing"
            self.problems.append(
                (place / "override").wrong(
                    "no-effect", "Setting without effect", f"{why}, so `override` would have no effect.",
                    "Take `override` out, or add `level: soft`.", key=True,
                )
            )
        self._groups(rule["from"], place / "override" / "from")
        return Overriders(groups=tuple(rule["from"]), seconds=seconds(rule["expires"]))

    def _of_rollback(self, body: dict[str, Any], place: Place) -> Rollback:
        self._groups(body["from"], place / "from")
        count = body.get("approvals", {}).get("count", 0)
        return Rollback(place=place.span, groups=tuple(body["from"]), count=count)

    def _of_break_glass(self, body: dict[str, Any], place: Place) -> BreakGlass:
        self._groups(body["from"], place / "from")
        return BreakGlass(
            place=place.span,
            groups=tuple(body["from"]),
            seconds=seconds(body["expires"]),
            review_within=seconds(body["review_within"]),
        )

    def _condition(
        self, body: dict[str, Any], key: str, place: Place, yields: Yields = Yields.TRUTH
    ) -> Expression | None:
        if key not in body:
            return None
        try:
            condition = expressions.compile(body[key], yields)
        except NotAnExpression as error:
            self.problems.append(_in_condition(place / key, body[key], error))
            return None
        self._conditions.append(condition)
        return condition

    def _name(self, kind: str, name: str, place: Place) -> bool:
        """Note a name; one given twice, here or in another file, is an error."""
        earlier = self._named[kind].setdefault(name, place)
        if earlier is place:
            return True
        self.problems.append(
            place.wrong("duplicate-name", f"{kind.capitalize()} named twice", f"`{name}` is also at {earlier.span}.")
        )
        return False

    def _alias(self, alias: str, person: str, place: Place) -> None:
        owner, earlier = self._aliases.setdefault(alias, (person, place))
        if owner != person:
            detail = f"`{alias}` is also an alias of `{owner}` at {earlier.span}; it must mean one person."
            self.problems.append(place.wrong("duplicate-name", "Alias of two people", detail))

    def _environments(self, body: dict[str, Any], place: Place) -> None:
        for index, name in enumerate(body.get("environments", ())):
            self._named["environment"].setdefault(name, place / "environments" / index)

    def _groups(self, names: Iterable[str], place: Place) -> None:
        for index, name in enumerate(names):
            self._named["group"].setdefault(name, place / index)

    def _only_once(self, key: str, top: Place) -> bool:
        earlier = self._once.setdefault(key, top / key)
        if earlier.document is top.document:
            return True
        detail = f"`{key}` also stands at {earlier.span}."
        self.problems.append((top / key).wrong("duplicate-name", "Section given twice", detail, key=True))
        return False

    def _keep_rules(self, document: Document) -> None:
        """Keep what the digest is over: everything but people, however it is spread over files."""
        for key in _RULES:
            if key not in document.value:
                continue
            part = document.wire(document.value[key])
            match self._rules.get(key):
                case dict() as known if key in ("agents", "roles"):
                    known.update(part)
                case list() as known:
                    known.extend(part)
                case _:
                    self._rules[key] = list(part) if isinstance(part, list) else part


def _in_condition(place: Place, source: str, error: NotAnExpression) -> Diagnostic:
    """Return what is wrong with a condition, pointing into it where it stands in the file as one piece."""
    detail, hint = error.why.rstrip(".?") + ("?" if error.why.endswith("?") else "."), f"In: {source.strip()[:200]}"
    found = place.wrong("bad-condition", "Condition not valid", detail, hint)
    span = found.span
    if span is None or error.line != 1 or "\n" in source.strip():
        return found
    start = place.document.source(span.line).find(source, span.column - 1)
    if start < 0:
        return found
    return Diagnostic(
        severity=found.severity, code=found.code, summary=found.summary, detail=found.detail, hint=found.hint,
        span=Span(span.file, span.line, start + error.column), pointer=found.pointer, source=found.source,
    )
