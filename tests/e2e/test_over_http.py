"""A real REST server through the real command line: what arrives, what is undone, and what is said when it goes wrong."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from agentctl.errors import Exit
from tests.connectors.rest.kinto_worlds import MANIFESTS, TOKEN, login
from tests.e2e.house import House, step
from tests.systems.front import Front
from tests.systems.kinto import Account, Kinto
from tests.systems.mishaps import LostAfter, LostBefore, broken_json, large, page

RECORD = r".*/records/lamp"
RECORDS = r".*/records"


class Shop:
    """A workspace with a Kinto behind something that loses and changes what passes."""

    def __init__(self, house: House, kinto: Kinto, front: Front) -> None:
        self.kinto, self.front, self.bucket = kinto, front, kinto.bucket()
        self.house = House(root=house.root, home=house.home, extra={TOKEN: login(kinto.admin)})
        shutil.copy(MANIFESTS / "kinto.yaml", house.root)
        settings = {"type": "rest", "manifest": "kinto.yaml", "url": f"{front.url}/v1", "token": {"env": TOKEN}}
        house.change("agentctl.yaml", lambda wire: wire["connectors"].update(kinto=settings))
        grants = [{"id": "looks", "actions": ["kinto.*.read"]}, {"id": "things", "actions": ["kinto.*"], "mode": "approve"}]
        house.change("policy.yaml", lambda wire: wire["roles"]["all"]["grants"].extend(grants))
        self.put("lamp", title="Lamp", price=12.5, tags=["a", "b"])
        self.put("desk", title="Desk")

    def put(self, name: str, **fields: object) -> None:
        path = f"/buckets/{self.bucket}/collections/things/records/{name}"
        assert self.kinto.ask("PUT", path, {"data": fields}).status in {200, 201}

    def step(self, verb: str, name: str = "", id_: str = "one", **with_: object) -> dict[str, object]:
        return step(id_, f"kinto.{verb}", f"{self.bucket}/things" + (f"/{name}" if name else ""), with_)

    def world(self) -> dict[str, dict[str, object]]:
        answer = self.kinto.ask("GET", f"/buckets/{self.bucket}/collections/things/records")
        return {item.pop("id"): {**item, "last_modified": 0} for item in answer.body["data"]}

    def apply(self, *steps: dict[str, object], **environ: str):
        return self.house.typed("apply", self.house.plan(*steps), **environ)


@pytest.fixture
def shop(house: House, kinto: Kinto, kinto_front: Front) -> Shop:
    return Shop(house, kinto, kinto_front)


def test_what_was_applied_is_undone_field_by_field(shop: Shop) -> None:
    before = shop.world()
    done = shop.apply(
        shop.step("thing.update", "lamp", "update", title="Lantern", tags=["c", "b"]),
        shop.step("thing.create", "chair", "create", title="Chair", price=5),
        shop.step("thing.delete", "desk", "delete"),
        shop.step("thing.add", "", "add", title="Table", note="Four legs."),
    )
    assert done.code == Exit.OK, done.all
    after = shop.world()
    assert after["lamp"] == {"title": "Lantern", "price": 12.5, "tags": ["c", "b"], "last_modified": 0}
    assert after["chair"] == {"title": "Chair", "price": 5, "last_modified": 0}
    assert "desk" not in after
    assert len(after) == 3
    undone = shop.house.typed("rollback", "latest")
    assert undone.code == Exit.OK, undone.all
    assert shop.world() == before


def test_a_plan_changes_nothing_and_says_what_it_would(shop: Shop) -> None:
    before = shop.world()
    told = shop.house.run("plan", shop.house.plan(shop.step("thing.update", "lamp", title="Lantern")))
    assert told.code == Exit.OK, told.all
    assert "Lantern" in told.out
    assert shop.world() == before
    assert {question.method for question in shop.front.asked()} == {"GET"}


def test_validating_asks_nobody(shop: Shop) -> None:
    plan = shop.house.plan(shop.step("thing.update", "lamp", title=7))
    told = shop.house.run("validate", plan)
    assert told.code == Exit.INVALID
    assert "plan.yaml:" in told.all
    assert shop.front.asked() == []


def test_a_change_since_the_plan_is_refused(shop: Shop) -> None:
    shop.house.run("plan", shop.house.plan(shop.step("thing.update", "lamp", title="Lantern")), "-o", "a.changes")
    shop.put("lamp", title="Candle")
    refused = shop.house.typed("apply", "a.changes")
    assert refused.code == Exit.STALE, refused.all
    assert "Candle" in refused.all
    assert shop.world()["lamp"]["title"] == "Candle"


def test_a_change_in_the_last_moment_is_refused_by_the_server(shop: Shop) -> None:
    def meanwhile(question, act, tell):
        shop.put("lamp", title="Candle")
        tell(act())

    shop.front.when(meanwhile, "PATCH", RECORD)
    refused = shop.apply(shop.step("thing.update", "lamp", title="Lantern"))
    assert refused.code == Exit.UNREACHABLE, refused.all        # the server says that nothing happened
    assert "Record changed since it was read" in refused.all
    assert shop.world()["lamp"]["title"] == "Candle"


def test_a_record_made_meanwhile_is_not_overwritten(shop: Shop) -> None:
    def meanwhile(question, act, tell):
        shop.put("chair", title="Theirs")
        tell(act())

    shop.front.when(meanwhile, "PUT", r".*/records/chair")
    refused = shop.apply(shop.step("thing.create", "chair", title="Ours"))
    assert refused.code == Exit.UNREACHABLE, refused.all
    assert shop.world()["chair"]["title"] == "Theirs"


def test_a_wrong_token_is_told_and_shown_nowhere(shop: Shop) -> None:
    told = shop.house.run(
        "plan", shop.house.plan(shop.step("thing.update", "lamp", title="x")), **{TOKEN: "admin:wrong-canary-4711"}
    )
    assert told.code == Exit.UNREACHABLE, told.all
    assert "Token not accepted" in told.all
    assert "canary-4711" not in told.all + said_by(shop.house.ours)


def test_what_the_token_may_not_do_is_told(shop: Shop) -> None:
    visitor: Account = shop.kinto.account("visitor")
    told = shop.house.run(
        "plan", shop.house.plan(shop.step("thing.update", "lamp", title="x")), **{TOKEN: login(visitor)}
    )
    assert told.code == Exit.UNREACHABLE, told.all
    assert "Not permitted" in told.all
    assert visitor.password not in told.all


def test_a_token_that_is_not_there_is_told(shop: Shop) -> None:
    told = shop.house.run("plan", shop.house.plan(shop.step("thing.update", "lamp", title="x")), **{TOKEN: ""})
    assert told.code == Exit.UNREACHABLE, told.all
    assert TOKEN in told.all


def test_a_reply_that_was_lost_is_settled_by_the_mark_and_nothing_is_made_twice(shop: Shop) -> None:
    shop.front.when(LostAfter(), "POST", RECORDS)
    before = shop.world()
    lost = shop.apply(shop.step("thing.add", title="Table", note="Four legs."))
    assert lost.code == Exit.INCOMPLETE, lost.all
    assert len(shop.front.asked("POST")) == 1
    resumed = shop.house.typed("apply", "--resume", "latest")
    assert resumed.code == Exit.OK, resumed.all
    assert len(shop.front.asked("POST")) == 1
    assert len(shop.world()) == len(before) + 1
    assert shop.house.typed("rollback", "latest").code == Exit.OK
    assert shop.world() == before


def test_a_request_that_never_came_is_sent_again_under_its_precondition(shop: Shop) -> None:
    shop.front.when(LostBefore(), "PATCH", RECORD)
    done = shop.apply(shop.step("thing.update", "lamp", title="Lantern"))
    assert done.code == Exit.OK, done.all
    assert shop.world()["lamp"]["title"] == "Lantern"
    first, second = shop.front.asked("PATCH", RECORD)
    assert first.headers["if-match"] == second.headers["if-match"]


def test_a_reply_that_was_lost_after_the_effect_is_in_doubt_and_not_overwritten(shop: Shop) -> None:
    shop.front.when(LostAfter(), "PATCH", RECORD)
    lost = shop.apply(shop.step("thing.update", "lamp", title="Lantern"))
    assert lost.code == Exit.INCOMPLETE, lost.all
    assert "doubt" in lost.all
    assert shop.world()["lamp"]["title"] == "Lantern"
    shop.put("lamp", title="Candle")
    shop.house.typed("apply", "--resume", "latest")
    assert shop.world()["lamp"]["title"] == "Candle"


@pytest.mark.parametrize(("mishap", "words", "code"), [
    (page(200, "Please log in"), "Please log in", Exit.UNREACHABLE),
    (broken_json(), "not JSON", Exit.UNREACHABLE),
    (large(), "more than 16 MiB", Exit.UNREACHABLE),
], ids=["a proxy's page", "wrong JSON", "50 MB"])
def test_an_answer_that_is_none_stops_the_plan_and_says_why(shop: Shop, mishap, words: str, code: Exit) -> None:
    shop.front.when(mishap, "GET", RECORD, times=9)
    told = shop.house.run("plan", shop.house.plan(shop.step("thing.update", "lamp", title="x")))
    assert told.code == code, told.all
    assert words in told.all


def test_a_page_in_place_of_an_effects_answer_leaves_it_in_doubt(shop: Shop) -> None:
    shop.front.when(page(200, "Gateway"), "POST", RECORDS)
    told = shop.apply(shop.step("thing.add", title="Table", note="Four legs."))
    assert told.code == Exit.INCOMPLETE, told.all
    assert "doubt" in told.all


def test_the_token_is_in_no_file_and_no_output(shop: Shop) -> None:
    done = shop.apply(shop.step("thing.update", "lamp", title="Lantern"))
    shown = shop.house.run("show", "latest", "--format", "json")
    assert done.code == shown.code == Exit.OK
    told = done.all + shown.all + said_by(shop.house.root)
    assert shop.kinto.admin.password not in told
    assert shop.kinto.admin.token not in told


def test_a_manifest_changed_after_consent_is_noticed(shop: Shop) -> None:
    shop.house.run("plan", shop.house.plan(shop.step("thing.update", "lamp", title="Lantern")), "-o", "a.changes")
    manifest = shop.house.root / "kinto.yaml"
    manifest.write_text(manifest.read_text().replace("records/{id}", "records/desk", 1).replace('{id}"', '{id}"', 1))
    told = shop.house.typed("apply", "a.changes")
    assert told.code != Exit.OK
    assert {question.method for question in shop.front.asked()} == {"GET"}


def test_no_step_may_write_a_manifest(shop: Shop) -> None:
    shop.house.change("agentctl.yaml", lambda wire: wire["connectors"]["site"].update(root="."))
    plan = shop.house.plan(step("sly", "site.file.write", "kinto.yaml", {"content": "x"}))
    told = shop.house.run("plan", plan)
    assert told.code == Exit.INVALID, told.all
    assert "kinto.yaml" in told.all


def said_by(folder: Path) -> str:
    return "".join(path.read_bytes().decode(errors="replace") for path in folder.rglob("*") if path.is_file())
