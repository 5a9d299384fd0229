"""What becomes of a message is what the connector says of it, whatever the server does."""

from __future__ import annotations

import asyncio
import base64
import os
import re
import socket
import stat
import time
from email import message_from_bytes, policy

import pytest

from agentctl.connectors.base import Call, Found, Instance, Located
from agentctl.connectors.email.server import Server
from agentctl.connectors.email.settings import configure
from agentctl.connectors.email.smtp import _connected
from agentctl.errors import Indeterminate, Invalid, Rejected, Unreachable
from agentctl.model.snapshot import Address
from agentctl.testing import FrozenView, perform, snapshots
from tests.connectors.email.conftest import EVERYBODY, LETTER, step
from tests.connectors.email.mail_servers import PASSWORD, USER, Inbox, Scripted, demanding, real
from tests.connectors.rest.http.certificates import DAY, Authority

SIGNED_IN = {"username": USER, "password": {"env": "RELAY"}}


def go(connector, key="one", deadline=20.0):
    """Send the letter under ``key``, drafting it where it is not."""
    if connector.read(Address("mail/drafts/letter")).value is None:
        perform(connector, step("draft", **LETTER))
    sending = step("send", recipients=EVERYBODY)
    before = snapshots(connector, sending)
    change = connector.preview(sending, FrozenView(before))
    call = Call(key=key, before=before, deadline=deadline)
    go.last = change, call
    return connector.execute(change, call)


def located(connector):
    return connector.locate(*go.last)


def marks(tmp_path):
    return list((tmp_path / "mail").glob("sending/*"))


def arrived(data):
    return message_from_bytes(data, policy=policy.SMTP)


def said(part):
    return part.get_content().replace("\r\n", "\n")


def test_the_end_of_a_message_does_not_wait_until_the_rest_is_acknowledged():
    """Else each letter takes 40 ms longer: its last line is written after the others, without a reply between."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = Server(host="127.0.0.1", port=listening.getsockname()[1], security="none")
        with _connected(server, time.monotonic() + 20) as conversation:
            assert conversation._line.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


# ---- what arrives


def test_what_was_reviewed_is_what_arrives_and_nobody_is_told_of_bcc(mail, inbox, port):
    receipt = go(mail(port))
    ((sender, recipients, data, _),) = inbox.taken
    assert (sender, recipients) == ("sales@acme.example", EVERYBODY)
    message = arrived(data)
    assert message["From"] == "Acme Sales <sales@acme.example>"
    assert (message["To"], message["Cc"]) == ("ada@customer.example, bob@customer.example", "lead@acme.example")
    assert message["Message-ID"] == receipt.ids["message_id"]
    assert message["Date"] == "Mon, 23 Nov 2026 09:30:00 +0000"
    assert receipt.ids["accepted"] == "250 2.0.0 queued as 4F1A2"
    text, terms = message.iter_parts()
    assert said(text) == LETTER["body"]
    assert (terms.get_filename(), terms.get_content()) == ("Terms.pdf", b"%PDF-1.7\n\x00terms\n")
    assert b"archive@" not in data
    assert b"4711" not in data      # what the agent looked at is ours


def test_lines_of_dots_arrive_as_they_were_written(mail, inbox, port):
    connector = mail(port)
    body = ".\n..\n.\n\nQUIT\n.hidden\n" + "x" * 3000 + "\nend  \n"
    perform(connector, step("draft", **{**LETTER, "body": body, "attachments": []}))
    go(connector)
    assert said(arrived(inbox.taken[0][2])) == body


def test_over_starttls_with_a_sign_in(mail, inbox, tmp_path):
    authority = Authority(tmp_path)
    with demanding(inbox, authority.context()) as port:
        go(mail(port, security="starttls", ca=str(authority.path), environ={"RELAY": PASSWORD}, **SIGNED_IN))
    assert [taken[3] for taken in inbox.taken] == [True]


def test_over_tls_from_the_first_byte(mail, inbox, tmp_path):
    authority = Authority(tmp_path)
    with real(inbox, within=authority.context()) as port:
        go(mail(port, security="tls", ca=str(authority.path)))
    assert len(inbox.taken) == 1


def test_no_setting_of_the_environment_gives_the_sessions_keys_away(mail, inbox, monkeypatch, tmp_path):
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys.log"))
    authority = Authority(tmp_path)
    with real(inbox, within=authority.context()) as port:
        go(mail(port, security="tls", ca=str(authority.path)))
    assert len(inbox.taken) == 1
    assert not (tmp_path / "keys.log").exists()


# ---- who is not spoken to


@pytest.mark.parametrize(("text", "why"), [(None, "No such file or directory"), ("none", "it holds no certificate")])
def test_a_ca_file_that_is_none_ends_it_before_anything_is_said(mail, inbox, tmp_path, text, why):
    named = tmp_path / "own.pem"
    if text:
        named.write_text(text)
    with real(inbox, within=Authority(tmp_path).context()) as port, pytest.raises(Rejected, match=f"own.pem: {why}"):
        go(mail(port, security="tls", ca=str(named)))
    assert not inbox.taken


@pytest.mark.parametrize("certificate", [{"trusted": False}, {"host": "mail.acme.example"}, {"begins": -9 * DAY, "ends": -DAY}])
@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_server_that_is_not_who_it_should_be_gets_neither_mail_nor_password(mail, inbox, tmp_path, certificate, security):
    authority = Authority(tmp_path)
    context = authority.context(**certificate)
    how = {"within": context} if security == "tls" else {"tls_context": context}
    with real(inbox, **how) as port, pytest.raises(Rejected, match="Certificate not trusted"):
        go(mail(port, security=security, ca=str(authority.path), environ={"RELAY": PASSWORD}, **SIGNED_IN))
    assert inbox.asked == []


def test_without_starttls_nothing_is_said_in_clear(mail):
    with Scripted() as server, pytest.raises(Rejected, match="Server without TLS"):
        go(mail(server.port, security="starttls", environ={"RELAY": PASSWORD}, **SIGNED_IN))
    assert [line.split()[0] for line in server.heard] == [b"EHLO", b"QUIT"]


def test_words_slipped_in_before_tls_are_not_taken_for_the_servers(mail, tmp_path):
    authority = Authority(tmp_path)
    context = authority.context()

    def begin(connection):
        connection.sendall(b"220 go\r\n250-hi\r\n250 AUTH PLAIN\r\n")
        with context.wrap_socket(connection, server_side=True) as line:
            heard.append(line.recv(1000))

    heard = []
    script = {"EHLO": b"250-hi\r\n250 STARTTLS\r\n", "STARTTLS": begin}
    with Scripted(**script) as server, pytest.raises((Rejected, Unreachable)):
        go(mail(server.port, security="starttls", ca=str(authority.path), environ={"RELAY": PASSWORD}, **SIGNED_IN))
    assert not any(b"AUTH" in line for line in [*server.heard, *heard])


@pytest.mark.parametrize("host", ["mail.acme.example", "192.0.2.1", "10.0.0.1"])
def test_mail_leaves_this_machine_in_clear_for_nobody(tmp_path, host):
    settings = {"folder": "mail", "from": {"a@acme.example": ""}, "smtp": {"host": host, "security": "none"}}
    with pytest.raises(Invalid, match="in clear"):
        configure(Instance(name="mail", settings=settings, root=str(tmp_path)))


# ---- who signs in


def test_a_wrong_password_is_refused_and_told_nowhere(mail, inbox, tmp_path):
    authority = Authority(tmp_path)
    with demanding(inbox, authority.context()) as port, pytest.raises(Rejected, match="does not let 'agent' in \\(535\\)"):
        go(mail(port, security="starttls", ca=str(authority.path), environ={"RELAY": "wrong"}, **SIGNED_IN))
    assert inbox.asked == []


@pytest.mark.parametrize("echo", [PASSWORD, base64.b64encode(PASSWORD.encode()).decode(), base64.b64encode(f"\0{USER}\0{PASSWORD}".encode()).decode()])
@pytest.mark.parametrize("where", ["AUTH", "MAIL", "RCPT", "DATA", "dot"])
def test_a_server_that_repeats_the_password_does_not_get_it_told(mail, tmp_path, where, echo):
    script = {"EHLO": b"250-hi\r\n250 AUTH PLAIN\r\n", "AUTH": "235 in", where: f"550 no {echo}"}
    with Scripted(**script) as server, pytest.raises(Rejected) as refusal:
        go(mail(server.port, environ={"RELAY": PASSWORD}, **SIGNED_IN))
    assert PASSWORD not in str(refusal.value)
    assert echo not in str(refusal.value)


def test_the_older_way_to_sign_in(mail, inbox):
    with Scripted(EHLO=b"250-hi\r\n250 AUTH LOGIN\r\n", AUTH="334 VXNlcm5hbWU6", YWdlbnQ="334 UGFzc3dvcmQ6",
                  **{"czNjcmV0LW9mLXRoZS1yZWxheQ==": "235 in", "YWdlbnQ=": "334 UGFzc3dvcmQ6"}) as server:
        go(mail(server.port, environ={"RELAY": PASSWORD}, **SIGNED_IN))


def test_a_password_that_is_not_there_is_told_before_anything_is_said(mail, inbox, port):
    with pytest.raises(Unreachable, match="environment variable RELAY"):
        go(mail(port, **SIGNED_IN))
    assert inbox.asked == []


# ---- refusals: nothing was sent


def test_one_recipient_refused_is_nobody_sent_to_and_all_refused_are_named(mail, inbox, port, tmp_path):
    inbox.refuses = {"ada@customer.example": "550 5.1.1 no such user", "bob@customer.example": "451 greylisted"}
    with pytest.raises(Rejected) as refusal:
        go(mail(port))
    assert "2 of 4 recipients" in str(refusal.value)
    assert "ada@customer.example (550 5.1.1 no such user); bob@customer.example (451 greylisted)" in str(refusal.value)
    assert inbox.taken == []
    assert inbox.asked == EVERYBODY
    assert located(mail(port)) is Located.ABSENT
    assert marks(tmp_path) == []


def test_who_is_greylisted_may_be_sent_to_later(mail, inbox, port):
    inbox.refuses = {"ada@customer.example": "451 4.7.1 come back later"}
    with pytest.raises(Unreachable, match="come back later"):
        go(mail(port))
    assert inbox.taken == []
    inbox.refuses = {}
    go(mail(port))
    assert len(inbox.taken) == 1


@pytest.mark.parametrize("answer, kind", [("554 5.7.1 looks like spam", Rejected), ("452 disk full", Unreachable)])
def test_a_no_at_the_very_end_is_a_no(mail, inbox, port, tmp_path, answer, kind):
    inbox.at_the_end = answer
    with pytest.raises(kind, match=re.escape(answer)):
        go(mail(port))
    assert located(mail(port)) is Located.ABSENT
    assert marks(tmp_path) == []


def test_a_message_larger_than_the_server_takes_is_not_begun(mail, inbox):
    with real(inbox, data_size_limit=300) as port, pytest.raises(Rejected, match="takes 300"):
        go(mail(port))
    assert inbox.asked == []


@pytest.mark.parametrize("where", ["greeting", "EHLO", "MAIL", "RCPT", "DATA"])
def test_who_hangs_up_before_the_end_was_sent_nothing(mail, tmp_path, where):
    with Scripted(**{where: None}) as server, pytest.raises(Unreachable, match="Nothing was sent"):
        go(mail(server.port))
    assert located(mail(server.port)) is Located.ABSENT
    assert marks(tmp_path) == []
    assert b".\r\n" not in server.heard


def test_nobody_there_is_nothing_sent(mail):
    with Scripted() as server:
        port = server.port
    with pytest.raises(Unreachable, match="Nothing was sent"):
        go(mail(port))


def test_a_yes_that_was_not_asked_for_is_not_the_yes_to_the_message(mail, tmp_path):
    with Scripted(DATA=b"354 go\r\n250 taken\r\n") as server, pytest.raises(Rejected, match="not asked"):
        go(mail(server.port))
    assert marks(tmp_path) == []


# ---- no word: it may have been sent


def hang(connection):
    connection.settimeout(5)
    connection.recv(1)              # ends when the other side does


def drip(connection):
    try:
        while True:
            connection.sendall(b"2")
            time.sleep(0.05)        # what a slow server is
    except OSError:
        pass


@pytest.mark.parametrize("end", [
    None, hang, drip, b"354 go on\r\n", b"hello?\r\n", b"250-taken\r\n550 not\r\n", b"\x1b]0;owned\x07\r\n", b"99 x\r\n",
    b"250-" + b"x" * 10_000_000, b"250-more\r\n" * 100_000,
], ids=["hangs up", "silent", "drips", "354", "prose", "two codes", "escape", "no code", "a line of 10 MB", "no end"])
def test_without_a_yes_or_a_no_at_the_end_nobody_knows_and_nobody_sends_again(mail, tmp_path, end):
    with Scripted(dot=end) as server:
        began = time.monotonic()
        with pytest.raises(Indeterminate) as doubt:
            go(mail(server.port), deadline=1.0)
        assert time.monotonic() - began < 4.0       # on a busy machine; the silent ones would take five, and more
    assert "\x1b" not in str(doubt.value)
    assert len(str(doubt.value)) < 500
    assert located(mail(server.port)) is Located.CANNOT_TELL
    (mark,) = marks(tmp_path)
    known_as = next(line.split()[1].decode() for line in server.heard if line.startswith(b"Message-ID:"))
    assert f"The server's log knows it as {known_as}." in str(doubt.value)
    with Scripted() as other, pytest.raises(Rejected, match="Sending in doubt"):
        go(mail(other.port), key="another")
    assert other.heard == []
    assert mark.exists()


def test_who_was_told_that_it_did_not_happen_sends_the_same_message_again(mail, inbox, port, tmp_path):
    with Scripted(dot=None) as server, pytest.raises(Indeterminate):
        go(mail(server.port))
    first = next(line for line in server.heard if line.startswith(b"Message-ID"))
    receipt = go(mail(port))
    assert receipt.ids["message_id"].encode() in first      # so that its receivers can tell that it is the same
    assert marks(tmp_path) == []
    assert isinstance(located(mail(port)), Found)


def test_what_was_taken_and_could_not_be_filed_is_in_doubt_and_not_sent_again(mail, port, inbox, tmp_path):
    connector = mail(port)
    perform(connector, step("draft", **LETTER))
    taken = inbox.handle_DATA

    async def in_the_way(server, session, envelope):
        (tmp_path / "mail" / "sent").write_text("a file where a folder should be")
        return await taken(server, session, envelope)

    inbox.handle_DATA = in_the_way
    with pytest.raises(Indeterminate, match=r"Sent, and not filed.*queued as 4F1A2"):
        go(connector)
    (tmp_path / "mail" / "sent").unlink()
    assert located(connector) is Located.CANNOT_TELL
    with pytest.raises(Rejected, match="Sending in doubt"):
        go(connector, key="another")
    assert len(inbox.taken) == 1


def test_silence_before_the_end_ends_in_time_with_nothing_sent(mail, tmp_path):
    with Scripted(DATA=hang) as server, pytest.raises(Unreachable, match="did not answer"):
        go(mail(server.port), deadline=1.0)
    assert marks(tmp_path) == []


def test_of_two_that_send_one_draft_under_different_keys_only_one_does(mail, inbox, tmp_path):
    connector = mail(1)
    perform(connector, step("draft", **LETTER))
    slow = Inbox()

    async def meanwhile(server, session, envelope, address, options):
        if not inbox.taken:
            await asyncio.to_thread(go, mail(quick), "another")
        envelope.rcpt_tos.append(address)
        return "250 OK"

    slow.handle_RCPT = meanwhile
    with real(inbox) as quick, real(slow) as port, pytest.raises(Rejected, match="Sent already"):
        go(mail(port), key="one")
    assert (len(inbox.taken), slow.taken) == (1, [])
    assert marks(tmp_path) == []


def test_nobody_takes_away_the_mark_of_another(mail, inbox, tmp_path):
    connector = mail(1)
    perform(connector, step("draft", **LETTER))

    def doubted():
        with Scripted(dot=None) as server, pytest.raises(Indeterminate):
            go(mail(server.port), key="another")

    async def meanwhile(server, session, envelope, address, options):
        if not marks(tmp_path):
            await asyncio.to_thread(doubted)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    inbox.handle_RCPT = meanwhile
    with real(inbox) as port, pytest.raises(Rejected):
        go(mail(port), key="one")
    assert inbox.taken == []
    assert len(marks(tmp_path)) == 1
    with real(inbox) as port, pytest.raises(Rejected, match="Sending in doubt"):
        go(mail(port), key="one")


@pytest.mark.parametrize("swap", [("@acme.example>", "@acme.example>\\nBcc: eve@evil.example"), ("Mon, ", "Mon,\\r\\n.\\r\\n")])
def test_a_mark_that_somebody_tampered_with_puts_nothing_into_a_message(mail, inbox, port, tmp_path, swap):
    with Scripted(dot=None) as server, pytest.raises(Indeterminate):
        go(mail(server.port))
    (mark,) = marks(tmp_path)
    mark.write_text(mark.read_text().replace(*swap))
    with pytest.raises(Rejected, match="Mark not understood"):
        go(mail(port))
    assert inbox.asked == []


def test_a_disk_that_fails_while_the_mark_is_left_is_nothing_sent(mail, inbox, port, tmp_path, monkeypatch):
    connector = mail(port)
    perform(connector, step("draft", **LETTER))
    sync, asked = os.fsync, []

    def fails_for_folders(file):
        if stat.S_ISDIR(os.fstat(file).st_mode):
            asked.append(file)
            raise OSError(5, "Input/output error")
        sync(file)

    (tmp_path / "mail/sending").mkdir()
    monkeypatch.setattr(os, "fsync", fails_for_folders)
    with pytest.raises(Rejected, match="Nothing was sent"):
        go(connector)
    monkeypatch.undo()
    assert asked
    assert inbox.taken == []
    assert located(connector) is Located.ABSENT


def test_authorities_that_cannot_be_read_are_named(mail, inbox, tmp_path):
    with real(inbox, tls_context=Authority(tmp_path).context()) as port, pytest.raises(Rejected, match=r"gone\.pem"):
        go(mail(port, security="starttls", ca="gone.pem"))


def test_tls_to_a_port_without_it_says_what_to_look_at(mail, port):
    with pytest.raises(Unreachable, match="TLS failed") as failure:
        go(mail(port, security="tls"))
    assert "security" in failure.value.hint


# ---- hostile words


@pytest.mark.parametrize("said", [
    b"220-" + b"x" * 10_000_000, b"220-more\r\n" * 100_000, b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\0\0\0\0\n", b"600 x\r\n",
], ids=["a line of 10 MB", "no end", "another protocol", "zeros", "no such code"])
def test_a_greeting_that_is_none_ends_it(mail, said):
    with Scripted(greeting=said) as server, pytest.raises(Rejected, match="Nothing was sent"):
        go(mail(server.port))


def test_what_a_server_says_is_shown_without_what_could_do_harm(mail, inbox, port):
    inbox.refuses = {"ada@customer.example": "550 \x1b[2J\u202eno\x07 " + "x" * 400}
    with pytest.raises(Rejected) as refusal:
        go(mail(port))
    assert re.fullmatch(r"[\x20-\x7e…]+", str(refusal.value))
    assert len(str(refusal.value)) < 500


def test_answers_of_several_lines_are_one(mail):
    with Scripted(EHLO=b"250-hi\r\n250-8BITMIME\r\n250 SIZE\r\n", MAIL=b"250-ok\r\n250 go on\r\n", dot=b"250-2.0.0 taken\r\n250 as 7\r\n") as server:
        assert go(mail(server.port)).ids["accepted"] == "250 2.0.0 taken as 7"
