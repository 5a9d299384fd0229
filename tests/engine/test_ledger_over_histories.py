"""The ledger of one plan says of that plan's keys what reading every step of every run says of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from agentctl.engine.keys import keys, ledger, undo_id, undone_step
from agentctl.model.change import Change, Effect
from agentctl.model.changeset import Purpose
from agentctl.model.decision import Consent
from agentctl.model.edit import edited
from agentctl.model.plan import Plan, Step
from agentctl.model.run import History, Run, RunStatus, StepRun, StepStatus
from agentctl.model.told import Told
from agentctl.model.values import Hidden

HAPPENED = {StepStatus.CONFIRMED, StepStatus.ACCEPTED}
STEPS = tuple(
    Step(id=f"s{number}", action="crm.note.create", target=f"notes/{target}", with_={"body": body})
    for number in (1, 2) for target in "ab" for body in ("x", "a secret")
)
PLANS = tuple(
    Plan(intent=intent, agent="bot", steps=(one, other))
    for intent, one, other in (
        ("this", STEPS[0], STEPS[4]), ("this", STEPS[1], STEPS[4]), ("that", STEPS[0], STEPS[4]), ("this", STEPS[0], STEPS[6]),
    )
)


ENDS = st.just(StepStatus.CONFIRMED) | st.sampled_from(StepStatus)


class Vault:
    def commit(self, address: str, path: str, wire: object) -> str:
        return f"hmac-sha256:{wire}"

    def idempotency_key(self, lineage: str, digest: str, step: str, repeat: int) -> str:
        return f"{lineage} {digest} {step} {repeat}"


def no_values(_: Run) -> Mapping[str, Any]:
    return {}


def without_body(plan: Plan, people: bool) -> Plan:
    """The plan as people made it, one step left out and one changed; its keys are the agent's still."""
    return edited(plan, (replace(plan.steps[0], with_={"body": "theirs"}),), ("ann",), "sha256:0") if people else plan


def recorded(plan: Plan) -> Plan:
    """The plan as the trace has it: what may not stand in clear is hidden."""
    hide = Hidden("hmac-sha256:00")
    return replace(
        plan,
        steps=Told(lambda: tuple(
            replace(step, with_={"body": hide}) if step.with_["body"] == "a secret" else step for step in plan.steps
        )),
    )


@st.composite
def histories(draw: st.DrawFn) -> list[Run]:
    runs: list[Run] = []
    for number in range(draw(st.integers(1, 7))):
        before = draw(st.sampled_from([None, *runs]))
        common: dict[str, Any] = {
            "id": f"r{number}", "number": number + 1, "status": RunStatus.COMPLETE, "digest": "", "effects": "",
            "tenant": "", "environment": "", "policy": "", "systems": {}, "who": {}, "consent": Consent(),
            "started_at": "",
        }
        if before is not None and draw(st.booleans()):
            steps = [Step(id=undo_id(step.id), action="crm.note.delete", target=step.target) for step in before.steps]
            plan = Plan(intent=f"Undo {before.id}", agent="", steps=tuple(steps))
            told = tuple(
                StepRun(id=step.id, action=step.action, target=step.target, status=draw(ENDS))
                for step in steps
            )
            runs.append(Run(purpose=Purpose.ROLLBACK, undoes=before.id, plan=plan, steps=told, **common))
            continue
        whole, repeat = draw(st.sampled_from(PLANS)), draw(st.integers(0, 1))
        plan = without_body(whole, draw(st.booleans()))
        key = keys(plan, "lineage", repeat, Vault(), ledger(History(runs=tuple(runs)), plan, no_values))
        told = tuple(
            StepRun(
                id=step.id, action=step.action, target=step.target, key=draw(st.just(key(step.id)) | st.just("")),
                status=draw(ENDS),
                change=Change(
                    step=step.id, action=step.action, target=step.target,
                    effect=draw(st.sampled_from([Effect.CREATE, Effect.SIDE_EFFECT, Effect.UPDATE])),
                ),
            )
            for step in plan.steps
        )
        carried = {step.id: runs[0].id for step in plan.steps if runs and draw(st.integers(0, 4)) == 0}
        runs.append(
            Run(purpose=Purpose.APPLY, plan=recorded(plan), steps=told, repeat=repeat, carried=carried, **common)
        )
    return runs


def plainly(runs: list[Run]) -> tuple[dict[str, tuple[Run, StepRun]], set[str]]:
    """Read every step of every run."""
    taken: dict[str, tuple[Run, StepRun]] = {}
    undone: set[str] = set()
    key_of: dict[tuple[str, str], str] = {}
    for run in runs:
        for step in run.steps:
            undoes = key_of.get((run.undoes, undone_step(step.id)), "")
            key = key_of[run.id, step.id] = undoes if run.purpose is Purpose.ROLLBACK else step.key
            if not key or step.status not in HAPPENED or step.id in run.carried:
                continue
            if run.purpose is Purpose.ROLLBACK:
                undone ^= {key}
            elif step.change is not None and step.change.effect is not Effect.UPDATE:
                taken[key] = (run, step)
    return {key: used for key, used in taken.items() if key not in undone}, undone & taken.keys()


@given(histories(), st.sampled_from(PLANS), st.booleans())
def test_no_key_of_a_plan_is_forgotten_with_the_runs_of_others(runs: list[Run], whole: Plan, people: bool) -> None:
    found = ledger(History(runs=tuple(runs)), without_body(whole, people), no_values)
    taken, undone = plainly(runs)
    ours = {Vault().idempotency_key("lineage", whole.digest, step.id, n) for step in whole.steps for n in range(9)}
    assert {key: used for key, used in found.taken.items() if key in ours} == {
        key: used for key, used in taken.items() if key in ours
    }
    assert found.undone & ours == undone & ours


def test_the_steps_of_another_plan_are_not_asked_for() -> None:
    def asked() -> tuple[StepRun, ...]:
        raise AssertionError("its steps were told")

    other = Run(
        id="r", number=1, purpose=Purpose.APPLY, status=RunStatus.COMPLETE, digest="", effects="", plan=PLANS[-1],
        tenant="", environment="", policy="", systems={}, who={}, consent=Consent(), started_at="", steps=Told(asked),
    )
    assert not ledger(History(runs=(other,)), PLANS[0], no_values).taken
