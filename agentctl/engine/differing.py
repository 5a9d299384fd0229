"""What differs between two changesets, or between one and today, in words: which part, from what to what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from agentctl.engine.moved import moved
from agentctl.engine.records import in_words
from agentctl.engine.spoken import spoken
from agentctl.model.change import Change
from agentctl.model.changeset import ChangeSet, SystemIdentity
from agentctl.model.plan import Plan, Step, step_to_wire

_SHORT = 12
_NAMES = 5      # steps named before they are only counted


def between(planned: ChangeSet, now: ChangeSet) -> Iterator[str]:
    """Yield what of ``now`` is not what it is in ``planned``: nothing where both have one digest."""
    yield from places(planned, now.tenant, now.environment)
    for what, one, other in (
        ("lineage", planned.lineage, now.lineage),
        ("purpose", planned.purpose.value, now.purpose.value),
        ("run it undoes", planned.undoes, now.undoes),
        ("number of --again", str(planned.repeat), str(now.repeat)),
    ):
        if one != other:
            yield f"the {what} was {one or 'none'}, now it is {other or 'none'}"
    yield from _plan(planned.plan, now.plan)
    yield from policy(planned.policy, now.policy)
    for action in sorted(planned.specs.keys() & now.specs.keys()):
        yield from spec(action, planned.specs[action], now.specs[action])
    for name in sorted(planned.systems.keys() & now.systems.keys()):
        yield from system(name, planned.systems[name], now.systems[name])
    later = {change.step: change for change in now.changes}
    for change in planned.changes:
        yield from _change(change, later.get(change.step))


def places(planned: ChangeSet, tenant: str, environment: str) -> Iterator[str]:
    if (planned.tenant, planned.environment) != (tenant, environment):
        yield f"it was made for {planned.tenant}/{planned.environment}, this is {tenant}/{environment}"


def policy(planned: str, now: str) -> Iterator[str]:
    if planned != now:
        yield f"the policy's rules have changed since (from {_short(planned)} to {_short(now)})"


def spec(action: str, planned: str, now: str) -> Iterator[str]:
    if planned != now:
        yield f"what `{action}` does has changed since (from {_short(planned)} to {_short(now)})"


def system(name: str, planned: SystemIdentity, now: SystemIdentity) -> Iterator[str]:
    """Yield each part of a system's identity that is another one, from what to what."""
    for part, one, other in (
        ("type", planned.type, now.type),
        ("version", planned.version, now.version),
        ("endpoint", planned.endpoint, now.endpoint),
        ("user", planned.whoami, now.whoami),
        ("tenant", planned.tenant, now.tenant),
    ):
        if one != other:
            yield f"the {part} of `{name}` was {_said(one)}, now it is {_said(other)}"


def _change(planned: Change, now: Change | None) -> Iterator[str]:
    if now is None or now == planned:
        return
    if difference := moved(planned, now):
        yield f"step `{planned.step}`: {in_words(difference)}"
    elif planned.inverse != now.inverse:
        yield f"step `{planned.step}`: how it is undone is another, or what stays when it is"
    else:
        yield f"step `{planned.step}`: what is known of it beforehand is not the same"


def _plan(planned: Plan, now: Plan) -> Iterator[str]:
    for what, one, other in (
        ("intent", planned.intent, now.intent),
        ("agent", planned.agent, now.agent),
        ("requester", planned.requested_by, now.requested_by),
        ("order to go on after a failure", planned.on_failure.value, now.on_failure.value),
    ):
        if one != other:
            yield f"the {what} was {_said(one)}, now it is {_said(other)}"
    if planned.evidence != now.evidence:
        yield "the evidence is another"
    before, after = _steps(planned.steps), _steps(now.steps)
    for words, names in (
        ("gone", [name for name in before if name not in after]),
        ("new", [name for name in after if name not in before]),
        ("worded anew", [name for name in before if name in after and before[name] != after[name]]),
    ):
        if names:
            more = f" and {len(names) - _NAMES} more" if len(names) > _NAMES else ""
            noun = "step" if len(names) == 1 else "steps"
            yield f"{noun} {', '.join(f'`{name}`' for name in names[:_NAMES])}{more} {_be(names)} {words}"
    if before.keys() == after.keys() and list(before) != list(after):
        yield "the steps stand in another order"


def _said(text: str) -> str:
    """Return what an agent or a system wrote so that it can't be taken for our own words."""
    return spoken(text) if text else "unknown"


def _be(names: list[str]) -> str:
    return "is" if len(names) == 1 else "are"


def _steps(steps: Sequence[Step]) -> Mapping[str, object]:
    return {step.id: step_to_wire(step) for step in steps}


def _short(digest: str) -> str:
    return digest.removeprefix("sha256:")[:_SHORT]
