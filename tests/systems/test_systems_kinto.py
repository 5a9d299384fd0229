"""Kinto does what tests that use it rely on: it is asked directly, agentctl has no part in it."""

from __future__ import annotations

from tests.systems.loopback import ask
from tests.systems.sockets import listening


def test_create_only_refuses_a_second_record_and_shows_the_first(kinto):
    path = f"/buckets/{kinto.bucket()}/collections/things/records/a"
    assert kinto.ask("PUT", path, {"data": {"x": 1}}, if_none_match="*").status == 201
    second = kinto.ask("PUT", path, {"data": {"x": 2}}, if_none_match="*")
    assert (second.status, second.body["details"]["existing"]["x"]) == (412, 1)


def test_an_update_or_deletion_of_what_changed_meanwhile_is_refused(kinto):
    bucket = kinto.bucket()
    path = f"/buckets/{bucket}/collections/things/records/a"
    before = kinto.ask("PUT", path, {"data": {"x": 1}}).headers["etag"]
    kinto.ask("PATCH", path, {"data": {"x": 2}})
    assert kinto.ask("PUT", path, {"data": {"x": 3}}, if_match=before).status == 412
    assert kinto.ask("DELETE", path, if_match=before).status == 412
    assert kinto.record(bucket, "a")["x"] == 2


def test_what_was_read_and_did_not_change_is_not_sent_again(kinto):
    path = f"/buckets/{kinto.bucket()}/collections/things/records/a"
    etag = kinto.ask("PUT", path, {"data": {"x": 1}}).headers["etag"]
    assert kinto.ask("GET", path, if_none_match=etag).status == 304


def test_who_has_no_rights_reads_nothing_and_who_is_nobody_is_not_let_in(kinto):
    path = f"/buckets/{kinto.bucket()}"
    stranger = kinto.account("stranger")
    assert kinto.ask("GET", path, account=stranger).status == 403
    assert kinto.ask("GET", path, account=type(stranger)("stranger", "wrong")).status == 401


def test_a_right_to_read_is_none_to_write(kinto):
    bucket = kinto.bucket()
    reader = kinto.account("reader")
    kinto.ask("PATCH", f"/buckets/{bucket}", {"permissions": {"read": ["account:reader"]}})
    things = f"/buckets/{bucket}/collections/things/records"
    assert kinto.ask("GET", things, account=reader).status == 200
    assert kinto.ask("POST", things, {"data": {}}, account=reader).status == 403


def test_a_deleted_record_leaves_a_tombstone(kinto):
    bucket = kinto.bucket()
    things = f"/buckets/{bucket}/collections/things/records"
    kinto.ask("PUT", f"{things}/a", {"data": {"x": 1}})
    assert kinto.ask("DELETE", f"{things}/a").status == 200
    assert kinto.record(bucket, "a") is None
    since = kinto.ask("GET", f"{things}?_since=0").body["data"]
    assert [(one["id"], one["deleted"]) for one in since] == [("a", True)]


def test_pages_are_linked_by_a_token(kinto):
    things = f"/buckets/{kinto.bucket()}/collections/things/records"
    for name in "abc":
        kinto.ask("PUT", f"{things}/{name}", {"data": {}})
    page = kinto.ask("GET", f"{things}?_limit=2")
    assert len(page.body["data"]) == 2
    assert page.headers["next-page"].startswith(kinto.url)


def test_pages_seen_through_a_front_lead_back_through_it(kinto, kinto_front):
    things = f"/v1/buckets/{kinto.bucket()}/collections/things/records"
    for name in "ab":
        kinto.ask("PUT", f"{things.removeprefix('/v1')}/{name}", {"data": {}})
    page = ask(kinto_front.url, "GET", f"{things}?_limit=1", headers={"authorization": f"Basic {kinto.admin.token}"})
    assert page.headers["next-page"].startswith(f"{kinto_front.url}/v1/")


def test_buckets_of_two_tests_are_two(kinto):
    assert kinto.bucket() != kinto.bucket()


def test_kinto_is_heard_on_this_machine_only(kinto):
    assert listening(kinto.pid) == {("127.0.0.1", kinto.port)}
