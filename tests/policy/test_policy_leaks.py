"""Credentials in what a change writes: found by their shape, named by place and kind, and never shown."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentctl.errors import Invalid
from agentctl.model.change import Effect
from agentctl.model.decision import Outcome, Verdict
from agentctl.model.plan import Format, Secret
from agentctl.model.values import UNKNOWN
from agentctl.policy.spotting import spot
from tests.policy.ground import ALL, SPEC, change, judge, outcomes, policy, record, update, why

RULE = "{id: clean, content: {secrets: deny}, message: No credentials in what agents write.}"
BODY = "Zk3vT9qLw8XyB2nM5pR7sD1fG4hJ6kA0cV"        # made up, and long enough for every shape

# Written in two parts, so that no scanner takes this file for a leak.
PLANTED = [
    ("a private key", "-----BEGIN " + "OPENSSH PRIVATE KEY-----"),
    ("a private key", "-----BEGIN " + "PRIVATE KEY-----\nMIIE"),
    ("a private key", "-----BEGIN " + "PGP PRIVATE KEY BLOCK-----"),
    ("an AWS access key", "AKIA" + "Z3VT2QLW7XYB2NM5"),
    ("a GitHub token", "ghp_" + BODY + "Ab"),
    ("a GitHub token", "github_pat_" + BODY * 2),
    ("a GitLab token", "glpat-" + BODY),
    ("a Slack token", "xoxb-" + BODY),
    ("a Slack webhook", "https://hooks.slack.com/services/T" + "0AB1CD2E3/B0AB1CD2E3/" + BODY[:24]),
    ("a Stripe key", "sk_live_" + BODY),
    ("a Google key", "AIza" + BODY + "x"),
    ("an npm token", "npm_" + BODY + "Ab"),
    ("a PyPI token", "pypi-" + BODY * 2),
    ("a SendGrid key", "SG." + BODY[:22] + "." + BODY),
    ("a secret API key", "sk-" + BODY),
    ("a JSON web token", "eyJ" + BODY + ".eyJ" + BODY + "." + BODY),
    ("a password in a URL", "postgres://app:" + "x7Kp2mQ9@db.internal/app"),
    ("a password in a URL", "redis://:" + "x7Kp2mQ9@cache"),
    ("a password or token", "password = " + "x7Kp2mQ9z"),
    ("a password or token", '{"client_secret": "' + BODY + '"}'),
    ("a password or token", "export API_TOKEN=" + BODY),
    ("a password or token", "Passwd: " + "hunter2horse"),
    ("a password or token", "aws_secret_access_key=" + BODY),
]


def clean(rest: str = RULE):
    return policy(f"{ALL}invariants:\n  - {rest}\n")


def sending(**arguments):
    return change(effect=Effect.SIDE_EFFECT, action="crm.mail.send", arguments=arguments)


@pytest.mark.parametrize("kind, text", PLANTED)
@pytest.mark.parametrize("around", ["{}", "see {} there", "a\n{}\nb", '"{}"', "({})"])
def test_a_credential_in_an_argument_or_a_written_value_denies(kind, text, around):
    planted = around.format(text) if "{" not in text else text
    for going in (sending(body=planted), update(note=planted), sending(body={"deep": [planted]})):
        decision = judge(clean(), going)
        assert decision.verdict is Verdict.DENY
        assert f"holds what looks like {kind}" in why(decision)


@pytest.mark.parametrize("kind, text", PLANTED)
def test_what_was_found_is_told_by_place_and_kind_and_never_shown(kind, text):
    decision = judge(clean(), sending(body=text, subject=text, deep={"password": text}))
    told = repr(decision)
    assert not any(text[at : at + 6] in told for at in range(6, len(text) - 5, 3) if BODY[:6] in text)
    assert BODY not in told
    assert "x7Kp2mQ9" not in told
    assert "hunter2" not in told
    assert "`args.body` holds" in why(decision)


INNOCENT = [
    "The password must be changed every year.",
    "password: required",
    "password = os.environ['DB_PASSWORD1']",
    "password = ${DB_PASSWORD_1}",
    "token: <your-token-1>",
    "secret: changeme",
    "api_key = ********1234",
    "tokens: 12345678",
    "postgres://db.internal:5432/app",
    "https://acme.example/path@1.0:2",
    "mailto:a@acme.example",
    "sha256:" + "ab12" * 16,
    "task-" + "a1b2" * 10,
    "eyJhbGciOi is how a token begins",
    "-----BEGIN CERTIFICATE-----",
    "-----BEGIN PUBLIC KEY-----",
    "AKIA is the prefix of access keys",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGtM",
    "tokenizer=cl100k_base",
    "secretary: Maria1-Kovacs2",
    "",
]


@pytest.mark.parametrize("text", INNOCENT)
def test_what_only_speaks_of_credentials_passes(text):
    assert judge(clean(), sending(body=text)).verdict is Verdict.ALLOW


def test_an_argument_made_for_a_secret_and_a_field_made_to_hide_one_are_not_looked_into():
    spec = replace(SPEC, secret=frozenset({"login"}))
    assert judge(clean(), sending(login=PLANTED[0][1]), spec=spec).verdict is Verdict.ALLOW
    assert outcomes(judge(clean(), sending(login=Secret("smtp"))))["clean"] is Outcome.PASSES
    assert judge(clean(), update(password=PLANTED[0][1])).verdict is Verdict.ALLOW


def test_a_field_is_known_by_its_name_even_where_its_value_gives_no_sign():
    assert "`args.settings.db_password` holds" in why(judge(clean(), sending(settings={"db_password": "x7Kp2mQ9z"})))
    assert judge(clean(), sending(settings={"db_name": "x7Kp2mQ9z"})).verdict is Verdict.ALLOW


def test_a_credential_that_stood_there_before_is_not_this_changes_doing():
    text = PLANTED[4][1]
    assert judge(clean(), update({"note": f"a {text}"}, note=f"b {text}")).verdict is Verdict.ALLOW
    assert judge(clean(), update({"note": f"a {text}"}, tier="x")).verdict is Verdict.ALLOW
    assert judge(clean(), update({"note": f"a {text}"}, note=f"a {text}{text[:-1]}Q")).verdict is Verdict.DENY
    assert judge(clean(), change(record({"note": text}, None))).verdict is Verdict.ALLOW
    assert judge(clean(), change(record(None, {"note": text}))).verdict is Verdict.DENY


def test_every_record_of_a_change_is_looked_into():
    many = change(record({}, {"note": "a"}), record({}, {"note": PLANTED[0][1]}, "crm/customers/43"))
    assert judge(clean(), many).verdict is Verdict.DENY


def test_text_that_references_are_put_into_is_looked_into_and_what_is_unknown_is_looked_at_later():
    assert judge(clean(), sending(body=Format("key {k}: " + PLANTED[0][1], {"k": "v"}))).verdict is Verdict.DENY
    assert judge(clean(), sending(body=UNKNOWN)).verdict is Verdict.ALLOW
    assert judge(clean(), sending(body=PLANTED[0][1].encode())).verdict is Verdict.DENY


def test_the_rule_is_about_what_its_condition_says_and_no_more():
    leak = PLANTED[0][1]
    scoped = clean("{id: clean, when: 'target != \"customers/42\"', content: {secrets: deny}}")
    assert judge(scoped, update(note=leak)).verdict is Verdict.ALLOW
    assert outcomes(judge(scoped, update(note=leak)))["clean"] is Outcome.NOT_APPLICABLE
    assert judge(scoped, update(note=leak, address="crm/customers/43")).verdict is Verdict.DENY
    told = clean("{id: clean, level: advisory, content: {secrets: deny}}")
    assert judge(told, update(note=leak)).verdict is Verdict.ALLOW
    assert outcomes(judge(told, update(note=leak)))["clean"] is Outcome.DENIES


def test_it_holds_beside_other_conditions_of_the_same_rule():
    both = clean("{id: clean, deny: 'effect == \"delete\"', content: {secrets: deny}}")
    assert judge(both, update(note="fine")).verdict is Verdict.ALLOW
    assert judge(both, update(note=PLANTED[0][1])).verdict is Verdict.DENY
    assert judge(both, change(record({"note": "x"}, None))).verdict is Verdict.DENY


@pytest.mark.parametrize("content", ["{}", "{secrets: allow}", "deny", "{secrets: deny, names: deny}"])
def test_any_other_wish_is_an_error(content):
    with pytest.raises(Invalid):
        clean(f"{{id: clean, content: {content}}}")


HOSTILE = [
    "eyJ", "eyJ.", "password", "password=", "password:", "secret_", "://", "://a:", "-----BEGIN ", "AKIA", "AKIA ",
    "ghp_", "sk-", "sk-a", "xoxb-", "SG.a.", "npm_ ", "token='", "pwd = ", "hooks.slack.com/services/", "a", " ",
    "eyJaaaaaaaaa.", "passwordpassword=a1", "\u0130password", "token=a1b2c3d4e ", "://a:b1c2d3@",
]


@pytest.mark.parametrize("unit", HOSTILE)
def test_looking_takes_time_in_proportion_to_the_text_whoever_wrote_it(unit):
    def cost(size: int) -> float:
        text = unit * (size // len(unit))
        began = time.process_time()
        list(spot("args.body", text))
        return time.process_time() - began

    small, large = (min(cost(size) for _ in range(3)) for size in (40_000, 320_000))
    assert large < 8 * 3 * max(small, 0.002)        # eight times the text; thrice that would still not be squared


@given(st.one_of(st.text(max_size=300), st.binary(max_size=300)))
def test_no_text_stops_the_search(value):
    list(spot("args.body", value))
