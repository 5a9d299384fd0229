"""Systems are fetched once, at the versions that are written down; what can't be fetched says why and fails in CI."""

from __future__ import annotations

import json
import os
import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.systems import fixtures
from tests.systems.fetched import PINS, NotFetched, fetched, names


@pytest.fixture
def npm(tmp_path, monkeypatch):
    """Return what puts another npm in place of the machine's: a line of shell."""
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")

    def make(line):
        program = tmp_path / "npm"
        program.write_text(f"#!/bin/sh\n{line}\n")
        program.chmod(0o755)

    return make


def test_every_version_is_pinned_and_no_index_is_named():
    for path in PINS.glob("*/*"):
        text = path.read_text("utf-8")
        assert "resolved" not in text, "a lock file names where it was made"
        if path.name == "package.json":
            assert all(re.fullmatch(r"[0-9.]+", version) for version in json.loads(text)["dependencies"].values())
        if path.name == "requirements.txt":
            assert all(re.match(r"\S+==\S+|    --hash=sha256:[0-9a-f]{64}", line) for line in text.splitlines())
        if path.name == "package-lock.json":
            packages = json.loads(text)["packages"]
            assert all(package.get("integrity", "").startswith("sha512-") for place, package in packages.items() if place)


def test_a_machine_without_npm_is_told_so(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NotFetched, match=r"(?s)emulate could not be fetched.*npm"):
        fetched("emulate", cache=tmp_path / "cache")


def test_an_index_that_cannot_be_reached_is_told_so_and_the_next_one_tries_again(tmp_path, npm):
    npm("echo 'no route to the index' >&2; exit 7")
    for _ in range(2):
        with pytest.raises(NotFetched, match=r"(?s)emulate could not be fetched: `npm ci .*ended with 7:\nno route"):
            fetched("emulate", cache=tmp_path / "cache")
    npm("exit 0")
    assert (fetched("emulate", cache=tmp_path / "cache") / "package-lock.json").exists()


def test_of_many_that_want_it_at_once_one_fetches_and_what_is_there_is_kept(tmp_path, npm):
    npm(f"echo once >> {tmp_path}/calls; sleep 0.2")
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda _: fetched("emulate", cache=tmp_path / "cache"), range(3)))
    assert (tmp_path / "calls").read_text("utf-8") == "once\n"


def test_a_package_that_is_not_what_was_pinned_is_not_used(tmp_path, npm):
    npm("echo something else > openapi.tgz")
    with pytest.raises(NotFetched, match=r"@octokit/openapi@.* is not what was pinned: sha512-"):
        fetched("github-openapi", cache=tmp_path / "cache")
    assert not (tmp_path / "cache" / "github-openapi" / "api.github.com.json").exists()


@pytest.mark.parametrize(("ci", "outcome"), [("true", pytest.fail.Exception), ("", pytest.skip.Exception)])
def test_what_is_missing_fails_in_ci_and_is_skipped_with_the_reason_elsewhere(ci, outcome, monkeypatch):
    def missing(name):
        raise NotFetched(f"{name} is not there")

    monkeypatch.setattr(fixtures, "fetched", missing)
    monkeypatch.setenv("CI", ci)
    with pytest.raises(outcome, match="kinto is not there"):
        fixtures._here("kinto")


def test_there_are_the_systems_the_fixtures_use():
    assert names() == ["emulate", "github-openapi", "kinto", "node", "oidc-provider"]
