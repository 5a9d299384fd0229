"""What all of the GitHub connector rests on: one manifest out of parts, and settings that have a default."""

from __future__ import annotations

from pathlib import Path

from agentctl.connectors.github.joined import document, manifest
from agentctl.connectors.rest.load import examine, load
from agentctl.model.action import Tier
from agentctl.testing import perform
from tests.connectors.github.github_worlds import github, step
from tests.systems.github_house import GitHubHouse
from tests.systems.openapi import github_description


def test_the_parts_are_one_manifest_without_fault() -> None:
    assert examine(document(), "github") == ()
    assert load(document(), "github") == manifest()


def test_every_request_is_one_that_github_describes(github_emulator: GitHubHouse) -> None:
    assert examine(document(), "github", github_description().document) == ()


def test_an_issue_is_changed_and_put_back(github_emulator: GitHubHouse) -> None:
    repository = github_emulator.repository()
    number = repository.issue("Lamp is dark", body="Since Monday.")
    connector = github(github_emulator)
    done = perform(connector, step("issue.update", repository, f"issues/{number}", title="Lamp is bright"))
    assert repository.read(f"/issues/{number}")["title"] == "Lamp is bright"
    perform(connector, done.inverse.step)
    assert repository.read(f"/issues/{number}")["title"] == "Lamp is dark"
    connector.close()


def test_every_effect_a_plan_may_have_is_tried_by_a_test(github_emulator: GitHubHouse) -> None:
    connector = github(github_emulator)
    tests = "".join(path.read_text("utf-8") for path in sorted(Path(__file__).parent.glob("*.py")))
    effects = [verb for verb, spec in connector.actions.items() if spec.tier is not Tier.READ and not spec.inverse_only]
    assert [verb for verb in effects if f'"{verb}"' not in tests] == []
    connector.close()
