"""References: resolved once, never looked into again, Unknown where nothing is known."""

from decimal import Decimal

from agentctl.engine.resolve import Brought, resolve
from agentctl.model.plan import Format, From, Step
from agentctl.model.snapshot import Address
from agentctl.model.values import Unknown


def step(**arguments):
    return Step(id="s", action="crm.row.update", target="customers/42", with_=arguments)


TIER = From("tier", "after", ("tier",))


def test_a_reference_becomes_what_the_step_brought():
    resolved = resolve(step(x=TIER), {"tier": Brought(after={"tier": "annual"})})
    assert resolved.with_ == {"x": "annual"}


def test_a_reference_to_what_is_not_known_yet_stays_as_its_expression():
    assert resolve(step(x=TIER), {}).with_["x"] == Unknown({"$from": "steps.tier.after.tier"})


def test_a_brought_unknown_enters_as_the_reference_that_leads_to_it():
    resolved = resolve(step(x=TIER), {"tier": Brought(after={"tier": Unknown()})})
    assert resolved.with_["x"] == Unknown({"$from": "steps.tier.after.tier"})


def test_a_format_fills_each_name_once_and_never_scans_what_it_filled_in():
    text = Format("{a} and {b} and {c}", {"a": From("tier", "after", ("tier",)), "b": "x"})
    resolved = resolve(step(x=text), {"tier": Brought(after={"tier": "{b}"})})
    assert resolved.with_["x"] == "{b} and x and {c}"


def test_a_format_with_something_unknown_is_unknown_as_a_whole():
    text = Format("{a}!", {"a": TIER})
    assert resolve(step(x=text), {}).with_["x"] == Unknown(
        {"$format": "{a}!", "a": {"$from": "steps.tier.after.tier"}}
    )


def test_values_are_written_into_a_text_as_a_person_would_write_them():
    text = Format("{a} {b} {c}", {"a": Decimal("12.50"), "b": True, "c": None})
    assert resolve(step(x=text), {}).with_["x"] == "12.50 true "


def test_references_are_found_at_any_depth():
    resolved = resolve(step(x={"deep": [TIER]}), {"tier": Brought(after={"tier": 7})})
    assert resolved.with_ == {"x": {"deep": [7]}}


def test_a_record_value_that_looks_like_a_reference_is_just_a_value():
    sly = {"$from": "steps.other.after.secret"}
    resolved = resolve(step(x=TIER), {"tier": Brought(after={"tier": sly})})
    assert resolved.with_["x"] == sly
    assert resolve(resolved, {"other": Brought(after={"secret": "s3cr3t"})}).with_["x"] == sly


def test_a_target_made_by_an_earlier_step_becomes_its_address():
    made = {Address("crm/customers/new:make"): Address("crm/customers/43")}
    new = Step(id="s", action="crm.row.update", target="customers/new:make")
    assert resolve(new, {}, made).target == "customers/43"
    assert resolve(new, {}).target == "customers/new:make"
