"""What in-house APIs do: records named in a query or a body, versions and names that are numbers, refusals inside a 200."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
import yaml

from agentctl.connectors.base import Call
from agentctl.connectors.registry import open_connector
from agentctl.connectors.rest.load import examine, load
from agentctl.errors import Indeterminate, Rejected, Unreachable
from agentctl.model.plan import Step
from agentctl.model.snapshot import Address
from agentctl.model.values import same
from agentctl.testing.drive import FrozenView, snapshots
from tests.connectors.rest.desk import KEY, Desk, block, serving, ticket


@pytest.fixture
def desk() -> Iterator[Desk]:
    with serving() as made:
        made.put(*(ticket(number) for number in (41, 42, 43)))
        yield made


@pytest.fixture
def opened(desk, tmp_path):
    connectors = []

    def open_it(change=lambda wire: None, key=KEY):
        wire = yaml.safe_load(block("desk.yaml"))
        change(wire)
        (tmp_path / "desk.yaml").write_text(yaml.safe_dump(wire, sort_keys=False))
        settings = {"type": "rest", "manifest": "desk.yaml", "url": desk.url, "token": {"env": "K"}, "timeout": 5}
        connectors.append(open_connector("desk", settings, str(tmp_path), environ={"K": key}))
        return connectors[-1]

    yield open_it
    for connector in connectors:
        connector.close()


def act(connector, verb, target, before=None, **with_: Any):
    step = Step(id="s", action=f"desk.{verb}", target=target, with_=with_)
    known = before or snapshots(connector, step)
    change = connector.preview(step, FrozenView(known))
    return change, connector.execute(change, Call(key="the-key", before=known, deadline=5, secrets={}))


def test_records_that_share_a_path_are_never_taken_for_each_other(desk, opened):
    connector = opened()
    assert connector.resource(Address("desk/tickets/41")) != connector.resource(Address("desk/tickets/42"))
    assert connector.read(Address("desk/tickets/41")).value["subject"] == "Ticket 41"
    assert connector.read(Address("desk/tickets/42")).value["subject"] == "Ticket 42"


def test_numbers_are_sent_as_numbers(desk, opened):
    act(opened(), "ticket.save", "tickets/41", hours=Decimal("2.00"))
    assert desk.asked[-1] == ("POST ticket.save", {"id": 41, "ver": 1, "set": {"hours": 2.0}})


def test_a_version_that_is_no_number_is_none(desk, opened):
    desk.edit(41)
    desk.tickets[41]["ver"] = "7"
    with pytest.raises(Rejected, match="No version"):
        act(opened(), "ticket.save", "tickets/41", subject="x")


def test_a_list_is_asked_for_by_post_page_by_page_with_its_filters(desk, opened):
    desk.edit(42, state="CLOSED")
    members = opened().read(Address("desk/tickets?state=OPEN")).members
    assert [one.address for one in members] == ["desk/tickets/41", "desk/tickets/43"]
    assert desk.asked == [("POST ticket.find", {"state": "OPEN", "page": number}) for number in (1, 2)]


def test_a_filter_that_is_a_number_is_posted_as_one(desk, opened):
    def change(wire):
        wire["records"]["ticket"]["list"]["filters"] |= {"floor": {"type": "integer"}, "vip": {"type": "boolean"}, "no": {"type": "string"}}

    opened(change).read(Address("desk/tickets?floor=2&no=7&vip=true"))
    assert desk.asked[0][1] == {"floor": 2, "vip": True, "no": "7", "page": 1}


def test_a_record_may_be_asked_for_by_post(desk, opened):
    def change(wire):
        record = wire["records"]["ticket"]
        record |= {"path": "/api/ticket.find", "at": "/tickets/0", "post": {"page": {"$parameter": "id"}}}
        del record["query"]

    connector = opened(change)
    assert connector.read(Address("desk/tickets/1")).value["subject"] == "Ticket 41"
    assert desk.asked == [("POST ticket.find", {"page": 1})]
    assert connector.resource(Address("desk/tickets/1")) != connector.resource(Address("desk/tickets/2"))


def test_a_question_that_was_lost_is_asked_again_by_post_as_well(desk, opened):
    desk.lose = {"POST ticket.find"}
    assert len(opened().read(Address("desk/tickets")).members) == 3


def test_what_was_made_is_found_by_its_reference(desk, opened):
    connector = opened()
    desk.lose = {"POST ticket.open"}
    with pytest.raises(Indeterminate):
        act(connector, "ticket.open", "tickets", subject="Toner")
    _, receipt = act(connector, "ticket.open", "tickets", subject="Toner")
    assert dict(receipt.addresses) == {"desk/tickets/new:s": "desk/tickets/44"}
    assert receipt.inverse.step.target == "tickets/44"
    assert desk.verbs().count("POST ticket.open") == 1


def test_a_reference_of_somebody_else_is_not_ours(desk, opened):
    desk.edit(43, clientRef="0" * 32)
    _, receipt = act(opened(), "ticket.open", "tickets", subject="Toner")
    assert receipt.ids["id"] == 44


@pytest.mark.parametrize(("with_", "kind", "words"), [
    ({"subject": "Help!"}, Rejected, "no shouting"),
    ({"subject": "x"}, Rejected, "is at 2"),
])
def test_a_refusal_inside_a_success_is_one(desk, opened, with_, kind, words):
    connector = opened()
    step = Step(id="s", action="desk.ticket.save", target="tickets/41", with_=with_)
    known = snapshots(connector, step)
    if words == "is at 2":
        desk.edit(41)
    with pytest.raises(kind, match=words):
        act(connector, "ticket.save", "tickets/41", before=known, **with_)


def test_a_refusal_nobody_described_is_in_doubt(desk, opened):
    def change(wire):
        wire["verbs"]["ticket.save"]["request"]["path"] = "/api/ticket.store"

    with pytest.raises(Indeterminate, match=r"ticket\.store"):
        act(opened(change), "ticket.save", "tickets/41", subject="x")


def test_a_wrong_token_inside_a_success_is_no_fault_of_the_plan(desk, opened):
    with pytest.raises(Unreachable, match="Token not accepted"):
        opened(key="another").identity()


def test_what_a_new_record_has_is_predicted_in_the_form_it_is_read_in(desk, opened):
    connector = opened()
    change, _ = act(connector, "ticket.open", "tickets", subject="Toner")
    (record,) = change.records
    assert same(record.after, connector.read(Address("desk/tickets/44")).value)


def test_what_comes_by_itself_keeps_nothing_from_being_made_again(desk, opened):
    def change(wire):
        wire["records"]["ticket"]["fields"]["touched"] = {"schema": {"type": "integer"}, "required": True, "volatile": True}
        void = wire["verbs"]["ticket.void"]
        void |= {"reversibility": "compensating", "inverse": {"verb": "ticket.restore", "with": {"$before": True}}}
        wire["verbs"]["ticket.restore"] = {
            "summary": "Restore.", "record": "ticket", "effect": "create", "tier": "write", "reversibility": "none",
            "stays": "All of it.", "sets": ["subject", "hours", "labels"],
            "request": {"method": "POST", "path": "/api/ticket.restore", "body": {"$arguments": True}},
        }

    connector = opened(change)
    step = Step(id="s", action="desk.ticket.void", target="tickets/41", with_={})
    undo = connector.preview(step, FrozenView(snapshots(connector, step))).inverse
    assert dict(undo.step.with_) == {"subject": "Ticket 41", "hours": Decimal(0), "labels": ""}
    desk.edit(41, state="CLOSED")
    undo = connector.preview(step, FrozenView(snapshots(connector, step))).inverse
    assert undo.step is None
    assert "`state`" in undo.stays


def test_what_is_posted_is_held_against_the_description():
    manifest = block("desk.yaml").encode()
    assert load(manifest, "desk.yaml").records["ticket"].listing.post == {}
    body = {"content": {"application/json": {"schema": {"properties": {"page": {}}}}}}
    paths = {"/api/ticket.find": {"post": {"requestBody": body}}, "/api/ticket.get": {"get": {}}}
    told = "\n".join(found.detail for found in examine(manifest, "desk.yaml", {"paths": paths}))
    assert "knows no `state` in the body of /api/ticket.find" in told
    assert "`page`" not in told
    assert "/api/ticket.find takes" not in told
