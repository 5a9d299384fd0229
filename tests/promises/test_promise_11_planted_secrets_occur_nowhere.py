"""Planted secrets occur nowhere in clear: every way a run can go, every screen and report, every file, every child."""

from __future__ import annotations

import base64
import json
import os
import shutil
import signal
import stat
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from agentctl.errors import Exit
from tests.e2e.house import House, Told, step, update
from tests.promises.canaries import canary, forms, leaks, search
from tests.secrets.conftest import Relayed, relayed

__all__ = ["relayed"]

FORMATS = ("terminal", "json", "sarif", "junit", "github", "markdown")


@dataclass(kw_only=True)
class Story:
    """A workspace full of canaries, and all that was ever said in it."""

    relay: Relayed
    house: House
    spied: Path
    canaries: dict[str, str]
    sealed: dict[str, str]
    told: dict[str, str] = field(default_factory=dict)

    def run(self, *arguments, typed=False, code=None, **more) -> Told:
        done = (self.house.typed if typed else self.house.run)(*arguments, **more)
        self.told[f"{len(self.told)} agentctl {' '.join(map(str, arguments))}"] = done.all
        assert code is None or done.code == code, done.all
        return done

    def look(self) -> None:
        for command in (
            ("show", "--diff", "full"), ("show", "--format", "json"), ("state", "show", "mem/customers/1"),
            ("drift", "--format", "json"),
        ):
            self.run(*command)

    def leaks(self) -> list[str]:
        """Return what got out. Systems of record, plans and where secrets are kept are where they belong."""
        root, home = self.house.root, self.house.home
        allowed = [root / name for name in (
            "world.json", "relay.json", "crm.db", "plan.yaml", "ticket.md", "smtp.file", "tell.py", "agentctl.yaml",
            "code/.git/config",
        )]
        folders = [root, home, root.parent / "tmp", root.parent / "state"]
        found = leaks(folders, self.told, self.canaries, [*allowed, self.house.key])
        secret = {name: value for name, value in self.canaries.items() if name in ("env", "file", "command")}
        found += leaks([self.spied], {}, secret, [])        # what children were started with
        return found + leaks([root / ".agentctl"], {}, self.sealed, [])


@pytest.fixture
def story(relayed, tmp_path) -> Iterator[Story]:
    """Plant a canary in every place a secret may be, watch the programs that are started, and deny nobody anything."""
    names = ("sensitive-old", "sensitive-new", "note", "row-old", "row-new", "made", "theirs", "env", "file", "command",
             "unrelated", "rest-of-evidence")
    planted = {name: canary(name) for name in names}
    sealed = {name: canary(name) for name in ("sealed-old", "sealed-new")}
    house = relayed.house
    before = os.umask(0)
    spy = _spied(tmp_path)
    for name in ("tmp", "state"):
        (house.root.parent / name).mkdir()
    house = House(root=house.root, home=house.home, extra={
        **house.extra, "SMTP_PASSWORD": planted["env"], "AWS_SECRET_ACCESS_KEY": planted["unrelated"],
        "PATH": f"{spy}{os.pathsep}{os.environ['PATH']}",
        "TMPDIR": str(house.root.parent / "tmp"), "XDG_STATE_HOME": str(house.root.parent / "state"),
    })
    world = json.loads((house.root / "world.json").read_text())
    world["records"]["customers/1"] |= {"password": planted["sensitive-old"], "ssn": sealed["sealed-old"]}
    (house.root / "world.json").write_text(json.dumps(world))
    house.sql(f"UPDATE customers SET tier = '{planted['row-old']}' WHERE id = 1")
    (house.root / "smtp.file").write_text(planted["file"] + "\n")
    (house.root / "smtp.file").chmod(0o600)
    (house.root / "tell.py").write_text(f"import sys\nsys.stderr.write({planted['command']!r})\nprint({planted['command']!r})\n")
    (house.root / "ticket.md").write_text(f"The customer asks for annual.\nTheir old password: {planted['rest-of-evidence']}\n")

    def settings(file):
        file["connectors"]["mem"] |= {"sensitive": ["password", "text"], "sealed": ["ssn"]}
        file["connectors"]["crm"] |= {"sensitive": ["customers.tier"]}
        file["secrets"] = {"smtp": {"env": "SMTP_PASSWORD"}, "kept": {"file": "smtp.file"},
                           "told": {"command": [sys.executable, "tell.py"]}}

    house.change("agentctl.yaml", settings)
    relayed.grant("smtp", "kept", "told")
    key = json.loads(house.key.read_text())
    planted |= {f"{root} key": key[root] for root in ("encryption", "commitment", "signing")}
    yield Story(relay=Relayed(house=house), house=house, spied=spy, canaries=planted, sealed=sealed)
    os.umask(before)


def _spied(folder: Path) -> Path:
    """Return a folder of programs that write down how they were started, and then are what they are called."""
    spy = folder / "spy"
    spy.mkdir()
    for name in ("git", "ssh-keygen"):
        real = shutil.which(name)
        (spy / name).write_text(
            f"#!/bin/sh\n{{ tr '\\0' '\\n' </proc/$$/environ; tr '\\0' '\\n' </proc/$$/cmdline; }} >{spy}/{name}.$$.seen\n"
            f'exec {real} "$@"\n'
        )
        (spy / name).chmod(0o755)
    return spy


def account(name: str, secret: str):
    return step(f"make-{name}", "relay.account.create", f"accounts/{name}", {"password": {"$secret": secret}}, needs=[])


def everything(story: Story) -> None:
    """Write a plan that touches every canary."""
    planted = story.canaries
    story.house.plan(
        update("change", password=planted["sensitive-new"], ssn=story.sealed["sealed-new"]),
        create_("made", password=planted["made"]),
        step("row", "crm.row.update", "customers/1", {"tier": planted["row-new"]}),
        account("ada", "smtp"), account("bob", "kept"), account("eve", "told"),
        step("page", "site.text.replace", "index.html", {"find": "$12", "replace": "$10", "count": 1}, needs=[]),
        step("commit", "code.commit.create", "main", {"paths": ["site/index.html"], "message": "New price"}),
        step("mail", "mem.note.send", "outbox", {"to": "ada@acme.example", "text": planted["note"]}, needs=[]),
        evidence=[{"id": "ticket", "uri": "file:ticket.md", "quote": "asks for annual"}],
    )


def create_(name: str, **fields):
    return step(name, "mem.record.create", "customers/7", fields)


def test_through_review_apply_show_and_rollback(story):
    everything(story)
    story.run("validate", "plan.yaml", "--format", "json", code=Exit.OK)
    for form in FORMATS:
        story.run("plan", "plan.yaml", "--format", form, code=Exit.OK)
    story.run("plan", "plan.yaml", "--diff", "full", "-o", "reviewed-full", "--json-into", "full.json", code=Exit.OK)
    story.run("policy", "explain", "plan.yaml", "--format", "json", code=Exit.OK)
    story.run("show", "reviewed-full", code=Exit.OK)
    applied = story.run(
        "apply", "reviewed-full", "--json-into", "run.json", typed=True, answers=("yes", "send 1"), code=Exit.OK
    )
    assert "mail" in applied.all
    assert [story.relay.world()["passwords"][f"accounts/{name}"] for name in ("ada", "bob", "eve")] == [
        story.canaries[name] for name in ("env", "file", "command")
    ], "the secrets did arrive"
    assert story.house.memory()["customers/1"]["password"] == story.canaries["sensitive-new"]
    story.look()
    story.run("policy", "replay")
    story.run("rollback", "latest", typed=True, answers=("yes", "delete 3"))
    assert story.house.memory()["customers/1"]["password"] == story.canaries["sensitive-old"]
    assert story.relay.world()["passwords"] == {}
    _outside(story, "customers/7", password=story.canaries["theirs"])
    story.look()
    story.run("state", "rebuild")
    assert story.leaks() == []
    assert list(story.spied.glob("*.seen")), "programs were started and looked at"
    private(story.house.ours)


def test_through_the_drift_of_a_record_that_is_there_again(story):
    house = story.house
    house.plan(step("gone", "mem.record.delete", "customers/1"))
    story.run("apply", "plan.yaml", typed=True, code=Exit.OK)
    _outside(story, "customers/1", password=story.canaries["theirs"], tier="annual")
    house.plan(step("row", "crm.row.delete", "customers/1"))
    story.run("apply", "plan.yaml", typed=True)
    house.sql(f"INSERT INTO customers VALUES (1, 'Ada', '{story.canaries['theirs']}', 1)")
    story.run("drift")
    story.run("drift", "--format", "json")
    for run in house.runs():
        story.run("rollback", run, typed=True)
    story.run("show", "--diff", "full")
    assert story.leaks() == []


def test_through_everything_that_goes_wrong(story):
    house, relay = story.house, story.relay
    for tells, code in (("exception", Exit.INCOMPLETE), ("doubt", Exit.INCOMPLETE), ("deviate", Exit.INCOMPLETE)):
        relay.tells(tells)
        house.plan(account(tells, "smtp"), step("after", "mem.record.update", "customers/1", {"password": "x"}))
        story.run("apply", "plan.yaml", typed=True, code=code)
        story.run("show", "--format", "json")
    relay.tells("doubt")
    run = house.runs()[1]
    story.run("apply", "--resume", run, typed=True)
    story.run("resolve", house.runs()[0], "make-exception", "--did-not", "--reason", "looked", typed=True)
    relay.breaks()
    house.plan(account("broken", "kept"))
    story.run("apply", "plan.yaml", typed=True)
    relay.tells("crash")
    crashed = story.run("apply", "plan.yaml", typed=True)
    assert crashed.code == Exit.UNEXPECTED, crashed.all
    (report,) = (house.root.parent / "state/agentctl").iterdir()
    assert "relay.py" in report.read_text()
    assert stat.S_IMODE(report.stat().st_mode) == 0o600
    relay.tells()
    everything(story)
    story.run("plan", "plan.yaml", "-o", "reviewed")
    house.sql(f"UPDATE customers SET tier = '{story.canaries['theirs']}' WHERE id = 1")
    story.run("apply", "reviewed", typed=True, answers=("yes", "send 1"), code=Exit.STALE)
    story.look()
    assert story.leaks() == []
    private(house.ours)


def test_through_a_kill_in_the_middle_and_going_on(story):
    house = story.house
    secret = story.canaries["sensitive-new"]
    house.plan(account("ada", "smtp"), update("change", password=secret) | {"needs": []})
    with house.memory_is_busy() as over, house.sitting("apply", "plan.yaml") as sitting:
        story.told["killed"] = sitting.until("change  mem.record.update  customers/1 …")
        sitting.process.send_signal(signal.SIGKILL)
        sitting.process.wait()
        over()
    assert story.leaks() == []
    story.look()
    story.run("apply", "--resume", "latest", typed=True)
    story.run("rollback", "latest", typed=True, answers=("yes", "delete 1"))
    assert story.leaks() == []
    private(house.ours)


def test_through_statements_and_an_edit(story):
    house = story.house
    house.plan(update("change", password=story.canaries["sensitive-new"]), account("ada", "smtp"))
    digest = story.run("plan", "plan.yaml", "--format", "json").json["digest"]
    editor = house.root.parent / "editor.sh"
    editor.write_text("#!/bin/sh\nsed -i 's/Cnry/CNRY/' \"$1\"\n")
    editor.chmod(0o755)
    story.run("edit", digest, "change", typed=True, EDITOR=str(editor))
    story.run("halt", "--reason", "looking into it")
    story.run("apply", "plan.yaml", typed=True)
    story.run("unhalt", "--reason", "looked", typed=True)
    story.run("reject", digest, "--as", "on-call-1", "--reason", "no", typed=True)
    story.run("approvals", digest)
    story.run("show", digest)
    assert story.leaks() == []
    private(house.ours)


def test_a_password_in_the_address_of_a_witness_or_a_database_is_never_shown(story):
    house, password = story.house, canary("address").replace("/", "").replace("&", "")
    story.canaries = {"address": password}
    house.plan(update("tier"))
    address = f"https://user:{password}@127.0.0.1:1/heads.git"
    house.change("agentctl.yaml", lambda file: file.update(witness={"git": address}))
    refused = story.run("apply", "plan.yaml", typed=True, code=Exit.INVALID)
    assert "Password in the configuration" in refused.err
    house.git("remote", "add", "heads", address)
    house.change("agentctl.yaml", lambda file: file.update(witness={"git": "heads"}))
    shutil.move(house.root / "code/.git", house.root / ".git")
    story.run("apply", "plan.yaml", typed=True)
    story.run("verify", "--witness")
    shutil.move(house.root / ".git", house.root / "code/.git")
    house.change("agentctl.yaml", lambda file: file["connectors"].update(
        pg={"type": "sql", "url": f"postgresql://user:{password}@127.0.0.1:1/x"}))
    assert story.run("validate", "plan.yaml").code == Exit.INVALID
    house.change("agentctl.yaml", lambda file: file["connectors"]["pg"].update(
        url="postgresql://user@127.0.0.1:1/x", password={"env": "PG_PASSWORD"}))
    house.plan(step("row", "pg.row.update", "customers/1", {"tier": "x"}))
    assert story.run("plan", "plan.yaml", PG_PASSWORD=password).code == Exit.UNREACHABLE
    house.change("agentctl.yaml", lambda file: file["connectors"]["pg"].update(password=password))
    assert story.run("plan", "plan.yaml").code == Exit.INVALID
    assert story.leaks() == []


PLACES = {
    "a file under .agentctl": lambda story, data: (story.house.ours / "trace/extra").write_bytes(data),
    "a file left in the temporary folder": lambda story, data: (story.house.root.parent / "tmp/left").write_bytes(data),
    "a crash report": lambda story, data: (story.house.root.parent / "state/crash.log").write_bytes(data),
    "a report in the workspace": lambda story, data: (story.house.root / "report.json").write_bytes(data),
    "the home": lambda story, data: (story.house.home / "cache").write_bytes(data),
    "the environment of a child": lambda story, data: (story.spied / "git.1.seen").write_bytes(data),
    "a screen": lambda story, data: story.told.update(screen=data.decode("utf-8", "replace")),
}


def test_one_planted_leak_is_found_wherever_it_is(story):
    """Without this, a search that finds nothing would prove nothing."""
    for place, plant in PLACES.items():
        assert story.leaks() == [], place
        plant(story, f"before {story.canaries['env']} after".encode())
        assert story.leaks() != [], place
        plant(story, b"nothing here")


def test_a_leak_is_found_however_it_is_written():
    planted = {"env": canary("env")}
    value = planted["env"]
    split = "".join(f"  │ {character}\n" for character in value)
    header = base64.b64encode(f"user:{value}".encode())
    for data in (*forms(value).values(), split.encode(), header):
        assert list(search(b"before " + data + b" after", planted)), data


def test_two_canaries_are_told_apart():
    assert list(search(canary("a").encode(), {"b": canary("b")})) == []


def _outside(story: Story, name: str, **fields) -> None:
    path = story.house.root / "world.json"
    world = json.loads(path.read_text())
    world["records"][name] = fields
    world["versions"][name] = 99
    path.write_text(json.dumps(world))


def private(ours: Path) -> None:
    """Nobody but the owner reads what is ours, although nothing was denied to anybody (umask 0)."""
    modes = {path: stat.S_IMODE(path.lstat().st_mode) for path in (ours, *ours.rglob("*"))}
    wrong = {path: oct(mode) for path, mode in modes.items() if mode != (0o700 if path.is_dir() else 0o600)}
    assert wrong == {}
