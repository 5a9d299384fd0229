"""An approval is consumed once, even with two appliers racing; requester and agent can't approve; people are counted."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor

import pytest

from agentctl.errors import Exit
from tests.e2e.house import House, step, update
from tests.e2e.signing import approve, make_key, planned, public, with_leads


@pytest.fixture
def leads(house) -> House:
    return with_leads(house)


def started(house: House) -> list[dict]:
    return [record for record in house.records() if record["kind"] == "run_started"]


@pytest.mark.parametrize("subjects", [("DIGEST", "DIGEST"), ("DIGEST", "reviewed"), ("plan.yaml", "reviewed")],
                         ids=["digests", "digest-file", "plan-file"])
def test_of_appliers_racing_with_one_approval_one_runs(leads, subjects):
    """The step fails harmlessly, so that whoever comes second finds the world as it was, and only the approval used."""
    row = step("row", "crm.row.update", "customers/1", {"tier": "annual"})
    leads.sql("CREATE TRIGGER no BEFORE UPDATE ON customers BEGIN SELECT RAISE(ABORT, 'no'); END")
    leads.plan(row)
    digest = leads.run("plan", "plan.yaml", "-o", "reviewed", "--format", "json").json["digest"]
    assert approve(leads, digest, "ann", "-o", "ann.approval").code == Exit.OK
    words = [digest if subject == "DIGEST" else subject for subject in subjects]
    with ThreadPoolExecutor(len(words)) as pool:
        told = list(pool.map(
            lambda subject: leads.run("apply", subject, "--approval", "ann.approval", "--lock-timeout", "30s"), words
        ))
    assert len(started(leads)) == 1, [one.all for one in told]
    assert min(one.code for one in told) == Exit.CONSENT, [one.all for one in told]
    assert any("used it up" in " ".join(one.err.split()) for one in told), [one.all for one in told]


def test_an_approval_copied_under_other_names_is_still_one(leads):
    leads.change("policy.yaml", lambda policy: policy["roles"]["all"]["grants"][-1]["approvals"].update(count=2))
    digest = planned(leads)
    assert approve(leads, digest, "ann").code == Exit.OK
    (kept,) = (leads.ours / "approvals").iterdir()
    for number in range(3):
        shutil.copy(kept, kept.with_name(f"{digest[7:23]}-{str(number) * 32}.approval"))
    told = leads.run("apply", digest)
    assert told.code == Exit.CONSENT
    assert "(1 given)" in told.err
    assert started(leads) == []


@pytest.mark.parametrize("requested_by", ["ann", "ann@acme.example", "desk"])
@pytest.mark.parametrize("key", ["ann", "ann-2"])
def test_the_requester_cannot_approve_under_any_name_and_with_any_key(leads, requested_by, key):
    make_key(leads, "ann-2")
    leads.change("policy.yaml", lambda policy: policy["people"]["ann"].update(
        aliases=["ann@acme.example", "desk"], keys=[public(leads, "ann"), public(leads, "ann-2")]))
    digest = planned(leads, requested_by=requested_by)
    told = leads.typed("approve", digest, "--as", "ann", "--key", leads.home / key)
    assert told.code == Exit.CONSENT, told.all
    assert "`ann` requested it" in told.all
    assert leads.run("apply", digest).code == Exit.CONSENT


def test_nobody_can_approve_what_somebody_unknown_requested(leads):
    leads.plan(update("tier"), requested_by="who@else.example")
    told = approve(leads, "plan.yaml", "ann")
    assert told.code == Exit.REFUSED
    assert "`who@else.example` is nobody in `people:`" in " ".join(told.all.split())


@pytest.mark.parametrize("change", [
    lambda policy, key: policy["people"]["ann"].update(aliases=["helper"]),
    lambda policy, key: policy["people"]["ben"].update(keys=[key]),
    lambda policy, key: policy["people"].update({"ann-again": {"groups": ["leads"], "keys": [f"{key} other"]}}),
    lambda policy, key: policy["people"]["ann"].update(keys=[]),
    lambda policy, key: policy["people"]["ann"].update(groups=["others"]),
    lambda policy, key: policy["people"].pop("ann"),
], ids=["agents-name", "shared", "two-names", "no-key", "no-group", "gone"])
def test_a_signature_that_is_no_such_persons_own_word_counts_for_nothing(leads, change):
    """Also where policy changed only after it was made: people and keys are looked up when it is used."""
    digest = planned(leads)
    assert approve(leads, digest, "ann", "-o", "ann.approval").code == Exit.OK
    leads.change("policy.yaml", lambda policy: change(policy, public(leads, "ann")))
    for more in ((), ("--approval", "ann.approval")):
        told = leads.run("apply", digest, *more)
        assert told.code == Exit.CONSENT, told.all
    assert started(leads) == []
    assert leads.memory()["customers/1"]["tier"] == "monthly"


def test_a_quorum_counts_people_whatever_keys_groups_and_reasons_they_sign_with(leads):
    make_key(leads, "ann-2")
    leads.change("policy.yaml", lambda policy: policy["people"]["ann"].update(
        groups=["leads", "finance"], keys=[public(leads, "ann"), public(leads, "ann-2")]))
    leads.change("policy.yaml", lambda policy: policy["roles"]["all"]["grants"][-1]["approvals"].update(
        {"count": 2, "from": ["leads", "finance"]}))
    digest = planned(leads, update("tier"))
    for key, more in (("ann", ("--group", "leads")), ("ann", ("--group", "finance")), ("ann-2", ("--reason", "again"))):
        told = leads.typed("approve", digest, "--as", "ann", "--key", leads.home / key, *more)
        assert told.code == Exit.OK, told.all
    told = leads.run("apply", digest)
    assert told.code == Exit.CONSENT
    assert "2 signed approvals by different people from leads or finance (1 given)" in told.err
    assert approve(leads, digest, "ben").code == Exit.OK
    assert leads.run("apply", digest).code == Exit.OK
    (run,) = started(leads)
    assert {one["person"] for one in run["body"]["consent"]["approvals"]} == {"ann", "ben"}
