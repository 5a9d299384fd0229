"""The workspace key replaced and handed on, by real commands: nothing sealed is lost, and no old key is good any more."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from agentctl.errors import Exit
from agentctl.identity import keys, sshsig
from agentctl.identity.succession import NAMESPACE
from agentctl.model.canonical import canonical, digest_bytes
from agentctl.trace.checkpoint import NAMESPACE as CHECKPOINT
from tests.e2e.house import AGENTCTL, House, create, update

SCRIPT = Path(__file__).parents[2] / "scripts" / "verify-external"
LONG = "a sentence that is too long to stand in the trace. " * 40


def rotated(house: House, *more: str) -> None:
    told = house.run("key", "rotate", "--reason", "yearly", *more)
    assert told.code == Exit.OK, told.all


def applied(house: House, *steps, **environ) -> str:
    house.plan(*steps)
    told = house.typed("apply", "plan.yaml", **environ)
    assert told.code == Exit.OK, told.all
    return house.runs()[-1]


def key_of(house: House, path: Path | None = None) -> keys.Key:
    path = path or house.key
    return keys.load(path, (house.ours / "lineage").read_text().strip())


def broken_at(house: House, *options, **environ) -> str:
    told = house.run("verify", *options, **environ)
    assert told.code == Exit.INTEGRITY, told.all
    return " ".join(told.out.split())


def test_what_was_sealed_before_is_read_and_rolled_back_after(house: House):
    before = house.world()
    first = applied(house, update("tier", note=LONG))
    rotated(house)
    second = applied(house, update("again", note=LONG.upper()))
    rotated(house)
    for run in (second, first):
        told = house.typed("rollback", run)
        assert told.code == Exit.OK, told.all
    assert house.world()["memory"] == before["memory"]
    for run in (first, second):
        assert house.run("verify", run).code == Exit.OK


def test_what_was_done_before_is_not_done_again_and_a_run_cut_off_goes_on(house: House):
    applied(house, create("client", "7"))
    rotated(house)
    house.plan(create("client", "7"))
    told = house.typed("apply", "plan.yaml")
    assert "already done" in told.all
    assert [name for name in house.memory() if name.endswith("/7")] == ["customers/7"]


def test_each_stretch_of_the_trace_is_by_the_key_in_force_there(house: House):
    applied(house, update("tier"))
    old = key_of(house)
    rotated(house)
    applied(house, update("tier", tier="weekly"))
    new = key_of(house)
    told = house.run("verify")
    assert (told.code, told.out.splitlines()[0]) == (Exit.OK, "intact, tail not witnessed")
    for path in sorted((house.ours / "checkpoints").glob("*.json")):
        by = new if int(path.name[:6]) >= 3 else old
        assert sshsig.verify(
            path.read_bytes(), path.with_name(path.name + ".sig").read_bytes(),
            public_key=sshsig.public_key(by.signing), namespace=CHECKPOINT,
        ), path.name


def test_the_old_seed_is_nowhere_and_the_file_stays_its_owners_only(house: House):
    old = key_of(house)
    rotated(house)
    new = key_of(house)
    text = house.key.read_text()
    assert keys._text(old.signing) not in text
    assert (new.commitment, new.retired[0].encryption) == (old.commitment, old.encryption)
    assert len({new.encryption, new.signing, old.encryption, old.signing}) == 4
    assert stat.S_IMODE(house.key.stat().st_mode) == 0o600
    assert list(house.key.parent.iterdir()) == [house.key]


def test_a_link_to_where_the_key_is_kept_stays_one(house: House):
    kept = house.home / "kept"
    house.key.rename(kept)
    house.key.symlink_to(kept)
    rotated(house)
    assert house.key.is_symlink()
    assert key_of(house, kept).retired


# Who has the old file.


@pytest.fixture
def old_file(house: House) -> Path:
    path = house.home / "old.json"
    shutil.copy(house.key, path)
    return path


def test_with_the_old_key_nothing_is_applied_and_its_owner_is_told_what_to_do(house: House, old_file: Path):
    applied(house, update("tier"))
    rotated(house)
    house.plan(update("tier", tier="weekly"))
    for words in (("apply", "plan.yaml"), ("plan", "plan.yaml"), ("rollback", "latest"), ("key", "export"),
                  ("key", "rotate", "--reason", "again")):
        told = house.typed(*words, AGENTCTL_KEY_FILE=str(old_file)) if words[0] != "key" else house.run(
            *words, AGENTCTL_KEY_FILE=str(old_file)
        )
        assert told.code == Exit.UNREACHABLE, (words, told.all)
        said = " ".join(told.all.split())
        assert "The workspace's key was replaced" in said
        assert "maria replaced it: yearly" in said
        assert "agentctl key import --replace FILE" in said
    assert house.memory()["customers/1"]["tier"] == "annual"
    assert house.run("verify", AGENTCTL_KEY_FILE=str(old_file)).code == Exit.OK, "the old key vouches for the new one"


def test_an_old_key_still_reads_what_it_sealed(house: House, old_file: Path):
    run = applied(house, update("tier", note=LONG))
    rotated(house)
    told = house.run("show", run, "--format", "json", AGENTCTL_KEY_FILE=str(old_file))
    assert LONG[:40] in told.out


def test_the_new_file_takes_the_old_ones_place_only_when_told_to(house: House, old_file: Path):
    rotated(house)
    new = house.home / "new.json"
    assert house.run("key", "export", "-o", new).code == Exit.OK
    assert stat.S_IMODE(new.stat().st_mode) == 0o600
    refused = house.run("key", "import", new, AGENTCTL_KEY_FILE=str(old_file))
    assert (refused.code, "agentctl key import --replace FILE" in refused.err) == (Exit.USAGE, True)
    taken = house.run("key", "import", "--replace", new, AGENTCTL_KEY_FILE=str(old_file))
    assert taken.code == Exit.OK, taken.all
    assert old_file.read_bytes() == new.read_bytes() == house.key.read_bytes()
    applied(house, update("tier"), AGENTCTL_KEY_FILE=str(old_file))


def test_an_old_file_never_takes_the_new_ones_place(house: House, old_file: Path):
    rotated(house)
    before = house.key.read_bytes()
    for options in ((), ("--replace",)):
        told = house.run("key", "import", *options, old_file)
        assert told.code == Exit.UNREACHABLE, told.all
        assert "The workspace's key was replaced" in told.err
    house.key.unlink()
    assert house.run("key", "import", old_file).code == Exit.UNREACHABLE, "not even where there is none"
    house.key.write_bytes(before)
    house.key.chmod(0o600)
    assert "holds this very key" in house.run("key", "import", "--replace", house.key).err


def test_a_key_made_elsewhere_for_this_lineage_is_refused(house: House):
    forged = house.home / "forged.json"
    keys.create(forged, (house.ours / "lineage").read_text().strip())
    told = house.run("key", "import", "--replace", forged)
    assert (told.code, "came into force by no record" in " ".join(told.err.split())) == (Exit.INTEGRITY, True)
    house.plan(update("tier"))
    told = house.typed("apply", "plan.yaml", AGENTCTL_KEY_FILE=str(forged))
    assert told.code == Exit.INTEGRITY, told.all
    assert house.memory()["customers/1"]["tier"] == "monthly"


@pytest.mark.parametrize("data", [b"", b"{}", b"\xff\0", b'{"version": 1, "kind": "Key", "retired": 7}'])
def test_a_good_copy_takes_a_damaged_keys_place(house: House, data: bytes):
    copy = house.home / "copy.json"
    shutil.copy(house.key, copy)
    house.key.write_bytes(data)
    assert house.run("key", "import", copy).code == Exit.INTEGRITY
    assert house.run("key", "import", "--replace", copy).code == Exit.OK
    applied(house, update("tier"))


@pytest.mark.parametrize("data", [b"", b"{}", b"[" * 9999, b"\0" * 99])
def test_what_is_no_key_is_not_taken_in(house: House, data: bytes):
    before = house.key.read_bytes()
    for options in ((), ("--replace",)):
        path = house.home / "bad.json"
        path.write_bytes(data)
        assert house.run("key", "import", *options, path).code == Exit.INTEGRITY
    assert house.run("key", "import", "--replace", house.home / "nowhere").code == Exit.USAGE
    os.mkfifo(house.home / "pipe")
    assert house.run("key", "import", "--replace", house.home / "pipe").code == Exit.USAGE
    assert house.key.read_bytes() == before


def test_a_key_travels_through_a_pipe_and_not_over_a_screen(house: House, tmp_path: Path):
    told = house.typed("key", "export")
    assert told.code == Exit.USAGE
    assert keys._text(key_of(house).encryption) not in told.all
    text = house.run("key", "export").out
    other = tmp_path / "other.json"
    done = subprocess.run(
        [*AGENTCTL, "key", "import", "-"], input=text, text=True, cwd=house.root,
        env=house.environ(AGENTCTL_KEY_FILE=str(other)), capture_output=True, check=False,
    )
    assert done.returncode == Exit.OK, done.stderr
    assert other.read_text() == text == house.key.read_text()


def test_neither_the_key_nor_a_copy_of_it_is_put_into_the_workspace(house: House):
    inside = house.root / "key.json"
    told = house.run("key", "export", "-o", inside)
    assert (told.code, inside.exists()) == (Exit.USAGE, False)
    shutil.copy(house.key, inside)
    house.plan(update("tier"))
    told = house.typed("apply", "plan.yaml", AGENTCTL_KEY_FILE="key.json")
    assert told.code == Exit.UNREACHABLE
    assert "within the workspace" in told.all
    fresh = house.root.parent / "fresh"
    told = house.run("-C", str(house.root.parent), "init", "fresh", AGENTCTL_KEY_FILE=str(fresh / "key"))
    assert (told.code, fresh.exists()) == (Exit.UNREACHABLE, False)


def test_the_keys_are_shown_and_nothing_secret_with_them(house: House, old_file: Path):
    applied(house, update("tier", note=LONG))
    rotated(house)
    rotated(house, "--compromised")
    told = house.run("key", "show", "--format", "json")
    assert told.code == Exit.OK, told.all
    document = told.json
    assert [key["in_force"] for key in document["keys"]] == [False, False, True]
    assert [key["packs"] for key in document["keys"]][1:] == [0, 0]
    assert document["keys"][0]["packs"] >= 1
    assert document["keys"][2]["replaced_the_one_before"]["compromised"] is True
    secrets = re.findall(r'"([A-Za-z0-9+/]{43}=)"', house.key.read_text())
    assert len(secrets) == 5
    for environ in ({}, {"AGENTCTL_KEY_FILE": str(old_file)}, {"AGENTCTL_KEY_FILE": "/nowhere"}):
        seen = house.run("key", "show", **environ).all + house.run("key", "show", "--format", "json", **environ).all
        assert not any(secret in seen for secret in secrets)
    assert "this machine cannot read" in house.run("key", "show", AGENTCTL_KEY_FILE=str(old_file)).out


# Who has files but no key, or the old key alone.


def rewrite(house: House, path: Path, record: dict) -> None:
    path.write_bytes(canonical(record) + b"\n")


def forge_rotation(house: House, old: bytes, new: bytes) -> Path:
    """Append a rotation signed with these seeds, with a checkpoint by the new one: all that writing files can do."""
    last = max((house.ours / "trace").glob("*.jsonl"))
    line = last.read_bytes().splitlines()[-1]
    before = json.loads(line)
    number = int(last.name[:6]) + 1
    statement = canonical({
        "kind": "KeySuccession", "version": 1, "lineage": (house.ours / "lineage").read_text().strip(),
        "after": digest_bytes(line), "old": house.run("key", "export", "--public").out.splitlines()[-1],
        "new": sshsig.public_key(new), "sealing": "0" * 16, "compromised": False, "by": "maria", "host": "here",
        "reason": "yearly", "time": before["time"],
    })
    body = {
        "statement": statement.decode(),
        "by_old": sshsig.sign(statement, seed=old, namespace=NAMESPACE).decode(),
        "by_new": sshsig.sign(statement, seed=new, namespace=NAMESPACE).decode(),
    }
    record = {**before, "seq": before["seq"] + 1, "kind": "key", "prev": digest_bytes(line), "run": "forged01", "body": body}
    path = house.ours / "trace" / f"{number:06}-key-forged01.jsonl"
    rewrite(house, path, record)
    data = path.read_bytes()
    checkpoint = canonical({
        "kind": "Checkpoint", "version": 1, "lineage": (house.ours / "lineage").read_text().strip(), "file": path.name,
        "seq": record["seq"], "head": digest_bytes(data[:-1]), "length": len(data), "time": record["time"],
        "digest": digest_bytes(data),
    })
    stem = house.ours / "checkpoints" / path.stem
    stem.with_suffix(".json").write_bytes(checkpoint)
    stem.with_suffix(".json.sig").write_bytes(sshsig.sign(checkpoint, seed=new, namespace=CHECKPOINT))
    return path


THIEF = bytes(range(32))


def external(house: House, *options: str | Path) -> tuple[int, str]:
    done = subprocess.run(["bash", SCRIPT, *options, house.ours], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return done.returncode, done.stdout.splitlines()[-1]


def test_a_key_put_in_force_without_the_old_one_is_found_and_used_by_nobody(house: House):
    applied(house, update("tier"))
    path = forge_rotation(house, THIEF, THIEF)
    assert f"broken at {path.name}:1" in broken_at(house)
    house.plan(update("tier", tier="weekly"))
    told = house.typed("apply", "plan.yaml")
    assert told.code == Exit.INTEGRITY, told.all
    assert house.memory()["customers/1"]["tier"] == "annual"
    assert external(house)[1].startswith(f"broken at {path.name}:1")


def test_a_thief_of_the_old_key_who_goes_on_without_the_new_one_is_found(house: House):
    old = key_of(house)
    applied(house, update("tier"))
    before = house.root.parent / "before"
    shutil.copytree(house.ours, before)
    public = house.run("key", "export", "--public").out
    rotated(house, "--compromised")
    both = house.run("key", "export", "--public").out
    assert both.startswith(public)
    shutil.rmtree(house.ours)
    before.rename(house.ours)
    for forged in (False, True):
        if forged:
            forge_rotation(house, old.signing, THIEF)
        assert "never comes to" in broken_at(house), "this machine has the new key"
        (house.home / "both.pub").write_text(both)
        assert "never comes to" in broken_at(house, "--key", house.home / "both.pub", AGENTCTL_KEY_FILE="/nowhere")
        (house.home / "new.pub").write_text(both.splitlines()[-1])
        assert "broken at" in broken_at(house, "--key", house.home / "new.pub", AGENTCTL_KEY_FILE="/nowhere")
        assert external(house, "--key", house.home / "both.pub")[0] == 1
        assert external(house, "--key", house.home / "new.pub")[0] == 1
        (house.home / "old.pub").write_text(public)
        assert house.run("verify", "--key", house.home / "old.pub").code == Exit.OK, "who knows only the stolen key cannot tell"
    house.plan(update("tier", tier="weekly"))
    assert house.typed("apply", "plan.yaml").code == Exit.INTEGRITY


def test_after_a_theft_verify_says_what_the_thief_could_have_done(house: House):
    rotated(house, "--compromised")
    told = house.run("verify")
    assert told.code == Exit.OK
    assert "was reported stolen" in told.out


@pytest.mark.parametrize("known", ["first", "second", "both"])
def test_any_key_of_the_line_makes_the_whole_trace_known(house: House, known: str):
    applied(house, update("tier"))
    rotated(house)
    applied(house, update("tier", tier="weekly"))
    lines = house.run("key", "export", "--public", AGENTCTL_KEY_FILE="/nowhere").out.splitlines()
    given = house.home / "given.pub"
    given.write_text("".join(f"agentctl {line} maria\n" for line in {"first": lines[:1], "second": lines[1:], "both": lines}[known]))
    told = house.run("verify", "--key", given, AGENTCTL_KEY_FILE="/nowhere")
    assert (told.code, "not checked" in told.out) == (Exit.OK, False)
    assert external(house, "--key", given) == (0, "intact, tail not witnessed")
    assert external(house) == (0, "intact, tail not witnessed")


def test_whatever_is_changed_of_a_rotation_is_found(house: House):
    rotated(house)
    applied(house, update("tier"))
    (path,) = (house.ours / "trace").glob("*-key-*.jsonl")
    record = json.loads(path.read_bytes())
    statement = json.loads(record["body"]["statement"])
    for change in ({"new": sshsig.public_key(THIEF)}, {"after": "sha256:" + "0" * 64}, {"lineage": "other"}, {"compromised": True},
                   {"compromised": "no"}, {"reason": "monthly"}, {"more": 1}, {"old": sshsig.public_key(THIEF)}):
        text = canonical({**statement, **change}).decode()
        whole = path.read_bytes()
        rewrite(house, path, {**record, "body": {**record["body"], "statement": text}})
        assert path.name in broken_at(house), change
        assert house.run("plan", "plan.yaml").code == Exit.INTEGRITY, change
        path.write_bytes(whole)
    rewrite(house, path, {**record, "body": {**record["body"], "by_old": record["body"]["by_new"]}})
    assert f"broken at {path.name}:1" in broken_at(house)


def test_heads_a_witness_was_told_before_count_by_the_key_of_then(house: House):
    elsewhere = house.root.parent / "elsewhere"
    house.change("agentctl.yaml", lambda wire: wire.update(witness={"file": str(elsewhere)}))
    applied(house, update("tier"))
    rotated(house)
    applied(house, update("tier", tier="weekly"))
    told = house.run("verify", "--witness", "--strict")
    assert (told.code, told.out.splitlines()[0]) == (Exit.OK, "intact")
    assert "not signed by this workspace's key" not in told.out
    (key,) = (house.ours / "trace").glob("*-key-*.jsonl")
    for path in (key, *(house.ours / "checkpoints").glob(f"{key.stem}*")):
        path.unlink()
    assert house.run("verify", "--witness").code == Exit.INTEGRITY
