"""Rows 1 to 3: what it takes to start, and what is imported for nothing."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import worlds
from measure import Spent, imports, paired, spend
from row import Row, Scale, against, cpu

_PASS = (sys.executable, "-c", "pass")
_LIBRARIES = frozenset(
    {"cryptography", "deepdiff", "git", "h11", "httpx", "jsonschema", "jsonschema_rs", "psycopg", "pydantic",
     "requests", "sqlalchemy", "urllib3"}
)
_UNUSED: Mapping[str, frozenset[str]] = {       # by command: what it has no use for
    "--version": _LIBRARIES | {"cel_expr_python", "click", "rich", "typer", "yaml"},
    "--help": _LIBRARIES | {"cel_expr_python", "rich", "yaml"},
    "validate plan.yaml": _LIBRARIES | {"click", "rich", "typer"},    # it checks the policy's conditions as well
    "show": _LIBRARIES - {"cryptography"} | {"cel_expr_python", "click", "typer"},    # it checks signatures
}


def starting(scale: Scale) -> Iterator[Row]:
    for number, option, most in (("1", "--version", 1.8), ("2", "--help", 8.0)):
        ours, theirs = paired(
            scale.times * 5, lambda o=option: _run(worlds.AGENTCTL, o), lambda: _run(*_PASS)  # type: ignore[misc]  # a lambda's default
        )
        yield against(number, f"`agentctl {option}` : `python -c pass`, CPU", most, cpu(ours), cpu(theirs))


def importing(folder: Path) -> Iterator[Row]:
    world = worlds.records(folder, 3)
    world.agentctl("apply", "plan.yaml", typed=worlds.YES)
    for command, unused in _UNUSED.items():
        found = sorted(imports(command.split(), world.folder) & unused)
        yield Row(
            number="3",
            what=f"modules `agentctl {command}` imports and has no use for",
            goal="0",
            found=f"{len(found)}{': ' if found else ''}{', '.join(found)}",
            met=not found,
            firm=True,
            raw={"modules": found},
        )


def _run(*command: str) -> Spent:
    return spend(command, Path(__file__).resolve().parent)
