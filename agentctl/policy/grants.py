"""Whether a grant covers a record of a change, and if not, why not in words. Which answer stands is told elsewhere."""

from __future__ import annotations

from collections.abc import Iterable

from agentctl.facts import dataclass
from agentctl.model.change import Effect
from agentctl.model.decision import Outcome
from agentctl.policy.expressions import Expression, Failed, Truth, Undecided
from agentctl.policy.globs import FieldPath, covers, either, is_canonical, touches
from agentctl.policy.invariants import union
from agentctl.policy.rules import Grant
from agentctl.policy.sight import Sight
from agentctl.policy.units import Unit, changed

_MOST_NAMED = 8


@dataclass(frozen=True)
class Match:
    """What a grant says of one record. ``near`` grows with the checks passed: the nearest miss explains a denial."""

    outcome: Outcome
    reason: str
    reads: frozenset[str] | None = frozenset()
    near: int = 0


def match(grant: Grant, sight: Sight, secrets: frozenset[str]) -> Match:
    """Return whether ``grant`` covers (``GRANTS``) or forbids (``DENIES``) what ``sight`` shows, or does not apply."""
    return _forbid(grant, sight) if grant.forbids else _cover(grant, sight, secrets)


def covers_address(grant: Grant, within: str) -> bool:
    """Whether ``grant`` names an address. One that is not in canonical form is named by no grant."""
    return is_canonical(within) and names_target(grant, within)


def names_target(grant: Grant, canonical: str) -> bool:
    """The same of an address that is in canonical form."""
    return grant.targets is None or either(grant.targets)(canonical)


def outside(fields: tuple[FieldPath, ...], paths: Iterable[FieldPath]) -> list[FieldPath]:
    """Return those of the changed ``paths`` that a list of fields doesn't name."""
    return [path for path in paths if not any(covers(known, path) for known in fields)]


def inside(fields: tuple[FieldPath, ...], paths: Iterable[FieldPath]) -> tuple[FieldPath, ...]:
    """Return those of the changed ``paths`` that change what a list of fields names."""
    return tuple(path for path in paths if any(touches(known, path) for known in fields))


def names_fields(effect: Effect) -> bool:
    """Whether a change of this effect is one of fields: all others may touch any."""
    return effect in (Effect.CREATE, Effect.UPDATE, Effect.NO_OP)


def name(grant: Grant) -> str:
    """Return how reasons call a grant."""
    return f"grant {grant.id}"


def _cover(grant: Grant, sight: Sight, secrets: frozenset[str]) -> Match:
    unit = sight.unit
    if why := sight.elsewhere(grant.constraints):
        return _miss(0, f"{name(grant)} {why}")
    if not covers_address(grant, unit.target):
        return _miss(1, f"`{unit.target}` is not among the targets {name(grant)} names{_targets(grant)}")
    if grant.fields is not None and (why := _fields_missed(grant, grant.fields, unit)):
        return _miss(2, why)
    if unlisted := sorted(secrets - grant.secrets):
        return _miss(3, f"{name(grant)} does not list the secret `{unlisted[0]}`")
    if grant.where is not None:
        truth, reads = _where(grant.where, sight)
        match truth:
            case False:
                return Match(
                    Outcome.NOT_APPLICABLE, f"{name(grant)} is only for records where{_scope(grant.where)}", reads, 4
                )
            case Failed(why):
                return Match(Outcome.ERROR, f"`where` of {name(grant)} can't be evaluated, which denies: {why}", reads)
    else:
        truth, reads = True, frozenset()
    # After `where`: consent is about what that reads, and is the same whether a window is open or not.
    if missing := sight.unmet(grant.constraints):
        outcome = Outcome.UNDECIDED if missing.open else Outcome.NOT_APPLICABLE
        return Match(outcome, f"{name(grant)} {missing.why}", reads, 5)
    if isinstance(truth, Undecided):
        return Match(Outcome.UNDECIDED, f"whether {name(grant)} covers it can't be decided yet: {truth.why}", reads)
    return Match(Outcome.GRANTS, f"{name(grant)} covers it", reads)


def _forbid(grant: Grant, sight: Sight) -> Match:
    """Return whether ``grant`` forbids: one touched field or one side of ``where`` is enough."""
    unit = sight.unit
    if is_canonical(unit.target) and not covers_address(grant, unit.target):
        return _miss(0, f"`{unit.target}` is not among the targets {name(grant)} forbids")
    touched = None if grant.fields is None else _touched(grant.fields, unit)
    if touched == ():
        return _miss(0, f"none of the fields {name(grant)} forbids changes")
    if why := sight.spared(grant.constraints):
        return _miss(0, f"{name(grant)} {why}")
    if grant.where is None:
        return Match(Outcome.DENIES, f"{name(grant)} forbids {f'changing {_list(touched)}' if touched else 'it'}")
    reads: frozenset[str] | None = frozenset()
    truths: list[Truth] = []
    for row in sight.rows(grant.where):
        answer = row.answer(grant.where)
        reads = union(reads, answer.reads)
        truths.append(answer.truth)
    if failed := [truth for truth in truths if isinstance(truth, Failed)]:
        why = f"`where` of {name(grant)} can't be evaluated, which denies: {failed[0].why}"
        return Match(Outcome.ERROR, why, reads)
    if True in truths:
        return Match(Outcome.DENIES, f"{name(grant)} forbids it where {grant.where}", reads)
    if undecided := [truth for truth in truths if isinstance(truth, Undecided)]:
        why = f"whether {name(grant)} forbids it can't be decided yet: {undecided[0].why}"
        return Match(Outcome.UNDECIDED, why, reads)
    return Match(Outcome.NOT_APPLICABLE, f"{name(grant)} forbids only where {grant.where}", reads)


def _where(where: Expression, sight: Sight) -> tuple[Truth, frozenset[str] | None]:
    """Return whether ``where`` holds in every row it speaks of: a failure over false over undecided over true."""
    reads: frozenset[str] | None = frozenset()
    undecided: Undecided | None = None
    held = True
    for row in sight.rows(where):
        answer = row.answer(where)
        reads = union(reads, answer.reads)
        if isinstance(answer.truth, Failed):
            return answer.truth, reads
        if isinstance(answer.truth, Undecided):
            undecided = answer.truth
        else:
            held = held and answer.truth
    return (undecided if held and undecided else held), reads


def _scope(where: Expression) -> str:
    twice = ", before and after the change," if len(where.uses.images) == 1 else ""
    return f"{twice} {where}"


def _fields_missed(grant: Grant, fields: tuple[FieldPath, ...], unit: Unit) -> str:
    """Return why a list of fields doesn't cover a record: a field outside it, or an effect that names none."""
    if not names_fields(unit.effect):
        return f"a {unit.effect} names no field, and {name(grant)} is for the fields {_list(fields)} only"
    missed = outside(fields, changed(unit.before, unit.after))
    if not missed:
        return ""
    verb = "is" if len(missed) == 1 else "are"
    return f"{_list(missed)} {verb} not among the fields {_list(fields)} that {name(grant)} allows"


def _touched(fields: tuple[FieldPath, ...], unit: Unit) -> tuple[FieldPath, ...] | None:
    """Return the changed paths that ``fields`` name; None where the effect names no field and so may touch any."""
    return inside(fields, changed(unit.before, unit.after)) if names_fields(unit.effect) else None


def _miss(near: int, why: str) -> Match:
    return Match(Outcome.NOT_APPLICABLE, why, near=near)



def _targets(grant: Grant) -> str:
    return "" if grant.targets is None else f": {', '.join(glob.text for glob in grant.targets[:_MOST_NAMED])}"


def _list(paths: Iterable[FieldPath]) -> str:
    named = [f"`{'.'.join(path)}`" for path in paths]
    more = f" and {len(named) - _MOST_NAMED} more" if len(named) > _MOST_NAMED else ""
    return ", ".join(named[:_MOST_NAMED]) + more
