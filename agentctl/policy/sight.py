"""One record of a change as conditions see it: what they answer, what that hangs on, what they were shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from agentctl.facts import dataclass
from agentctl.model.values import Fields, same
from agentctl.policy import expressions
from agentctl.policy.constraints import Constraints, Unmet, elsewhere, spared, unmet
from agentctl.policy.expressions import Expression, Failed, Truth, Undecided
from agentctl.policy.facts import Facts
from agentctl.policy.globs import FieldPath
from agentctl.policy.plain import Holes, plain_fields
from agentctl.policy.units import Unit, changed
from agentctl.policy.uses import Uses

_PROSE = {("step", "because"), ("plan", "intent"), ("plan", "requested_by")}
_CIRCUMSTANCES = ("agent", "effect", "environment", "purpose", "target", "tenant")
_MOST_SHOWN = 10
_LONGEST_SHOWN = 60


@dataclass(frozen=True)
class Answer:
    """What a condition yields, and the record fields that outcome hangs on (None where that can't be told)."""

    truth: Truth
    reads: frozenset[str] | None = frozenset()


class Sight:
    """A unit, with ``before`` and ``after`` as conditions are to see them."""

    __slots__ = ("_alone", "_facts", "_holes", "_whole", "_without", "after", "before", "unit")

    def __init__(self, facts: Facts, unit: Unit, before: Fields | None, after: Fields | None) -> None:
        self.unit = unit
        self.before = before
        self.after = after
        self._facts = facts
        self._holes = facts.holes
        self._alone: dict[str, Any] | None = None
        self._without: Any = None
        self._whole: Any = None

    def answer(self, expression: Expression) -> Answer:
        """Return what ``expression`` yields here.

        It is asked without the record first: what the action alone settles hangs on none of the record's fields.
        """
        uses = expression.uses
        if uses.alone:
            known = self._facts.answers
            key = (id(expression), self.unit.effect, self.unit.target if "target" in uses.facts else "")
            if key not in known:
                known[key] = self.answer_alone(expression)
            if (settled := known[key]) is not None:
                return Answer(settled)
        whole = self._with_record()
        truth = _ask(expression, whole, self._holes)
        if isinstance(truth, Failed) and not self.unit.told:
            truth = Undecided("the record's values are not known at this point")
        return Answer(truth, uses.reads)

    def value(self, expression: Expression) -> Any:
        """Return the value ``expression`` yields here, Undecided where that is not known, or Failed."""
        value = _ask(expression, self._with_record(), self._holes, expressions.evaluate)
        if isinstance(value, Failed) and not self.unit.told:
            return Undecided("the record's values are not known at this point")
        return value

    def answer_alone(self, expression: Expression) -> Truth | None:
        """Return the answer that needs no record, or None where only the record can give one."""
        facts, alone = self._facts, self._without_record()
        if not expression.uses.of_record:
            truth: Truth = _ask(expression, alone, facts.holes)
            return truth
        if facts.holes and (_overlooked(expression.uses, facts.holes.unfit, facts.holes.unknown)):
            return None
        return expressions.settles(expression, alone)

    def elsewhere(self, constraints: Constraints) -> str:
        """Return why a grant under ``constraints`` is for other environments than this one, or nothing."""
        return elsewhere(constraints, self._facts.circumstances)

    def unmet(self, constraints: Constraints) -> Unmet | None:
        """Return which of ``constraints`` doesn't hold for the change this is of, if one doesn't."""
        return unmet(constraints, self._facts.change, self._facts.circumstances)

    def spared(self, constraints: Constraints) -> str:
        """Return why a grant that forbids under ``constraints`` is not about the change this is of, or nothing."""
        return spared(constraints, self._facts.change, self._facts.circumstances)

    def leaks(self) -> str:
        """Say where the change would write what looks like a credential, or nothing."""
        from agentctl.policy.leaks import in_record, told

        return told((*self._facts.leaks, *in_record(self.unit, self._facts.spec)))

    def rows(self, expression: Expression) -> tuple[Sight, ...]:
        """Return the sights in all of which a scope (``where``) must hold.

        A condition on one side describes a row, and must hold of the row as it was and as it becomes. One that names
        both sides describes the transition, and is asked once.
        """
        unit, uses = self.unit, expression.uses
        if len(uses.images) != 1 or not unit.told:
            return (self,)
        mine, other = (unit.before, unit.after) if "before" in uses.images else (unit.after, unit.before)
        rows: tuple[Sight, ...] = () if mine is None else (self,)
        if other is not None and (mine is None or not alike(mine, other, uses.reads)):
            rows += (self._image(other),)
        return rows or (self,)

    def _image(self, row: Fields) -> Sight:
        image = Sight(self._facts, self.unit, row, row)
        image._alone, image._without = self._alone, self._without
        return image

    def inputs(self, expression: Expression) -> dict[str, str]:
        """Return what ``expression`` looks at, in short words for a reader. Values nobody may see are not shown."""
        uses = expression.uses
        shown = {f"{fact}.{name}": self._show(fact, name) for fact, name in uses.named}
        for fact in _CIRCUMSTANCES:
            if fact in uses.facts:
                shown[fact] = _short(self._facts_alone().get(fact))
        if "changes" in uses.facts:
            paths = [".".join(path) for path in changed(self.unit.before, self.unit.after)]
            shown["changes"] = ", ".join(paths[:_MOST_SHOWN]) + (" …" if len(paths) > _MOST_SHOWN else "")
        return shown

    def _show(self, fact: str, name: str) -> str:
        spec = self._facts.spec
        unseen = spec.sensitive | spec.sealed
        if (fact, name) in _PROSE:
            return "(the agent's words)"
        if fact in ("before", "after"):
            row = self.before if fact == "before" else self.after
            return "(hidden)" if name in unseen else _short(None if row is None else row.get(name))
        # An argument may repeat a hidden field under another name: where a record has any, none is shown.
        if fact == "args" and (unseen or name in spec.secret):
            return "(hidden)"
        if name in self._facts.holes.unknown.get(fact, ()):
            return "(known after apply)"
        return _short(self._facts.plain.get(fact, {}).get(name))

    def _facts_alone(self) -> dict[str, Any]:
        if self._alone is None:
            alone = {**self._facts.plain, "effect": self.unit.effect.value}
            if "target" in self._facts.needs:
                alone |= plain_fields("", {"target": self.unit.target}, Holes())
            self._alone = alone
        return self._alone

    def _without_record(self) -> Any:
        if self._without is None:
            self._without = expressions.activation(self._facts_alone())
        return self._without

    def _with_record(self) -> Any:
        if self._whole is None:
            self._holes = self._facts.holes.copy()
            self._whole = expressions.activation({**self._facts_alone(), **self._record()})
        return self._whole

    def _record(self) -> dict[str, Any]:
        """Return both sides with every field of the record schema, null where absent, so that typos are errors."""
        if not self.unit.told:
            return {}
        needs = self._facts.needs
        declared = self._facts.spec.record.get("properties", ())
        sides = {"before": self.before or {}, "after": self.after or {}}
        shown: dict[str, Any] = {}
        for fact in sides.keys() & needs.keys():
            wanted = needs[fact]
            names = dict.fromkeys((*declared, *sides["before"], *sides["after"])) if wanted is None else [
                name for name in wanted if name in declared or name in sides["before"] or name in sides["after"]
            ]
            shown[fact] = plain_fields(fact, {name: sides[fact].get(name) for name in names}, self._holes)
        if "changes" in needs:
            shown["changes"] = [
                plain_fields("changes", self._change(path), self._holes)
                for path in changed(self.unit.before, self.unit.after)
            ]
        return shown

    def _change(self, path: FieldPath) -> dict[str, Any]:
        return {"path": ".".join(path), "before": at(self.unit.before, path), "after": at(self.unit.after, path)}


def _ask(
    expression: Expression, activation: Any, holes: Holes, ask: Callable[[Expression, Any], Any] = expressions.ask
) -> Any:
    """Ask, and tell what touched a value not known yet from what failed.

    A hole is a field left out: whatever needs it fails, and what && or || make needless doesn't. Only asking whether a
    field is there, or for all fields at once, would pass by the hole without noticing.
    """
    if not holes:
        return ask(expression, activation)
    uses = expression.uses
    if path := _overlooked(uses, holes.unfit):
        return Failed(_not_fit(path))
    if path := _overlooked(uses, holes.unknown):
        return Undecided(_not_known(path))
    truth = ask(expression, activation)
    if isinstance(truth, Failed):
        if path := _selected(uses, holes.unfit):
            return Failed(_not_fit(path))
        if path := _selected(uses, holes.unknown):
            return Undecided(_not_known(path))
    return truth


def _overlooked(uses: Uses, *holes: Mapping[str, frozenset[str]]) -> str:
    """Return a hole that evaluation would pass by without noticing, if there is one."""
    for some in holes:
        for fact, names in some.items():
            if fact in uses.whole:
                return f"{fact}.{min(names)}"
        for fact, name in sorted(uses.tests):
            if name in some.get(fact, ()):
                return f"{fact}.{name}"
    return ""


def _selected(uses: Uses, holes: Mapping[str, frozenset[str]]) -> str:
    if "changes" in holes and "changes" in uses.facts:
        return f"changes[…].{min(holes['changes'])}"
    return next((f"{fact}.{name}" for fact, name in sorted(uses.fields) if name in holes.get(fact, ())), "")


def _not_known(path: str) -> str:
    return f"`{path}` is not known at this point"


def _not_fit(path: str) -> str:
    return f"`{path}` holds what conditions can't judge: bytes, a secret, a zero character or a number beyond 64 bits"


def alike(mine: Fields, other: Fields, reads: frozenset[str] | None) -> bool:
    """Whether a condition that hangs on the fields ``reads`` cannot tell one row from the other."""
    return reads is not None and all(
        (name in mine) is (name in other) and same(mine.get(name), other.get(name)) for name in reads
    )


def at(fields: Fields | None, path: FieldPath) -> Any:
    node: Any = fields
    for key in path:
        node = node.get(key) if isinstance(node, dict | Mapping) else None
    return node


def _short(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case str():
            return f'"{value[:_LONGEST_SHOWN]}…"' if len(value) > _LONGEST_SHOWN else f'"{value}"'
        case int() | Decimal() | date():
            return str(value)
        case Mapping():
            return f"({len(value)} fields)"
        case list() | tuple():
            return f"({len(value)} items)"
        case _:
            return "(not shown)"
