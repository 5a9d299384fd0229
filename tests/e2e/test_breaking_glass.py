"""Broken glass through the real command line: one person alone in an emergency, and the review that is owed for it."""

from __future__ import annotations

import json
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from agentctl.errors import Exit
from tests.e2e.house import House, step, update
from tests.e2e.test_overriding import glass, override, planned, public, resign, soft

__all__ = ["soft"]

MAIL = step("mail", "mem.note.send", "outbox", {"to": "ada@acme.example", "text": "sorry"})


@pytest.fixture
def asleep(soft) -> House:
    """The same house, where updates need two signatures besides, and nobody is awake but Olga."""
    soft.change("policy.yaml", lambda policy: policy["roles"]["all"]["grants"][-1].update(
        approvals={"count": 2, "from": ["leads"]}))
    return soft


def broken(house: House) -> str:
    """Break the glass for an annual tier and apply it; return the run."""
    digest = planned(house)
    assert glass(house, digest).code == Exit.OK
    told = house.typed("apply", digest)
    assert told.code == Exit.OK, told.all
    return house.runs()[-1]


def review(house: House, run: str, name: str, *more: str, answers=("yes",), key: str = ""):
    return house.typed("review", run, "--as", name, "--key", house.home / (key or name), "--reason", "was needed", *more,
                       answers=answers)


def lint(house: House):
    told = house.run("policy", "lint", "--format", "json")
    return told.code, [item for item in told.json["findings"] if item["code"].startswith("review")]


def test_on_call_alone_passes_a_soft_rule_and_missing_signatures_on_a_terminal(asleep):
    digest = planned(asleep)
    signed = glass(asleep, digest)
    assert signed.code == Exit.OK, signed.all
    assert "must be reviewed by somebody else" in signed.all
    assert asleep.run("apply", digest).code == Exit.CONSENT, "broken glass is for a person at a terminal"
    assert "the glass is broken by olga until" in asleep.run("plan", "plan.yaml").out
    assert "**The glass is broken** by `olga`" in asleep.run("plan", "plan.yaml", "--format", "markdown").out
    told = asleep.typed("apply", digest)
    assert told.code == Exit.OK, told.all
    assert "the glass is broken by olga until" in told.all
    assert asleep.memory()["customers/1"]["tier"] == "annual"


def test_signatures_alone_that_are_missing_are_reason_enough(asleep):
    digest = planned(asleep, update("seats", seats=4))
    assert "on-call-1 or olga may break the glass" in " ".join(asleep.typed("apply", digest).all.split())
    assert glass(asleep, digest).code == Exit.OK
    told = asleep.typed("apply", digest)
    assert told.code == Exit.OK, told.all
    assert "the glass is broken by olga until" in told.all


def test_there_is_no_glass_to_break_for_what_needs_none(soft):
    told = glass(soft, planned(soft, update("seats", seats=4)))
    assert told.code == Exit.USAGE
    assert "agentctl apply" in told.all


def test_a_policy_without_break_glass_lets_nobody(soft):
    soft.change("policy.yaml", lambda policy: policy.pop("break_glass"))
    told = glass(soft, planned(soft))
    assert (told.code, "no `break_glass:`" in told.all) == (Exit.REFUSED, True)


def test_only_people_of_break_glass_may_and_never_the_requester(soft):
    assert glass(soft, planned(soft), "ann").code == Exit.REFUSED
    digest = planned(soft, requested_by="maria")
    told = soft.typed("break-glass", digest, "--key", soft.home / "maria", "--reason", "I asked for it")
    assert told.code == Exit.REFUSED


@pytest.mark.parametrize(("change", "steps"), [
    (lambda policy: policy["roles"]["all"]["grants"].pop(), [update("tier")]),
    (lambda policy: policy["roles"]["all"]["grants"].append(
        {"id": "never", "actions": ["mem.record.update"], "mode": "forbid"}), [update("tier")]),
    (lambda policy: policy["invariants"].append({"id": "hard", "deny": 'effect == "update"'}), [update("tier")]),
])
def test_broken_glass_gives_no_right_that_policy_does_not_give(soft, change, steps):
    soft.change("policy.yaml", change)
    digest = planned(soft, *steps)
    assert glass(soft, digest).code == Exit.REFUSED
    assert not [record for record in soft.records() if record["kind"] == "override"]
    assert soft.typed("apply", digest).code == Exit.REFUSED


def test_broken_glass_passes_no_halt(soft):
    digest = planned(soft)
    assert glass(soft, digest).code == Exit.OK
    assert soft.run("halt", "--all", "--reason", "look first").code == Exit.OK
    assert soft.typed("apply", digest).code == Exit.REFUSED
    assert soft.runs() == []


def test_broken_glass_passes_no_limit(soft):
    soft.change("policy.yaml", lambda policy: policy["roles"]["all"]["grants"][-1].update(
        limits=[{"count": 1, "per": "1h"}]))
    digest = planned(soft, update("tier"), update("seats", seats=4))
    glass(soft, digest)
    assert soft.typed("apply", digest).code == Exit.REFUSED
    assert soft.memory()["customers/1"] == {"tier": "monthly", "seats": 3}


def test_an_overridden_step_within_its_limit_runs_and_counts_against_it(soft):
    soft.change("policy.yaml", lambda policy: policy["roles"]["all"]["grants"][-1].update(
        limits=[{"count": 1, "per": "1h"}]))
    digest = planned(soft)
    assert override(soft, digest, "ann").code == Exit.OK
    told = soft.typed("apply", digest)
    assert told.code == Exit.OK, told.all
    digest = planned(soft, update("seats", seats=4))
    assert soft.typed("apply", digest).code == Exit.REFUSED


def test_what_cannot_be_undone_is_still_confirmed_by_name_and_number(asleep):
    asleep.change("policy.yaml", lambda policy: policy["roles"]["all"]["grants"][1].update(
        approvals={"count": 2, "from": ["leads"]}))
    digest = planned(asleep, MAIL)
    assert glass(asleep, digest).code == Exit.OK
    assert asleep.typed("apply", digest, answers=("yes", "yes")).code == Exit.CONSENT
    assert asleep.outbox() == []
    told = asleep.typed("apply", digest, answers=("yes", "send 1"))
    assert told.code == Exit.OK, told.all
    assert len(asleep.outbox()) == 1


def test_broken_glass_is_good_once_even_for_two_who_race(asleep):
    digest = planned(asleep)
    assert glass(asleep, digest).code == Exit.OK
    with ThreadPoolExecutor(2) as pool:
        told = list(pool.map(lambda _: asleep.typed("apply", digest, "--lock-timeout", "30s"), range(2)))
    assert min(one.code for one in told) == Exit.OK, [one.all for one in told]
    assert len(asleep.runs()) == 1


def test_using_it_opens_a_review_that_every_screen_tells_of_until_a_second_person_closes_it(soft):
    run = broken(soft)
    assert f"agentctl review {run}" in soft.run("show", run).out
    assert f"agentctl review {run}" in soft.run("runs").out
    planned(soft, update("seats", seats=4))
    assert f"agentctl review {run}" in soft.run("plan", "plan.yaml").out
    (debt,) = soft.run("runs", "--unreviewed", "--format", "json").json["debts"]
    assert (debt["people"], debt["overdue"], debt["reason"]) == (["olga"], False, "checkout is down")
    told = review(soft, run, "ann")
    assert told.code == Exit.OK, told.all
    shown = soft.run("show", run).out
    assert "reviewed" in shown
    assert "by ann" in shown
    assert "agentctl review" not in shown + soft.run("runs").out + soft.run("plan", "plan.yaml").out
    assert soft.run("runs", "--unreviewed", "--format", "json").json["runs"] == []
    (act,) = [record["body"] for record in soft.records() if record["kind"] == "review"]
    assert (act["statement"]["run"], act["statement"]["person"]) == (run, "ann")
    assert soft.run("verify").code == Exit.OK


def test_ssh_keygen_checks_the_records_of_override_and_review(soft):
    run = broken(soft)
    assert review(soft, run, "ann").code == Exit.OK
    for kind, name in (("override", "olga"), ("review", "ann")):
        (body,) = [record["body"] for record in soft.records() if record["kind"] == kind]
        line = json.dumps(body["statement"], sort_keys=True, separators=(",", ":"), ensure_ascii=False) + "\n"
        (soft.root / "signers").write_text(f"{name} {public(soft, name)}\n")
        (soft.root / "statement.sig").write_text(body["signature"])
        command = ["ssh-keygen", "-Y", "verify", "-f", "signers", "-I", name, "-n", f"agentctl-{kind}", "-s", "statement.sig"]
        done = subprocess.run(command, input=line.encode(), cwd=soft.root, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr


def test_lint_tells_of_no_reviews_where_there_is_no_trace(soft):
    broken(soft)
    (soft.ours / "trace").rename(soft.home / "trace")
    (soft.ours).rename(soft.home / "store")
    assert lint(soft)[1] == []


def test_signed_but_unused_broken_glass_owes_no_review(soft):
    assert glass(soft, planned(soft)).code == Exit.OK
    assert soft.run("runs", "--unreviewed", "--format", "json").json["debts"] == []


def test_an_override_owes_no_review(soft):
    digest = planned(soft)
    assert override(soft, digest, "ann").code == Exit.OK
    assert soft.typed("apply", digest).code == Exit.OK
    assert soft.run("runs", "--unreviewed", "--format", "json").json["debts"] == []
    assert review(soft, "latest", "ben").code == Exit.USAGE


def test_lint_lists_what_is_owed_and_fails_once_it_is_overdue(soft):
    before, _ = lint(soft)
    soft.change("policy.yaml", lambda policy: policy["break_glass"].update(review_within="1s"))
    run = broken(soft)
    code, (finding,) = lint(soft)
    while finding["code"] == "review-owed":     # a second goes by
        code, (finding,) = lint(soft)
    assert (code, finding["code"], finding["severity"]) == (Exit.REFUSED, "review-overdue", "error")
    assert run in finding["detail"]
    assert "overdue since" in soft.run("runs").out
    assert review(soft, run, "ann").code == Exit.OK
    assert lint(soft) == (before, [])


def test_an_owed_review_is_a_warning_while_there_is_time(soft):
    before, _ = lint(soft)
    broken(soft)
    code, (finding,) = lint(soft)
    assert (code, finding["code"], finding["severity"]) == (before, "review-owed", "warning")


@pytest.mark.parametrize("name", ["olga", "maria"])
def test_whoever_broke_the_glass_or_started_the_run_cannot_review_it(soft, name):
    run = broken(soft)
    told = review(soft, run, {"maria": "on-call-1"}.get(name, name), key=name)
    assert (told.code, "A second person reviews" in told.all) == (Exit.REFUSED, True)


def test_the_requester_cannot_review(soft):
    soft.change("policy.yaml", lambda policy: policy["people"]["ben"].update(aliases=["ben@acme.example"]))
    digest = planned(soft, requested_by="ben@acme.example")
    assert glass(soft, digest).code == Exit.OK
    assert soft.typed("apply", digest).code == Exit.OK
    assert review(soft, "latest", "ben").code == Exit.REFUSED
    assert review(soft, "latest", "ann").code == Exit.OK


def test_a_review_by_a_key_the_policy_does_not_list_closes_nothing(soft):
    run = broken(soft)
    told = review(soft, run, "ann", key="bot")
    assert told.code == Exit.CONSENT
    assert not [record for record in soft.records() if record["kind"] == "review"]
    assert soft.run("runs", "--unreviewed", "--format", "json").json["debts"]


def test_nobody_reviews_without_looking(soft):
    run = broken(soft)
    told = soft.run("review", run, "--as", "ann", "--key", soft.home / "ann", "--reason", "fine")
    assert told.code == Exit.CONSENT
    assert review(soft, run, "ann", answers=("ok",)).code == Exit.CONSENT
    assert soft.run("runs", "--unreviewed", "--format", "json").json["debts"]


def test_a_review_written_into_the_trace_by_hand_is_found(soft):
    run = broken(soft)
    digest = json.loads(next((soft.ours / "trace").glob("*-run-*")).read_bytes().split(b"\n")[0])["body"]["digest"]
    last = soft.records()[-1]
    forged = {"body": {"id": digest, "statement": {"run": run, "person": "ann", "reason": "fine"}, "signature": "",
                       "user": "x", "host": "x"},
              "kind": "review", "prev": last["prev"], "run": "forged", "seq": last["seq"] + 1, "time": last["time"],
              "v": 1}
    number = max(int(path.name[:6]) for path in (soft.ours / "trace").iterdir()) + 1
    line = json.dumps(forged, sort_keys=True, separators=(",", ":"))
    (soft.ours / "trace" / f"{number:06}-review-forged.jsonl").write_text(line + "\n")
    assert soft.run("verify").code == Exit.INTEGRITY
    assert soft.run("runs", "--unreviewed", "--format", "json").json["debts"], "a forged review closes nothing"
    code, findings = lint(soft)
    assert code == Exit.REFUSED
    assert "reviews-untold" in {item["code"] for item in findings}


def test_a_resumption_under_broken_glass_is_reviewed_with_what_it_went_on_with(soft):
    soft.plan(update("tier"), step("row", "crm.row.update", "customers/1", {"tier": "annual"}), update("seats", seats=12))
    digest = soft.run("plan", "plan.yaml", "--format", "json").json["digest"]
    assert glass(soft, digest).code == Exit.OK
    soft.sql("CREATE TRIGGER no BEFORE UPDATE ON customers BEGIN SELECT RAISE(ABORT, 'no'); END")
    assert soft.typed("apply", digest).code == Exit.INCOMPLETE
    soft.sql("DROP TRIGGER no")
    told = soft.run("apply", "--resume", "latest")
    assert told.code == Exit.OK, told.all
    first, second = soft.runs()
    (debt,) = soft.run("runs", "--unreviewed", "--format", "json").json["debts"]
    assert debt["run"] == second
    told = review(soft, first, "ann")
    assert (told.code, second in told.all) == (Exit.USAGE, True)
    assert review(soft, second, "ann").code == Exit.OK
    assert soft.run("runs", "--unreviewed", "--format", "json").json["debts"] == []


def test_a_run_under_broken_glass_goes_on_only_while_that_counts(asleep):
    asleep.plan(update("seats", seats=4), step("row", "crm.row.update", "customers/1", {"tier": "annual"}))
    digest = asleep.run("plan", "plan.yaml", "--format", "json").json["digest"]
    assert glass(asleep, digest).code == Exit.OK
    asleep.sql("CREATE TRIGGER no BEFORE UPDATE ON customers BEGIN SELECT RAISE(ABORT, 'no'); END")
    assert asleep.typed("apply", digest).code == Exit.INCOMPLETE
    asleep.sql("DROP TRIGGER no")
    asleep.change("policy.yaml", lambda policy: policy["people"].pop("olga"))
    told = asleep.typed("apply", "--resume", "latest")
    assert told.code == Exit.CONSENT
    assert f"agentctl break-glass {digest[7:19]} --reason" in told.all
    assert asleep.sql("SELECT tier FROM customers WHERE id = 1") == [("monthly",)]
    assert len(asleep.runs()) == 1


def test_what_goes_on_after_its_review_owes_another(soft):
    soft.plan(update("tier"), step("row", "crm.row.update", "customers/1", {"tier": "annual"}), update("seats", seats=12))
    digest = soft.run("plan", "plan.yaml", "--format", "json").json["digest"]
    assert glass(soft, digest).code == Exit.OK
    soft.sql("CREATE TRIGGER no BEFORE UPDATE ON customers BEGIN SELECT RAISE(ABORT, 'no'); END")
    assert soft.typed("apply", digest).code == Exit.INCOMPLETE
    assert review(soft, "latest", "ann").code == Exit.OK
    soft.sql("DROP TRIGGER no")
    assert soft.run("apply", "--resume", "latest").code == Exit.OK
    (debt,) = soft.run("runs", "--unreviewed", "--format", "json").json["debts"]
    assert debt["run"] == soft.runs()[-1]


def test_a_run_under_broken_glass_is_rolled_back_like_any_other_and_still_owes_its_review(soft):
    run = broken(soft)
    assert soft.typed("rollback", run).code == Exit.OK
    assert soft.memory()["customers/1"]["tier"] == "monthly"
    (debt,) = soft.run("runs", "--unreviewed", "--format", "json").json["debts"]
    assert debt["run"] == run


def test_a_statement_that_breaks_glass_and_lasts_too_long_does_not_count(soft):
    digest = planned(soft)
    assert glass(soft, digest, "olga", "-o", "olga.override").code == Exit.OK
    said = json.loads((soft.root / "olga.override").read_bytes().split(b"\n")[0])
    resign(soft, said | {"until": "2999-01-01T00:00:00Z"}, "olga", "long.override")
    told = soft.typed("apply", digest, "--override", "long.override")
    assert (told.code, "longer than policy lets" in told.all) == (Exit.CONSENT, True)


def test_lead_cannot_turn_an_override_into_broken_glass(asleep):
    digest = planned(asleep)
    assert override(asleep, digest, "ann", "-o", "ann.override").code == Exit.OK
    said = json.loads((asleep.root / "ann.override").read_bytes().split(b"\n")[0])
    resign(asleep, said | {"break_glass": True}, "ann", "more.override")
    told = asleep.typed("apply", digest, "--override", "more.override")
    assert (told.code, "whom `break_glass:` lets" in " ".join(told.all.split())) == (Exit.CONSENT, True)
