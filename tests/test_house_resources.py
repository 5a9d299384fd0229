"""The schemas are found in a checkout and in what a wheel unpacks to, and no other file is."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from agentctl.errors import Usage
from agentctl.resources import schema, schema_names

ROOT = Path(__file__).parent.parent
UNPACKED = """
from agentctl import resources
assert resources.__file__.startswith({folder!r}), resources.__file__
print(*resources.schema_names())
print(resources.schema("plan")["$id"])
"""


def test_every_schema_is_json_with_an_id_and_a_title():
    assert "plan" in schema_names()
    for name in schema_names():
        assert {"$schema", "$id", "title"} <= schema(name).keys(), name


def test_an_unknown_schema_is_refused_naming_those_that_exist():
    with pytest.raises(Usage) as refused:
        schema("../pyproject")
    assert all(name in refused.value.hint for name in schema_names())


def test_an_unpacked_wheel_finds_its_own_schemas(tmp_path):
    package = tmp_path / "agentctl"
    shutil.copytree(ROOT / "agentctl", package, ignore=shutil.ignore_patterns("__pycache__"))
    (package / "_schemas").mkdir()
    (package / "_schemas" / "plan.schema.json").write_text(json.dumps({"$id": "from-the-wheel"}))
    script = UNPACKED.format(folder=str(tmp_path))
    told = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, check=True, capture_output=True, text=True)
    assert told.stdout.split() == ["plan", "from-the-wheel"]
