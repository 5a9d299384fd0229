"""Recipients: what a grant lets be written to, and every trick by which another address is made to look like it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentctl.errors import Invalid
from agentctl.model.action import Tier
from agentctl.model.change import Effect
from agentctl.model.decision import Outcome, Verdict
from agentctl.model.values import Unknown
from agentctl.policy import recipients
from agentctl.policy.recipients import NotARecipient
from tests.policy.ground import SPEC, change, grants, judge, outcomes, update, why

MAIL = replace(SPEC, verb="mail.send", tier=Tier.EXECUTE, recipients=("to", "cc"), sensitive=frozenset())
OURS = "['*@acme.example', ops@partner.example, '*@*.sub.example', '#support']"


def send(to, allowed=OURS, mode="approve", spec=MAIL, rest=(), **arguments):
    rules = grants(f"{{id: g, actions: ['*'], mode: {mode}, recipients: {allowed}}}", *rest)
    sending = change(effect=Effect.SIDE_EFFECT, action="crm.mail.send", arguments={"to": to, **arguments})
    return judge(rules, sending, spec=spec)


@pytest.mark.parametrize("to", [
    "maria@acme.example", "Maria.K+x@ACME.example", "ops@partner.example", "ops@Partner.Example", "a@b.sub.example",
    "a@b.c.sub.example", "#support", ["maria@acme.example", "ops@partner.example"],
])
def test_whom_the_grant_names_may_be_written_to(to):
    assert send(to).verdict is Verdict.CONSENT


@pytest.mark.parametrize("to", [
    "eve@evil.example",
    "eve@evilacme.example",
    "eve@acme.example.evil.example",
    "eve@x.acme.example",                       # below it is not it
    "a@sub.example",                            # nor is what is above
    "a@xsub.example",
    "Ops@partner.example",                      # names before the @ are the other system's business
    "eve@evil.example,maria@acme.example",
    "maria@acme.example, eve@evil.example",
    "eve@evil.example;maria@acme.example",
    "maria@acme.example\neve@evil.example",
    "maria@acme.example\r\nBcc: eve@evil.example",
    "maria@acme.example\n",
    " maria@acme.example",
    "maria@acme.example ",
    "maria@acme.example\0",
    "Maria <eve@evil.example>",
    "maria@acme.example <eve@evil.example>",
    "<maria@acme.example>",
    '"maria@acme.example"@evil.example',
    '"eve@evil.example"@acme.example',
    "eve@evil.example@acme.example",
    "eve%evil.example@acme.example",            # a route that some servers follow
    "evil.example!eve@acme.example",
    "@evil.example:maria@acme.example",
    "maria(eve@evil.example)@acme.example",
    "maria@acme.example.",
    "maria@.acme.example",
    "maria@acme..example",
    ".maria@acme.example",
    "maria..k@acme.example",
    "maria@[10.0.0.1]",
    "maria@10.0.0.1",
    "mailto:maria@acme.example",
    "maria@аcme.example",                       # a Cyrillic а
    "maria@acme.example",                  # and what normalising would make of full-width letters
    "ｍaria@acme.example",
    "maria@acme。example",
    "maria@ac\u200bme.example",
    "maria@acme.example\u200b",
    "maria@xn--cme-7cd.example",
    "a@xn--e1afmkfd.sub.example",               # no * stands for letters of another alphabet
    "@acme.example",
    "maria@",
    "@",
    "maria",
    "",
    "*@acme.example",
    "#Support",
    "#support ",
    "x" * 65 + "@acme.example",
    "m@" + "a" * 250 + ".acme.example",
    ["maria@acme.example", "eve@evil.example"],
    ["maria@acme.example", ["eve@evil.example"]],
    ["maria@acme.example", None],
    {"address": "maria@acme.example"},
    [{"address": "maria@acme.example"}],
    42, True, [], None,
    Unknown("steps.x.after.mail"),
    ["maria@acme.example", Unknown("steps.x.after.mail")],
])
def test_nobody_else_is_however_it_is_spelled(to):
    if to == "maria@acme.example":
        to = "maria@acme.\u200dexample"
    decision = send(to)
    assert decision.verdict is Verdict.DENY
    assert why(decision).startswith("grant g names whom may be written to, and ")


def test_every_argument_that_names_recipients_counts():
    assert send("maria@acme.example", cc="eve@evil.example").verdict is Verdict.DENY
    assert send("maria@acme.example", cc=["ops@partner.example"], subject="eve@evil.example").verdict is Verdict.CONSENT


def test_an_action_that_names_no_recipients_is_not_let_through_unchecked():
    rules = grants(f"{{id: g, actions: ['*'], mode: auto, recipients: {OURS}}}")
    assert "has no recipients" in why(judge(rules, update(tier="x")))


def test_the_reason_names_the_stranger_unless_records_hold_what_nobody_may_see():
    assert "`to` holds `eve@evil.example`" in why(send("eve@evil.example"))
    hidden = why(send("eve@evil.example", spec=replace(MAIL, sealed=frozenset({"mail"}))))
    assert "eve" not in hidden
    assert "`to` holds somebody (hidden)" in hidden


@pytest.mark.parametrize("to, denied", [
    ("eve@evil.example", True), (["maria@acme.example", "eve@EVIL.example"], True), ("maria@acme.example", False),
    ("Eve <eve@evil.example>", True), (42, True), ("eve@evil.example.", True),
])
def test_a_forbidding_grant_stops_whom_it_names_and_whoever_can_not_be_read(to, denied):
    allow = "{id: all, actions: ['*'], mode: approve}"
    decision = send(to, "['*@evil.example']", mode="forbid", rest=(allow,))
    assert (decision.verdict is Verdict.DENY) is denied
    assert (outcomes(decision)["g"] is Outcome.DENIES) is denied


@pytest.mark.parametrize("text", [
    "*", "**@acme.example", "m*@acme.example", "*@*", "*@*acme.example", "*@acme.*", "a@*.*.example", "@acme.example",
    "a@b@acme.example", "*@", "Maria<m@acme.example>", "m@аcme.example", "*@acme.example.", "m@acme..example",
])
def test_a_pattern_that_says_more_than_it_seems_to_is_an_error(text):
    with pytest.raises(Invalid) as error:
        grants(f"{{actions: ['*'], recipients: [m@acme.example, '{text}']}}")
    (found,) = error.value.diagnostics
    assert (found.code, found.span.line) == ("bad-recipient", 7)
    assert found.pointer == "/roles/role/grants/0/recipients/1"


@pytest.mark.parametrize("listed", ["[]", "['']", "[' a@b.example']", "['a@b.example', 'a@b.example']", "a@b.example"])
def test_an_empty_or_repeated_list_is_an_error(listed):
    with pytest.raises(Invalid):
        grants(f"{{actions: ['*'], recipients: {listed}}}")


@given(st.text(max_size=80))
def test_whatever_is_accepted_is_one_plain_address_of_the_domain(text):
    allow = recipients.pattern("*@acme.example")
    try:
        allowed = allow(text)
    except NotARecipient:
        return
    assert not allowed or (text.isascii() and text.count("@") == 1 and text.lower().endswith("@acme.example"))
