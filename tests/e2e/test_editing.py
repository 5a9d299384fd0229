"""Editing before sending, through the real command line and a real editor: what the agent wrote, what a person made."""

from __future__ import annotations

import json
import os
import signal
import stat
from pathlib import Path

import pytest

from agentctl.errors import Exit
from tests.e2e.house import House, step, update
from tests.e2e.test_signed_plans import make_key, public, sign

LETTER = "Dear Ada,\n\nwe have cancelled your account.\n\nRegards\n"
BETTER = "Dear Ada,\n\nyour new tier is active.\n\nRegards\n"


def mail(id: str = "mail", **more) -> dict:
    return step(id, "mem.note.send", "outbox", {"to": "ada@acme.example", "text": LETTER}, **more)


def editor(house: House, script: str, name: str = "editor") -> dict[str, str]:
    """Make an editor of a few lines of Python; it finds the file's path in ``path``."""
    place = house.home / name
    place.write_text(f"import sys, pathlib\npath = pathlib.Path(sys.argv[-1])\n{script}\n")
    return {"EDITOR": f"'{os.sys.executable}' '{place}' --wait"}


REPLACE = 'path.write_text(path.read_text().replace("we have cancelled your account", "your new tier is active"))'


def planned(house: House, *steps, **more) -> str:
    house.plan(*(steps or (mail(),)), **more)
    return house.run("plan", "plan.yaml", "--format", "json").json["digest"]


def edited(house: House) -> dict:
    """Return the last `edit` that the trace tells of."""
    return [record for record in house.records() if record["kind"] == "edit"][-1]["body"]


def test_a_letter_is_edited_before_it_is_sent_and_both_versions_are_told(house):
    digest = planned(house)
    told = house.typed("edit", digest[7:19], "mail", **editor(house, REPLACE))
    assert told.code == Exit.OK, told.all
    assert "Edited by on-call-1 (the agent's version → theirs)" in told.all
    act = edited(house)
    assert (act["from"], act["by"], act["changed"]) == (digest, "on-call-1", ["mail"])
    assert act["steps"] == [
        {"step": "mail", "kind": "changed", "fields": [{"path": "text", "before": LETTER, "after": BETTER}]}
    ]
    assert house.typed("apply", act["to"], answers=("yes", "send 1")).code == Exit.OK
    assert [note["text"] for note in house.outbox()] == [BETTER]
    shown = house.run("show", "latest", "--format", "json").json
    assert shown["edits"][0]["fields"] == [{"path": "text", "before": LETTER, "after": BETTER}]
    assert shown["author"]["editors"] == ["on-call-1"]
    screen = house.run("show", "latest").out
    assert "we have cancelled your account" in screen
    assert "your new tier is active" in screen


def test_what_was_sent_as_edited_is_not_sent_again_as_it_was_nor_the_other_way_round(house):
    digest = planned(house)
    assert house.typed("edit", digest, "mail", **editor(house, REPLACE)).code == Exit.OK
    assert house.typed("apply", edited(house)["to"], answers=("yes", "send 1")).code == Exit.OK
    again = house.typed("apply", "plan.yaml", answers=("yes", "send 1"))
    assert "already done in" in again.all
    assert len(house.outbox()) == 1


def test_the_editor_sees_a_private_file_with_the_facts_and_it_is_gone_afterwards(house):
    digest = planned(house)
    seen = house.home / "seen.json"
    look = (
        "import json, os\n"
        f"pathlib.Path({str(seen)!r}).write_text(json.dumps([str(path), path.read_text(), os.stat(path).st_mode,"
        " os.stat(path.parent).st_mode, sys.argv[1:-1]]))\n"
        "(path.parent / '.backup~').write_text(path.read_text())\n" + REPLACE
    )
    assert house.typed("edit", digest, "mail", **editor(house, look)).code == Exit.OK
    path, text, mode, folder, arguments = json.loads(seen.read_text())
    assert stat.S_IMODE(mode) == 0o600
    assert stat.S_IMODE(folder) == 0o700
    assert arguments == ["--wait"]
    assert not Path(path).parent.exists()
    assert text.startswith(f"# Step mail of changeset {digest[7:19]}: mem.note.send on outbox\n")
    assert '\nto: "ada@acme.example"\ntext: |\n  Dear Ada,\n\n  we have cancelled' in text


@pytest.mark.parametrize(("script", "why"), [
    ("pass", "Nothing was changed"),
    ("path.write_text('')", "Nothing was changed"),
    ("path.write_text('# only a comment\\n\\n')", "Nothing was changed"),
    ("path.write_text('# the same in other words\\n' + path.read_text())", "Nothing was changed"),
    (REPLACE + "\nsys.exit(3)", "ended with 3"),
    (REPLACE + "\nimport os, signal\nos.kill(os.getpid(), signal.SIGKILL)", "was ended by signal 9"),
])
def test_nothing_is_made_of_what_was_not_changed_emptied_or_left_by_an_editor_that_failed(house, script, why):
    digest = planned(house)
    before = sorted(path.name for path in (house.ours / "changesets").iterdir())
    told = house.typed("edit", digest, "mail", **editor(house, script))
    assert why in told.all
    assert sorted(path.name for path in (house.ours / "changesets").iterdir()) == before
    assert "edit" not in [record["kind"] for record in house.records()]


def test_asked_to_end_while_the_editor_is_open_it_leaves_no_draft_behind(house):
    """The draft may hold what is personal: a terminal that is closed must not leave it lying about."""
    digest = planned(house)
    place = house.home / "place"
    wait = f"pathlib.Path({str(place)!r}).write_text(str(path))\nprint('opened', flush=True)\nimport time\ntime.sleep(60)"
    for number in (signal.SIGTERM, signal.SIGHUP):
        with house.sitting("edit", digest, "mail", **editor(house, wait)) as sitting:
            sitting.until("opened")
            assert Path(place.read_text()).exists()
            sitting.signal(number)
            sitting.process.wait(30)
        assert not Path(place.read_text()).parent.exists()
    assert "edit" not in [record["kind"] for record in house.records()]


def test_an_editor_that_is_not_there_is_said(house):
    told = house.typed("edit", planned(house), "mail", EDITOR="/no/such/editor --wait")
    assert (told.code, "The editor could not be started" in told.all) == (Exit.USAGE, True)
    told = house.typed("edit", planned(house), "mail", EDITOR="'unclosed")
    assert (told.code, "The editor could not be started" in told.all) == (Exit.USAGE, True)


@pytest.mark.parametrize(("text", "why"), [
    ("text: [a\n", "yaml"),
    ("texts: x\n", "Unknown argument"),
    ("- a list\n", "Not a mapping"),
    ("to: ada\ntext: 5\n", "text"),
    ("to: ada\ntext: {$from: steps.nowhere.after.x}\n", "nowhere"),
    ("text: &a x\n", "anchor"),
    ("text: x\ntext: y\n", "twice"),
])
def test_a_draft_that_is_not_valid_can_be_opened_again_or_its_text_is_kept(house, text, why):
    digest = planned(house)
    bad = editor(house, f"path.write_text({text!r})")
    told = house.typed("edit", digest, "mail", answers=("no",), **bad)
    assert told.code == Exit.INVALID, told.all
    kept = Path(told.all.rpartition("--with ")[2].split()[0])
    assert kept.read_text() == text
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert "edit" not in [record["kind"] for record in house.records()]
    mend = editor(house, f"path.write_text({text!r} if path.read_text().startswith('#') else 'to: ada@acme.example\\ntext: mended\\n')", "second")
    told = house.typed("edit", digest, "mail", **mend)
    assert told.code == Exit.OK, told.all
    assert edited(house)["steps"][0]["fields"][0]["after"] == "mended"
    assert why


def test_without_a_terminal_it_says_what_to_do_and_takes_a_file(house):
    digest = planned(house)
    told = house.run("edit", digest, "mail")
    assert (told.code, f"agentctl edit {digest} mail --with FILE" in told.err) == (Exit.CONSENT, True)
    (house.root / "mail.yaml").write_text("to: ada@acme.example\ntext: short\n")
    told = house.run("edit", digest, "mail", "--with", "mail.yaml", "--format", "json", "-o", "edited.changeset")
    assert told.code == Exit.OK, told.all
    assert told.json["edits"][0]["fields"] == [{"path": "text", "before": LETTER, "after": "short"}]
    assert house.typed("apply", "edited.changeset", answers=("yes", "send 1")).code == Exit.OK
    assert house.outbox()[0]["text"] == "short"


def test_a_plan_can_be_edited_and_its_file_stays_as_it_is(house):
    path = house.plan(mail())
    before = path.read_bytes()
    (house.root / "mail.yaml").write_text("to: ada@acme.example\ntext: short\n")
    told = house.run("edit", "plan.yaml", "mail", "--with", "mail.yaml", "--format", "json")
    assert told.code == Exit.OK, told.all
    assert path.read_bytes() == before
    assert (house.ours / "changesets" / f"{edited(house)['from'][7:]}.jsonl").exists()


def test_steps_are_left_out_and_what_waited_for_them_waits_for_what_they_waited_for(house):
    digest = planned(house, update("tier"), mail("spam"), update("seats", seats=4))
    told = house.run("edit", digest, "--drop", "spam", "--format", "json")
    assert told.code == Exit.OK, told.all
    assert [one["id"] for one in told.json["steps"]] == ["tier", "seats"]
    assert [(one["step"], one["kind"], one["waits_for"]) for one in told.json["edits"]] == [
        ("spam", "left-out", []), ("seats", "freed", ["tier"]),
    ]
    assert edited(house)["left_out"] == ["spam"]
    assert house.typed("apply", told.json["digest"]).code == Exit.OK
    assert house.memory()["customers/1"] == {"tier": "annual", "seats": 4}
    assert house.outbox() == []


@pytest.mark.parametrize(("steps", "drop", "why"), [
    ((update("a"), update("b")), ("a", "b"), "No step would stay"),
    ((update("a"),), ("nope",), "There is no step `nope`"),
    ((update("a", name={"x": 1}), step("b", "mem.note.send", "outbox", {"to": "ada", "text": {"$from": "steps.a.after.tier"}})),
     ("a",), "`b` uses what is brought by `a`"),
    ((update("a"), {**update("b"), "needs": []}, {**update("c"), "needs": ["a"]}), ("a",), "`c` needs `a`"),
    ((step("a", "mem.record.create", "customers", {"tier": "trial"}),
      step("b", "mem.record.update", "customers/new:a", {"tier": "annual"})), ("a",), "`b` uses what is brought by `a`"),
])
def test_what_others_rest_on_is_not_left_out_and_they_are_named(house, steps, drop, why):
    digest = planned(house, *steps)
    told = house.run("edit", digest, *(word for name in drop for word in ("--drop", name)))
    assert told.code == Exit.USAGE, told.all
    assert why in " ".join(told.all.split())


def test_an_edit_of_an_edit_still_tells_what_the_agent_wrote_and_going_back_is_no_edit(house):
    digest = planned(house)
    for text in ("first", "second"):
        (house.root / "mail.yaml").write_text(f"to: ada@acme.example\ntext: {text}\n")
        told = house.run("edit", digest if text == "first" else edited(house)["to"], "mail", "--with", "mail.yaml",
                         "--format", "json")
        assert told.code == Exit.OK, told.all
    assert told.json["edits"][0]["fields"] == [{"path": "text", "before": LETTER, "after": "second"}]
    (house.root / "mail.yaml").write_text(json.dumps({"to": "ada@acme.example", "text": LETTER}))
    back = house.run("edit", edited(house)["to"], "mail", "--with", "mail.yaml", "--format", "json")
    assert (back.json["digest"], back.json["edits"]) == (digest, [])


def test_a_sensitive_value_is_in_no_draft_and_kept_and_in_clear_nowhere(house):
    house.change("agentctl.yaml", lambda file: file["connectors"]["mem"].update(sensitive=["secret"]))
    digest = planned(house, step("a", "mem.record.update", "customers/1", {"tier": "annual", "secret": "s3cr3t-value"}))
    seen = house.home / "seen"
    look = f"pathlib.Path({str(seen)!r}).write_text(path.read_text())"
    script = f"{look}\npath.write_text(path.read_text().replace('annual', 'gold'))"
    told = house.typed("edit", digest, "a", **editor(house, script))
    assert told.code == Exit.OK, told.all
    text = seen.read_text()
    assert "s3cr3t-value" not in text
    assert "kept as it is unless you write it anew: secret" in text
    to = edited(house)["to"]
    assert house.typed("apply", to).code == Exit.OK
    assert house.memory()["customers/1"]["tier"] == "gold"
    assert house.memory()["customers/1"]["secret"] == "s3cr3t-value"
    ours = [path for path in house.ours.rglob("*") if path.is_file()]
    assert not [path for path in ours if b"s3cr3t-value" in path.read_bytes()]


def test_a_rollback_is_not_edited_and_an_edited_run_is_rolled_back(house):
    digest = planned(house, update("tier"))
    (house.root / "new.yaml").write_text("tier: gold\n")
    assert house.run("edit", digest, "tier", "--with", "new.yaml").code == Exit.OK
    assert house.typed("apply", edited(house)["to"]).code == Exit.OK
    assert house.memory()["customers/1"]["tier"] == "gold"
    assert house.run("rollback", "latest", "-o", "undo.changeset").code == Exit.OK
    told = house.run("edit", "undo.changeset", "--drop", "undo-tier")
    assert (told.code, "A rollback is not planned anew or edited" in told.err) == (Exit.USAGE, True)
    assert house.typed("rollback", "latest").code == Exit.OK
    assert house.memory()["customers/1"]["tier"] == "monthly"


def test_what_an_edit_says_of_itself_cannot_be_changed_in_the_store(house):
    digest = planned(house)
    (house.root / "mail.yaml").write_text("to: ada@acme.example\ntext: short\n")
    assert house.run("edit", digest, "mail", "--with", "mail.yaml").code == Exit.OK
    stored = house.ours / "changesets" / f"{edited(house)['to'][7:]}.jsonl"
    for old, new in ((b'"by":["on-call-1"]', b'"by":["somebody"]'), (b"cancelled", b"confirmed")):
        whole = stored.read_bytes()
        assert old in whole
        stored.write_bytes(whole.replace(old, new))
        assert house.typed("apply", edited(house)["to"]).code == Exit.INTEGRITY
        stored.write_bytes(whole)


def signed_letter(house: House) -> str:
    """Let the agent have keys, sign its letter, and return the changeset's digest."""
    make_key(house, "agent")
    house.change("policy.yaml", lambda policy: policy["agents"]["helper"].update(keys=[public(house, "agent")]))
    house.change("policy.yaml", lambda policy: [grant.update(mode="auto") for grant in grants(policy)])
    house.plan(mail(), update("tier"))
    sign(house)
    planned = house.run("plan", "plan.yaml", "--format", "json")
    assert planned.json["author"]["standing"] == "proven", planned.all
    return planned.json["digest"]


def grants(policy: dict) -> list[dict]:
    return policy["roles"]["all"]["grants"]


def rewrite(house: House, digest: str, text: str = "short") -> str:
    (house.root / "mail.yaml").write_text(f"to: ada@acme.example\ntext: {text}\n")
    told = house.run("edit", digest, "mail", "--with", "mail.yaml", "--format", "json")
    assert told.code == Exit.OK, told.all
    return told.json["digest"]


def test_what_a_person_made_of_a_signed_plan_is_not_denied_and_never_done_unasked(house):
    digest = signed_letter(house)
    to = rewrite(house, digest)
    assert house.run("apply", to, "--auto-approve").code == Exit.CONSENT
    shown = house.run("show", to, "--format", "json").json
    assert (shown["author"]["standing"], shown["outcome"]) == ("edited", "held")
    assert {step["decision"]["mode"] for step in shown["steps"]} == {"approve"}
    assert house.typed("apply", to, answers=("yes", "send 1")).code == Exit.OK
    assert house.outbox()[0]["text"] == "short"
    (started,) = [record for record in house.records() if record["kind"] == "run_started"]
    assert started["body"]["author"]["standing"] == "edited"
    assert started["body"]["plan"]["edited"]["steps"]["mail"]["with"]["text"] == LETTER


def test_dropping_a_step_of_a_signed_plan_leaves_the_rest_proven_to_be_the_agents_own_but_edited(house):
    digest = signed_letter(house)
    told = house.run("edit", digest, "--drop", "mail", "--format", "json")
    assert told.json["author"]["standing"] == "edited"
    assert house.run("apply", told.json["digest"], "--auto-approve").code == Exit.CONSENT


def test_an_edit_of_an_unsigned_plan_of_an_agent_with_keys_is_denied_like_the_plan(house):
    digest = signed_letter(house)
    (house.root / "plan.yaml.sig").unlink()
    plain = house.run("plan", "plan.yaml", "--format", "json").json["digest"]
    assert plain != digest
    (house.root / "mail.yaml").write_text("to: ada@acme.example\ntext: short\n")
    told = house.run("edit", plain, "mail", "--with", "mail.yaml")
    assert (told.code, "it carries no signature" in " ".join(told.all.split())) == (Exit.REFUSED, True)


@pytest.mark.parametrize("forgery", ["another target", "a step more", "another agent's words"])
def test_a_changeset_that_only_says_it_was_edited_is_not_the_agents(house, forgery):
    """Whoever can write the store can call anything an edit of what the agent signed; only what an edit can be is one."""
    from agentctl.model.canonical import digest as digest_of
    from agentctl.model.canonical import digest_bytes
    from agentctl.store import changesets

    to = rewrite(house, signed_letter(house))
    stored = house.ours / "changesets" / f"{to[7:]}.jsonl"
    lines = stored.read_bytes().splitlines(keepends=True)
    header = json.loads(lines[0])
    plan = header["plan"]
    if forgery == "another target":
        plan["steps"][0]["target"] = "elsewhere"
    elif forgery == "a step more":
        plan["steps"].append({**plan["steps"][1], "id": "more", "target": "customers/2"})
    else:
        plan["edited"]["steps"]["mail"]["with"]["text"] = "What nobody signed."
    effects = digest_of([digest_bytes(line[:-1]) for line in lines[1:-1]])
    bare = {name: item for name, item in header.items() if name not in ("effects", "digest", "changes")}
    new = digest_of({**bare, "effects": effects})
    head = {**bare, "effects": effects, "digest": new, "changes": len(lines) - 2}
    forged = stored.parent / f"{new[7:]}.jsonl"
    forged.write_bytes(b"".join([changesets.canonical(head) + b"\n", *lines[1:]]))
    told = house.typed("apply", new, answers=("yes", "send 1"))
    assert told.code in (Exit.INTEGRITY, Exit.REFUSED), told.all
    assert house.outbox() == []


@pytest.fixture
def leads(house) -> House:
    """A house whose letters need one signature of the leads, Maria and Ben."""
    for name in ("maria", "ben"):
        make_key(house, name)
    house.change("policy.yaml", lambda policy: grants(policy)[1].update(
        mode="approve", approvals={"count": 1, "from": ["leads"]}))
    house.change("policy.yaml", lambda policy: policy["people"].update(ben={"groups": ["leads"], "keys": [public(house, "ben")]}))
    house.change("policy.yaml", lambda policy: policy["people"]["on-call-1"].update(
        groups=["on-call", "leads"], keys=[public(house, "maria")]))
    return house


def approve(house: House, digest: str, person: str, key: str):
    return house.typed("approve", digest, "--as", person, "--key", house.home / key, answers=("yes", "send 1"))


def test_whoever_edited_cannot_approve_and_somebody_else_can(leads):
    to = rewrite(leads, planned(leads))
    own = approve(leads, to, "on-call-1", "maria")
    assert own.code == Exit.CONSENT
    assert "`on-call-1` edited it" in " ".join(own.all.split())
    assert "May sign: ben." in leads.typed("apply", to).all
    assert approve(leads, to, "ben", "ben").code == Exit.OK
    told = leads.run("apply", to)
    assert told.code == Exit.OK, told.all
    assert leads.outbox()[0]["text"] == "short"


def test_an_approval_of_what_the_agent_wrote_is_none_of_what_a_person_made_of_it(leads):
    digest = planned(leads)
    assert approve(leads, digest, "ben", "ben").code == Exit.OK
    to = rewrite(leads, digest)
    told = leads.run("apply", to)
    assert told.code == Exit.CONSENT
    assert leads.outbox() == []


def test_an_editor_nobody_knows_is_an_error_where_signatures_are_needed(leads):
    digest = planned(leads)
    (leads.root / "mail.yaml").write_text("to: ada@acme.example\ntext: short\n")
    told = leads.run("edit", digest, "mail", "--with", "mail.yaml", LOGNAME="stranger")
    assert (told.code, "`stranger` is nobody in `people:`" in " ".join(told.all.split())) == (Exit.REFUSED, True)
    told = leads.run("edit", digest, "mail", "--with", "mail.yaml", "--as", "ben", LOGNAME="stranger")
    assert told.code == Exit.OK, told.all
    told = leads.run("edit", digest, "mail", "--with", "mail.yaml", "--as", "nobody")
    assert (told.code, "Nobody of that name" in told.all) == (Exit.USAGE, True)


def test_a_plan_nobody_is_said_to_have_requested_leaves_nobody_out(leads):
    """`requested_by` is a claim: where the agent makes none, there is nobody to keep from approving but the agent."""
    digest = planned(leads)
    assert approve(leads, digest, "on-call-1", "maria").code == Exit.OK


def test_a_requester_nobody_knows_is_an_error_where_signatures_are_needed_and_a_known_one_is_told(leads):
    leads.plan(mail(), requested_by="who@acme.example")
    told = leads.run("plan", "plan.yaml")
    assert (told.code, "`who@acme.example` is nobody" in " ".join(told.all.split())) == (Exit.REFUSED, True)
    leads.change("policy.yaml", lambda policy: policy["people"]["ben"].update(aliases=["who@acme.example"]))
    told = leads.run("plan", "plan.yaml", "--format", "json")
    assert (told.code, told.json["author"]["requester"]) == (Exit.OK, "ben")
    assert "asked by  ben, as the plan claims" in leads.run("plan", "plan.yaml").out


def test_an_edited_run_that_stopped_goes_on_as_edited(house):
    digest = planned(house, update("tier"), mail())
    to = rewrite(house, digest)
    with house.memory_is_busy() as over, house.sitting("apply", to, answers=("yes", "send 1")) as sitting:
        sitting.until("tier  mem.record.update  customers/1 …")
        busy = house.run("edit", to, "--drop", "mail", "--lock-timeout", "0s")
        assert (busy.code, house.run("halt", "--all", "--reason", "wait").code) == (Exit.LOCKED, Exit.OK)
        over()
        assert sitting.ended().code == Exit.INCOMPLETE
    assert house.run("unhalt", "--all", "--reason", "go on").code == Exit.OK
    told = house.typed("apply", "--resume", "latest")
    assert told.code == Exit.OK, told.all
    assert [note["text"] for note in house.outbox()] == ["short"]


def test_a_personal_value_is_shown_to_who_edits_it_and_in_clear_nowhere_else(house):
    house.change("agentctl.yaml", lambda file: file["connectors"]["mem"].update(sealed=["name"]))
    digest = planned(house, step("a", "mem.record.update", "customers/1", {"name": "Ada Lovelace"}))
    told = house.typed("edit", digest, "a", **editor(house, "path.write_text(path.read_text().replace('Ada', 'Mary'))"))
    assert told.code == Exit.OK, told.all
    assert "Mary Lovelace" in told.all
    assert house.typed("apply", edited(house)["to"]).code == Exit.OK
    assert house.memory()["customers/1"]["name"] == "Mary Lovelace"
    (field,) = edited(house)["steps"][0]["fields"]
    assert {*field["before"]} == {*field["after"]} == {"$hidden"}
    files = [path for path in house.ours.rglob("*") if path.is_file()]
    assert not [path for path in files if b"Lovelace" in path.read_bytes()]
    assert "Ada Lovelace" in house.run("show", "latest").out


def test_a_long_text_is_told_of_an_edit_and_stands_in_the_trace_only_as_a_commitment(house):
    digest = planned(house)
    (house.root / "mail.yaml").write_text("to: ada@acme.example\ntext: " + "long " * 500 + "\n")
    told = house.run("edit", digest, "mail", "--with", "mail.yaml", "--format", "json")
    assert told.code == Exit.OK, told.all
    assert told.json["edits"][0]["fields"][0]["after"].startswith("long long")
    (field,) = edited(house)["steps"][0]["fields"]
    assert (field["before"], [*field["after"]]) == (LETTER, ["$hidden"])
    assert house.typed("apply", edited(house)["to"], answers=("yes", "send 1")).code == Exit.OK
    shown = house.run("show", "latest", "--format", "json").json
    assert shown["edits"][0]["fields"][0]["after"].startswith("long long")


def test_an_edited_changeset_that_is_stale_is_planned_anew_by_its_digest_and_stays_edited(house):
    digest = planned(house, update("tier"))
    (house.root / "new.yaml").write_text("tier: gold\n")
    assert house.run("edit", digest, "tier", "--with", "new.yaml").code == Exit.OK
    to = edited(house)["to"]
    house.plan(update("other", tier="silver"), name="other.yaml")
    assert house.typed("apply", "other.yaml").code == Exit.OK
    stale = house.typed("apply", to)
    assert stale.code == Exit.STALE
    assert f"agentctl plan {to[7:19]}" in stale.all
    told = house.run("plan", to[7:19], "--format", "json")
    assert told.code == Exit.OK, told.all
    assert told.json["digest"] != to
    assert told.json["edits"][0]["fields"] == [{"path": "tier", "before": "annual", "after": "gold"}]
    assert house.typed("apply", told.json["digest"]).code == Exit.OK
    assert house.memory()["customers/1"]["tier"] == "gold"


def test_a_stored_plan_whose_connector_is_gone_or_whose_values_are_is_said_to_be_so(house):
    house.change("agentctl.yaml", lambda file: file["connectors"]["mem"].update(sealed=["name"]))
    digest = planned(house, step("a", "mem.record.update", "customers/1", {"name": "Ada Lovelace"}))
    (pack,) = (house.ours / "packs").glob("changeset-*")
    pack.unlink()
    for told in (house.run("plan", digest), house.run("edit", digest, "a", "--with", "plan.yaml")):
        assert (told.code, "A value is hidden here" in told.err) == (Exit.USAGE, True)
    house.change("agentctl.yaml", lambda file: file["connectors"].pop("mem"))
    digest = planned(house, step("row", "crm.row.update", "customers/1", {"tier": "annual"}))
    house.change("agentctl.yaml", lambda file: file["connectors"].pop("crm"))
    for told in (house.run("plan", digest), house.run("edit", digest, "row", "--with", "plan.yaml")):
        assert (told.code, "no connector `crm`" in told.err) == (Exit.INVALID, True)


def test_what_is_neither_a_plan_nor_a_changeset_is_said_to_be_no_file(house):
    told = house.run("plan", "nowhere.yaml")
    assert (told.code, "nowhere.yaml" in told.err) == (Exit.INVALID, True)
    told = house.run("edit", "abcdef012345", "mail", "--with", "x.yaml")
    assert (told.code, "abcdef012345" in told.err) == (Exit.INVALID, True)
