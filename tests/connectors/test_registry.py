"""A block of agentctl.yaml becomes a connector, or says what is wrong with it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from agentctl.connectors import registry
from agentctl.connectors.registry import open_connector, types
from agentctl.errors import Invalid, Rejected
from agentctl.model.plan import Step
from agentctl.model.snapshot import Address
from agentctl.testing import perform


def test_a_connector_opens_with_its_settings(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    site = open_connector("site", {"type": "file", "root": "./site", "rate": "60/s"}, str(tmp_path))
    perform(site, Step(id="s", action="site.file.create", target="a", with_={"content": "x"}))
    assert (tmp_path / "site" / "a").read_text() == "x"
    site.close()


def test_opening_touches_nothing(tmp_path: Path) -> None:
    open_connector("site", {"type": "file", "root": "missing"}, str(tmp_path))
    open_connector("crm", {"type": "memory", "path": "missing.json"}, str(tmp_path))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "settings, said",
    [
        ({}, "says no `type`"),
        ({"type": "fil", "root": "."}, "Did you mean `file`?"),
        ({"type": "file"}, "root"),
        ({"type": "file", "root": 5}, "site.root"),
        ({"type": "file", "root": ".", "rot": "."}, "rot"),
        ({"type": "file", "root": ".", "rate": "often"}, "site.rate"),
        ({"type": "file", "root": ".", "max_bytes": 0}, "max_bytes"),
    ],
)
def test_what_is_wrong_with_the_settings_is_said(settings: dict[str, object], said: str, tmp_path: Path) -> None:
    with pytest.raises(Invalid) as refusal:
        open_connector("site", settings, str(tmp_path))
    assert said in f"{refusal.value} {refusal.value.hint}"


def test_the_workspace_tenant_is_checked() -> None:
    crm = open_connector("crm", {"type": "memory", "tenant": "globex"}, ".", tenant="acme")
    with pytest.raises(Rejected, match="Tenant differs"):
        crm.read(Address("crm/customers/1"))


def test_the_policy_of_the_workspace_is_out_of_reach(tmp_path: Path) -> None:
    site = open_connector("site", {"type": "file", "root": "."}, str(tmp_path), reserved=("rules/",))
    with pytest.raises(Rejected):
        site.addresses(Step(id="s", action="site.file.write", target="rules/all.yaml", with_={"content": ""}))


def test_every_type_is_listed_with_its_settings() -> None:
    listed = {known.type: known for known in types()}
    assert {"file", "memory"} <= listed.keys()
    assert listed["file"].settings["root"].required
    assert all("rate" in known.settings for known in listed.values())
    assert listed["file"].origin == "agentctl"


HEAVY = ("sqlalchemy", "git", "deepdiff", "cryptography", "cel_expr_python", "jsonschema", "rich", "yaml", "pytest")


def test_listing_types_and_their_actions_loads_no_heavy_library() -> None:
    program = f"import sys; from agentctl.connectors.registry import types; types(); print(*[name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


# ---- types that other distributions bring


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A distribution on the path with one good, one broken, one incomplete type and one that would be `file`."""
    (tmp_path / "acme_connectors.py").write_text(
        "from agentctl.connectors.memory import MemoryType\nclass Empty: pass\nTYPE = MemoryType()\nEMPTY = Empty()\n"
    )
    (tmp_path / "acme_broken.py").write_text("raise OSError('no licence file')\n")
    info = tmp_path / "acme_connectors-2.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-connectors\nVersion: 2.0\n")
    (info / "entry_points.txt").write_text(
        "[agentctl.connectors]\nacme = acme_connectors:TYPE\nbroken = acme_broken:TYPE\n"
        "incomplete = acme_connectors:EMPTY\nfile = acme_connectors:TYPE\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    for cached in (registry._entry_points, registry._find, registry._schema):
        cached.cache_clear()
    yield
    for cached in (registry._entry_points, registry._find, registry._schema):
        cached.cache_clear()


@pytest.mark.usefixtures("installed")
def test_an_installed_type_is_found_by_its_entry_point() -> None:
    crm = open_connector("crm", {"type": "acme", "records": {"a/1": {"x": 1}}}, ".")
    assert crm.read(Address("crm/a/1")).value == {"x": 1}


@pytest.mark.usefixtures("installed")
def test_an_installed_type_never_takes_the_place_of_a_built_in_one(tmp_path: Path) -> None:
    assert open_connector("site", {"type": "file", "root": "."}, str(tmp_path)).identity().type == "file"


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("kind, said", [("broken", "no licence file"), ("incomplete", "settings")])
def test_an_installed_type_that_does_not_load_is_named(kind: str, said: str) -> None:
    with pytest.raises(Invalid, match="not loadable") as refusal:
        open_connector("crm", {"type": kind}, ".")
    assert said in refusal.value.detail
