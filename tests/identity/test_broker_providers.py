"""Each provider gives what somebody really holds, and says what is wrong without a letter of it."""

from __future__ import annotations

import json
import os
import select
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend

from agentctl.errors import Rejected, Unreachable
from agentctl.identity.broker.app_jwt import app_jwt
from agentctl.identity.broker.asking import Ask, Minted
from agentctl.identity.broker.broker import Broker
from agentctl.identity.broker.command import Helper
from agentctl.identity.broker.env import Env
from agentctl.identity.broker.gh import GitHubCli
from agentctl.identity.broker.program import Program
from agentctl.identity.broker.ring import Ring
from agentctl.identity.broker.scopes import beyond, missing, to_look

CANARY = "ghp_CANARY0123456789abcdefXYZ"
ASK = Ask(instance="github", scopes=("issues:write",), target="acme/shop/issues/1")
NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


def program(folder: Path, body: str, name: str = "helper", **more) -> Program:
    path = folder / name
    path.write_text(f"#!{sys.executable}\n{body}\n")
    path.chmod(0o755)
    return Program(argv=(f"./{name}",), root=folder, environ={"PATH": os.environ["PATH"]}, **more)


def helper(folder: Path, answer: object, **more) -> Helper:
    text = answer if isinstance(answer, str) else json.dumps(answer)
    return Helper(program=program(folder, f"print({text!r})", **more))


def test_a_helper_is_asked_for_what_the_step_needs_and_tells_what_it_gives(tmp_path):
    body = (f"import json, sys\nasked = json.load(sys.stdin)\nopen('asked', 'w').write(json.dumps(asked))\n"
            f"print(json.dumps({{'token': {CANARY!r}, 'id': 'lease-7', 'scopes': asked['scopes'],"
            f" 'expires': '2026-11-23T04:00:00+01:00'}}))")
    minted = Helper(program=program(tmp_path, body)).mint(ASK)
    assert minted == Minted(token=CANARY, id="lease-7", scopes=("issues:write",), expires=NOW + timedelta(hours=1))
    asked = {"version": 1, "instance": "github", "scopes": ["issues:write"], "target": "acme/shop/issues/1"}
    assert json.loads((tmp_path / "asked").read_text()) == asked
    assert CANARY not in repr(minted)


@pytest.mark.parametrize("answer", [
    "", CANARY, f'["{CANARY}"]', {"token": 7}, {"token": ""}, {"token": f"{CANARY}\nx"}, {"token": f"{CANARY} "},
    {"token": CANARY, "secret": CANARY}, {"token": CANARY, "id": CANARY}, {"token": CANARY, "id": CANARY[:12]},
    {"token": CANARY, "scopes": [f"x{CANARY}"]}, {"token": CANARY, "scopes": CANARY}, {"token": CANARY, "id": 7},
    {"token": CANARY, "expires": CANARY}, {"token": CANARY, "expires": "2026-11-23T04:00:00"},
    {"token": CANARY, "id": "\x1b[2J"}, {"token": CANARY, "expires": 1e12}, "[" * 20000,
    f'{{"token": "{CANARY}", "token": "other"}}',
], ids=range(19))
def test_what_a_helper_may_not_print_is_refused_without_repeating_it(tmp_path, answer):
    with pytest.raises(Unreachable) as caught:
        helper(tmp_path, answer).mint(ASK)
    assert CANARY[:12] not in f"{caught.value!r}{caught.value.detail}"
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(("body", "says"), [
    ("import time; time.sleep(60)", "did not end"),
    ("import sys, os; os.close(1); import time; time.sleep(60)", "did not end"),
    ("import sys\nwhile True: sys.stdout.write('x' * 65536)", "more than 64 KiB"),
    (f"import sys; sys.stderr.write({CANARY!r}); sys.exit(3)", "it ended with 3"),
])
def test_a_helper_that_hangs_floods_or_fails_ends_with_all_it_started(tmp_path, body, says):
    child = ("import subprocess, sys\nchild = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
             "open('child', 'w').write(str(child.pid))\n")
    begun = time.monotonic()
    with pytest.raises(Unreachable, match=says) as caught:
        Helper(program=program(tmp_path, child + body, patience=1.5)).mint(ASK)
    assert time.monotonic() - begun < 10
    assert CANARY not in str(caught.value)
    assert _gone(int((tmp_path / "child").read_text()))


def _gone(pid: int) -> bool:
    """Whether a process that was killed has ended, or does so soon."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], 10)[0])
    finally:
        os.close(descriptor)


def test_gh_is_asked_for_its_host_and_told_where_to_log_in(tmp_path):
    body = (f"import sys\nopen('argv', 'w').write(' '.join(sys.argv[1:]))\n"
            f"sys.exit('not logged in') if 'ghe' in sys.argv[-1] else print({CANARY!r})")
    program(tmp_path, body, name="gh")
    environ = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}

    def cli(host: str) -> GitHubCli:
        argv = ("gh", "auth", "token", "--hostname", host)
        return GitHubCli(host=host, program=Program(argv=argv, root=tmp_path, environ=environ))

    assert cli("github.com").mint(ASK).token == CANARY
    assert (tmp_path / "argv").read_text() == "auth token --hostname github.com"
    with pytest.raises(Unreachable, match=r"gh auth login --hostname ghe\.example"):
        cli("ghe.example").mint(ASK)


class Memory(KeyringBackend):
    """A real backend of the keyring package, in memory."""

    priority = 1
    held: dict[tuple[str, str], str]

    def get_password(self, service, username):
        if service == "broken":
            raise RuntimeError(CANARY)
        return self.held.get((service, username))

    def set_password(self, service, username, password):
        self.held[service, username] = password

    def delete_password(self, service, username):
        del self.held[service, username]


@pytest.fixture
def ring():
    before, memory = keyring.get_keyring(), Memory()
    memory.held = {}
    keyring.set_keyring(memory)
    yield
    keyring.set_keyring(before)


@pytest.mark.usefixtures("ring")
def test_a_keyring_gives_what_was_put_there_and_its_errors_stay_there():
    keyring.set_password("agentctl", "github", CANARY)
    assert Ring(service="agentctl", user="github").mint(ASK).token == CANARY
    with pytest.raises(Unreachable, match="there is none"):
        Ring(service="agentctl", user="nobody").mint(ASK)
    with pytest.raises(Unreachable, match="RuntimeError") as caught:
        Ring(service="broken", user="github").mint(ASK)
    assert CANARY not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_variable_that_is_unset_or_empty_is_told_by_name():
    assert Env(variable="T", environ={"T": CANARY}).mint(ASK).token == CANARY
    with pytest.raises(Unreachable, match="T is not set"):
        Env(variable="T", environ={}).check()
    with pytest.raises(Unreachable, match="T is empty"):
        Env(variable="T", environ={"T": ""}).mint(ASK)
    assert CANARY not in repr(Env(variable="T", environ={"T": CANARY}))


@pytest.mark.parametrize("pem", ["", CANARY, "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n"])
def test_what_is_no_key_is_refused_without_repeating_it(pem):
    with pytest.raises(Rejected) as caught:
        app_jwt("4711", pem, NOW)
    assert CANARY not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(("needed", "granted", "lacks", "more"), [
    (["issues:read"], ["issues:write"], (), ("issues:write",)),
    (["issues:write"], ["issues:read"], ("issues:write",), ()),
    (["issues:write"], ["issues:write", "contents:write"], (), ("contents:write",)),
    (["repo"], ["repo:write"], ("repo",), ("repo:write",)),
    (["a:other"], ["a:admin"], ("a:other",), ("a:admin",)),
    ([], ["issues:read"], (), ("issues:read",)),
])
def test_scopes_cover_what_they_say_and_nothing_else(needed, granted, lacks, more):
    assert missing(needed, granted) == lacks
    assert beyond(needed, granted) == more


def test_looking_takes_no_more_than_reading():
    assert to_look(["issues:write", "issues:read", "contents:admin", "read:org"]) == (
        "contents:read", "issues:read", "read:org")


class Gives:
    """A provider that gives what it is told to, in order, and counts."""

    name, where, variables = "test", "a test", frozenset()

    def __init__(self, *tokens: Minted) -> None:
        self.left, self.ended = list(tokens), []

    def check(self):
        pass

    def mint(self, ask):
        return self.left.pop(0)

    def revoke(self, minted):
        self.ended.append(minted.token)


class Commits:
    def commit(self, address, path, wire):
        return "hmac:" + "0123456789abcdef" * 4


def brokered(provider: Gives, told: list[str] | None = None) -> Broker:
    tell = (told if told is not None else []).append
    return Broker({"github": provider}, commits=Commits, now=lambda: NOW, tell=tell)


def lives(seconds: float, token: str = CANARY, scopes=("issues:write",)) -> Minted:
    return Minted(token=token, scopes=scopes, expires=NOW + timedelta(seconds=seconds))


def test_a_token_that_ends_before_the_step_may_is_minted_anew():
    provider = Gives(lives(119, "old-token"), lives(121))
    lease = brokered(provider).mint("github", ASK.target, ASK.scopes, 60)
    assert lease is not None
    assert lease.credential.token == CANARY
    assert provider.ended == ["old-token"]
    with pytest.raises(Rejected, match="ends at 2026-11-23T02:01:00Z") as caught:
        brokered(Gives(lives(60), lives(60))).mint("github", ASK.target, ASK.scopes, 60)
    assert CANARY not in str(caught.value)


def test_a_token_too_weak_is_ended_and_what_is_missing_said():
    provider = Gives(lives(3600, scopes=("issues:read",)))
    with pytest.raises(Rejected, match="needs issues:write; what a test gives may only issues:read"):
        brokered(provider).mint("github", ASK.target, ASK.scopes, 60)
    assert provider.ended == [CANARY]


def test_what_is_told_of_a_token_cannot_be_used_to_guess_it():
    lease = brokered(Gives(lives(3600, scopes=None))).mint("github", ASK.target, ASK.scopes, 60)
    assert lease is not None
    assert (lease.told, lease.credential.id) == (False, "hmac:0123456789abcdef")
    assert CANARY not in repr(lease)


def test_what_is_looked_with_is_kept_until_it_is_about_to_end():
    provider = Gives(lives(3600, scopes=None), lives(3600, "another"))
    broker = brokered(provider)
    assert broker.looking("github", ()).token == broker.looking("github", ()).token == CANARY
    assert broker.tokens() == {"token of github": CANARY}
    broker.close()
    assert provider.ended == [CANARY]


def test_an_instance_without_a_credential_gets_none():
    assert brokered(Gives()).mint("crm", "x", (), 60) is None


def test_a_token_that_cannot_be_ended_is_told_of_and_stops_nothing():
    class Stubborn(Gives):
        def revoke(self, minted):
            raise Unreachable("Credential not ended", "It said 500.")

    told: list[str] = []
    broker = brokered(Stubborn(lives(3600)), told)
    lease = broker.mint("github", ASK.target, ASK.scopes, 60)
    assert lease is not None
    broker.release(lease)
    (line,) = told
    assert line.startswith("warning: a token could not be ended: Credential not ended: It said 500.")
    assert line.endswith("It ends by itself at 2026-11-23T03:00:00Z.")
