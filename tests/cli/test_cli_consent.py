"""Only the literal word asked for consents, only on a terminal, and what is final is asked for by name and number."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agentctl.cli.consent import consent_to
from agentctl.cli.session import Session
from agentctl.errors import ConsentMissing
from agentctl.model.decision import Consent, ConsentKind, Decision, Hold, Mode, Need, Permit, Verdict
from tests.cli.conftest import Terminal
from tests.views import samples

SESSION = Session(start=Path())
MAIL = samples.changeset(samples.mail_change())
PAGE = samples.changeset(samples.page_change())


def waits(step: str, kind: ConsentKind = ConsentKind.YES, what: str = "`yes` on a terminal") -> dict:
    decision = Decision(step=step, verdict=Verdict.CONSENT, mode=Mode.APPROVE)
    return {step: Hold(decision, (Need(what=what, kind=kind),))}


def allowed(step: str) -> dict:
    return {step: Permit(Decision(step=step, verdict=Verdict.ALLOW, mode=Mode.AUTO))}


@pytest.fixture
def terminal(monkeypatch):
    """Return a function that puts a person at the terminal who types ``text``; it returns what they are shown."""

    def types(text: str) -> Terminal:
        shown = Terminal()
        monkeypatch.setattr(sys, "stdin", Terminal(text))
        monkeypatch.setattr(sys, "stderr", shown)
        return shown

    return types


def ask(changeset, rulings, *, auto_approve: bool = False):
    given = Consent(digest=changeset.digest, person="mia", at="2026-02-03T09:15:00Z")
    return consent_to(
        changeset, rulings, SESSION, given=given, auto_approve=auto_approve, may_sign=lambda _: ("ann", "ben"),
        why_not=list,
    )


def test_yes_consents_to_exactly_this_changeset(terminal):
    shown = terminal("yes\n")
    consent = ask(PAGE, waits("page"))
    assert (consent.kind, consent.digest, consent.person) == (ConsentKind.YES, PAGE.digest, "mia")
    assert shown.getvalue() == "Do exactly this? Only `yes` is accepted: "


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=8).filter(lambda text: text.partition("\n")[0].strip() != "yes"))
def test_nothing_but_yes_consents(terminal, text):
    terminal(text)
    with pytest.raises(ConsentMissing, match="Nothing was executed"):
        ask(PAGE, waits("page"))


@pytest.mark.parametrize("text", ["y\n", "YES\n", "Yes\n", "yes please\n", "\n", "", "уes\n", "true\n"])
def test_what_looks_like_yes_is_not_enough(terminal, text):
    terminal(text)
    with pytest.raises(ConsentMissing):
        ask(PAGE, waits("page"))


def test_what_cannot_be_undone_is_asked_for_by_name_and_number(terminal):
    shown = terminal("yes\nsend 1\n")
    assert ask(MAIL, waits("mail")).groups == ("mail.message.send",)
    assert "`mail.message.send` cannot be undone and happens once. Type `send 1` to do it: " in shown.getvalue()


@pytest.mark.parametrize("answer", ["yes", "send", "send 2", "send 01", "1"])
def test_a_yes_alone_does_not_do_what_cannot_be_undone(terminal, answer):
    terminal(f"yes\n{answer}\n")
    with pytest.raises(ConsentMissing, match="The answer was not `send 1`"):
        ask(MAIL, waits("mail"))


def test_without_a_terminal_nobody_is_asked_and_the_command_is_told(terminal, monkeypatch):
    shown = terminal("yes\n")
    monkeypatch.setattr(Terminal, "isatty", lambda self: self is not sys.stdin)
    with pytest.raises(ConsentMissing) as missing:
        ask(PAGE, waits("page"))
    assert missing.value.command == f"agentctl apply {PAGE.digest.removeprefix('sha256:')[:12]}"
    assert shown.getvalue() == ""


def test_auto_approve_answers_only_where_policy_lets_a_flag_answer(terminal):
    terminal("")
    assert ask(PAGE, waits("page", ConsentKind.AUTO_APPROVE), auto_approve=True).kind is ConsentKind.AUTO_APPROVE
    with pytest.raises(ConsentMissing):
        ask(PAGE, waits("page", ConsentKind.YES), auto_approve=True)


def test_auto_approve_never_covers_what_cannot_be_undone(terminal):
    terminal("")
    with pytest.raises(ConsentMissing):
        ask(MAIL, waits("mail", ConsentKind.AUTO_APPROVE), auto_approve=True)


def test_what_needs_signatures_is_no_persons_to_give_here(terminal):
    shown = terminal("yes\n")
    with pytest.raises(ConsentMissing, match=r"two signed approvals(.|\n)*May sign: ann, ben") as missing:
        ask(PAGE, waits("page", ConsentKind.SIGNATURES, "two signed approvals"))
    assert missing.value.command == f"agentctl approve {PAGE.digest.removeprefix('sha256:')[:12]}"
    assert shown.getvalue() == "", "who cannot give it is not asked"


def test_where_policy_asks_for_nothing_nobody_is_asked(terminal):
    shown = terminal("")
    assert ask(PAGE, allowed("page")).kind is ConsentKind.NONE
    assert shown.getvalue() == ""
