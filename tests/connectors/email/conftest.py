"""A mail instance of its own for every test."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from agentctl.connectors.base import Instance
from agentctl.connectors.email.connector import EmailConnector
from agentctl.connectors.email.settings import configure
from agentctl.model.plan import Step
from tests.connectors.email.mail_servers import Inbox, real

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
LETTER = {
    "from": "sales@acme.example", "to": ["bob@customer.example", "ada@customer.example"], "cc": ["lead@acme.example"],
    "bcc": ["archive@acme.example"], "subject": "Your tier", "body": "Hello,\n\nyou are on annual now.\n",
    "attachments": [{"path": "terms.pdf", "name": "Terms.pdf"}], "context": ["tickets/4711.md"],
}
EVERYBODY = ["ada@customer.example", "archive@acme.example", "bob@customer.example", "lead@acme.example"]


def step(verb, target="drafts/letter", **with_):
    return Step(id="s", action=f"mail.message.{verb}", target=target, with_=with_)


@pytest.fixture
def inbox():
    return Inbox()


@pytest.fixture
def port(inbox):
    with real(inbox) as port:
        yield port


@pytest.fixture
def mail(tmp_path):
    """Return what makes a connector: by its port, and whatever else its server is to be."""
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "terms.pdf").write_bytes(b"%PDF-1.7\n\x00terms\n")

    def make(port=None, environ=None, **smtp):
        settings = {
            "folder": "mail", "attachments": "files", "from": {"sales@acme.example": "Acme Sales"},
            **({"smtp": {"host": "127.0.0.1", "port": port, "security": "none", **smtp}} if port else {}),
        }
        instance = Instance(name="mail", settings=settings, root=str(tmp_path), environ=environ or {})
        return EmailConnector("mail", configure(instance), clock=lambda: NOW)

    return make
