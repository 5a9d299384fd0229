"""Who may import whom. A line that breaks a layer is named; a new package must be given its place here first."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "agentctl"
BELOW = {"errors", "facts", "files", "patterns", "resources", "model", "syntax"}
PORT = BELOW | {"connectors.base"}
CORE = PORT | {"planfile", "policy", "trace", "identity"}
ALL = CORE | {"store", "views", "connectors", "witness", "engine", "workspace"}

# Low to high. A unit may import itself and what stands here, and nothing of agentctl besides.
MAY_IMPORT = {
    "": set(),                                  # agentctl/__init__.py
    "facts": {"constructor"},
    "constructor": {"facts"},
    "patterns": set(),
    "model": {"errors", "facts", "patterns"},
    "errors": {"facts", "model"},               # model for a type only
    "files": set(),
    "finder": set(),
    "resources": {"errors", "facts"},
    "syntax": BELOW,
    "connectors.base": BELOW,
    "planfile": PORT,
    "policy": PORT,
    "trace": PORT,
    "store": PORT,
    "identity": PORT,
    "views": PORT,
    "connectors": PORT,
    "witness": BELOW,
    "testing": PORT,
    "engine": CORE,
    "workspace": ALL,
    "demo": BELOW,
    "cli": ALL | {"demo"},
    "__main__": {"cli", "errors", "finder"},
}
THIRD_PARTY = {
    "typer": ("cli/app.py", "cli/help.py"),
    "click": ("cli/app.py", "cli/help.py"),
    "rich": ("views/", "cli/boundary.py"),
    "git": ("connectors/git/",),
    "deepdiff": ("views/diff.py",),
    "sqlalchemy": ("connectors/sql/",),
    "psycopg": ("connectors/sql/",),
    "h11": ("connectors/rest/http/",),
    "yaml": ("syntax/", "connectors/file/"),
    "jsonschema": ("syntax/", "testing/"),
    "jsonschema_rs": ("syntax/",),
    "cel_expr_python": ("policy/",),
    "keyring": ("identity/broker/",),
    "cryptography": ("identity/", "store/"),
    "pytest": ("testing/",),
}


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Yield line and dotted name of every import in ``path``, those inside functions and ``from a import b`` too."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def unit(dotted: str) -> str:
    """Return the unit of ``agentctl.X.Y``: X, but ``connectors.base`` stands alone. Empty is agentctl itself."""
    _, *parts = dotted.split(".")
    return "connectors.base" if parts[:2] == ["connectors", "base"] else parts[0] if parts else ""


def offences(path: Path, root: Path = PACKAGE) -> Iterator[str]:
    inside = path.relative_to(root).as_posix()
    own = unit("agentctl." + inside.removesuffix(".py").removesuffix("/__init__").replace("/", "."))
    own = "" if inside == "__init__.py" else own
    for line, name in imports(path):
        top = name.partition(".")[0]
        if top == "agentctl":
            other = "" if name == "agentctl.__version__" else unit(name)
            if other not in {own, ""} and other not in MAY_IMPORT[own]:
                yield f"agentctl/{inside}:{line}: {own} may not import {name}"
        elif top not in sys.stdlib_module_names and not inside.startswith(THIRD_PARTY.get(top, ())):
            yield f"agentctl/{inside}:{line}: {top} does not belong here"


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_imports_go_downwards_and_libraries_stay_in_their_place(path):
    assert list(offences(path)) == []


@pytest.mark.parametrize(("inside", "text", "offence"), [
    ("model/plan.py", "import yaml", "yaml does not belong here"),
    ("model/plan.py", "def f():\n    from agentctl.policy import evaluate", "model may not import"),
    ("planfile/load.py", "from agentctl.policy.document import Policy", "planfile may not import"),
    ("engine/apply.py", "from agentctl.connectors.sql import TYPE", "engine may not import"),
    ("engine/apply.py", "from agentctl.connectors import registry", "engine may not import"),
    ("views/show.py", "import git.repo", "git does not belong here"),
    ("cli/plan.py", "import rich", "rich does not belong here"),
    ("testing/suite.py", "from agentctl.engine.apply import apply", "testing may not import"),
    ("store/lock.py", "import requests", "requests does not belong here"),
])
def test_an_import_out_of_its_layer_is_named_with_its_line(tmp_path, inside, text, offence):
    path = tmp_path / inside
    path.parent.mkdir()
    path.write_text(text)
    (found,) = offences(path, tmp_path)
    assert found.startswith(f"agentctl/{inside}:{text.count(chr(10)) + 1}: ")
    assert offence in found
