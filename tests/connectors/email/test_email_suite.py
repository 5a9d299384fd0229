"""The email connector keeps every promise of the contract."""

from __future__ import annotations

import pytest

from agentctl.model.snapshot import within
from agentctl.testing import Case, ConnectorSuite, perform
from tests.connectors.email.conftest import EVERYBODY, LETTER, step

SENDING = step("send", recipients=EVERYBODY)


def drafted(connector):
    perform(connector, step("draft", **LETTER), key="key-of-the-draft")


class TestEmail(ConnectorSuite):
    cases = (
        Case("draft", step("draft", **LETTER)),
        Case("draft without anything", step("draft", **{"from": "sales@acme.example", "to": ["a@b.example"], "subject": "", "body": ""})),
        Case("edit", step("edit", subject="Your new tier", to=["ada@customer.example"], attachments=[]), given=drafted),
        Case("delete", step("delete"), given=drafted),
        Case("read", step("read"), given=drafted),
        Case("send", SENDING, given=drafted),
    )
    outsiders = (
        step("draft", "letter", **LETTER),
        step("draft", "sent/letter", **LETTER),
        step("draft", "drafts/../sent/letter", **LETTER),
        step("draft", "drafts/.hidden", **LETTER),
        step("draft", "drafts/Letter", **LETTER),
        step("read", "files/terms.pdf"),
        step("send", "sent/letter", recipients=EVERYBODY),
        step("draft", **{**LETTER, "attachments": [{"path": "../agentctl.yaml"}]}),
        step("draft", **{**LETTER, "attachments": [{"path": "/etc/passwd"}]}),
    )

    @pytest.fixture
    def connector(self, mail, port, inbox, tmp_path):
        self.inbox, self.folder = inbox, tmp_path
        return mail(port)

    def world(self, connector):
        files = {str(path): path.read_bytes() for path in sorted(self.folder.rglob("*")) if path.is_file()}
        return files, list(self.inbox.taken)

    def outside_edit(self, connector, address):
        path = self.folder / "mail" / f"{within(address)}.eml"
        if within(address).startswith("files/"):
            (self.folder / within(address)).write_bytes(b"others")
        elif path.exists():
            path.write_text(path.read_text("utf-8") + "P.S.\n", "utf-8")
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("From: else\n\nwhere", "utf-8")
