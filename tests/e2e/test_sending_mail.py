"""Mail from the plan to the server: what policy keeps in, what a crash leaves, and that nothing goes out twice."""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager

import pytest

from agentctl.errors import Exit
from tests.connectors.email.mail_servers import PASSWORD, USER, Inbox, Scripted, real
from tests.e2e.house import House, step

ANSWERS = ("yes", "send 1")
TO = ["ada@customer.example"]
GRANTS = [
    {"id": "mail-drafts", "actions": ["mail.message.draft", "mail.message.edit"]},
    {
        "id": "mail-sends", "actions": ["mail.message.send"], "recipients": ["*@customer.example"], "mode": "approve",
        "where": "after.recipient_count <= 2 && size(after.attachments) == 0",
        "limits": [{"id": "mails", "count": 2, "per": "1h"}],
    },
]


def draft(name="letter", **more):
    letter = {"from": "sales@acme.example", "to": [*TO], "subject": "Tier", "body": "Hello Ada.\n", **more}
    return step(f"draft-{name}", "mail.message.draft", f"drafts/{name}", letter)


def send(name="letter", to=TO, **more):
    return step(f"send-{name}", "mail.message.send", f"drafts/{name}", {"recipients": [*to]}, **more)


@pytest.fixture
def inbox():
    return Inbox()


@pytest.fixture
def post(house):
    """Return what plugs the workspace into a mail server, by its port."""
    house.change("policy.yaml", lambda policy: policy["roles"]["all"]["grants"].extend(GRANTS))

    def plug(port, sealed=(), **more) -> House:
        smtp = {"host": "127.0.0.1", "port": port, "security": "none", **more}
        mail = {"type": "email", "folder": "mail", "from": {"sales@acme.example": ""}, "attachments": "code", "smtp": smtp, "sealed": [*sealed]}
        house.change("agentctl.yaml", lambda file: file["connectors"].update(mail=mail))
        return house

    return plug


@contextmanager
def killed(post, where):
    """Apply, and be killed when the server has heard ``where``; yield the workspace and what the server heard."""
    process = []

    def kill(_):
        os.kill(process[0].pid, signal.SIGKILL)
        process[0].wait()

    with Scripted(**{where: kill}) as server:
        house = post(server.port)
        with house.sitting("apply", house.plan(draft(), send()), answers=ANSWERS) as sitting:
            process.append(sitting.process)
            sitting.ended()
    yield house, server


def test_a_plan_drafts_sends_and_says_what_cannot_be_taken_back(post, inbox):
    with real(inbox) as port:
        house = post(port)
        told = house.typed("apply", house.plan(draft(), send()), answers=ANSWERS)
        assert told.code == Exit.OK, told.all
        assert len(inbox.taken) == 1
        undone = house.typed("rollback", "latest")
    assert "send-letter" in undone.all
    assert undone.code == Exit.INCOMPLETE
    assert (house.root / "mail/sent/letter.eml").exists()


def test_without_a_person_nothing_is_sent(post, inbox):
    with real(inbox) as port:
        house = post(port)
        told = house.run("apply", house.plan(draft(), send()), "--auto-approve")
    assert told.code == Exit.CONSENT, told.all
    assert inbox.asked == []


@pytest.mark.parametrize("letter, sending", [
    (draft(to=["eve@evil.example"]), send(to=["eve@evil.example"])),
    (draft(bcc=["eve@evil.example"]), send(to=[*TO, "eve@evil.example"])),
    (draft(cc=["b@customer.example", "c@customer.example"]), send(to=[*TO, "b@customer.example", "c@customer.example"])),
    (draft(attachments=[{"path": "notes.txt"}]), send()),
])
def test_policy_rules_over_recipients_their_number_and_attachments(post, letter, sending):
    house = post(25)
    told = house.run("plan", house.plan(letter, sending))
    assert "1 denied" in told.out, told.all
    assert house.typed("apply", house.plan(letter, sending), answers=ANSWERS).code == Exit.REFUSED


def test_a_limit_holds_for_a_whole_mailing(post):
    house = post(25)
    steps = [one for name in ("a", "b", "c") for one in (draft(name), send(name))]
    told = house.typed("apply", house.plan(*steps), answers=("yes", "send 3"))
    assert told.code == Exit.REFUSED
    assert "mails" in told.all


def test_a_draft_changed_after_it_was_reviewed_is_not_sent(post, inbox):
    with real(inbox) as port:
        house = post(port)
        assert house.run("apply", house.plan(draft()), "--auto-approve").code == Exit.OK
        planned = house.run("plan", house.plan(send(), name="send.yaml"), "--format", "json").json
        path = house.root / "mail/drafts/letter.eml"
        path.write_text(path.read_text().replace("Hello Ada.", "Send money."))
        told = house.typed("apply", planned["digest"], answers=ANSWERS)
    assert told.code == Exit.STALE, told.all
    assert inbox.asked == []


def test_killed_before_the_end_of_a_message_it_knows_that_nothing_was_sent(post, inbox):
    with killed(post, "DATA") as (house, server):
        assert b".\r\n" not in server.heard
    with real(inbox, at=server.port):
        told = house.typed("apply", "--resume", house.runs()[0], answers=ANSWERS)
    assert told.code == Exit.OK, told.all
    assert len(inbox.taken) == 1


def test_killed_after_the_end_of_a_message_a_person_says_what_happened(post, inbox):
    with killed(post, "dot") as (house, server):
        run = house.runs()[0]
        first = next(line for line in server.heard if line.startswith(b"Message-ID"))
    with real(inbox, at=server.port):
        stuck = house.typed("apply", "--resume", run, answers=ANSWERS)
        assert stuck.code == Exit.INCOMPLETE
        assert f"agentctl resolve {run} send-letter" in " ".join(stuck.all.split())
        other = house.typed("apply", house.plan(send(), name="other.yaml", intent="Once more."), answers=ANSWERS)
        assert other.code == Exit.REFUSED, other.all
        assert f"it may have been done already, by step `send-letter` of run {run}" in " ".join(other.all.split())
        assert inbox.asked == []
        assert house.run("resolve", run, "send-letter", "--did-not", "--reason", "not in the relay's log").code == Exit.OK
        told = house.typed("apply", "--resume", run, answers=ANSWERS)
    assert told.code == Exit.OK, told.all
    ((_, _, data, _),) = inbox.taken
    assert first.strip() in data
    assert not list((house.root / "mail/sending").iterdir())


def test_the_servers_password_stands_nowhere(post, house):
    script = {"EHLO": b"250-hi\r\n250 AUTH PLAIN\r\n", "AUTH": "235 in", "MAIL": f"550 {PASSWORD}"}
    with Scripted(**script) as server:
        post(server.port, username=USER, password={"env": "RELAY"})
        told = house.typed("apply", house.plan(draft(), send()), answers=ANSWERS, RELAY=PASSWORD)
        shown = house.run("show", "latest", RELAY=PASSWORD)
    assert told.code == Exit.INCOMPLETE, told.all
    assert PASSWORD not in told.all + shown.all
    for path in house.root.rglob("*"):
        assert not (path.is_file() and PASSWORD.encode() in path.read_bytes()), path


def test_what_is_sealed_stands_in_no_file_of_agentctl_in_clear(post, inbox):
    with real(inbox) as port:
        house = post(port, sealed=["body", "bcc", "recipients"])
        plan = house.plan(draft(body="the surgery went well\n", bcc=["spouse@customer.example"]), send(to=[*TO, "spouse@customer.example"]))
        told = house.typed("apply", plan, answers=ANSWERS)
        shown = house.run("show", "latest").out
    assert told.code == Exit.OK, told.all
    assert b"the surgery went well" in inbox.taken[0][2]
    assert "the surgery went well" in shown         # to who holds the key
    for path in house.ours.rglob("*"):
        assert not (path.is_file() and any(word in path.read_bytes() for word in (b"surgery", b"spouse@"))), path
