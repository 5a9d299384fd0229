"""Lint says which constraints check nothing, which nothing can meet, and which freeze more than was meant."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agentctl.model.action import Fidelity, Reversibility, Tier
from agentctl.policy.lint import lint
from agentctl.policy.matrix import matrix
from agentctl.policy.ship import capabilities
from agentctl.policy.wide import Ground
from agentctl.views.document.policy_constraints import freeze_facts
from agentctl.views.document.policy_show import grant_facts
from tests.policy.ground import SPEC, grants

SPECS = {
    "crm.row.read": replace(SPEC, verb="row.read", tier=Tier.READ, reversibility=Reversibility.NONE),
    "crm.row.update": replace(SPEC, preview=Fidelity.EXACT),
    "crm.mail.send": replace(
        SPEC, verb="mail.send", tier=Tier.EXECUTE, recipients=("to",), reversibility=Reversibility.NONE
    ),
}
GROUND = Ground(specs=SPECS, tenant="acme", environment="staging")
YEAR_END = "from: '2026-12-23T18:00', until: '2027-01-02T08:00', zone: Europe/Berlin"


def found(grant: str, rest: str = ""):
    return {(item.code, item.severity.value) for item in lint(grants(grant, rest=rest), GROUND)}


@pytest.mark.parametrize("grant, expected", [
    ("actions: [crm.mail.send], recipients: ['*@acme.example']", None),
    ("actions: ['crm.*'], recipients: ['*@acme.example']", ("checks-nothing", "error")),
    ("actions: [crm.row.update], mode: forbid, recipients: ['*@acme.example']", ("checks-nothing", "error")),
    ("actions: [crm.row.update], reversibility: exact", None),
    ("actions: [crm.mail.send], reversibility: compensating", ("never-holds", "error")),
    ("actions: [crm.row.update, crm.mail.send], reversibility: exact", ("never-holds", "warning")),
    ("actions: [crm.row.read, crm.row.update], reversibility: exact, fidelity: exact", None),
    ("actions: [crm.mail.send], fidelity: partial", ("never-holds", "error")),
    ("actions: [crm.row.update], environments: [prod]", None),
    ("actions: [crm.row.update], environments: [stagin]", ("unknown-environment", "warning")),
    ("actions: [crm.row.update], environments: [Staging]", ("unknown-environment", "warning")),
])
def test_a_constraint_that_checks_nothing_or_cannot_be_met_is_told(grant, expected):
    told = {item for item in found(f"{{id: g, {grant}}}") if item[0] in (
        "checks-nothing", "never-holds", "unknown-environment", "unreachable"
    )}
    assert told == ({expected} if expected else set())


@pytest.mark.parametrize("freeze, expected", [
    ("except: [rollback]", set()),
    ("actions: ['crm.*'], except: [rollback]", set()),
    ("environments: [staging]", {("freezes-undoing", "warning")}),
    ("actions: [crm.row.delte], except: [rollback]", {("unknown-action", "error")}),
    ("actions: ['erp.*'], except: [rollback]", {("never-matches", "warning")}),
    ("environments: [stagin], except: [rollback]", {("unknown-environment", "warning")}),
])
def test_a_freeze_of_nothing_or_of_undoing_is_told(freeze, expected):
    rest = f"freezes:\n  - {{id: f, {YEAR_END}, {freeze}}}\n"
    assert found("{id: g, actions: [crm.row.update]}", rest) == expected


def test_a_forbidding_grant_with_a_window_does_not_make_others_unreachable():
    window = "{from: '09:00', to: '17:00', zone: UTC}"
    both = grants("{id: a, actions: [crm.row.update]}", f"{{id: n, actions: ['crm.*'], mode: forbid, windows: [{window}]}}")
    assert not [item for item in lint(both, GROUND) if item.code == "unreachable"]
    always = grants("{id: a, actions: [crm.row.update]}", "{id: n, actions: ['crm.*'], mode: forbid}")
    assert [item for item in lint(always, GROUND) if item.code == "unreachable"]


def test_a_grant_of_another_environment_opens_nothing_here():
    elsewhere = grants("{id: g, actions: ['crm.*'], mode: auto, environments: [prod]}")
    assert capabilities(elsewhere, GROUND) == ()
    (role,) = matrix(elsewhere, GROUND)["roles"]
    assert role["grants"][0]["opens"] == []


def test_a_policy_shows_its_constraints_in_words():
    rules = grants(
        "{id: g, actions: [crm.mail.send], environments: [staging], recipients: ['*@acme.example', '#ops'], "
        "evidence: {count: 2, kinds: [file], verified: true}, reversibility: compensating, fidelity: partial, "
        "windows: [{days: [tue, mon], from: '22:00', to: '06:00', zone: Europe/Berlin}]}",
        rest=f"freezes:\n  - {{id: f, {YEAR_END}, message: Books., environments: [prod]}}\n",
    )
    told = matrix(rules, GROUND)
    facts = grant_facts(told["roles"][0]["grants"][0])
    assert facts[3:9] == [
        ("consent", "by tier (read and draft auto, write approve, execute manual)"),
        ("only in", "staging"),
        ("to", "*@acme.example, #ops"),
        ("evidence", "2 sources of file, verified"),
        ("only when", "mon tue 22:00-06:00 Europe/Berlin"),
        ("only", "what can be undone or made up for"),
    ]
    assert freeze_facts(told["freezes"][0]) == [
        ("freezes", "everything but reads"), ("from", "Wed 2026-12-23 18:00 Europe/Berlin"),
        ("until", "Sat 2027-01-02 08:00 Europe/Berlin"), ("only in", "prod"), ("message", "Books."),
    ]
