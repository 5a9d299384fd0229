"""Editing before sending, through the real command line and a real editor: what the agent wrote, what a person made."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from agentctl.errors import Exit
from tests.e2e.house import House, step, update

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
    assert (told.code, "A rollback is not edited" in told.err) == (Exit.USAGE, True)
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
