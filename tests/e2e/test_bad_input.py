"""Bad input: what is said, with which code, and that nothing is lost. A plan's author is an adversary."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess

import pytest
import yaml

from agentctl.errors import Exit
from tests.e2e.house import AGENTCTL, EVERYWHERE, House, create, step, update

HEAD = b"version: 1\nkind: Plan\nintent: x\nagent: helper\nsteps:\n"
HOSTILE = {
    "empty": (b"", "Empty file"),
    "binary": (b"\x00\xff\xfe\x01" * 50, "Not UTF-8"),
    "truncated": (HEAD + b"  - id: a\n    action: mem.record.update\n    targ", "plan.yaml:"),
    "cut inside a quote": (HEAD + b'  - id: "a', "plan.yaml"),
    "aliases": (b"a: &a [x, x]\nb: [*a, *a]\n", "Alias refused"),
    "tags": (HEAD + b"  - !!python/object/apply:os.system ['touch pwned']\n", "Tag"),
    "deep": (b"[" * 100_000, "Nested too deeply"),
    "two documents": (HEAD + b"  - {id: a, action: mem.record.read, target: customers/1}\n---\nx: 1\n", "document"),
    "control characters": (HEAD.replace(b"x", b"\x1b[31mred\x07", 1), "plan.yaml"),
    "a code fence": (b"```yaml\n" + HEAD + b"```\n", "```"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_broken_or_hostile_plan_is_told_with_its_place_and_nothing_happens(house, name):
    data, words = HOSTILE[name]
    (house.root / "plan.yaml").write_bytes(data)
    before = house.world()
    for command in ("plan", "apply"):
        told = house.run(command, "plan.yaml")
        assert told.code == Exit.INVALID, told.all
        assert words in told.err
        assert "\x1b" not in told.all
        assert "\x07" not in told.all
    assert house.world() == before
    assert not house.runs()
    assert not (house.root / "pwned").exists()


def test_a_plan_that_is_not_there_a_folder_or_too_large_is_told(house):
    assert "nope.yaml" in house.run("plan", "nope.yaml").err
    assert house.run("plan", "nope.yaml").code == Exit.INVALID
    assert house.run("validate", "code").code == Exit.INVALID
    with (house.root / "huge.yaml").open("wb") as file:
        file.truncate(64 * 1024 * 1024 + 1)
    told = house.run("validate", "huge.yaml")
    assert told.code == Exit.INVALID
    assert "File too large" in told.all


def test_everything_wrong_with_a_plan_is_told_at_once_with_what_was_meant(house):
    house.plan(
        step("a", "mem.record.updat", "customers/1", {"tier": "x"}),
        step("b", "site.file.create", "../../evil", {"content": "x"}),
        step("c", "site.text.replace", "index.html", {"find": "a", "replace": "b", "cuont": 1}),
        step("d", "nope.x.y", "z"),
        agent="helpr", tenant="evil", environment="prod",
    )
    told = house.run("validate", "plan.yaml", "--format", "json")
    assert told.code == Exit.INVALID
    found = {(item["summary"], item["pointer"]) for item in told.json["diagnostics"]}
    assert found == {
        ("Unknown agent", "/agent"), ("Unknown action", "/steps/0/action"), ("Path not allowed", "/steps/1/target"),
        ("Missing argument", "/steps/2/with"), ("Unknown argument", "/steps/2/with/cuont"),
        ("Unknown connector", "/steps/3/action"), ("Wrong tenant", "/tenant"), ("Wrong environment", "/environment"),
    }
    assert "Did you mean `helper`?" in told.out


@pytest.mark.parametrize("target", ["../secret.txt", "/etc/passwd", "link/evil", "../site-evil/x", "a/../../x", "..\\x"])
def test_a_target_outside_its_scope_is_refused_with_its_step(house, target):
    (house.root / "code/site-evil").mkdir()
    (house.root / "code/site/link").symlink_to(house.root)
    before = house.world()
    house.plan(step("out", "site.file.create", target, {"content": "x"}))
    told = house.typed("apply", "plan.yaml")
    if target == "..\\x":       # a name like any other, here
        assert (house.root / "code/site/..\\x").is_file()
        return
    assert told.code == Exit.INVALID, told.all
    assert "plan.yaml:" in told.err
    assert house.world() == before


@pytest.mark.parametrize(("target", "with_"), [("nosuch/1", {"tier": "x"}), ("customers/1", {"teir": "x"}), ("customers/99", {"tier": "x"})])
def test_an_unknown_table_column_or_row_is_told_with_its_step(house, target, with_):
    house.plan(step("row", "crm.row.update", target, with_))
    told = house.run("plan", "plan.yaml")
    assert told.code == Exit.INVALID, told.all
    assert "step `row` (crm.row.update)" in told.err


def test_a_database_that_is_down_is_unreachable_and_validate_still_works(house):
    def down(file):
        file["connectors"]["crm"]["url"] = "postgresql://nobody@127.0.0.1:1/crm"

    house.plan(update("first"), step("row", "crm.row.update", "customers/1", {"tier": "annual"}))
    house.change("agentctl.yaml", down)
    assert house.run("validate", "plan.yaml").code == Exit.OK
    for command in ("plan", "apply"):
        told = house.typed(command, "plan.yaml")
        assert told.code == Exit.UNREACHABLE, told.all
        assert "127.0.0.1" in told.err
    assert house.memory()["customers/1"]["tier"] == "monthly"
    assert not house.runs()


def test_a_repository_in_the_middle_of_a_merge_is_left_alone(house):
    house.git("checkout", "--quiet", "-b", "other")
    (house.root / "code/notes.txt").write_text("theirs\n")
    house.git("commit", "--quiet", "--all", "--message", "theirs")
    house.git("checkout", "--quiet", "main")
    (house.root / "code/notes.txt").write_text("ours\n")
    house.git("commit", "--quiet", "--all", "--message", "ours")
    with pytest.raises(subprocess.CalledProcessError):
        house.git("merge", "other")
    before = house.world()
    house.plan(step("commit", "code.commit.create", "main", {"paths": ["notes.txt"], "message": "x"}))
    told = house.typed("apply", "plan.yaml")
    assert told.code == Exit.INVALID, told.all
    assert "merge" in told.err.lower()
    assert house.world() == before


def mount(house: House, size: str) -> None:
    """Keep ``.agentctl`` on a small disk of its own, for as long as the test lasts."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small disk")
    kept = house.ours.with_name("kept")
    house.ours.rename(kept)
    house.ours.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "tmpfs", str(house.ours)], check=True)
    shutil.copytree(kept, house.ours, dirs_exist_ok=True)


@pytest.fixture
def small_disk(house):
    mount(house, "4m")
    yield house
    subprocess.run(["umount", str(house.ours)], check=True)


def test_a_full_disk_stops_before_the_effect_and_what_is_said_then_works(small_disk):
    house = small_disk
    before = house.world()
    house.plan(*EVERYWHERE)
    room = os.statvfs(house.ours)
    ballast = house.ours / "ballast"
    ballast.write_bytes(b"x" * (room.f_bavail * room.f_bsize))
    told = house.typed("apply", "plan.yaml")
    assert told.code == Exit.UNREACHABLE, told.all
    assert "No space left" in " ".join(told.err.split())
    assert house.world() == before, "nothing was executed"
    ballast.unlink()
    assert house.typed("apply", "plan.yaml").code == Exit.OK
    assert house.run("verify").code == Exit.OK


def test_a_disk_that_fills_up_during_a_run_stops_it_and_the_command_it_prints_goes_on(small_disk):
    house = small_disk
    house.plan(*(create(f"c{number}", f"n{number}") for number in range(200)))
    house.run("plan", "plan.yaml")
    room = os.statvfs(house.ours)
    ballast = house.ours / "ballast"
    ballast.write_bytes(b"x" * (room.f_bavail * room.f_bsize - 1_320_000))     # the changeset, the reserve and half a trace
    told = house.typed("apply", "plan.yaml", "--diff", "summary")
    made = len(house.memory()) - 1
    assert told.code == Exit.INCOMPLETE, told.all
    assert 0 < made < 200
    ballast.unlink()
    again = ("apply", "--resume", house.runs()[-1])
    assert f"agentctl {' '.join(again)}" in told.err, "the recovery command is printed"
    assert house.run("verify").code == Exit.OK
    finished = house.typed(*again)
    assert finished.code == Exit.OK, finished.all
    assert len(house.memory()) == 201, "none is missing, none doubled"


def test_a_file_that_may_not_grow_is_told_as_a_full_disk_is(house):
    house.plan(update("tier"))
    before = house.world()
    done = subprocess.run(
        [*AGENTCTL, "plan", "plan.yaml"], cwd=house.root, env=house.environ(), capture_output=True, text=True, check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (64, 64)),
    )
    assert done.returncode == Exit.UNREACHABLE, done.stderr
    assert "This is a bug" not in done.stderr
    assert house.world() == before


@pytest.fixture
def read_only(house):
    if os.geteuid() != 0:
        pytest.skip("only root may mount a folder read-only")
    folder = str(house.ours)
    subprocess.run(["mount", "--bind", folder, folder], check=True)
    subprocess.run(["mount", "-o", "remount,ro,bind", folder], check=True)
    yield house
    subprocess.run(["umount", folder], check=True)


def test_in_a_read_only_workspace_nothing_is_executed_and_reading_works(read_only):
    house = read_only
    before = house.world()
    house.plan(update("tier"))
    told = house.typed("apply", "plan.yaml")
    assert told.code == Exit.UNREACHABLE, told.all
    assert "Read-only file system" in " ".join(told.err.split())
    assert house.world() == before
    for command in (("validate", "plan.yaml"), ("runs",), ("verify",), ("state", "list"), ("lock", "show")):
        assert house.run(*command).code == Exit.OK


def done(house: House) -> str:
    house.plan(update("tier"), create("client", "7", name="Barbara"), create("made"))
    assert house.typed("apply", "plan.yaml").code == Exit.OK
    return house.runs()[0]


def edit_trace(house: House) -> None:
    (path,) = (house.ours / "trace").glob("*-run-*.jsonl")
    path.write_bytes(path.read_bytes().replace(b"monthly", b"MONTHLY", 1))


def lose_trace(house: House) -> None:
    shutil.rmtree(house.ours / "trace")
    (house.ours / "trace").mkdir()


def lose_last_file(house: House) -> None:
    (path,) = (house.ours / "trace").glob("*-run-*.jsonl")
    path.unlink()


def cut_tail(house: House) -> None:
    (path,) = (house.ours / "trace").glob("*-run-*.jsonl")
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-2]))


@pytest.mark.parametrize("damage", [edit_trace, lose_trace, lose_last_file, cut_tail])
def test_on_an_edited_or_vanished_trace_nothing_is_applied_and_show_still_speaks(house, damage):
    done(house)
    damage(house)
    before = house.world()
    for name in ("plan.yaml", "other.yaml"):
        house.plan(create("made"), name=name)
        told = house.typed("apply", name)
        assert told.code == Exit.INTEGRITY, told.all
        assert "agentctl verify" in told.err
    assert house.typed("apply", "--resume", "latest").code == Exit.INTEGRITY
    assert house.world() == before
    assert house.run("verify").code == Exit.INTEGRITY
    assert house.run("show").code in (Exit.OK, Exit.INTEGRITY)


@pytest.mark.parametrize("spoil", [
    lambda path: path.unlink(),
    lambda path: path.write_bytes(b""),
    lambda path: path.write_bytes(path.read_bytes().replace(b"customers/1", b"customers/9")),
    lambda path: path.write_bytes(path.read_bytes()[:40]),
], ids=["gone", "empty", "edited", "truncated"])
def test_a_spoiled_state_is_an_error_with_a_repair_that_works(house, spoil):
    done(house)
    kept = house.run("state", "list", "--format", "json").json["records"]
    spoil(house.ours / "state.json")
    told = house.run("state", "list")
    assert told.code == Exit.INTEGRITY, told.all
    assert "agentctl state rebuild" in told.err
    assert house.run("state", "rebuild").code == Exit.OK
    assert house.run("state", "list", "--format", "json").json["records"] == kept
    assert house.run("verify").code == Exit.OK


def test_an_edited_or_truncated_changeset_is_never_applied(house):
    house.plan(update("tier"))
    house.run("plan", "plan.yaml", "-o", "reviewed")
    whole = (house.root / "reviewed").read_bytes()
    before = house.world()
    for data in (whole.replace(b"annual", b"forged"), whole[:-20], whole.splitlines(keepends=True)[0], whole + b"{}\n"):
        (house.root / "reviewed").write_bytes(data)
        told = house.typed("apply", "reviewed")
        assert told.code == Exit.INTEGRITY, told.all
    (stored,) = (house.ours / "changesets").iterdir()
    stored.write_bytes(whole.replace(b"annual", b"forged"))
    assert house.typed("apply", stored.stem[:12]).code == Exit.INTEGRITY
    assert house.world() == before


def test_a_lost_lineage_is_never_replaced(house):
    done(house)
    lineage = (house.ours / "lineage").read_bytes()
    (house.ours / "lineage").unlink()
    house.plan(update("tier"))
    for command in (("plan", "plan.yaml"), ("init",), ("verify",)):
        told = house.run(*command)
        assert told.code == Exit.INTEGRITY, told.all
        assert "lineage" in told.err
    assert len(list(house.home.rglob("keys/*"))) == 1, "no second key was made"
    assert house.run("show").code == Exit.OK
    (house.ours / "lineage").write_bytes(lineage)
    assert house.run("verify").code == Exit.OK


def test_without_the_key_what_only_reads_works_and_the_rest_says_who_can_help(house):
    run = done(house)
    key = house.key
    kept = key.with_name("elsewhere")
    key.rename(kept)
    for command in (("show",), ("show", run, "--step", "tier"), ("runs",), ("verify",), ("state", "list"), ("validate", "plan.yaml")):
        assert house.run(*command).code == Exit.OK, command
    before = house.world()
    for command in (("plan", "plan.yaml"), ("apply", "plan.yaml"), ("rollback", run)):
        told = house.typed(*command)
        assert told.code == Exit.UNREACHABLE, told.all
        assert "AGENTCTL_KEY_FILE" in told.err
    assert house.world() == before
    assert house.typed("rollback", run, AGENTCTL_KEY_FILE=str(kept)).code == Exit.OK


def test_a_damaged_key_or_one_open_to_others_is_not_used(house):
    done(house)
    key = house.key
    text = key.read_bytes()
    key.chmod(0o644)
    told = house.typed("apply", "plan.yaml")
    assert told.code == Exit.UNREACHABLE
    assert f"chmod 600 {key}" in told.err
    key.chmod(0o600)
    key.write_bytes(text[:50])
    assert house.typed("apply", "plan.yaml").code == Exit.INTEGRITY
    assert house.run("show").code == Exit.OK, "what happened can be explained all the same"


def test_a_broken_workspace_or_policy_file_denies_and_says_where(house):
    house.plan(update("tier"))
    before = house.world()
    policy = (house.root / "policy.yaml").read_bytes()
    for data in (b"", b"version: 1\n", policy.replace(b"kind: Policy", b"kind: Polizy"), policy[:200], b"\xff"):
        (house.root / "policy.yaml").write_bytes(data)
        told = house.typed("apply", "plan.yaml")
        assert told.code == Exit.INVALID, told.all
        assert "policy.yaml" in told.err
    (house.root / "policy.yaml").unlink()
    assert house.typed("apply", "plan.yaml").code == Exit.INVALID
    (house.root / "policy.yaml").write_bytes(policy)
    file = yaml.safe_load((house.root / "agentctl.yaml").read_text())
    (house.root / "agentctl.yaml").write_text(yaml.safe_dump({**file, "tennant": "x"}))
    told = house.typed("apply", "plan.yaml")
    assert told.code == Exit.INVALID
    assert "tennant" in told.err
    assert house.world() == before


def test_a_process_killed_between_two_commands_leaves_a_lock_that_is_taken_over_with_a_record(house):
    house.plan(update("tier"))
    with house.memory_is_busy(), house.sitting("apply", "plan.yaml") as sitting:
        sitting.until("tier  mem.record.update  customers/1 …")
        sitting.signal(signal.SIGKILL)
    shown = house.run("lock", "show", "--format", "json").json
    assert shown["holder"]["alive"] is False, shown
    assert house.run("show").code == Exit.OK
    assert house.typed("apply", "--resume", "latest").code == Exit.OK
    assert any(record["kind"] == "unlock" for record in house.records())
    assert house.memory()["customers/1"]["tier"] == "annual"
