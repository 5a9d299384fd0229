"""The GitHub connector with tokens of an App: what it needs to look and to act, where the App may do less than it offers."""

from __future__ import annotations

import pytest

from agentctl.errors import Exit
from tests.e2e.house import House
from tests.systems.github_apps import APP, OWNER, Apps, apps, new_key

PEM, PUBLIC = new_key()


@pytest.fixture
def app():
    with apps(PUBLIC) as found:
        yield found


def housed(house: House, app: Apps) -> House:
    """Give a house GitHub itself, and a plan that names one of its issues anew."""
    (house.root / "app.pem").write_text(PEM)
    (house.root / "app.pem").chmod(0o600)
    credential = {"provider": "github_app", "app": APP, "owner": OWNER, "key": {"file": "app.pem"}}
    block = {"type": "github", "url": app.url, "credential": credential, "only": [f"{OWNER.title()}/*"]}
    house.change("agentctl.yaml", lambda file: file["connectors"].update(github=block))
    house.change("policy.yaml", lambda file: file["roles"]["all"]["grants"].append(
        {"id": "issues", "actions": ["github.*"], "mode": "approve"}))
    house.plan({"id": "name", "action": "github.issue.update", "target": "acme/shop/issues/1", "with": {"title": "Whole"}})
    return house


def test_an_app_that_may_only_write_issues_is_enough_for_a_plan_about_issues(house: House, app: Apps) -> None:
    """The connector offers much more; none of that is asked for, neither to look nor to act."""
    app.granted = {"issues": "write", "metadata": "read"}
    housed(house, app)
    ended = house.typed("apply", "plan.yaml")
    assert ended.code == Exit.OK, ended.all
    assert app.issues[1]["title"] == "Whole"
    (wrote,) = {token for method, path, token in app.asked if method == "PATCH"}
    assert app.tokens[wrote].permissions == {"issues": "write", "metadata": "read"}
    assert all(given.permissions == {"issues": "read", "metadata": "read"} for token, given in app.tokens.items() if token != wrote)
    assert all(given.ended for given in app.tokens.values())


def test_what_cannot_be_read_with_is_not_asked_for_to_look(house: House, app: Apps) -> None:
    """GitHub knows `workflows` to write with only."""
    app.granted = {"issues": "write", "contents": "write", "workflows": "write", "metadata": "read"}
    housed(house, app)
    looked = house.run("plan", "plan.yaml")
    assert looked.code == Exit.OK, looked.all
    assert {tuple(given.permissions) for given in app.tokens.values()} == {("metadata", "contents", "issues")}


def test_an_app_that_may_read_nothing_of_it_says_what_is_missing(house: House, app: Apps) -> None:
    app.granted = {"contents": "write", "metadata": "read"}
    looked = housed(house, app).run("plan", "plan.yaml")
    assert looked.code == Exit.UNREACHABLE, looked.all
    assert "issues:read" in looked.all


def test_a_token_of_an_app_speaks_for_nobody(house: House, app: Apps) -> None:
    told = housed(house, app).run("connectors", "whoami", "github", "--format", "json")
    assert told.code == Exit.OK, told.all
    assert told.json["connectors"][0]["system"]["whoami"] == ""
