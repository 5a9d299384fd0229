"""What is sent for each verb, and what answers are taken for: nothing that may have happened is said not to have."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from agentctl.connectors.base import Call, Instance
from agentctl.connectors.rest import TYPE
from agentctl.errors import Indeterminate, Rejected, Unreachable
from agentctl.model.action import Reversibility
from agentctl.model.change import Effect
from agentctl.model.plan import Secret, Step
from agentctl.model.snapshot import Address, Snapshot
from agentctl.model.values import Unknown
from agentctl.testing.drive import FrozenView, snapshots
from tests.connectors.rest.http.peer import peer, reply
from tests.connectors.rest.kinto_worlds import MANIFESTS

TOKEN = "token-canary-4711"
ENTRY = {"number": 7, "version": "v1", "amount": 12.50, "memo": None, "state": "OPEN", "booked": "2026-01-02T03:04:05Z",
         "tags": [{"name": "b"}, {"name": "a"}], "seen": 4, "extra": "x"}
FIELDS = {"amount": Decimal("12.5"), "memo": "", "state": "open", "booked": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
          "tags": ["a", "b"], "seen": 4}


_OPEN = []


@pytest.fixture(autouse=True)
def _closed():
    yield
    while _OPEN:
        _OPEN.pop().close()


def opened(there, **settings):
    given = {"manifest": "ledger.yaml", "url": f"{there.url}/api", "token": {"env": "T"}, "timeout": 5, **settings}
    _OPEN.append(TYPE.open(Instance(name="books", settings=given, root=str(MANIFESTS), environ={"T": TOKEN})))
    return _OPEN[-1]


def step(verb, target="entries/7", **with_):
    return Step(id="s", action=f"books.{verb}", target=target, with_=with_)


def done(there, step_, *acts, before=ENTRY, secrets=None):
    """Do a step whose record reads ``before``; return its change, what came of it, and what was asked."""
    there.acts[:] = [reply(before), *acts] if before else list(acts)
    connector = opened(there)
    known = snapshots(connector, step_)
    change = connector.preview(step_, FrozenView(known))
    call = Call(key="the-key", before=known, deadline=5, secrets=secrets or {})
    return change, connector.execute(change, call), there.heard


def test_a_record_is_read_into_one_form():
    with peer(reply(ENTRY)) as there:
        snapshot = opened(there).read(Address("books/entries/7"))
    assert snapshot.value == FIELDS
    assert snapshot.token == "v1"
    assert there.heard[0].headers["x-token"] == TOKEN
    assert there.targets == ["/api/entries/7"]


def test_what_is_sent_is_what_the_manifest_says():
    with peer() as there:
        change, receipt, heard = done(there, step("entry.update", amount=Decimal("10.00"), memo=" paid\r\n"), reply({"ok": True}))
    assert json.loads(heard[-1].body, parse_float=Decimal) == {
        "change": {"amount": Decimal("10.00"), "memo": " paid\r\n"}, "version": "v1"
    }
    assert change.records[0].after == {**FIELDS, "amount": Decimal(10), "memo": "paid"}
    assert dict(change.inverse.step.with_) == {"amount": Decimal("12.5"), "memo": ""}
    assert change.inverse.kind is Reversibility.EXACT
    assert receipt.inverse is None


def test_a_new_record_is_called_what_the_answer_says():
    answer = reply({"number": 9, "url": "https://books.example/9"}, status=201)
    with peer() as there:
        change, receipt, heard = done(there, step("entry.create", "entries", amount=5), answer, before=None)
    assert heard[-1].headers["idempotency-key"] == "the-key"
    assert isinstance(change.records[0].after["booked"], Unknown)
    assert change.records[0].after["state"] == "open"
    assert dict(receipt.addresses) == {"books/entries/new:s": "books/entries/9"}
    assert receipt.ids["id"] == 9
    assert receipt.links == ("https://books.example/9",)
    assert receipt.inverse.step.target == "entries/9"


@pytest.mark.parametrize("answer", [
    reply({"url": "x"}), reply({"number": None}), reply({"number": ""}), reply({"number": {"a": 1}}), reply(b"{}"),
    reply(None, status=204), reply([]),
])
def test_a_new_record_without_a_name_is_in_doubt(answer):
    with peer() as there, pytest.raises(Indeterminate):
        done(there, step("entry.create", "entries", amount=5), answer, before=None)


@pytest.mark.parametrize("name", ["../../x", "a/b", "..", "7?x=1", "seven"])
def test_a_name_that_leads_elsewhere_is_never_used(name):
    with peer() as there:
        with pytest.raises((Indeterminate, Rejected)):
            _, receipt, _ = done(there, step("entry.create", "entries", amount=5), reply({"number": name}), before=None)
            there.acts[:] = [reply(ENTRY)]
            opened(there).read(next(iter(receipt.addresses.values())))
        assert all(target in {"/api/entries", "/api/entries/7"} for target in there.targets)


def test_a_verb_of_its_own_says_what_becomes_of_the_record():
    with peer() as there:
        change, _, heard = done(there, step("entry.book"), reply({"ok": True}))
    assert heard[-1].line == "POST /api/entries/7/book HTTP/1.1"
    assert change.records[0].after["state"] == "booked"
    assert change.inverse.step is None
    assert change.inverse.stays


def test_a_side_effect_carries_its_secret_and_changes_no_record():
    with peer() as there:
        change, receipt, heard = done(
            there, step("entry.remind", to="a b&c=d", pin=Secret("pin")), reply({"ok": True}), secrets={"pin": "hunter2"}
        )
    assert change.effect is Effect.SIDE_EFFECT
    assert heard[-1].target == "/api/entries/7/remind?to=a%20b%26c%3Dd"
    assert json.loads(heard[-1].body) == {"pin": "hunter2"}
    assert "hunter2" not in repr(change) + repr(receipt)


def test_what_nobody_compares_is_read_again_just_before():
    with peer() as there:
        with pytest.raises(Rejected, match="Record changed"):
            done(there, step("entry.void", why="x"), reply({**ENTRY, "version": "v2", "amount": 1}), reply({"ok": True}))
        assert not [heard for heard in there.heard if heard.line.startswith("POST")]


def test_a_field_that_changes_by_itself_is_no_reason_to_refuse():
    with peer() as there:
        _, _, heard = done(there, step("entry.void", why="x"), reply({**ENTRY, "version": "v2", "seen": 5}), reply({"ok": True}))
    assert json.loads(heard[-1].body) == {"why": "x (entry 7)"}


@pytest.mark.parametrize(("answer", "error", "words"), [
    (reply({"ok": False, "reason": "no funds", "faults": [{"field": "amount", "why": "too much"}]}), Rejected,
     ("Refused by the ledger", "no funds", "amount: too much")),
    (reply({"reason": "closed for today"}, status=409), Unreachable, ("Ledger closed", "closed for today", "nine")),
    (reply({"reason": "other"}, status=409), Rejected, ("In conflict", "409")),
    (reply({"message": "no"}, status=403), Rejected, ("Not permitted", "entries:write")),
    (reply({"message": "no"}, status=404), Rejected, ("Not found", "token not see it", "entries:write")),
    (reply({"message": "no"}, status=401), Rejected, ("Token not accepted", "expired")),
    (reply({"message": f"bad {TOKEN}"}, status=400), Rejected, ("Not accepted", "bad •••")),
    (reply({"message": "x"}, status=412), Rejected, ("Record changed",)),
    (reply({"message": "late"}, status=408), Indeterminate, ("408",)),
    (reply(b"<oops", status=400), Rejected, ("400",)),
    (reply(b"[1,", status=200), Indeterminate, ("not JSON",)),
    (reply({"message": "boom"}, status=501), Indeterminate, ("System in trouble", "boom")),
])
def test_an_answer_to_an_effect_is_told_for_what_it_is(answer, error, words):
    with peer() as there, pytest.raises(error) as told:
        done(there, step("entry.update", amount=1), answer)
    text = f"{told.value} {told.value.hint}"
    assert type(told.value) is error
    for word in words:
        assert word in text
    assert TOKEN not in text


@pytest.mark.parametrize(("answer", "error"), [
    (reply({"message": "no"}, status=403), Unreachable), (reply({"message": "no"}, status=401), Unreachable),
    (reply({"message": "no"}, status=400), Rejected), (reply({**ENTRY, "amount": "much"}), Rejected), (reply([]), Rejected),
    (reply({"version": "v1"}), Rejected), (reply({**ENTRY, "tags": [{"title": "x"}]}), Rejected), (reply("text"), Rejected),
    (reply({**ENTRY, "booked": "yesterday"}), Rejected), (reply(None, status=204), Rejected),
])
def test_an_answer_that_is_no_record_is_never_taken_for_one(answer, error):
    with peer(answer) as there, pytest.raises(error) as told:
        opened(there).read(Address("books/entries/7"))
    assert type(told.value) is error


@pytest.mark.parametrize("answer", [reply({"message": "x"}, status=404), reply({"message": "x"}, status=410)])
def test_what_is_not_there_is_absent(answer):
    with peer(answer) as there:
        assert opened(there).read(Address("books/entries/7")).value is None


def test_who_we_are_and_whose_it_is_are_asked():
    with peer(reply({"login": "ada", "company": "acme"})) as there:
        identity = opened(there).identity()
    assert (identity.type, identity.whoami, identity.tenant) == ("ledger", "ada", "acme")
    assert identity.endpoint == f"{there.url}/api"
    with peer(reply({"login": "ada"})) as there, pytest.raises(Unreachable):
        opened(there).identity()


# ---- lists


def listed(there, target):
    return opened(there).read(Address(f"books/{target}"))


def test_a_cursor_is_followed_to_the_end():
    pages = [reply({"items": [{**ENTRY, "number": 1}], "more": "a&b"}), reply({"items": [{**ENTRY, "number": 2}], "more": None})]
    with peer(*pages) as there:
        found = listed(there, "entries")
    assert [member.address for member in found.members] == ["books/entries/1", "books/entries/2"]
    assert [member.token for member in found.members] == ["v1", "v1"]
    assert there.targets == ["/api/entries", "/api/entries?after=a%26b"]
    assert isinstance(found, Snapshot)


def test_numbered_pages_end_with_one_that_is_not_full():
    with peer(reply([{"id": "a", "text": "1"}, {"id": "b", "text": "2"}]), reply([{"id": "b", "text": "2"}])) as there:
        found = listed(there, "notes")
    assert [member.address for member in found.members] == ["books/notes/a", "books/notes/b"]
    assert there.targets == ["/api/notes?page=1", "/api/notes?page=2"]


@pytest.mark.parametrize("link", [
    "http://evil.example/api/batches?page=2", "//evil.example/api/batches", "/other/batches", "/api/../secret", "/api/%2e%2e/secret",
    "http://127.0.0.1:1/api/batches", "file:///etc/passwd", "/api@evil.example/", "http://user:pw@127.0.0.1/api/batches", "\\\\evil",
])
def test_a_link_that_leads_elsewhere_is_not_followed(link):
    with peer(reply({"data": [], "next": link})) as there:
        with pytest.raises(Rejected):
            listed(there, "batches")
        assert there.targets == ["/api/batches"]


def test_pages_that_lead_in_circles_end():
    with peer() as there:
        there.acts[:] = [reply({"data": [{"id": "a"}], "next": "/api/batches?p=2"}), reply({"data": [], "next": "/api/batches"})]
        with pytest.raises(Rejected, match="without an end"):
            listed(there, "batches")
    assert len(there.targets) == 2


def test_a_list_that_is_too_long_is_refused():
    items = [{**ENTRY, "number": number} for number in range(6)]
    with peer(reply({"items": items, "more": "x"})) as there, pytest.raises(Rejected, match="List too long"):
        listed(there, "entries")


@pytest.mark.parametrize("item", [{}, {"id": None}, {"id": ["x"]}, {"id": ""}])
def test_a_record_of_a_list_that_has_no_name_is_refused(item):
    with peer(reply({"data": [item]})) as there, pytest.raises(Rejected):
        listed(there, "batches")


def test_a_name_from_a_list_never_leaves_its_segment():
    with peer(reply({"data": [{"id": "../../admin"}]})) as there:
        (member,) = listed(there, "batches").members
        assert member.address == "books/batches/..%2F..%2Fadmin"
        with pytest.raises(Rejected):
            opened(there).read(member.address)
    assert len(there.targets) == 1


def test_a_list_that_is_not_there_is_no_empty_list():
    with peer(reply({}, status=404)) as there, pytest.raises(Rejected, match="Not found"):
        listed(there, "entries")


def test_many_records_are_read_at_once():
    with peer(reply(ENTRY)) as there:
        addresses = [Address(f"books/entries/{number}") for number in range(200)]
        connector = opened(there)
        found = list(connector.read_many(addresses))
    assert [snapshot.address for snapshot in found] == addresses
    assert 1 < there.connections <= 50
