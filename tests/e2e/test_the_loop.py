"""The loop as a person drives it: plan, apply, show, roll back, and every way between them."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import pytest

from agentctl.errors import Exit
from tests.e2e.house import EVERYWHERE, House, create, step, update

NOTE = step("note", "mem.note.send", "outbox", {"to": "a@example.com", "text": "hi"})
ROW = step("row", "crm.row.update", "customers/1", {"tier": "annual"})
PAGE = step("page", "site.text.replace", "index.html", {"find": "$12", "replace": "$10", "count": 1})
SEND = ("yes", "send 1")


@pytest.mark.parametrize("subject", ["plan.yaml", "digest", "reviewed"])
def test_a_plan_a_digest_and_a_file_are_applied_alike(house, subject):
    house.plan(*EVERYWHERE)
    digest = house.run("plan", "plan.yaml", "-o", "reviewed", "--format", "json").json["digest"]
    told = house.typed("apply", digest.removeprefix("sha256:")[:12] if subject == "digest" else subject)
    assert told.code == Exit.OK, told.all
    assert house.memory()["customers/1"]["tier"] == "annual"
    assert house.sql("SELECT tier FROM customers WHERE id = 1") == [("annual",)]
    assert "$10" in house.git("show", "main:site/index.html")


def policy_moves(house: House) -> str:
    house.change("policy.yaml", lambda policy: policy["roles"]["all"]["grants"][0]["actions"].append("site.*"))
    return "policy"


def settings_move(house: House) -> str:
    house.change("agentctl.yaml", lambda file: file["connectors"]["mem"].update(volatile=["seats"]))
    return "mem.record.update"


def endpoint_moves(house: House) -> str:
    (house.root / "world.json").rename(house.root / "other.json")
    house.change("agentctl.yaml", lambda file: file["connectors"]["mem"].update(path="other.json"))
    return "other.json"


def environment_moves(house: House) -> str:
    house.change("agentctl.yaml", lambda file: file.update(environment="production"))
    return "acme/production"


def record_moves(house: House) -> str:
    wire = json.loads((house.root / "world.json").read_text())
    wire["records"]["customers/1"]["tier"] = "weekly"
    (house.root / "world.json").write_text(json.dumps(wire))
    return '"weekly"'


def record_goes(house: House) -> str:
    wire = json.loads((house.root / "world.json").read_text())
    del wire["records"]["customers/1"]
    (house.root / "world.json").write_text(json.dumps(wire))
    return "customers/1"


@pytest.mark.parametrize("move", [policy_moves, settings_move, endpoint_moves, environment_moves, record_moves, record_goes])
def test_whatever_moved_since_the_plan_makes_it_stale_and_is_named(house, move):
    house.plan(update("tier"))
    assert house.run("plan", "plan.yaml", "-o", "reviewed").code == Exit.OK
    named = move(house)
    told = house.typed("apply", "reviewed")
    assert told.code == Exit.STALE, told.all
    assert named in told.err
    assert not house.runs()


def test_evidence_that_changed_is_told_when_the_plan_is_planned_again(house):
    (house.root / "ticket.md").write_text("move us to annual\n")
    evidence = [{"id": "ticket", "uri": "file:ticket.md", "quote": "move us to annual"}]
    house.plan(update("tier", evidence=None) | {"with": {"tier": "annual"}, "evidence": ["ticket"]}, evidence=evidence)
    assert house.run("plan", "plan.yaml").code == Exit.OK
    (house.root / "ticket.md").write_text("leave us alone\n")
    told = house.typed("apply", "plan.yaml")
    assert told.code == Exit.INVALID, told.all
    assert "ticket" in told.err
    assert not house.runs()


def test_a_bystanders_change_does_not_make_a_plan_stale(house):
    house.plan(ROW)
    house.run("plan", "plan.yaml", "-o", "reviewed")
    house.sql("UPDATE customers SET name = 'Ada L.' WHERE id = 1")
    assert house.typed("apply", "reviewed").code == Exit.OK
    assert house.sql("SELECT name, tier FROM customers WHERE id = 1") == [("Ada L.", "annual")]


@pytest.mark.parametrize("on_failure", ["stop", "continue"])
def test_a_failure_in_the_middle_stops_or_skips_only_what_rests_on_it(house, on_failure):
    house.plan(
        update("slow"), ROW, step("rests", "crm.row.update", "customers/2", {"tier": "annual"}, needs=["row"]),
        step("free", "site.file.create", "free.txt", {"content": "x"}, needs=[]), on_failure=on_failure,
    )
    with house.memory_is_busy() as over, house.sitting("apply", "plan.yaml") as sitting:
        sitting.until("slow  mem.record.update  customers/1 …")
        house.sql("UPDATE customers SET tier = 'weekly' WHERE id = 1")
        over()
        told = sitting.ended()
    assert told.code == Exit.INCOMPLETE, told.all
    assert "weekly" in told.err
    assert (house.root / "code/site/free.txt").exists() is (on_failure == "continue")
    assert house.sql("SELECT tier FROM customers WHERE id IN (1, 2)") == [("weekly",), ("monthly",)]
    assert f"agentctl apply --resume {house.runs()[0]}" in told.err


def test_the_same_plan_applied_twice_repeats_no_create_and_no_side_effect_unless_told_again(house):
    house.plan(create("made"), NOTE)
    assert house.typed("apply", "plan.yaml", answers=SEND).code == Exit.OK
    (first,) = house.runs()
    told = house.typed("apply", "plan.yaml", "--diff", "full", answers=SEND)
    assert told.code == Exit.OK, told.all
    assert f"already done in {first}" in told.err
    assert (len(house.memory()), len(house.outbox())) == (2, 1)
    assert house.run("plan", "plan.yaml", "--again", "1", "-o", "again").code == Exit.OK
    assert house.typed("apply", "again", answers=SEND).code == Exit.OK
    assert (len(house.memory()), len(house.outbox())) == (3, 2)


def test_the_same_changeset_applied_twice_repeats_nothing(house):
    house.plan(create("made"), NOTE)
    house.run("plan", "plan.yaml", "-o", "reviewed")
    assert house.typed("apply", "reviewed", answers=SEND).code == Exit.OK
    house.typed("apply", "reviewed", answers=SEND)
    assert (len(house.memory()), len(house.outbox())) == (2, 1)


def test_what_cannot_be_undone_is_asked_for_by_name_and_number_and_nothing_less_consents(house):
    house.plan(NOTE)
    for answers in (("y",), ("yes", "yes"), ("yes", "send 2"), ("YES",), ("",)):
        told = house.typed("apply", "plan.yaml", answers=answers)
        assert told.code == Exit.CONSENT, told.all
    assert house.outbox() == []
    assert not house.runs()
    assert house.typed("apply", "plan.yaml", answers=SEND).code == Exit.OK
    assert len(house.outbox()) == 1


def test_without_a_terminal_nobody_is_asked_and_the_command_it_prints_works_on_one(house):
    house.plan(update("tier"))
    told = house.run("apply", "plan.yaml")
    assert told.code == Exit.CONSENT
    (command,) = [line.split() for line in told.err.splitlines() if line.strip().startswith("agentctl apply ")]
    house.run("plan", "plan.yaml")
    assert house.typed(*command[1:]).code == Exit.OK
    assert house.memory()["customers/1"]["tier"] == "annual"


def test_auto_approve_consents_only_where_policy_asks_nobody(house):
    draft = step("branch", "code.branch.create", "feature", {"from": "main"})
    house.plan(draft)
    assert house.run("apply", "plan.yaml").code == Exit.CONSENT
    assert house.run("apply", "plan.yaml", "--auto-approve").code == Exit.OK
    assert "refs/heads/feature" in house.git("for-each-ref")
    house.plan(update("tier"), name="write.yaml")
    assert house.run("apply", "write.yaml", "--auto-approve").code == Exit.CONSENT
    assert house.run("apply", "write.yaml", AGENTCTL_AUTO_APPROVE="1").code == Exit.CONSENT
    assert house.memory()["customers/1"]["tier"] == "monthly"


def test_what_needs_a_signature_is_not_done_for_a_yes(house):
    house.plan(step("erase", "crm.rows.delete", "customers", {"where": {"tier": "monthly"}, "max_rows": 5}))
    told = house.typed("apply", "plan.yaml")
    assert told.code == Exit.CONSENT, told.all
    assert len(house.sql("SELECT 1 FROM customers")) == 3


def test_a_plan_of_reads_needs_nobody(house):
    house.plan(step("look", "crm.row.read", "customers/1"), agent="reader")
    assert house.run("apply", "plan.yaml").code == Exit.OK


ONE_BY_ONE = (update("tier"), create("client", "7", name="Barbara"), ROW | {"needs": []}, PAGE | {"needs": []},
              step("commit", "code.commit.create", "main", {"paths": ["site/index.html"], "message": "x"}, needs=["page"]))


@pytest.fixture
def applied(house):
    house.plan(*ONE_BY_ONE)
    before = house.world()
    assert house.typed("apply", "plan.yaml").code == Exit.OK
    return house, before


def test_rollback_puts_everything_back_and_can_itself_be_rolled_back(applied):
    house, before = applied
    done = house.world()
    assert house.typed("rollback", "latest").code == Exit.OK
    assert house.world() == before
    assert house.typed("rollback", "latest").code == Exit.OK
    again = house.world()
    assert {**again, "git": done["git"]} == done, "commit times aside, everything is as it was applied"
    assert house.typed("rollback", "latest").code == Exit.OK
    assert house.world() == before


def test_rollback_of_one_step_a_connector_or_from_a_step_on(applied):
    house, before = applied
    (run,) = house.runs()
    assert house.typed("rollback", run, "--step", "row").code == Exit.OK
    assert house.world()["rows"] == before["rows"]
    assert house.memory()["customers/1"]["tier"] == "annual"
    assert house.typed("rollback", run, "--connector", "mem").code == Exit.OK
    assert house.memory() == before["memory"]
    assert "$10" in (house.root / "code/site/index.html").read_text()
    assert house.typed("rollback", run, "--from", "page").code == Exit.OK
    assert house.world() == before


def test_rollback_refuses_to_leave_dependents_standing_unless_they_come_along(applied):
    house, before = applied
    refused = house.typed("rollback", "latest", "--step", "page")
    assert refused.code == Exit.USAGE, refused.all
    assert "--with-dependents" in refused.err
    assert house.typed("rollback", "latest", "--step", "page", "--with-dependents").code == Exit.OK
    assert house.world()["files"] == before["files"]
    assert house.world()["git"] == before["git"]


def test_rollback_after_an_outside_edit_keeps_theirs_and_is_not_called_success(applied):
    house, before = applied
    (house.root / "code/site/index.html").write_text("<h1>Theirs</h1>\n")
    house.sql("UPDATE customers SET tier = 'theirs' WHERE id = 1")
    told = house.typed("rollback", "latest")
    assert told.code == Exit.INCOMPLETE, told.all
    assert '"theirs"' in told.err
    assert (house.root / "code/site/index.html").read_text() == "<h1>Theirs</h1>\n"
    assert house.sql("SELECT tier FROM customers WHERE id = 1") == [("theirs",)]
    assert house.memory() == before["memory"], "what nobody touched was put back"


def test_a_rollback_written_to_a_file_is_applied_like_any_reviewed_changeset(applied):
    house, before = applied
    done = house.world()
    assert house.run("rollback", "latest", "-o", "undo").code == Exit.OK
    assert house.world() == done, "nothing is undone by writing it down"
    told = house.typed("apply", "undo")
    assert told.code == Exit.OK, told.all
    assert house.world() == before
    assert house.run("runs", "--format", "json").json["runs"][0]["purpose"] == "rollback"


def test_a_stranger_may_not_roll_back(applied):
    house, _ = applied
    done = house.world()
    told = house.typed("rollback", "latest", LOGNAME="mallory")
    assert told.code == Exit.REFUSED, told.all
    assert house.world() == done


def test_drift_finds_what_others_changed_of_ours_and_only_that(applied):
    house, _ = applied
    assert house.run("drift", "--detailed-exitcode").code == Exit.OK
    house.sql("UPDATE customers SET name = 'bystander' WHERE id = 1")
    assert house.run("drift", "--detailed-exitcode").code == Exit.OK
    house.sql("UPDATE customers SET tier = 'theirs' WHERE id = 1")
    told = house.run("drift", "--detailed-exitcode", "--format", "json")
    assert told.code == Exit.CHANGES
    (found,) = told.json["drifts"]
    assert (found["address"], found["field"], found["now"]) == ("crm/customers/1", "tier", "theirs")


def test_the_state_lists_and_shows_what_we_wrote_and_rebuilds_to_equal_bytes(applied):
    house, _ = applied
    held = json.loads((house.ours / "state.json").read_text())["records"]
    assert "crm/customers/1" in house.run("state", "list").out
    assert '"annual"' in house.run("state", "show", "crm/customers/1").out
    assert house.run("state", "show", "crm/customers/99").code == Exit.USAGE
    assert house.run("state", "rebuild").code == Exit.OK
    assert json.dumps(json.loads((house.ours / "state.json").read_text())["records"]) == json.dumps(held)


def test_verify_finds_every_flipped_byte_and_knows_heads_kept_elsewhere(applied):
    house, _ = applied
    told = house.run("verify", "--format", "json")
    assert (told.code, told.json["grade"]) == (Exit.OK, "intact, tail not witnessed")
    assert house.run("verify", "--strict").code == Exit.INTEGRITY
    head = told.json["head"]["digest"]
    assert house.run("verify", "--strict", "--expect-head", head).code == Exit.OK
    assert house.run("verify", "--expect-head", "sha256:" + "0" * 64).code == Exit.INTEGRITY
    path = sorted((house.ours / "trace").glob("*.jsonl"))[1]
    whole = path.read_bytes()
    for place in range(0, len(whole), len(whole) // 5):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1:])
        assert house.run("verify").code == Exit.INTEGRITY
    path.write_bytes(whole[:-1])
    assert house.run("verify").code == Exit.INTEGRITY


def test_show_explains_a_run_a_step_and_a_changeset_and_a_broken_run(applied):
    house, _ = applied
    (run,) = house.runs()
    document = house.run("show", run, "--format", "json").json
    assert [item["id"] for item in document["steps"]] == [item["id"] for item in ONE_BY_ONE]
    assert house.run("show", run[:4], "--step", "row", "--format", "json").json["steps"][0]["id"] == "row"
    assert house.run("show", run, "--step", "nope").code == Exit.USAGE
    assert house.run("show", document["short"]).code == Exit.OK
    (path,) = (house.ours / "trace").glob("*-run-*.jsonl")
    whole = path.read_bytes()
    for spoilt in (whole[:-300], whole.replace(b"monthly", b"MONTHLY", 1), whole[:9000] + whole[9200:]):
        path.write_bytes(spoilt)
        broken = house.run("show")
        assert broken.code == Exit.OK, broken.all
        assert "Try it." in broken.out
        assert "damaged" in broken.out or spoilt == whole[:-300], "a line cut short may be one just being written"
    path.write_bytes(whole[:200] + whole[400:])
    lost = house.run("show")
    assert lost.code == Exit.INTEGRITY, "where a run's first line is gone, it is not said that there was none"
    assert "agentctl verify" in lost.err


def test_runs_are_filtered_by_agent_status_and_time(applied):
    house, _ = applied
    def listed(*arguments):
        return [run["id"] for run in house.run("runs", *arguments, "--format", "json").json["runs"]]

    (run,) = house.runs()
    assert listed() == listed("--agent", "helper") == listed("--status", "complete") == listed("--since", "1h") == [run]
    assert listed("--agent", "reader") == listed("--status", "open") == listed("--since", "2999-01-01") == []
    assert house.run("runs", "--since", "yesterdayish").code == Exit.USAGE


def test_every_line_of_the_event_stream_is_json_and_the_first_says_the_version(house):
    house.plan(step("look", "crm.row.read", "customers/1"), step("b", "code.branch.create", "feature", {"from": "main"}), agent="reader")
    told = house.run("apply", "plan.yaml", "--auto-approve", "--json", "--json-into", "end.json")
    assert told.code == Exit.OK, told.all
    events = [json.loads(line) for line in told.out.splitlines()]
    assert events[0]["type"] == "version"
    assert [event["type"] for event in events[1:]] == [
        "run_started", "step_started", "step_finished", "step_started", "step_finished", "run_finished",
    ]
    assert json.loads((house.root / "end.json").read_text())["status"] == "complete"


def test_colour_is_for_terminals_and_the_two_variables_decide(house):
    house.plan(update("tier"))
    assert "\x1b" not in house.run("plan", "plan.yaml", NO_COLOR="").out
    assert "\x1b" in house.run("plan", "plan.yaml", NO_COLOR="", FORCE_COLOR="1").out
    assert "\x1b" not in house.typed("plan", "plan.yaml", NO_COLOR="1").err
    assert "\x1b" in house.typed("plan", "plan.yaml", NO_COLOR="", TERM="xterm").err
    assert "\x1b" not in house.typed("--no-color", "plan", "plan.yaml", NO_COLOR="", TERM="xterm").err


def test_a_lock_that_nobody_holds_is_said_to_be_free(house):
    assert house.run("lock", "show").code == Exit.OK
    assert house.run("lock", "break", "--reason", "x").code == Exit.USAGE


def test_a_lock_of_another_machine_is_broken_only_on_a_persons_word_and_recorded(house):
    owner = {"run": "abcd", "person": "bob", "host": "elsewhere", "pid": 7, "since": "2026-01-01T00:00:00+00:00",
             "boot": "other", "started": "1"}
    (house.ours / "lock").write_text(json.dumps(owner))
    house.plan(update("tier"))
    told = house.typed("apply", "plan.yaml")
    assert told.code == Exit.LOCKED, told.all
    assert "bob on elsewhere" in told.err
    assert "agentctl lock break --reason" in told.err
    assert house.run("lock", "break", "--reason", "elsewhere burnt down").code == Exit.OK
    (record,) = [record for record in house.records() if record["kind"] == "unlock"]
    assert record["body"]["reason"] == "elsewhere burnt down"
    assert house.typed("apply", "plan.yaml").code == Exit.OK


def test_a_table_that_is_busy_is_waited_for_or_reported_and_never_half_written(house):
    house.plan(ROW)
    house.change("agentctl.yaml", lambda file: file["connectors"]["crm"].update(timeout=1))
    house.run("plan", "plan.yaml", "-o", "reviewed")
    with closing(sqlite3.connect(house.root / "crm.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        told = house.typed("apply", "reviewed")
        other.execute("ROLLBACK")
    assert told.code in (Exit.UNREACHABLE, Exit.INCOMPLETE), told.all
    assert house.sql("SELECT tier FROM customers WHERE id = 1") == [("monthly",)]
    assert house.typed("apply", "reviewed").code == Exit.OK
