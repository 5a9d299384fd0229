"""A draft says what will be sent and to whom; nothing gets into it unseen, and nothing goes out that is not in it."""

from __future__ import annotations

import stat
import subprocess
import sys

import pytest

from agentctl.connectors.email.mailbox import mailbox, oddities
from agentctl.errors import Rejected
from agentctl.model.snapshot import Address
from agentctl.model.values import Unknown, has_unknown
from agentctl.testing import FrozenView, LiveView, foresee, perform, snapshots
from tests.connectors.email.conftest import EVERYBODY, LETTER, step

DRAFT = Address("mail/drafts/letter")
SEND = step("send", recipients=EVERYBODY)


def draft(connector, **more):
    return perform(connector, step("draft", **{**LETTER, **more}))


# ---- what a draft is


def test_a_draft_is_a_private_file_that_a_person_can_read(mail, tmp_path):
    draft(mail())
    path = tmp_path / "mail/drafts/letter.eml"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text("utf-8") == (
        "From: Acme Sales <sales@acme.example>\n"
        "To: ada@customer.example,\n bob@customer.example\n"
        "Cc: lead@acme.example\n"
        "Bcc: archive@acme.example\n"
        "Subject: Your tier\n"
        'X-Agentctl-Attachment: {"digest": "sha256:fe2d1a14495ff519010df17153be318df88bedd498919854d9b1ac20bb25379c", "name": "Terms.pdf", "path": "terms.pdf", "size": 16, "type": "application/pdf"}\n'
        "X-Agentctl-Context: tickets/4711.md\n"
        "MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n"
        "Hello,\n\nyou are on annual now.\n"
    )


def test_its_record_says_what_policy_may_ask(mail):
    record = mail().preview(step("draft", **LETTER), LiveView(mail())).records[0].after
    assert record["to"] == ["ada@customer.example", "bob@customer.example"]
    assert record["domains"] == ["acme.example", "customer.example"]
    assert record["recipient_count"] == 4
    assert record["attachments"][0]["size"] == 16


def test_the_order_of_recipients_means_nothing(mail):
    connector = mail()
    draft(connector)
    assert foresee(connector, step("edit", to=LETTER["to"][::-1])).effect == "no-op"


def test_what_a_person_changed_by_hand_in_the_text_is_what_is_sent(mail, inbox, port, tmp_path):
    connector = mail(port)
    draft(connector, attachments=[])
    path = tmp_path / "mail/drafts/letter.eml"
    path.write_text(path.read_text("utf-8").replace("annual now", "annual from May"), "utf-8")
    perform(connector, SEND)
    assert b"annual from May" in inbox.taken[0][2]


@pytest.mark.parametrize("old, new", [
    ("MIME-Version", "X-Tracking: 1\nMIME-Version"), ("Subject: Your", "Subject:  Your"), ("Bcc: ", "Bcc: eve@evil.example,\n "),
    ("To: ", "To: Ada <"), ("charset=utf-8", "charset=utf-7"), ("8bit", "base64"), ("\n", "\r\n"), ("Cc: lead@acme.example\n", "Cc: lead@acme.example\nCc: eve@evil.example\n"),
    ("From: Acme Sales", "From: Acme\tSales"),
])
def test_what_a_draft_could_hide_from_its_readers_is_not_a_draft(mail, tmp_path, old, new):
    connector = mail()
    draft(connector)
    path = tmp_path / "mail/drafts/letter.eml"
    path.write_bytes(path.read_bytes().replace(old.encode(), new.encode(), 1) if old != "\n" else path.read_bytes().replace(b"\n", b"\r\n"))
    with pytest.raises(Rejected, match=r"drafts/letter\.eml was changed"):
        connector.read(DRAFT)


def test_whom_a_person_adds_by_hand_is_understood_and_shown(mail, tmp_path):
    connector = mail()
    draft(connector)
    path = tmp_path / "mail/drafts/letter.eml"
    path.write_text(path.read_text("utf-8").replace("Bcc: archive@acme.example", "Bcc: archive@acme.example,\n eve@evil.example"), "utf-8")
    assert connector.read(DRAFT).value["bcc"] == ["archive@acme.example", "eve@evil.example"]
    with pytest.raises(Rejected, match=r"eve@evil\.example missing"):
        foresee(mail(1), SEND)


def test_a_sender_that_is_not_configured_sends_nothing(mail, port, tmp_path):
    with pytest.raises(Rejected, match="Sender not allowed"):
        draft(mail(), **{"from": "ceo@acme.example"})
    draft(mail())
    path = tmp_path / "mail/drafts/letter.eml"
    path.write_text(path.read_text("utf-8").replace("Acme Sales <sales@", "The Boss <ceo@"), "utf-8")
    with pytest.raises(Rejected, match="Sender not allowed"):
        foresee(mail(port), SEND)


# ---- nothing gets in


@pytest.mark.parametrize("text", [
    "Hi\nBcc: eve@evil.example", "Hi\r\nBcc: eve@evil.example", "Hi\rX", "Hi\x0bX", "Hi\x85X", "Hi\u2028X", "a\x00b", "\u202egpj.exe",
    "pay\u200bpal", "a\u2066b", "\ufeffHi", "x" * 256, " Hi", "half \ud800",
])
def test_no_header_is_smuggled_in_and_no_text_looks_like_another(mail, text):
    for argument in ({"subject": text}, {"context": [text]}, {"attachments": [{"path": "terms.pdf", "name": text}]}):
        with pytest.raises(Rejected):
            draft(mail(), **argument)


@pytest.mark.parametrize("text", ["a\rb", "a\x00b", "a\x1b[2Jb", "a\u202eb", "a\u2028b", "half \ud800"])
def test_no_body_looks_like_another(mail, text):
    with pytest.raises(Rejected, match=r"Character not allowed|half"):
        draft(mail(), body=text)


@pytest.mark.parametrize("text", [
    "Ada <ada@acme.example>", "<ada@acme.example>", "ada@acme.example, eve@evil.example", "ada@acme.example\nBcc: eve@evil.example",
    "ada@acme.example\r\nRCPT TO:<eve@evil.example>", '"ada"@acme.example', "ada@[127.0.0.1]", "ada@127.0.0.1", "ada", "@acme.example",
    "ada@localhost", "ada@äcme.example", "ädä@acme.example", "ada@acme.example.", "ada@@acme.example", "a@b@acme.example", "ada@acme..example",
    "ada@-acme.example", "ada%evil.example@acme.example", "@evil.example:ada@acme.example", "ada(x)@acme.example", "", "x" * 65 + "@acme.example",
    " ada@acme.example", "ada@acme.example ", "a!b@acme.example",
])
def test_what_could_be_read_as_another_address_is_none(mail, text):
    for argument in ({"to": [text]}, {"cc": [text]}, {"bcc": [text]}, *([{"reply_to": text}] if text else [])):
        with pytest.raises(Rejected, match="Not a mail address"):
            draft(mail(), **argument)


def test_a_domain_is_the_same_in_any_case():
    assert mailbox("Ada@ACME.Example") == "Ada@acme.example"


@pytest.mark.parametrize("people", [
    {"to": ["ada@customer.example", "ada@customer.example"]}, {"to": ["ada@customer.example"], "cc": ["ada@CUSTOMER.example"]},
    {"to": [], "cc": [], "bcc": []}, {"to": [f"a{n}@customer.example" for n in range(101)]},
])
def test_everybody_is_named_once_and_somebody_is(mail, people):
    with pytest.raises(Rejected, match=r"twice|Nobody|Too many"):
        draft(mail(), **people)


@pytest.mark.parametrize("name", ["../x", "a/b", "a\\b", ".bashrc", ""])
def test_an_attachment_is_called_like_a_file(mail, name):
    if name:
        with pytest.raises(Rejected, match="name not allowed"):
            draft(mail(), attachments=[{"path": "terms.pdf", "name": name}])


# ---- what is sent is what was drafted


def test_a_send_names_exactly_those_the_draft_names(mail, port):
    connector = mail(port)
    draft(connector)
    for recipients in (EVERYBODY[:-1], [*EVERYBODY, "eve@evil.example"], [*EVERYBODY, EVERYBODY[0]], ["eve@evil.example"]):
        with pytest.raises(Rejected, match="Recipients differ"):
            foresee(connector, step("send", recipients=recipients))
    assert foresee(connector, step("send", recipients=EVERYBODY[::-1])).effect == "side-effect"


def test_a_send_shows_the_whole_message_and_says_that_it_cannot_be_undone(mail, port):
    connector = mail(port)
    draft(connector)
    change = foresee(connector, SEND)
    (record,) = change.records
    assert (record.address, record.before) == ("mail/sent/letter", None)
    assert record.after["body"] == LETTER["body"]
    assert record.after["bcc"] == ["archive@acme.example"]
    assert has_unknown(record.after["message_id"])
    assert (change.inverse.kind, change.inverse.step) == ("none", None)
    assert "nobody can take it back" in change.inverse.stays


@pytest.mark.parametrize("swap", [lambda path: path.write_bytes(b"%PDF malware"), lambda path: path.unlink()])
def test_an_attachment_that_was_swapped_is_not_sent(mail, port, inbox, tmp_path, swap):
    connector = mail(port)
    draft(connector)
    before = snapshots(connector, SEND)
    change = connector.preview(SEND, FrozenView(before))
    swap(tmp_path / "files/terms.pdf")
    with pytest.raises(Rejected, match="Attachment changed"):
        perform(connector, SEND, before=before)
    with pytest.raises(Rejected, match="Attachment changed"):
        foresee(connector, SEND)
    assert change.records[0].after["attachments"][0]["digest"].startswith("sha256:fe2d")
    assert inbox.asked == []


def test_an_attachment_swapped_between_plan_and_draft_is_not_drafted(mail, tmp_path):
    connector = mail()
    before = snapshots(connector, step("draft", **LETTER))
    (tmp_path / "files/terms.pdf").write_bytes(b"%PDF malware")
    with pytest.raises(Rejected, match="Attachment changed"):
        perform(connector, step("draft", **LETTER), before=before)


def test_an_attachment_that_an_earlier_step_writes_is_known_when_it_is_written(mail, tmp_path):
    connector = mail()
    view = LiveView(connector, {Address("mail/files/new.txt"): {"content": Unknown(), "mode": "0644"}})
    change = connector.preview(step("draft", **{**LETTER, "attachments": [{"path": "new.txt"}]}), view)
    assert has_unknown(change.records[0].after["attachments"])


def test_nothing_is_sent_twice_or_changed_after_it_was_sent(mail, port, inbox):
    connector = mail(port)
    draft(connector)
    perform(connector, SEND)
    for again in (SEND, step("edit", body="other"), step("draft", **LETTER)):
        with pytest.raises(Rejected, match="Sent already"):
            foresee(connector, again)
    perform(connector, step("delete"))
    with pytest.raises(Rejected, match="Sent already"):
        foresee(connector, step("draft", **LETTER))
    assert len(inbox.taken) == 1
    assert connector.read(Address("mail/sent/letter")).value["accepted"] == "250 2.0.0 queued as 4F1A2"


def test_without_a_server_there_are_only_drafts(mail):
    connector = mail()
    draft(connector)
    with pytest.raises(Rejected, match="only writes drafts"):
        foresee(connector, SEND)


def test_no_link_leads_out_of_the_folders(mail, tmp_path):
    (tmp_path / "outside").mkdir()
    (tmp_path / "files/passwd").symlink_to("/etc/passwd")
    (tmp_path / "mail").mkdir()
    (tmp_path / "mail/drafts").symlink_to(tmp_path / "outside")
    with pytest.raises(Rejected, match="symbolic link"):
        draft(mail(), attachments=[{"path": "passwd"}])
    with pytest.raises(Rejected, match="symbolic link"):
        draft(mail(), attachments=[])
    assert list((tmp_path / "outside").iterdir()) == []


def test_putting_a_draft_back_is_previewed_from_what_was_read_alone(mail, tmp_path):
    connector = mail()
    draft(connector)
    undo = foresee(connector, step("delete")).inverse.step
    perform(connector, step("delete"))
    before = snapshots(connector, undo)
    (tmp_path / "files/terms.pdf").unlink()
    assert connector.preview(undo, FrozenView(before)).records[0].after["changed"] == []
    assert foresee(connector, undo).records[0].after["changed"] == ["terms.pdf"]
    perform(connector, undo)
    assert connector.read(DRAFT).value["changed"] == ["terms.pdf"]


# ---- who looks like whom


@pytest.mark.parametrize("domain", [
    "acme.examp1e", "acrne.example", "acme-.example", "acmee.example", "acm.example", "amce.example", "acne.example", "ac-me.example",
    "acme.example.evil.test", "xn--acm-yla.example",
])
def test_a_domain_that_looks_like_the_senders_is_pointed_at(domain):
    (said,) = oddities([domain, "acme.example"], "acme.example")
    assert said.startswith(domain)


@pytest.mark.parametrize("domain", ["customer.example", "mail.acme.example", "acme.org.example", "example.org", "b.example"])
def test_other_domains_are_not(domain):
    assert list(oddities([domain, "acme.example"], "acme.example")) == []


def test_the_plan_says_so(mail):
    change = foresee(mail(), step("draft", **{**LETTER, "reply_to": "sales@acme.examp1e"}))
    assert change.notes == (
        "acme.examp1e looks like acme.example and is another domain",
        "attaches terms.pdf as Terms.pdf (application/pdf, 16 bytes, sha256:fe2d1a14495f)",
    )


def test_opening_a_mail_instance_loads_neither_tls_nor_a_mail_library():
    code = "import sys, agentctl.connectors.email; sys.exit(bool({'ssl', 'smtplib', 'email', 'socket'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
