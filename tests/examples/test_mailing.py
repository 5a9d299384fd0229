"""Three hundred letters, sent: each once, to whom it names, within the limits, and told where a server refuses some."""

from __future__ import annotations

import io
import json
import runpy
import sqlite3
from contextlib import closing
from email import message_from_bytes, policy

import pytest
import yaml

from agentctl.demo.scratch import make
from agentctl.demo.typed import typed
from tests.connectors.email.mail_servers import Inbox, real
from tests.examples.screens import LOGIN
from tests.examples.test_examples import EXAMPLES


def letters(numbers):
    for number in numbers:
        address, name = ({"$from": f"steps.customer-{number}.after.{field}"} for field in ("email", "name"))
        yield {"id": f"customer-{number}", "action": "crm.row.read", "target": f"customers/{number}", "needs": []}
        yield {"id": f"letter-{number}", "action": "mail.message.draft", "target": f"drafts/may-{number}", "evidence": ["prices"], "with": {
            "from": "sales@acme.example", "to": [address], "subject": "Prices from 1 May",
            "body": {"$format": "Hello {name},\n\nit costs 10 EUR a month from 1 May.\n", "name": name},
        }}


def sendings(people):
    for number, address in people.items():
        yield {"id": f"send-{number}", "action": "mail.message.send", "target": f"drafts/may-{number}", "needs": [], "with": {"recipients": [address]}}


@pytest.fixture
def mailing(workspace, monkeypatch):
    """Return the example as a workspace, and what types a command in it."""
    monkeypatch.setattr("agentctl.demo.typed._SECONDS", 300)       # patience; on a busy machine a mailing takes its time
    make(EXAMPLES / "mailing", workspace, LOGIN)
    evidence = [{"id": "prices", "uri": "file:prices.md"}]

    def write(to):
        with closing(sqlite3.connect(workspace / "crm.db")) as database:
            people = dict(database.execute("SELECT id, email FROM customers WHERE id <= ?", (to,)))
        for name, steps in (("plan.yaml", letters(people)), ("send.yaml", sendings(people))):
            plan = {
                "version": 1, "kind": "Plan", "intent": "Tell everybody.", "agent": "marketing",
                "on_failure": "continue", "evidence": evidence, "steps": list(steps),
            }
            (workspace / name).write_text(json.dumps(plan), "utf-8")
        return people

    def type_(*arguments, answers=""):
        screen = io.BytesIO()
        return typed(workspace, *arguments, answers=answers, to=screen), screen.getvalue().decode()

    def plug(port):
        path = workspace / "agentctl.yaml"
        file = yaml.safe_load(path.read_text("utf-8"))
        file["connectors"]["mail"]["smtp"]["port"] = port
        path.write_text(yaml.safe_dump(file), "utf-8")

    type_.plug, type_.write = plug, write
    return type_


def test_three_hundred_letters_go_out_once_and_those_that_are_refused_are_told(mailing, workspace):
    inbox = Inbox()
    with closing(sqlite3.connect(workspace / "crm.db")) as database:
        people = dict(database.execute("SELECT id, email FROM customers"))
    inbox.refuses = {people[1]: "550 no such user", people[3]: "451 come back later"}
    with real(inbox) as port:
        mailing.plug(port)
        assert mailing("init")[0] == 0
        code, said = mailing("apply", "everybody.yaml", "--diff", "summary", "--auto-approve")
        assert code == 0, said[-2000:]
        code, said = mailing("plan", "send-everybody.yaml")
        assert code == 0, said[-2000:]
        assert_reviewable(" ".join(said.split()), people.values())
        code, said = mailing("apply", "send-everybody.yaml", "--diff", "summary", answers="yes\nsend 300")
        assert code == 7, said[-2000:]
        assert "no such user" in said
        assert len(inbox.taken) == 298
        inbox.refuses = {}
        code, said = mailing("apply", "--resume", "latest", answers="yes\nsend 300")
        assert code == 0, said[-2000:]
        code, said = mailing("plan", "send-everybody.yaml", "--diff", "summary")
    assert "300 already so" in " ".join(said.split())
    messages = [message_from_bytes(data, policy=policy.SMTP) for _, _, data, _ in inbox.taken]
    assert len({message["Message-ID"] for message in messages}) == 300
    assert {message["To"] for message in messages} == set(people.values())
    assert all(message["To"].startswith(message.get_body(("plain",)).get_content()[6:9].lower()) for message in messages)
    assert all(recipients == [message["To"]] for (_, recipients, _, _), message in zip(inbox.taken, messages, strict=True))


def assert_reviewable(said, addresses):
    """Each recipient is named, and what all letters share is told once."""
    assert "300 × mail.message.send on drafts/may-1 … drafts/may-300 (300)" in said
    assert said.count("the annual tier costs 10 EUR a month from 1 May.") == 1
    assert "300 steps cannot be undone" in said
    assert all(f'"{address}"' in said for address in addresses)


def test_the_plans_for_everybody_are_what_their_writer_writes():
    made = runpy.run_path(str(EXAMPLES / "mailing" / "write.py"))["written"]()
    assert {name: (EXAMPLES / "mailing" / name).read_text("utf-8") for name in made} == made


def test_a_run_is_resumed_though_policy_asked_about_rows_it_only_looked_at(mailing):
    """What a step read is not kept, so it cannot be asked about again once the step is done."""
    inbox = Inbox()
    with real(inbox) as port:
        mailing.plug(port)
        mailing("init")
        assert mailing("apply", "plan.yaml", "--diff", "summary", "--auto-approve")[0] == 0
        inbox.refuses = {"ken.7@post.example": "451 come back later"}
        assert mailing("apply", "send.yaml", "--diff", "summary", answers="yes\nsend 6")[0] == 7
        inbox.refuses = {}
        code, said = mailing("apply", "--resume", "latest", answers="yes\nsend 6")
    assert code == 0, said[-2000:]
    assert len(inbox.taken) == 6


def test_one_letter_more_than_the_limit_and_none_goes_out(mailing, workspace):
    rules = workspace / "policy.yaml"
    rules.write_text(rules.read_text("utf-8").replace("count: 300, per: 1h", "count: 9, per: 1h"), "utf-8")
    mailing.write(10)
    inbox = Inbox()
    with real(inbox) as port:
        mailing.plug(port)
        mailing("init")
        assert mailing("apply", "plan.yaml", "--diff", "summary", "--auto-approve")[0] == 0
        code, said = mailing("apply", "send.yaml", "--diff", "summary", answers="yes")
    assert code == 4, said[-2000:]
    assert inbox.asked == []
