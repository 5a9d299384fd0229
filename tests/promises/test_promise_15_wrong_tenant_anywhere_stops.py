"""Another tenant's plan, system, changeset, key or record: whichever differs stops it, before anything is executed."""

from __future__ import annotations

import shutil

from agentctl.errors import Exit
from tests.e2e.house import House, update


def refused(house: House, *command: str) -> str:
    before = house.world()
    told = house.typed(*command)
    assert told.code in (Exit.INVALID, Exit.UNREACHABLE, Exit.STALE, Exit.INTEGRITY, Exit.INCOMPLETE), told.all
    assert house.world() == before
    return told.err


def test_a_plan_that_names_another_tenant_or_environment_is_invalid(house):
    house.plan(update("tier"), tenant="globex")
    assert "Wrong tenant" in refused(house, "apply", "plan.yaml")
    house.plan(update("tier"), environment="production")
    assert "Wrong environment" in refused(house, "apply", "plan.yaml")


def test_a_system_that_says_it_serves_another_tenant_is_not_even_read(house):
    house.change("agentctl.yaml", lambda file: file["connectors"]["mem"].update(tenant="globex"))
    house.plan(update("tier"))
    told = refused(house, "apply", "plan.yaml")
    assert "Tenant differs" in told
    assert "globex" in told
    assert not house.runs()


def test_a_system_that_comes_to_serve_another_tenant_after_the_plan_is_not_acted_on(house):
    house.plan(update("tier"))
    house.run("plan", "plan.yaml", "-o", "reviewed")
    house.change("agentctl.yaml", lambda file: file["connectors"]["mem"].update(tenant="globex"))
    assert "globex" in refused(house, "apply", "reviewed")
    assert not house.runs()


def test_a_changeset_does_not_outlive_a_change_of_the_workspaces_tenant(house):
    house.plan(update("tier"))
    house.run("plan", "plan.yaml", "-o", "reviewed")
    house.change("agentctl.yaml", lambda file: file.update(tenant="globex"))
    assert "acme/staging" in refused(house, "apply", "reviewed")


def test_a_changeset_of_another_workspace_is_refused(house, tmp_path):
    house.plan(update("tier"))
    house.run("plan", "plan.yaml", "-o", "reviewed")
    shutil.rmtree(house.ours)
    assert house.run("init").code == Exit.OK
    told = refused(house, "apply", "reviewed")
    assert "another workspace's" in told


def test_the_key_of_another_workspace_is_refused(house):
    theirs = house.key.with_name("theirs")
    theirs.write_bytes(house.key.read_bytes())
    theirs.chmod(0o600)
    shutil.rmtree(house.ours)
    assert house.run("init").code == Exit.OK
    house.plan(update("tier"))
    before = house.world()
    told = house.typed("apply", "plan.yaml", AGENTCTL_KEY_FILE=str(theirs))
    assert told.code == Exit.INTEGRITY, told.all
    assert house.world() == before


def test_a_rollback_does_not_reach_into_a_system_of_another_tenant(house):
    house.plan(update("tier"))
    assert house.typed("apply", "plan.yaml").code == Exit.OK
    house.change("agentctl.yaml", lambda file: file["connectors"]["mem"].update(tenant="globex"))
    assert "globex" in refused(house, "rollback", "latest")


def test_the_right_tenant_is_no_obstacle(house):
    house.change("agentctl.yaml", lambda file: file["connectors"]["mem"].update(tenant="acme"))
    house.plan(update("tier"), tenant="acme", environment="staging")
    assert house.typed("apply", "plan.yaml").code == Exit.OK
