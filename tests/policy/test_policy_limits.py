"""What a change takes of its limits; and whatever can't be counted denies, with the place of the limit."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agentctl.errors import Invalid
from agentctl.model.action import Tier
from agentctl.model.change import Effect
from agentctl.model.changeset import Purpose
from agentctl.model.decision import Decision, Outcome, Verdict
from agentctl.model.values import Hidden, Unknown
from agentctl.policy.evaluate import decide, decide_plainly
from agentctl.policy.lint import lint
from agentctl.policy.ship import capabilities
from agentctl.policy.using import with_usage
from agentctl.policy.wide import Ground
from tests.policy.ground import SPEC, change, context, grants, judge, policy, record, update, why

PAY = {"tier": "monthly", "region": "eu", "discount": 5, "note": "n"}


def limited(*limits: str, grant: str = "id: g, actions: ['*'], mode: approve", rest: str = ""):
    return grants(f"{{{grant}, limits: [{', '.join(limits)}]}}", rest=rest)


def taken(decision: Decision) -> list[tuple[str, int]]:
    return [(charge.key, charge.amount) for charge in decision.charges]


def row(number: int, **fields):
    return record(PAY, {**PAY, **fields}, f"crm/customers/{number}")


def test_a_step_is_one_of_count_however_many_records_it_touches():
    several = change(row(1, tier="a"), row(2, tier="a"), row(3, tier="a"))
    assert taken(judge(limited("{count: 9, per: 1h}"), several)) == [("bot", 1)]
    assert taken(judge(limited("{records: 9, per: 1h}"), several)) == [("bot", 3)]
    assert taken(judge(limited("{count: 9, per: 1h, by: action}"), several)) == [("crm.row.update", 1)]
    each = taken(judge(limited("{count: 9, per: 1h, by: target}"), several))
    assert each == [("customers/1", 1), ("customers/2", 1), ("customers/3", 1)]


def test_an_amount_of_the_record_is_summed_over_records_and_one_of_the_step_is_taken_once():
    several = change(row(1, discount=7), row(2, discount=8), arguments={"cents": 40})
    assert taken(judge(limited("{sum: after.discount, max: 99, per: 1d}"), several)) == [("bot", 15)]
    assert taken(judge(limited("{sum: args.cents, max: 99, per: 1d}"), several)) == [("bot", 40)]
    by_record = judge(limited("{sum: after.discount, max: 99, per: 1d, by: target}"), several)
    assert taken(by_record) == [("customers/1", 7), ("customers/2", 8)]


def test_bytes_are_those_of_the_fields_that_change():
    found = judge(limited("{bytes: 99, per: plan}"), update(tier="annual"))
    assert taken(found) == [("bot", len('{"tier":"annual"}'))]
    gone = judge(limited("{bytes: 99, per: plan}"), change(record(PAY, None)))
    assert taken(gone) == [("bot", 0)]
    sent = change(action="crm.mail.send", arguments={"to": "é"})
    assert taken(judge(limited("{bytes: 99, per: plan}"), sent)) == [("bot", len('{"to":"é"}'.encode()))]


def test_a_side_effect_without_a_record_touches_one():
    assert taken(judge(limited("{records: 3, per: 1h}"), change(action="crm.mail.send"))) == [("bot", 1)]


def test_what_changes_nothing_takes_nothing():
    assert judge(limited("{count: 0, per: 1h}"), change(record(PAY, PAY))).charges == ()
    partly = change(row(1, tier="a"), row(2))
    assert taken(judge(limited("{records: 9, per: 1h}"), partly)) == [("bot", 1)]


def test_reads_are_counted():
    looked = change(action="crm.row.read", effect=Effect.READ, reads=("crm/customers/1", "crm/customers/2"))
    assert taken(judge(limited("{count: 9, per: 1h}"), looked)) == [("bot", 1)]
    assert taken(judge(limited("{records: 9, per: 1h}"), looked)) == [("bot", 2)]
    assert judge(limited("{records: 1, per: 1h}"), looked).verdict is Verdict.DENY


def test_the_limits_of_every_grant_that_covers_apply():
    both = grants(
        "{id: a, actions: ['*'], limits: [{count: 5, per: 1h}]}", "{id: b, actions: ['crm.*'], limits: [{count: 9, per: 1d}]}"
    )
    assert [(item.limit, item.amount) for item in judge(both, update(tier="x")).charges] == [
        ("a.limits[0]", 1), ("b.limits[0]", 1),
    ]


def test_the_limits_of_a_grant_for_other_records_do_not():
    rules = grants(
        "{id: a, actions: ['*'], targets: ['customers/*']}",
        "{id: b, actions: ['*'], targets: ['invoices/*'], limits: [{count: 0, per: 1h}]}",
    )
    assert judge(rules, update(tier="x")).charges == ()


def test_a_grant_that_may_cover_is_counted_as_one_that_does():
    rules = limited("{count: 5, per: 1h}", grant="id: g, actions: ['*'], where: 'after.region == \"eu\"'")
    unsure = change(record(PAY, {**PAY, "region": Unknown("steps.a.after.region")}))
    assert taken(judge(rules, unsure)) == [("bot", 1)]


def test_amounts_are_by_currency():
    rules = limited("{sum: after.discount, max: {EUR: 10, USD: 20}, currency: after.region, per: 1d}")
    (charge,) = judge(rules, update(region="USD", discount=15)).charges
    assert (charge.currency, charge.amount, charge.most) == ("USD", 15, 20)
    denied = judge(rules, update(region="JPY", discount=1))
    assert why(denied) == "limit g.limits[0]: currency `JPY` is not among EUR, USD"
    assert "more than" not in why(judge(rules, update(region="eur", discount=1)))       # no currency is taken for another


BAD = [
    ("{sum: after.discount, max: 9, per: 1d}", {"discount": -1}, "`sum` is negative"),
    ("{sum: after.discount, max: 9, per: 1d}", {"discount": None}, "`sum` does not yield a whole number"),
    ("{sum: after.discount, max: 9, per: 1d}", {"discount": "7"}, "`sum` does not yield a whole number"),
    ("{sum: after.discount, max: 9, per: 1d}", {"discount": True}, "`sum` does not yield a whole number"),
    ("{sum: after.discount, max: 9, per: 1d}", {"discount": 2**53}, "`sum` is more than 9,007,199,254,740,991"),
    ("{sum: after.discount, max: 9, per: 1d}", {"discount": 2**70}, "holds what conditions can't judge"),
    ("{sum: after.discount, max: 9, per: 1d}", {"discount": Unknown("x")}, "`sum` hangs on what is not known"),
    ("{sum: after.discount * 9223372036854775807, max: 9, per: 1d}", {"discount": 9}, "a number in it grows too large"),
    ("{sum: 1 / (after.discount - 5), max: 9, per: 1d}", {"tier": "x"}, "it divides by zero"),
    ("{sum: after.nothing, max: 9, per: 1d}", {"tier": "x"}, "there is no `nothing`"),
    ("{sum: after.discount, max: {EUR: 9}, currency: after.note, per: 1d}", {"note": None}, "`currency` does not yield"),
    ("{sum: after.discount, max: {EUR: 9}, currency: after.note, per: 1d}", {"note": ""}, "`currency` does not yield"),
    ("{count: 9, per: 1d, by: after.note}", {"note": None, "tier": "x"}, "`by` does not yield a text"),
    ("{count: 9, per: 1d, by: after.note}", {"note": Unknown("x")}, "`by` hangs on what is not known"),
    ("{count: 9, per: 1d, by: after.note}", {"note": True}, "`by` does not yield a text"),
    ("{bytes: 9, per: 1d}", {"note": Unknown("x")}, "how much it writes is not known"),
    ("{count: 0, per: 1d}", {"tier": "x"}, "takes 1 step, and at most 0 is allowed per 1d"),
    ("{sum: after.discount, max: 9, per: 1d}", {"discount": 10}, "takes 10, and at most 9 is allowed per 1d"),
]


@pytest.mark.parametrize("limit, fields, reason", BAD)
def test_what_cannot_be_counted_denies_and_says_where(limit, fields, reason):
    decision = judge(limited(limit), update(**fields))
    assert decision.verdict is Verdict.DENY
    assert decision.charges == ()
    (denying,) = [item for item in decision.findings if item.outcome in (Outcome.DENIES, Outcome.ERROR)]
    assert denying.rule == "g.limits[0]"
    assert str(denying.place).startswith("policy.yaml:7:")
    assert reason in denying.reason


def test_one_limit_that_cannot_be_counted_denies_beside_one_that_can():
    both = limited("{count: 9, per: 1h}", "{sum: after.discount, max: 9, per: 1d}")
    assert judge(both, update(discount=-1)).verdict is Verdict.DENY


def test_an_amount_that_sums_to_more_than_can_be_counted_denies():
    many = change(*(row(number, discount=2**53 - 1) for number in range(3)))
    assert "what it takes is more than" in why(judge(limited("{sum: after.discount, max: 9, per: 1d}"), many))


@pytest.mark.parametrize(
    "limit",
    [
        "{sum: after.discount, max: {EUR: 9}, currency: after.password, per: 1d}",
        "{sum: int(after.password), max: 9, per: 1d}",
        "{sum: size(changes), max: 999, per: 1d}",
    ],
)
def test_what_would_be_recorded_of_a_hidden_field_is_never_counted(limit):
    assert "recorded in clear" in why(judge(limited(limit), update({"password": "1"}, password="2")))


def test_a_key_of_a_hidden_field_is_counted_and_never_shown():
    (charge,) = judge(limited("{count: 9, per: 1d, by: after.password}"), update({"password": "p"}, tier="x")).charges
    assert (charge.key, charge.plain, charge.shown) == ("p", False, False)


def test_what_is_only_hidden_from_whoever_looks_is_left_open_and_denied_before_the_effect():
    rules = limited("{sum: after.discount, max: 9, per: 1d}")
    unseen = change(record(PAY, {**PAY, "discount": Hidden("hmac:00")}))
    assert judge(rules, unseen).verdict is Verdict.CONSENT
    assert judge(rules, unseen, final=True).verdict is Verdict.DENY


def test_what_is_counted_is_bound_by_consent():
    rules = limited("{sum: after.discount, max: 9, per: 1d, by: before.region}")
    assert judge(rules, update(tier="x")).reads == {"discount", "region"}


def test_undoing_is_not_limited():
    rules = limited("{count: 0, per: 1h}", rest="rollback: {from: [ops]}\npeople: {ann: {groups: [ops]}}\n")
    decision = judge(rules, update(tier="x"), purpose=Purpose.ROLLBACK, person="ann")
    assert (decision.verdict, decision.charges) == (Verdict.CONSENT, ())


def test_usage_goes_on_where_a_maximum_or_a_window_changes():
    def stream(limit: str, grant: str = "id: g, actions: ['*']") -> str:
        return limited(limit, grant=grant).grants["role"][0].limits[0].stream

    assert stream("{count: 1, per: 1h}") == stream("{count: 9, per: 1d}")
    assert stream("{id: x, count: 1, per: 1h}") == stream("{id: x, count: 9, per: 1d}", "id: other, actions: ['*']")
    assert stream("{count: 1, per: 1h}") != stream("{records: 1, per: 1h}")
    assert stream("{count: 1, per: 1h}") != stream("{count: 1, per: 1h, by: target}")
    assert stream("{sum: after.a, max: 1, per: 1h}") != stream("{sum: after.b, max: 1, per: 1h}")


@pytest.mark.parametrize(
    "limit, told",
    [
        ("{per: 1h}", "A limit counts one thing"),
        ("{count: 1, records: 2, per: 1h}", "A limit counts one thing"),
        ("{count: -1, per: 1h}", "at least 0"),
        ("{count: 1}", "`per` is required"),
        ("{count: 1, per: 0h}", "a duration such as"),
        ("{count: 1.5, per: 1h}", "a whole number from 0"),
        ("{sum: after.x, per: 1h}", "`max` is required"),
        ("{sum: after.x, max: {EUR: 1}, per: 1h}", "`max` is a mapping by currency"),
        ("{sum: after.x, max: 1, currency: after.c, per: 1h}", "`max` is a mapping by currency"),
        ("{sum: after.x, max: {}, currency: after.c, per: 1h}", "at least 1 key"),
        ("{count: 1, max: 3, per: 1h}", "`sum` is required"),
        ("{sum: '1.5', max: 3, per: 1h}", "an amount is a whole number"),
        ("{count: 1, per: 1h, by: 'true'}", "is a text or a whole number"),
        ("{count: 1, per: 1h, by: usage.x}", "conditions cannot ask what was used"),
        ("{count: 1, per: 1h, by: customer}", "there is nothing called `customer`"),
        ("{count: 99999999999999999999, per: 1h}", "a whole number from 0"),
        ("{count: 1, per: 1h, every: x}", "`every` is not known here"),
        ("{id: d, count: 1, per: 1h}, {id: d, count: 1, per: 1d}", "`d` is also at"),
    ],
)
def test_a_limit_that_means_nothing_is_refused_with_its_place(limit, told):
    with pytest.raises(Invalid) as error:
        limited(limit)
    (wrong,) = error.value.diagnostics
    assert told in wrong.detail
    assert str(wrong.span).startswith("policy.yaml:7:")


@pytest.mark.parametrize("used, decision", [(0, "consent"), (19, "consent"), (20, "deny"), (2**53, "deny")])
def test_a_case_says_how_much_is_used(used, decision):
    rules = limited("{id: hourly, count: 20, per: 1h}", "{id: daily, sum: after.discount, max: 99, per: 1d}")
    answer = with_usage(judge(rules, update(tier="x")), {"hourly": used})
    assert answer.verdict.value == decision
    if decision == "deny":
        assert (answer.findings[0].rule, answer.charges) == ("hourly", ())
        assert f"allows 20 steps per 1h for agent `bot`: {used:,} used, this plan asks for 1" in why(answer)


def test_lint_warns_of_a_limit_whose_usage_hangs_on_a_place_in_a_list():
    ground = Ground(specs={"crm.row.update": SPEC}, tenant="t", environment="e")

    def codes(limit: str, grant: str) -> list[str]:
        return [item.code for item in lint(limited(limit, grant=grant), ground)]

    assert codes("{count: 1, per: 1h}", "actions: [crm.row.update]") == ["unnamed-limit"]
    assert codes("{id: named, count: 1, per: 1h}", "actions: [crm.row.update]") == []
    assert codes("{count: 1, per: 1h}", "id: g, actions: [crm.row.update]") == []
    assert codes("{sum: int(after.password), max: 1, per: 1h}", "id: g, actions: [crm.row.update]") == ["never-fits"]


def test_executing_ships_only_with_a_limit_over_time():
    spec = replace(SPEC, tier=Tier.EXECUTE)
    ground = Ground(specs={"crm.job.run": spec}, tenant="t", environment="e")

    def met(limits: str) -> bool:
        rules = grants(f"{{id: g, actions: [crm.job.run]{limits}}}")
        (capability,) = capabilities(rules, ground)
        return next(control.met for control in capability.controls if control.name == "spend and rate limits")

    assert not met("")
    assert not met(", limits: [{count: 3, per: plan}]")
    assert met(", limits: [{count: 3, per: 1d}]")


TOTAL = """
agents: {bot: {roles: [role]}}
roles:
  role:
    limits: [{id: all-of-it, records: 3, per: 1d, actions: ["crm.row.*"]}]
    grants:
      - {id: a, actions: ["crm.*"], targets: ["customers/*"]}
      - {id: b, actions: ["crm.*"], targets: ["invoices/*", "customers/1"]}
"""


def test_a_role_limits_what_all_its_grants_let_through_and_counts_no_record_twice():
    several = change(row(1, tier="a"), row(2, tier="a"), record(PAY, {**PAY, "tier": "a"}, "crm/invoices/9"))
    (charge,) = judge(policy(TOTAL), several).charges
    assert (charge.limit, charge.amount, charge.stream) == ("all-of-it", 3, "all-of-it: records by agent")
    assert judge(policy(TOTAL.replace("records: 3", "records: 2")), several).verdict is Verdict.DENY


def test_a_limit_counts_only_the_actions_it_names():
    sent = replace(change(row(1, tier="a")), action="crm.mail.send")
    assert judge(policy(TOTAL), sent).charges == ()
    by_grant = limited("{count: 0, per: 1h, actions: [crm.mail.send]}")
    assert judge(by_grant, update(tier="x")).charges == ()
    assert judge(by_grant, sent).verdict is Verdict.DENY


def test_the_common_answer_takes_the_same_of_limits_as_the_thorough_one():
    change_ = update(tier="x")
    for rules in (policy(TOTAL), limited("{count: 5, per: 1h}", "{sum: after.discount, max: 9, per: 1d}")):
        known = context(rules, change_)
        assert decide(change_, known).charges == decide_plainly(change_, known).charges != ()


def test_lint_warns_of_a_limit_that_counts_nothing():
    ground = Ground(specs={"crm.row.update": SPEC}, tenant="t", environment="e")
    rules = limited("{count: 5, per: 1h, actions: [crm.row.updaet]}", grant="id: g, actions: [crm.row.update]")
    assert [item.code for item in lint(rules, ground)] == ["never-matches"]
    assert [item.code for item in lint(policy(TOTAL.replace("crm.row.*", "crm.nothing")), ground)] == ["never-matches"]
