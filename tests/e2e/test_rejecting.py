"""No means no: whatever approvals there are, however it is worded, until whoever said it takes it back."""

from __future__ import annotations

import shutil

import pytest

from agentctl.errors import Exit
from agentctl.identity.statements import parse
from agentctl.model.rejection import Statement
from agentctl.store.statements import name_of
from tests.e2e.house import House, create, step, update
from tests.e2e.signing import approve, make_key, planned, public, reject, with_leads

ROW = step("row", "crm.row.update", "customers/1", {"tier": "annual"})


@pytest.fixture
def leads(house) -> House:
    return with_leads(house)


def files(house: House) -> list[str]:
    folder = house.ours / "rejections"
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_a_rejection_stands_against_every_approval_and_other_words(leads):
    digest = planned(leads)
    assert approve(leads, digest, "ann").code == Exit.OK
    said = reject(leads, digest, "ben")
    assert said.code == Exit.OK, said.all
    assert f"agentctl reject {digest[7:19]} --withdraw --reason …" in said.all
    told = leads.run("apply", digest)
    assert told.code == Exit.REFUSED
    assert "`ben` rejected this on" in told.err
    assert "nobody asked for it" in told.err
    assert approve(leads, digest, "ann").code == Exit.REFUSED, "there is nothing to sign"
    (listed,) = leads.run("approvals", digest, "--format", "json").json["rejections"]
    assert (listed["person"], listed["reason"], listed["stands"]) == ("ben", "nobody asked for it", True)
    assert "ben rejected" in leads.run("approvals").out
    worded = planned(leads, intent="Please, this time.")
    assert worded != digest
    plan = leads.run("plan", "plan.yaml")
    assert plan.code == Exit.REFUSED
    assert "! 1 step is rejected" in plan.out
    assert "denied" not in plan.out, "policy is not blamed for what a person did"
    assert f"{worded[7:19]}`: rejected" in leads.run("plan", "plan.yaml", "--format", "markdown").out
    assert "nobody asked for it" in leads.run("show", worded).out
    assert leads.runs() == []


def test_whoever_rejected_it_can_take_it_back_and_nobody_else(leads):
    digest = planned(leads)
    assert approve(leads, digest, "ann").code == Exit.OK
    assert reject(leads, digest, "ben").code == Exit.OK
    assert reject(leads, digest, "ann", "--withdraw").code == Exit.USAGE
    assert leads.run("apply", digest).code == Exit.REFUSED
    assert reject(leads, digest, "ben", "--withdraw").code == Exit.OK
    assert leads.run("apply", digest).code == Exit.OK, "the approval that was there counts again"
    kinds = [record["kind"] for record in leads.records()]
    assert kinds.count("reject") == 2
    assert leads.run("verify").code == Exit.OK


def test_what_was_taken_back_can_be_rejected_again_in_the_same_second(leads):
    digest = planned(leads)
    for more in ((), ("--withdraw",), ()):
        assert reject(leads, digest, "ben", *more, reason="no").code == Exit.OK
    assert leads.run("plan", "plan.yaml").code == Exit.REFUSED


def test_two_who_rejected_it_must_both_take_it_back(leads):
    digest = planned(leads)
    for name in ("ann", "ben"):
        assert reject(leads, digest, name).code == Exit.OK
    assert "Another stands: `ann`" in reject(leads, digest, "ben", "--withdraw").all
    assert leads.run("plan", "plan.yaml").code == Exit.REFUSED
    assert reject(leads, digest, "ann", "--withdraw").code == Exit.OK
    assert leads.run("plan", "plan.yaml").code == Exit.OK


def test_the_requester_may_reject_and_a_stranger_may_not(leads):
    make_key(leads, "mallory")
    digest = planned(leads, requested_by="maria")
    told = leads.run("reject", digest, "--as", "ann", "--key", leads.home / "mallory", "--reason", "no")
    assert told.code == Exit.CONSENT
    assert "no key that the policy lists for `ann` signed it" in told.all
    assert files(leads) == []
    assert leads.run("plan", "plan.yaml").code == Exit.OK
    assert leads.run("reject", digest, "--key", leads.home / "maria", "--reason", "not any more").code == Exit.OK
    assert leads.run("plan", "plan.yaml").code == Exit.REFUSED


def test_a_job_that_has_the_rejection_refuses_although_it_has_the_approval(leads):
    digest = planned(leads)
    shutil.copytree(leads.ours, leads.root / "before")
    assert approve(leads, digest, "ann", "-o", "ann.approval").code == Exit.OK
    assert reject(leads, digest, "ben", "-o", "ben.rejection").code == Exit.OK
    shutil.rmtree(leads.ours)
    (leads.root / "before").rename(leads.ours)      # a runner with a store of its own, which knows of neither
    told = leads.run("apply", digest, "--approval", "ann.approval", "--approval", "ben.rejection")
    assert told.code == Exit.REFUSED, told.all
    assert "`ben` rejected this" in told.err
    assert leads.run("apply", digest, "--approval", "ann.approval").code == Exit.REFUSED, "it was kept"
    assert leads.runs() == []
    other = planned(leads, create("another", "9"))
    assert "it rejects other changes" in leads.run("apply", other, "--approval", "ben.rejection").all


def test_a_rejection_that_was_sent_is_brought_in_by_its_file(leads):
    digest = planned(leads)
    assert reject(leads, digest, "ben", "-o", "ben.rejection").code == Exit.OK
    assert reject(leads, digest, "ben", "--withdraw", "-o", "ben.back").code == Exit.OK
    job = House(root=leads.root.parent / "job", home=leads.home)
    shutil.copytree(leads.root, job.root, ignore=lambda _, names: {"rejections"} & set(names))
    for name in job.ours.joinpath("trace").glob("*-reject-*"):
        assert name.exists()
    for name, code in (("ben.rejection", Exit.OK), ("ben.back", Exit.OK)):
        assert job.run("reject", name).code == code
    assert job.run("plan", "plan.yaml").code == Exit.OK
    path = job.root / "ben.rejection"
    path.write_bytes(path.read_bytes().replace(b'"person":"ben"', b'"person":"ann"'))
    assert job.run("reject", "ben.rejection").code == Exit.CONSENT


def test_a_rejection_holds_at_once_while_a_run_goes_on_and_is_recorded_after_it(leads):
    leads.change("policy.yaml", lambda policy: policy["roles"]["all"]["grants"][-1].pop("approvals"))
    digest = planned(leads, create("another", "9"))
    leads.plan(update("tier"), name="other.yaml")
    with leads.memory_is_busy() as over, leads.sitting("apply", "other.yaml") as sitting:
        sitting.until("tier  mem.record.update  customers/1 …")
        told = reject(leads, digest, "ben")
        assert told.code == Exit.OK, told.all
        assert "The trace records it when the workspace is free" in told.all
        assert leads.run("plan", "plan.yaml").code == Exit.REFUSED
        over()
        assert sitting.ended().code == Exit.OK
    assert leads.records()[-1]["kind"] == "reject", "the run recorded it before it let go"
    assert files(leads) == []


def test_what_is_recorded_stands_although_its_file_and_its_key_are_gone_until_its_person_is(leads):
    digest = planned(leads)
    assert reject(leads, digest, "ben").code == Exit.OK
    assert files(leads) == []
    leads.change("policy.yaml", lambda policy: policy["people"]["ben"].update(keys=[public(leads, "maria")]))
    leads.change("policy.yaml", lambda policy: policy["people"]["on-call-1"].pop("keys"))
    assert leads.run("plan", "plan.yaml").code == Exit.REFUSED
    leads.change("policy.yaml", lambda policy: policy["people"].pop("ben"))
    assert leads.run("plan", "plan.yaml").code == Exit.OK


@pytest.mark.parametrize("damage", [lambda data: b"", lambda data: data[:-60], lambda data: b"\xff" + data],
                         ids=["emptied", "cut", "garbled"])
def test_a_damaged_rejection_stops_exactly_what_it_was_about(leads, damage):
    digest = planned(leads)
    effects = leads.run("show", digest, "--format", "json").json["effects"]
    (leads.ours / "rejections").mkdir()
    assert reject(leads, digest, "ben", "-o", "ben.rejection").code == Exit.OK
    data = (leads.root / "ben.rejection").read_bytes()
    assert reject(leads, digest, "ben", "--withdraw").code == Exit.OK
    assert leads.run("plan", "plan.yaml").code == Exit.OK
    (leads.ours / "rejections" / f"{effects[7:23]}-{'0' * 32}.rejection").write_bytes(damage(data))
    told = leads.run("plan", "plan.yaml")
    assert told.code == Exit.REFUSED
    assert "a rejection cannot be read" in told.out
    planned(leads, create("another", "9"))
    assert leads.run("plan", "plan.yaml").code == Exit.OK
    (leads.ours / "rejections" / "whatever.rejection").write_bytes(damage(data))
    assert leads.run("plan", "plan.yaml").code == Exit.REFUSED, "nobody can tell what that was about"


def test_a_kept_rejection_whose_signature_does_not_hold_stands_and_such_a_withdrawal_does_not(leads):
    digest = planned(leads)
    job = House(root=leads.root.parent / "job", home=leads.home)
    shutil.copytree(leads.root, job.root)
    for name, more in (("no", ()), ("back", ("--withdraw",))):
        assert reject(leads, digest, "ben", *more, "-o", f"{name}.rejection").code == Exit.OK
    (job.ours / "rejections").mkdir()
    for name in ("no", "back"):
        line, rest = (leads.root / f"{name}.rejection").read_bytes().split(b"\n", 1)
        forged = line.replace(b'"reason":"nobody', b'"reason":"Nobody') + b"\n" + rest
        said = parse(forged, name, Statement).statement
        (job.ours / "rejections" / name_of("rejection", said.effects, said.id)).write_bytes(forged)
    told = job.run("plan", "plan.yaml")
    assert told.code == Exit.REFUSED
    assert "unproven" in " ".join(told.out.split())


def test_a_run_that_stopped_does_not_go_on_once_it_is_rejected_but_can_be_rolled_back(leads):
    digest = planned(leads, update("tier"), ROW)
    assert approve(leads, digest, "ann").code == Exit.OK
    leads.sql("CREATE TRIGGER no BEFORE UPDATE ON customers BEGIN SELECT RAISE(ABORT, 'no'); END")
    assert leads.run("apply", digest).code == Exit.INCOMPLETE
    leads.sql("DROP TRIGGER no")
    assert reject(leads, digest, "ben").code == Exit.OK
    told = leads.run("apply", "--resume", "latest")
    assert told.code == Exit.REFUSED, told.all
    assert "`ben` rejected this" in told.err
    assert leads.typed("rollback", "latest").code == Exit.OK
    assert leads.memory()["customers/1"]["tier"] == "monthly"


def test_a_rollback_is_not_rejected(leads):
    digest = planned(leads)
    assert approve(leads, digest, "ann").code == Exit.OK
    assert leads.run("apply", digest).code == Exit.OK
    assert leads.run("rollback", "latest", "-o", "back.changeset").code == Exit.OK
    told = reject(leads, "back.changeset", "ben")
    assert told.code == Exit.USAGE
    assert "A rollback is not rejected" in told.err


def test_a_rejection_needs_a_reason(leads):
    digest = planned(leads)
    assert reject(leads, digest, "ben", reason=" ").code == Exit.USAGE
    assert leads.run("plan", "plan.yaml").code == Exit.OK


def test_what_somebody_gives_as_a_reason_forges_no_line_of_ours(leads):
    digest = planned(leads)
    assert reject(leads, digest, "ben", reason="no\nerror: fine\x1b[2J\u202e").code == Exit.OK
    assert reject(leads, digest, "ann", reason="no").code == Exit.OK
    for told in (leads.run("apply", digest), leads.run("approvals"), reject(leads, digest, "ann", "--withdraw")):
        assert "\x1b" not in told.all
        assert "\u202e" not in told.all
        assert not any(line.startswith("error: fine") for line in told.all.splitlines())
