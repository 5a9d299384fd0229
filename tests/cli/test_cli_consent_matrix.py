"""Who must have said what before a step runs, and with which code a command ends that lacks it: one table, complete.

A row for each mode, tier and standing of the agent; in it a column for each way of starting and each state of the
signatures: of nobody, of one lead, of one lead twice, of two people who are no leads, of two leads.
"""

from __future__ import annotations

import io
import sys
from dataclasses import replace
from itertools import product
from types import SimpleNamespace

import pytest

from agentctl.cli.consent import consent_to
from agentctl.engine.gate import judge as rule_all
from agentctl.engine.ports import Systems
from agentctl.errors import AgentctlError, Exit
from agentctl.model.action import Reversibility, Tier
from agentctl.model.change import Effect, Inverse
from agentctl.model.changeset import ChangeSet, Purpose
from agentctl.model.decision import Consent, ConsentKind, Finding, Outcome, Permit, Refuse, Signed
from tests.policy.ground import PLAN, SPEC, change, grants, judge, update

MODES = {
    "auto": "mode: auto",
    "approve": "mode: approve",
    "leads": "mode: approve, approvals: {count: 2, from: [leads]}",
    "manual": "mode: manual, approvals: {count: 2, from: [leads]}",
    "forbid": "mode: forbid",
}
TIERS = ("read", "draft", "write", "send")       # what is sent cannot be undone
AGENTS = ("proven", "claimed")
STARTS = ("pipe", "flag", "terminal")
PEOPLE = "people: {ann: {groups: [leads]}, ben: {groups: [leads]}, eve: {groups: [sales]}, eva: {groups: [sales]}}"


def signed(*people: str, group: str = "leads") -> tuple[Signed, ...]:
    return tuple(
        Signed(approval=f"{person}{place}", person=person, groups=(group,), steps=(), until="2100-01-01T00:00:00Z")
        for place, person in enumerate(people)
    )


SIGNATURES = {
    "none": (),
    "one": signed("ann"),
    "twice": signed("ann", "ann"),              # one person with two approvals
    "other": signed("eve", "eva", group="sales"),
    "both": signed("ann", "ben"),
}

TABLE = """
                          no terminal                    --auto-approve                 terminal, and a yes
                          none   one twice other  both   none   one twice other  both   none   one twice other  both
auto     read   proven       0     0     0     0     0      0     0     0     0     0      0     0     0     0     0
auto     read   claimed      0     0     0     0     0      0     0     0     0     0      0     0     0     0     0
auto     draft  proven       5     0     0     0     0      0     0     0     0     0      0     0     0     0     0
auto     draft  claimed      5     0     0     0     0      0     0     0     0     0      0     0     0     0     0
auto     write  proven       5     0     0     0     0      0     0     0     0     0      0     0     0     0     0
auto     write  claimed      5     0     0     0     0      5     0     0     0     0      0     0     0     0     0
auto     send   proven       5     0     0     0     0      5     0     0     0     0      0     0     0     0     0
auto     send   claimed      5     0     0     0     0      5     0     0     0     0      0     0     0     0     0
approve  read   proven       5     0     0     0     0      5     0     0     0     0      0     0     0     0     0
approve  read   claimed      5     0     0     0     0      5     0     0     0     0      0     0     0     0     0
approve  draft  proven       5     0     0     0     0      5     0     0     0     0      0     0     0     0     0
approve  draft  claimed      5     0     0     0     0      5     0     0     0     0      0     0     0     0     0
approve  write  proven       5     0     0     0     0      5     0     0     0     0      0     0     0     0     0
approve  write  claimed      5     0     0     0     0      5     0     0     0     0      0     0     0     0     0
approve  send   proven       5     0     0     0     0      5     0     0     0     0      0     0     0     0     0
approve  send   claimed      5     0     0     0     0      5     0     0     0     0      0     0     0     0     0
leads    read   proven       5     5     5     5     0      5     5     5     5     0      5     5     5     5     0
leads    read   claimed      5     5     5     5     0      5     5     5     5     0      5     5     5     5     0
leads    draft  proven       5     5     5     5     0      5     5     5     5     0      5     5     5     5     0
leads    draft  claimed      5     5     5     5     0      5     5     5     5     0      5     5     5     5     0
leads    write  proven       5     5     5     5     0      5     5     5     5     0      5     5     5     5     0
leads    write  claimed      5     5     5     5     0      5     5     5     5     0      5     5     5     5     0
leads    send   proven       5     5     5     5     0      5     5     5     5     0      5     5     5     5     0
leads    send   claimed      5     5     5     5     0      5     5     5     5     0      5     5     5     5     0
manual   read   proven       5     5     5     5     5      5     5     5     5     5      5     5     5     5     0
manual   read   claimed      5     5     5     5     5      5     5     5     5     5      5     5     5     5     0
manual   draft  proven       5     5     5     5     5      5     5     5     5     5      5     5     5     5     0
manual   draft  claimed      5     5     5     5     5      5     5     5     5     5      5     5     5     5     0
manual   write  proven       5     5     5     5     5      5     5     5     5     5      5     5     5     5     0
manual   write  claimed      5     5     5     5     5      5     5     5     5     5      5     5     5     5     0
manual   send   proven       5     5     5     5     5      5     5     5     5     5      5     5     5     5     0
manual   send   claimed      5     5     5     5     5      5     5     5     5     5      5     5     5     5     0
forbid   read   proven       4     4     4     4     4      4     4     4     4     4      4     4     4     4     4
forbid   read   claimed      4     4     4     4     4      4     4     4     4     4      4     4     4     4     4
forbid   draft  proven       4     4     4     4     4      4     4     4     4     4      4     4     4     4     4
forbid   draft  claimed      4     4     4     4     4      4     4     4     4     4      4     4     4     4     4
forbid   write  proven       4     4     4     4     4      4     4     4     4     4      4     4     4     4     4
forbid   write  claimed      4     4     4     4     4      4     4     4     4     4      4     4     4     4     4
forbid   send   proven       4     4     4     4     4      4     4     4     4     4      4     4     4     4     4
forbid   send   claimed      4     4     4     4     4      4     4     4     4     4      4     4     4     4     4
"""


def rows() -> dict[tuple[str, str, str], list[int]]:
    lines = [line.split() for line in TABLE.splitlines()[3:]]
    return {(mode, tier, agent): [int(code) for code in codes] for mode, tier, agent, *codes in lines}


def exit_of(mode: str, tier: str, agent: str, start: str, signatures: str, monkeypatch, *, fits: bool = True) -> int:
    spec = replace(SPEC, tier=Tier.EXECUTE if tier == "send" else Tier(tier))
    rules = grants(f"{{id: g, actions: ['*'], {MODES[mode]}}}", rest=PEOPLE)
    one = {
        "read": change(effect=Effect.READ),
        "send": change(effect=Effect.SIDE_EFFECT, inverse=Inverse(kind=Reversibility.NONE)),
    }.get(tier, replace(update(tier="x"), inverse=Inverse(kind=Reversibility.EXACT)))
    decision = judge(rules, one, spec=spec, proven=agent == "proven")
    changeset = ChangeSet(
        lineage="l", tenant="acme", environment="staging", purpose=Purpose.APPLY, plan=PLAN, policy=rules.digest,
        specs={}, systems={}, changes=(one,),
    )
    systems = Systems({"crm": SimpleNamespace(actions={"row.update": spec})})
    beyond = {} if fits else {"s": Finding(rule="g", place=None, outcome=Outcome.DENIES, reason="too much")}
    given = Consent(kind=ConsentKind.SIGNATURES, digest=changeset.digest, signed=SIGNATURES[signatures])

    def ruled(consent: Consent):
        return rule_all(changeset, [decision], consent, systems, (), beyond)

    if any(isinstance(ruling, Refuse) for ruling in ruled(given).values()):
        return Exit.REFUSED
    monkeypatch.setattr(sys, "stdin", io.StringIO("yes\nupdate 1\n"))
    session = SimpleNamespace(interactive=start == "terminal")
    try:
        consent = consent_to(
            changeset, ruled(given), session, given=given, auto_approve=start == "flag",
            may_sign=lambda _: ("ann", "ben"), why_not=list,
        )
    except AgentctlError as error:
        return error.code
    assert all(isinstance(ruling, Permit) for ruling in ruled(consent).values()), "what was consented to runs"
    return Exit.OK


def test_the_table_leaves_nothing_out():
    assert rows().keys() == set(product(MODES, TIERS, AGENTS))
    assert {len(codes) for codes in rows().values()} == {len(STARTS) * len(SIGNATURES)}


@pytest.mark.parametrize(("mode", "tier", "agent"), rows(), ids="-".join)
def test_a_command_ends_as_the_table_says(mode, tier, agent, monkeypatch):
    for (start, signatures), code in zip(product(STARTS, SIGNATURES), rows()[mode, tier, agent], strict=True):
        assert exit_of(mode, tier, agent, start, signatures, monkeypatch) == code, (start, signatures)


@pytest.mark.parametrize(("mode", "tier", "agent"), rows(), ids="-".join)
def test_no_consent_helps_beyond_a_limit(mode, tier, agent, monkeypatch):
    for start, signatures in product(STARTS, SIGNATURES):
        ended = exit_of(mode, tier, agent, start, signatures, monkeypatch, fits=False)
        assert ended == Exit.REFUSED, (start, signatures)
