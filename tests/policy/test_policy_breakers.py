"""Breakers in a policy: what is read, what is refused, and what lint says of those that could never trip."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from agentctl.errors import Invalid
from agentctl.model.action import Readback, Tier
from agentctl.model.breaker import Trouble
from agentctl.model.halt import Reach
from agentctl.policy.lifting import may_not_lift
from agentctl.policy.lint import lint
from agentctl.policy.wide import Ground
from tests.policy.ground import SPEC, grants, policy

SPECS = {
    "crm.row.update": replace(SPEC, readback=Readback.RECORD),
    "crm.row.read": replace(SPEC, tier=Tier.READ),
    "mail.note.send": SPEC,
    "docs.page.read": replace(SPEC, tier=Tier.READ),
}
GROUND = Ground(specs=SPECS, tenant="acme", environment="staging")
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA"
PEOPLE = f"people: {{maria: {{groups: [on-call], aliases: [mm], keys: ['{KEY}']}}, ann: {{groups: [leads]}}}}\n"
UNDO = PEOPLE + "rollback: {from: [on-call]}\n"
ENTRIES = ("{actions: ['crm.*', 'mail.*', 'docs.*']}",)


def with_breakers(*breakers: str, rest: str = UNDO):
    return grants(*ENTRIES, rest=f"{rest}breakers: [{', '.join(breakers)}]\n")


def codes(*breakers: str, rest: str = UNDO) -> set[str]:
    said = lint(with_breakers(*breakers, rest=rest), GROUND)
    return {item.code for item in said if item.code in ("never-trips", "unknown-connector", "no-keys", "unknown-group")}


def test_a_breaker_is_read_as_it_is_written():
    (found,) = with_breakers("{id: b, on: failures, count: 3, per: 15m, halt: connector, agents: [bot], connectors: [crm]}").breakers
    assert (found.id, found.on, found.count, found.seconds) == ("b", Trouble.FAILURES, 3, timedelta(minutes=15).seconds)
    assert (found.halt, found.agents, found.connectors) == (Reach.CONNECTOR, ("bot",), ("crm",))
    assert str(found.place).startswith("policy.yaml:")
    assert found.rule == "3 failures within 15m"


@pytest.mark.parametrize("entry", [
    "{id: b, on: failures, count: 0, per: 1h, halt: agent}",
    "{id: b, on: failures, count: -1, per: 1h, halt: agent}",
    "{id: b, on: failures, count: 1001, per: 1h, halt: agent}",
    "{id: b, on: failures, count: 99999999999999999999, per: 1h, halt: agent}",
    "{id: b, on: failures, count: 1.5, per: 1h, halt: agent}",
    "{id: b, on: failures, count: '3', per: 1h, halt: agent}",
    "{id: b, on: failures, count: true, per: 1h, halt: agent}",
    "{id: b, on: failures, count: 3, per: 0h, halt: agent}",
    "{id: b, on: failures, count: 3, per: 1w, halt: agent}",
    "{id: b, on: failures, count: 3, per: 9999999d, halt: agent}",
    "{id: b, on: failure, count: 3, per: 1h, halt: agent}",
    "{id: b, on: true, count: 3, per: 1h, halt: agent}",
    "{id: b, on: failures, count: 3, per: 1h, halt: role}",
    "{id: b, on: failures, count: 3, per: 1h}",
    "{on: failures, count: 3, per: 1h, halt: agent}",
    "{id: b, on: failures, count: 3, per: 1h, halt: agent, agents: []}",
    "{id: b, on: failures, count: 3, per: 1h, halt: agent, connectors: []}",
    "{id: b, on: failures, count: 3, per: 1h, halt: agent, connectors: ['*']}",
    "{id: b, on: failures, count: 3, per: 1h, halt: agent, unless: x}",
    "{id: b, on: failures, count: 3, per: 1h, halt: agent, agents: [bott]}",
])
def test_a_breaker_that_is_not_right_makes_the_whole_policy_invalid_and_so_denies(entry):
    with pytest.raises(Invalid) as told:
        with_breakers(entry)
    assert told.value.diagnostics
    assert all(item.span for item in told.value.diagnostics), "each names its line"


def test_an_agent_nobody_has_is_an_error_with_a_hint():
    with pytest.raises(Invalid) as told:
        with_breakers("{id: b, on: failures, count: 3, per: 1h, halt: agent, agents: [bott]}")
    (item,) = told.value.diagnostics
    assert (item.code, item.hint) == ("unknown-agent", "Did you mean `bot`?")


@pytest.mark.parametrize("other", ["crm-fai1s", "crm-fails"])
def test_two_breakers_of_one_name_or_of_look_alike_names_are_refused(other):
    with pytest.raises(Invalid):
        with_breakers(
            "{id: crm-fails, on: failures, count: 3, per: 1h, halt: agent}",
            f"{{id: {other}, on: doubts, count: 3, per: 1h, halt: agent}}",
        )


def test_breakers_and_who_lifts_them_are_no_part_of_what_consent_is_bound_to():
    plain = grants(*ENTRIES, rest=UNDO)
    more = with_breakers("{id: b, on: failures, count: 3, per: 1h, halt: agent}", rest=UNDO + "unhalt: {from: [on-call]}\n")
    assert plain.digest == more.digest
    assert plain.digest != grants("{actions: ['crm.*']}", rest=UNDO).digest


@pytest.mark.parametrize(("breakers", "code"), [
    (("{id: b, on: failures, count: 3, per: 1h, halt: agent, connectors: [crn]}",), "unknown-connector"),
    (("{id: b, on: deviations, count: 3, per: 1h, halt: agent, connectors: [mail]}",), "never-trips"),
    (("{id: b, on: doubts, count: 3, per: 1h, halt: agent, connectors: [docs]}",), "never-trips"),
    (
        (
            "{id: a, on: failures, count: 2, per: 2h, halt: agent}",
            "{id: b, on: failures, count: 3, per: 1h, halt: agent, agents: [bot]}",
        ),
        "never-trips",
    ),
    (
        (
            "{id: b, on: failures, count: 3, per: 1h, halt: agent, agents: [bot]}",
            "{id: a, on: failures, count: 2, per: 2h, halt: agent}",
        ),
        "never-trips",
    ),
])
def test_lint_names_a_breaker_that_can_never_trip(breakers, code):
    assert code in codes(*breakers)


def test_of_two_that_are_the_same_only_the_later_is_needless():
    same = ("{id: a, on: failures, count: 2, per: 2h, halt: all}", "{id: b, on: failures, count: 2, per: 2h, halt: all}")
    told = [item.detail for item in lint(with_breakers(*same), GROUND) if item.code == "never-trips"]
    assert len(told) == 1
    assert told[0].startswith("Breaker b never trips before breaker a")


def test_a_breaker_on_rollbacks_needs_somebody_who_may_undo():
    counts = "{id: b, on: rollbacks, count: 3, per: 1h, halt: agent}"
    assert codes(counts) == set()
    assert codes(counts, rest=PEOPLE) == {"never-trips"}


@pytest.mark.parametrize("breakers", [
    ("{id: b, on: failures, count: 3, per: 1h, halt: agent}", "{id: c, on: failures, count: 9, per: 1d, halt: agent}"),
    ("{id: b, on: failures, count: 3, per: 1h, halt: agent}", "{id: c, on: failures, count: 9, per: 1h, halt: all}"),
    ("{id: b, on: failures, count: 2, per: 1h, halt: agent, connectors: [crm]}", "{id: c, on: failures, count: 3, per: 1h, halt: agent}"),
    ("{id: b, on: deviations, count: 1, per: 1h, halt: agent}", "{id: c, on: doubts, count: 1, per: 1h, halt: connector}"),
], ids=["slower and longer", "halts more", "stricter on one", "counts other things"])
def test_breakers_that_complete_each_other_pass(breakers):
    assert codes(*breakers) == set()


@pytest.mark.parametrize(("unhalt", "code"), [
    ("{from: [on-cal]}", "unknown-group"),
    ("{from: [leads], signed: true}", "no-keys"),
    ("{from: [on-call], signed: true}", None),
    ("{from: [on-call]}", None),
])
def test_lint_names_lifting_that_nobody_can_do(unhalt, code):
    found = codes(rest=UNDO + f"unhalt: {unhalt}\n")
    assert found == ({code} if code else set())


@pytest.mark.parametrize("wrong", ["unhalt: {}", "unhalt: {from: []}", "unhalt: {from: [a], signed: 1}", "unhalt: [a]"])
def test_who_may_lift_is_said_right_or_the_policy_is_invalid(wrong):
    with pytest.raises(Invalid):
        policy(wrong + "\n")


@pytest.mark.parametrize(("name", "may"), [("maria", True), ("mm", True), ("ann", False), ("eve", False), ("", False), ("MARIA", False)])
def test_only_people_of_the_group_may_lift_by_name_or_alias(name, may):
    said = may_not_lift(grants(*ENTRIES, rest=UNDO + "unhalt: {from: [on-call]}\n"), name)
    assert (said == "") is may
    assert may or "Let one of them do it: maria." in said


def test_without_a_word_about_it_everybody_may_lift():
    assert may_not_lift(grants(*ENTRIES, rest=UNDO), "anybody") == ""


def test_the_policies_that_the_page_on_halts_shows_are_read_without_a_finding():
    page = (Path(__file__).parents[2] / "docs/HALTS.md").read_text("utf-8")
    shown = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    assert len(shown) == 2
    read = grants(*ENTRIES, rest="rollback: {from: [on-call]}\n" + "".join(shown))
    assert len(read.breakers) == 3
    assert [item.code for item in lint(read, GROUND) if item.code in ("never-trips", "unknown-connector", "no-keys")] == []
