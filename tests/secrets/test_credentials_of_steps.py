"""A step acts with a token of its own, that may do what the step needs and no more, and that nobody writes down."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from agentctl.errors import Exit
from tests.e2e.house import House
from tests.systems.github_apps import APP, LOST, OWNER, Given, apps, new_key

MANIFEST = Path(__file__).parent.parent / "connectors/rest/manifests/issues.yaml"
PEM, PUBLIC = new_key()


@pytest.fixture
def github():
    with apps(PUBLIC) as found:
        yield found


def tracked(house: House, github, credential) -> House:
    """Give a house the issues of ``github``, and a plan that names one of them anew."""
    manifest = MANIFEST.read_text().replace("whoami: {path: /user, id: /login}\n", "")
    (house.root / "issues.yaml").write_text(manifest)
    (house.root / "app.pem").write_text(PEM)
    (house.root / "app.pem").chmod(0o600)
    block = {"type": "rest", "manifest": "issues.yaml", "url": github.url, "credential": credential}
    house.change("agentctl.yaml", lambda file: file["connectors"].update(tracker=block))
    house.change("policy.yaml", lambda file: file["roles"]["all"]["grants"].append(
        {"id": "issues", "actions": ["tracker.*"], "mode": "approve"}))
    house.plan({"id": "name", "action": "tracker.issue.update", "target": "acme/shop/issues/1", "with": {"title": "Whole"}})
    return house


def app(**more):
    return {"provider": "github_app", "app": APP, "owner": OWNER, "key": {"file": "app.pem"}, **more}


def minted(house: House):
    return [record["body"] for path in sorted(house.ours.glob("trace/*.jsonl"))
            for record in map(json.loads, path.read_text().splitlines()) if record["kind"] == "credential_minted"]


def leaks(house: House, told: str, tokens) -> list[str]:
    """Return where a token or a part of the key stands: what was printed, and everything that was kept."""
    words = [*tokens, PEM.splitlines()[3]]
    kept = [path for folder in (house.ours, house.home) for path in folder.rglob("*") if path.is_file()]
    found = [str(path) for path in kept for word in words if word.encode() in path.read_bytes()]
    return found + [f"printed …{word[-6:]}" for word in words if word in told]


def test_an_app_acts_with_a_token_for_one_step_and_one_repository_that_ends_after_it(house, github):
    tracked(house, github, app())
    ended = house.typed("apply", "plan.yaml")
    assert ended.code == Exit.OK, ended.all
    assert github.issues[1]["title"] == "Whole"
    (wrote,) = {token for method, path, token in github.asked if method == "PATCH"}
    assert github.tokens[wrote].permissions == {"issues": "write", "metadata": "read"}
    assert github.tokens[wrote].repositories == ["shop"]
    looked = {token for method, path, token in github.asked if method == "GET" and path.startswith("/repos/")}
    assert all(github.tokens[token].permissions == {"issues": "read", "metadata": "read"} for token in looked)
    assert wrote not in looked
    assert all(given.ended for given in github.tokens.values()), "those to look with as well"
    (body,) = minted(house)
    assert body["provider"] == "github_app"
    assert (body["scopes"], body["beyond"], body["scopes_told"]) == (["issues:write"], [], True)
    assert body["id"].startswith("hmac:")
    told = ended.all + house.run("show", "latest", "--format", "json").all + house.run("show", "--step", "name").all
    assert 'provider "github_app", scopes ["issues:write"]' in " ".join(told.split())
    assert leaks(house, told, github.tokens) == []
    assert house.run("verify").code == Exit.OK


def test_what_the_installation_was_not_granted_stops_the_run_before_any_effect(house, github):
    github.granted = {"issues": "read", "metadata": "read"}
    tracked(house, github, app())
    ended = house.typed("apply", "plan.yaml")
    assert ended.code == Exit.UNREACHABLE, ended.all
    assert "was not granted issues:write" in ended.all
    assert github.issues[1]["title"] == "Broken"
    github.granted["issues"] = "write"
    assert house.typed("apply", "--resume", "latest").code == Exit.OK
    assert github.issues[1]["title"] == "Whole"


def test_a_token_that_could_not_be_ended_is_told_and_changes_nothing_else(house, github):
    github.refuses_ending = True
    tracked(house, github, app())
    ended = house.typed("apply", "plan.yaml")
    assert ended.code == Exit.OK, ended.all
    assert "could not be ended" in ended.all
    assert leaks(house, ended.all, github.tokens) == []


@pytest.mark.parametrize(("change", "says"), [
    ({"suspended": "2026-01-01T00:00:00Z"}, "suspended"),
    ({"kind": "nobody"}, "is not installed at acme"),
    ({"repositories": ("site",)}, "the repository or a permission is not the installation's"),
    ({"ahead": 1200.0}, "seconds behind the system's"),
    ({"lifetime": 60.0}, "ends too soon"),
])
def test_what_keeps_an_app_from_its_token_is_told_and_nothing_happens(house, github, change, says):
    tracked(house, github, app(repositories=["shop"]))
    for name, value in change.items():
        setattr(github, name, value)
    ended = house.run("plan", "plan.yaml")
    assert ended.code == Exit.UNREACHABLE, ended.all
    assert says in " ".join(ended.all.split())
    assert github.issues[1]["title"] == "Broken"
    assert leaks(house, ended.all, github.tokens) == []


@pytest.mark.parametrize("status", [500, 503, 429, 403, LOST], ids=["500", "503", "429", "403", "no answer"])
def test_a_token_for_a_step_that_is_not_to_be_had_leaves_all_as_it_was_and_the_run_goes_on_later(house, github, status):
    tracked(house, github, app())
    github.says = [0, *[status] * 20]       # it can look, and no more
    ended = house.typed("apply", "plan.yaml")
    assert ended.code == Exit.UNREACHABLE, ended.all
    assert ("Rate limited" if status == 429 else "Credential") in ended.all
    assert "may have happened" not in ended.all
    assert github.issues[1]["title"] == "Broken"
    assert leaks(house, ended.all, github.tokens) == []
    github.says = []
    assert house.typed("apply", "--resume", "latest").code == Exit.OK
    assert github.issues[1]["title"] == "Whole"


def test_whoami_tells_what_a_token_may_do_and_when_it_ends_and_never_the_token(house, github):
    tracked(house, github, app())
    told = house.run("connectors", "whoami", "tracker", "--format", "json")
    (one,) = told.json["connectors"]
    assert (told.code, one["problem"]) == (Exit.OK, ""), told.all
    assert one["credential"]["scopes"] == ["issues:read"]
    assert one["credential"]["per_step"] is True
    assert one["credential"]["expires"].endswith("Z")
    drawn = house.run("connectors", "whoami")
    assert "github_app: GitHub App 4711 at acme" in drawn.out
    assert leaks(house, told.all + drawn.all, github.tokens) == []
    assert all(given.ended for given in github.tokens.values())
    github.kind = "nobody"
    broken = house.run("connectors", "whoami", "tracker")
    assert broken.code == Exit.UNREACHABLE
    assert "does not work" in broken.out
    assert house.run("connectors", "whoami", "nothing").code == Exit.USAGE


def test_a_token_from_a_variable_is_recorded_without_it_and_said_to_outlive_its_step(house, github):
    tracked(house, github, {"provider": "env", "name": "CANARY_TOKEN"})
    github.tokens["ghp_CANARY-in-a-variable"] = Given(permissions={"issues": "write"}, repositories=None, expires=9e12)
    ended = house.typed("apply", "plan.yaml", CANARY_TOKEN="ghp_CANARY-in-a-variable")
    assert ended.code == Exit.OK, ended.all
    (body,) = minted(house)
    assert (body["provider"], body["scopes"], body["scopes_told"], body["expires"]) == ("env", [], False, "")
    told = ended.all + house.run("show", "latest", "--format", "json").all
    lint = house.run("policy", "lint")
    assert "Credential outlives its step" in lint.all
    assert leaks(house, told + lint.all, github.tokens) == []
    unset = house.run("plan", "plan.yaml")
    assert "CANARY_TOKEN is not set" in unset.all
    assert unset.code == Exit.UNREACHABLE


@pytest.mark.parametrize("other", [
    {"type": "github", "credential": {"provider": "env", "name": "OTHER"}}, {"type": "github", "token": {"env": "OTHER"}},
    {"type": "sql", "url": "postgresql://me@127.0.0.1:1/x", "password": {"env": "OTHER"}},
    {"type": "email", "folder": "mail", "from": {"me@acme.example": "Me"},
     "smtp": {"host": "smtp.acme.example", "username": "me", "password": {"env": "OTHER"}}},
], ids=["credential", "token", "database", "mail"])
def test_a_helper_of_the_house_gets_no_other_token_and_a_token_that_is_repeated_is_masked(house, github, other):
    github.echo = True
    helper = house.root / "helper"
    helper.write_text(f"""#!{sys.executable}
import json, os, sys
asked = json.load(sys.stdin)
open("seen", "w").write(json.dumps({{"environ": dict(os.environ), "argv": sys.argv, "asked": asked}}))
name = "ghp_CANARY-to-write" if asked["target"] else "ghp_CANARY-to-look-with"
print(json.dumps({{"token": name, "scopes": asked["scopes"], "expires": "2999-01-01T00:00:00Z", "id": "lease-7"}}))
""")
    helper.chmod(0o755)
    tracked(house, github, {"provider": "command", "command": ["./helper"]})
    house.change("agentctl.yaml", lambda file: file["connectors"].update(other=other))
    github.tokens["ghp_CANARY-to-look-with"] = Given(permissions={"issues": "read"}, repositories=None, expires=9e12)
    github.tokens["ghp_CANARY-to-write"] = Given(permissions={"issues": "read"}, repositories=None, expires=9e12)
    refused = house.typed("apply", "plan.yaml", OTHER="ghp_CANARY-of-another")
    assert refused.code != Exit.OK
    assert github.issues[1]["title"] == "Broken"
    seen = (house.root / "seen").read_text()
    assert "CANARY" not in seen
    assert json.loads(seen)["asked"]["target"] == "acme/shop/issues/1"
    (body,) = minted(house)
    assert (body["id"], body["scopes"], body["provider"]) == ("lease-7", ["issues:write"], "command")
    told = refused.all + house.run("show", "latest", "--format", "json").all
    assert leaks(house, told, github.tokens) == []
    github.tokens["ghp_CANARY-to-write"].permissions["issues"] = "write"
    resumed = house.typed("apply", "--resume", "latest", OTHER="ghp_CANARY-of-another")
    assert resumed.code == Exit.OK, resumed.all
    assert github.issues[1]["title"] == "Whole"


@pytest.mark.parametrize("wrong", [
    {"provider": "env"}, {"provider": "env", "name": "A-B"}, {"provider": "vault"}, {"name": "X"},
    {"provider": "env", "name": "X", "user": "y"}, {"provider": "command", "command": "a b"},
    {"provider": "github_app", "app": "1", "owner": "a/b", "key": {"file": "app.pem"}},
    {"provider": "github_app", "app": "1", "owner": "a", "key": {"env": "A", "file": "B"}},
    {"provider": "gh", "host": "-x"},
], ids=range(9))
def test_a_block_that_means_nothing_is_refused_offline(house, github, wrong):
    tracked(house, github, wrong)
    ended = house.run("validate", "plan.yaml")
    assert ended.code == Exit.INVALID, ended.all
    assert "tracker" in ended.all
    assert github.asked == []
