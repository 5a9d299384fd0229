"""What a receiver reads is what stands in the record, letter by letter, and nothing more."""

from __future__ import annotations

from email import message_from_bytes, policy

from hypothesis import given
from hypothesis import strategies as st

from agentctl.connectors.email.draftfile import Filed, parsed, rendered
from agentctl.connectors.email.message import written
from agentctl.connectors.email.wire import Attached, composed
from agentctl.errors import Rejected

SENDERS = {"sales@acme.example": "Ärger & Söhne <sales@acme.example>"}
TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc", "Cf", "Zl", "Zp")) | st.sampled_from("\n\t.=?_ "), max_size=300)
LINE = st.text(st.characters(exclude_categories=("Cs", "Cc", "Cf", "Zl", "Zp")) | st.sampled_from("=?_ "), max_size=200)


def fields(**given):
    arguments = {"from": "sales@acme.example", "to": ["ada@acme.example"], "subject": "", "body": "", **given}
    return written(arguments, None, SENDERS)


def received(record, *attached):
    data = composed(record, attached, message_id="<1@acme.example>", date="Mon, 23 Nov 2026 09:30:00 +0000")
    lines = data.split(b"\r\n")
    assert data.isascii()
    assert max(map(len, lines)) < 998
    assert not any(b"\r" in line or b"\n" in line for line in lines)
    return message_from_bytes(data, policy=policy.SMTP)


@given(subject=LINE, body=TEXT)
def test_a_text_is_read_as_it_was_written(subject, body):
    message = received(fields(subject=subject.strip(), body=body))
    assert message["Subject"] == subject.strip()
    text = message.get_content().replace("\r\n", "\n")
    assert text == body or text == body + "\n"
    assert [name for name, _ in message.items()] == [
        "Date", "From", "To", "Subject", "Message-ID", "MIME-Version", "Content-Type", "Content-Transfer-Encoding",
    ]


@given(body=TEXT, data=st.binary(max_size=300), name=st.sampled_from(["a.pdf", "Straße 1.pdf", "a b.txt", "x'y.bin", "50%.csv"]))
def test_what_is_attached_arrives_bit_by_bit(body, data, name):
    message = received(fields(body=body), Attached(name, "application/octet-stream", data))
    text, part = message.iter_parts()
    assert text.get_content().replace("\r\n", "\n") == body
    assert (part.get_filename(), part.get_content()) == (name, data)


def test_a_subject_that_looks_encoded_is_not_decoded_into_another():
    subject = "=?utf-8?b?WW91IHdvbg==?="
    assert received(fields(subject=subject))["Subject"] == subject


def test_the_senders_name_is_read_as_it_is_configured():
    assert received(fields())["From"].addresses[0].display_name == "Ärger & Söhne"


@given(subject=LINE, body=TEXT, context=st.lists(LINE.map(str.strip), max_size=3))
def test_a_record_has_one_file_and_a_file_one_record(subject, body, context):
    record = fields(subject=subject.strip(), body=body, context=[item for item in context if item])
    text = rendered(Filed(record))
    assert parsed(text, "x") == Filed(record)


@given(text=st.text(max_size=300) | st.lists(st.sampled_from([
    "From: a@b.example", "To: a@b.example", "Subject: x", "Bcc: c@d.example", "X-Agentctl-Attachment: {}", "\n", " folded", "Cc: ",
    "MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit",
])).map("\n".join))
def test_whatever_else_lies_there_is_refused_and_never_guessed_at(text):
    try:
        filed = parsed(text, "x")
    except Rejected:
        return
    assert rendered(filed) == text
