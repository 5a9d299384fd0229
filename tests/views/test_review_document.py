"""The document of a changeset: every figure, risk and group a drawing can show."""

from __future__ import annotations

import dataclasses

import jsonschema
import pytest

from agentctl.model.canonical import canonical
from agentctl.model.values import Hidden
from agentctl.resources import schema
from agentctl.views.document.changeset import changeset
from agentctl.views.document.decision import decided, ruled
from agentctl.views.document.groups import alike
from agentctl.views.document.judged import Judged
from agentctl.views.document.risks import judged_alike, risks
from tests.views import samples


@pytest.fixture(params=[samples.pricing, samples.risky, samples.bulk])
def document(request):
    cs, rulings = request.param()
    return changeset(cs, rulings, samples.SPECS)


def test_a_review_document_fits_its_schema_and_has_a_canonical_form(document):
    jsonschema.Draft202012Validator(schema("changeset-document")).validate(document)
    canonical(document)


def test_the_figures_count_records_for_changes_and_steps_for_side_effects():
    cs, rulings = samples.risky()
    summary = changeset(cs, rulings, samples.SPECS)["summary"]
    assert {key: summary[key] for key in ("steps", "add", "change", "destroy", "side_effects", "no_ops", "reads", "denied", "held")} == {
        "steps": 9, "add": 1, "change": 3, "destroy": 1, "side_effects": 2, "no_ops": 1, "reads": 1, "denied": 2, "held": 5,
    }


def test_risks_come_gravest_first_and_are_counted():
    cs, rulings = samples.risky()
    risks = changeset(cs, rulings, samples.SPECS)["risks"]
    assert [(risk["kind"], risk["count"]) for risk in risks][:5] == [
        ("denied", 2), ("irreversible", 2), ("unforeseen", 1), ("undecided", 1), ("held", 1),
    ]
    denied = risks[0]["items"][0]
    assert (denied["steps"], denied["rule"], denied["place"]) == (["gone"], "never-delete-prod", "policy/sales.yaml:31:7")


def test_identical_changes_are_grouped_with_the_outliers_named():
    cs, rulings = samples.bulk()
    (group,) = changeset(cs, rulings, samples.SPECS)["groups"]
    assert group["count"] == 298
    assert group["outliers"] == ["tier-17", "tier-23"]
    assert group["changes"] == [{"path": "tier", "before": "monthly", "after": "annual"}]


def test_a_step_policy_judges_otherwise_is_not_hidden_in_a_group():
    cs, rulings = samples.bulk()
    rulings["tier-4"] = samples.refuse("tier-4")
    document = changeset(cs, rulings, samples.SPECS)
    assert "tier-4" in document["groups"][0]["outliers"]


def test_rare_records_of_one_step_lead():
    records = [{"effect": "update", "address": f"crm/{n}", "changes": [{"path": "t", "after": "b" if n == 7 else "a"}]} for n in range(20)]
    assert [len(group["addresses"]) for group in alike(records)] == [1, 19]


def test_a_sensitive_value_is_in_no_part_of_the_document():
    cs, rulings = samples.risky()
    text = canonical(changeset(cs, rulings, samples.SPECS)).decode()
    assert "old-secret" not in text
    assert "new-secret" not in text


def test_a_hidden_value_is_shown_only_where_it_is_not_sensitive():
    change = samples.update("s", "customers/8", {"password": Hidden("c1"), "note": Hidden("c2")}, {"password": Hidden("c3"), "note": Hidden("c4")})
    cs = samples.changeset(change)
    values = {"c1": "secret-1", "c2": "note-2", "c3": "secret-3", "c4": "note-4"}
    document = changeset(cs, {"s": samples.hold("s")}, samples.SPECS, values=values)
    assert document["steps"][0]["records"][0]["changes"] == [
        {"path": "password", "before": {"$hidden": ""}, "after": {"$hidden": ""}},
        {"path": "note", "before": "note-2", "after": "note-4"},
    ]


def test_a_sensitive_value_among_the_arguments_is_hidden_at_any_depth():
    change = dataclasses.replace(
        samples.update("s", "customers/8", {"tier": "a"}, {"tier": "b"}),
        arguments={"set": {"password": "deep-secret"}, "where": [{"password": {"eq": "deeper-secret"}}]},
    )
    document = changeset(samples.changeset(change), {"s": samples.hold("s")}, samples.SPECS)
    assert b"secret" not in canonical(document["steps"][0]["arguments"])


def test_a_refused_plan_is_never_offered_for_applying():
    cs, rulings = samples.risky()
    document = changeset(cs, rulings, samples.SPECS)
    assert document["outcome"] == "refused"
    assert not any("apply" in item["command"] for item in document["next"])


def test_the_name_of_a_plan_file_cannot_put_words_into_a_command():
    cs, rulings = samples.risky()
    cs = dataclasses.replace(cs, plan=dataclasses.replace(cs.plan, source="x.yaml; rm -rf ~"))
    (offered,) = changeset(cs, rulings, samples.SPECS)["next"]
    assert offered["command"] == "agentctl policy explain 'x.yaml; rm -rf ~' --step gone"


def test_a_plan_that_changes_nothing_says_so():
    cs, rulings = samples.risky()
    same = next(change for change in cs.changes if change.step == "same")
    document = changeset(samples.changeset(same), {"same": rulings["same"]}, samples.SPECS)
    assert (document["outcome"], document["next"]) == ("no-changes", [])


@pytest.mark.parametrize("world", [samples.risky, samples.mailing, samples.bulk, samples.pricing])
def test_a_risk_is_told_of_the_steps_that_have_it_by_themselves_and_of_no_other(world):
    """What steps of a kind risk is asked once for all of them."""
    document = changeset(*world(), samples.SPECS)
    alone = {
        (risk["kind"], item["why"], step["id"])
        for step in document["steps"] for risk in risks([step], judged_alike([step], Judged()))
        for item in risk["items"]
    }
    told = [
        (risk["kind"], item["why"], name)
        for risk in document["risks"] for item in risk["items"] for name in item["steps"]
    ]
    assert sorted(told) == sorted(alone)
    assert all(risk["count"] == sum(len(item["steps"]) for item in risk["items"]) for risk in document["risks"])


def test_steps_that_were_ruled_alike_are_told_apart_by_all_that_is_their_own():
    found, rulings = samples.bulk()
    rulings["tier-5"] = samples.permit("tier-5")
    document = changeset(found, rulings, samples.SPECS)
    for step, change in zip(document["steps"], found.changes, strict=True):
        assert (step["id"], step["target"], step["decision"]["step"]) == (change.step, change.target, change.step)
        assert step["decision"] == decided(rulings[change.step].decision)
        assert {key: step[key] for key in ruled(rulings[change.step])} == ruled(rulings[change.step])
