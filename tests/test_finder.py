"""Our finder gives what Python's own gives: the same places, the same code, the same way out where there is none."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import marshal
import os
import py_compile
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import CodeType
from typing import Any

import pytest

import agentctl
from agentctl import finder

PACKAGE = Path(agentctl.__file__).parent
NAMES = sorted(
    ".".join(("agentctl", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__")
    for path in PACKAGE.rglob("*.py")
    if path != PACKAGE / "__init__.py"
)


def both(name: str, above: Path) -> tuple[Any, Any]:
    """Return the specs of our finder and of Python's, for a module whose package lies in the folder ``above``."""
    importlib.invalidate_caches()
    return finder.Finder.find_spec(name, [str(above)]), importlib.machinery.PathFinder.find_spec(name, [str(above)])


@pytest.mark.parametrize("name", NAMES)
def test_a_module_of_ours_is_found_where_python_finds_it(name: str) -> None:
    ours, theirs = both(name, PACKAGE.joinpath(*name.split(".")[1:-1]))
    assert isinstance(ours.loader, importlib.machinery.SourceFileLoader)
    for said in ("name", "origin", "cached", "has_location", "parent", "submodule_search_locations"):
        assert getattr(ours, said) == getattr(theirs, said), said
    assert ours.loader.get_code(name) == theirs.loader.get_code(name)
    assert ours.loader.get_source(name) == theirs.loader.get_source(name)
    assert ours.loader.is_package(name) == theirs.loader.is_package(name)


LOOKING = """
import inspect, pickle, types
from agentctl import finder
finder.install()
import agentctl.views.safe as module, agentctl.views as package
assert type(module) is type(package) is not types.ModuleType, type(module)
assert inspect.ismodule(module) and repr(module).startswith("<module 'agentctl.views.safe' from '")
assert inspect.getmodule(module.escape) is module and pickle.loads(pickle.dumps(module.escape)) is module.escape
assert not hasattr(module, "__path__") and len(package.__path__) == 1
assert module.__doc__ and module.__file__ == module.__spec__.origin
module.new = 1; assert module.new == 1; del module.new; assert not hasattr(module, "new")
from agentctl.views.safe import nothing
"""


def test_a_module_of_ours_is_as_any_other_but_for_how_it_says_what_it_lacks() -> None:
    done = subprocess.run([sys.executable, "-c", LOOKING], capture_output=True, text=True, check=False)
    assert done.stderr.splitlines()[-1].startswith(
        "ImportError: cannot import name 'nothing' from 'agentctl.views.safe' ("
    ), done.stderr


def test_no_module_of_ours_answers_for_names_it_lacks() -> None:
    """Ours are not asked: a ``__getattr__`` of a module would go unheard."""
    assert not [name for name in NAMES if "__getattr__" in vars(importlib.import_module(name))]


def test_what_is_none_of_our_modules_is_left_to_python() -> None:
    find = finder.Finder.find_spec
    assert find("agentctl") is None
    assert find("agentctl.nothing", [str(PACKAGE)]) is None
    assert find("json", None) is None
    assert find("json.decoder", [str(PACKAGE)]) is None
    assert find("agentctlish.files", [str(PACKAGE)]) is None
    assert find("agentctl.files", [str(PACKAGE / "nowhere")]) is None


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    path = tmp_path / "made.py"
    path.write_text("SAID = 'before'\n")
    return path


def said(path: Path) -> tuple[str, CodeType]:
    """Load the module at ``path`` with our finder, and return what it says and its code."""
    name = "agentctl.made"
    spec, _ = both(name, path.parent)
    code = spec.loader.get_code(name)
    space: dict[str, Any] = {}
    exec(code, space)  # a module of this test
    return space["SAID"], code


def compiled(path: Path, invalidation: py_compile.PycInvalidationMode = py_compile.PycInvalidationMode.TIMESTAMP) -> Path:
    made = py_compile.compile(str(path), doraise=True, invalidation_mode=invalidation)
    assert made is not None
    return Path(made)


def test_a_module_that_was_never_compiled_is_compiled_by_python_for_the_next_time(source: Path) -> None:
    assert said(source)[0] == "before"
    assert Path(importlib.util.cache_from_source(str(source))).is_file()


def test_what_was_compiled_of_the_source_as_it_is_is_taken(source: Path) -> None:
    made = compiled(source)
    other = compile("SAID = 'compiled'", str(source), "exec")
    made.write_bytes(made.read_bytes()[:16] + marshal.dumps(other))
    assert said(source)[0] == "compiled"


@pytest.mark.parametrize("seconds", [-60, 0, 60])
def test_a_source_written_since_is_compiled_anew(source: Path, seconds: int) -> None:
    compiled(source)
    before = source.stat()
    source.write_text("SAID = 'after, and longer'\n")
    os.utime(source, (before.st_atime, before.st_mtime + seconds))
    assert said(source)[0] == "after, and longer"


def test_a_source_as_long_as_before_is_compiled_anew_by_its_time(source: Path) -> None:
    compiled(source)
    source.write_text("SAID = 'behind'\n")
    os.utime(source, (0, source.stat().st_mtime + 1))
    assert said(source)[0] == "behind"


@pytest.mark.parametrize("end", [0, 3, 15, 16])
def test_a_compiled_module_cut_short_does_as_with_python(source: Path, end: int) -> None:
    made = compiled(source)
    made.write_bytes(made.read_bytes()[:end])
    _, theirs = both("agentctl.made", source.parent)
    try:
        expected = theirs.loader.get_code("agentctl.made")
    except EOFError:
        with pytest.raises(EOFError):
            said(source)
    else:
        made.write_bytes(made.read_bytes()[:end])
        assert said(source)[1] == expected


def test_what_another_python_compiled_is_compiled_anew(source: Path) -> None:
    made = compiled(source)
    made.write_bytes(b"\x00\x00\r\n" + made.read_bytes()[4:])
    assert said(source)[0] == "before"


@pytest.mark.parametrize("mode", [*py_compile.PycInvalidationMode])
def test_each_way_of_checking_what_was_compiled_is_pythons(source: Path, mode: py_compile.PycInvalidationMode) -> None:
    compiled(source, mode)
    source.write_text("SAID = 'after!'\n")
    _, theirs = both("agentctl.made", source.parent)
    expected: dict[str, Any] = {}
    exec(theirs.loader.get_code("agentctl.made"), expected)  # a module of this test
    assert said(source)[0] == expected["SAID"]


def test_tracebacks_of_a_module_that_was_moved_tell_where_it_is_and_python_finds_the_others(source: Path) -> None:
    finder.install()
    compiled(source)
    moved = source.parent / "elsewhere"
    moved.mkdir()
    (source.parent / "__pycache__").rename(moved / "__pycache__")
    source.rename(moved / "made.py")
    assert said(moved / "made.py")[1].co_filename == str(moved / "made.py")
    assert finder.Finder not in sys.meta_path
    finder.uninstall()


def test_where_python_keeps_what_it_compiles_elsewhere_it_finds_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "pycache_prefix", "/elsewhere")
    finder.install()
    assert finder.Finder not in sys.meta_path


def test_a_module_that_cannot_be_read_says_so(source: Path) -> None:
    source.write_text("SAID = (\n")
    with pytest.raises(SyntaxError):
        said(source)


def test_a_compiled_module_of_any_length_is_read_whole(source: Path) -> None:
    text = "x" * (3 * finder._PIECE)
    source.write_text(f"SAID = {text!r}\n")
    compiled(source)
    assert said(source)[0] == text


@pytest.mark.parametrize("optimized", [[], ["-O"], ["-OO"]])
def test_a_command_finds_its_modules_this_way_and_once(tmp_path: Path, optimized: list[str]) -> None:
    shutil.copytree(PACKAGE, tmp_path / "agentctl", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(PACKAGE.parent / "schemas", tmp_path / "schemas")
    program = (
        "import sys; sys.argv = ['agentctl', 'validate', 'nowhere.yaml']\n"
        "from agentctl.__main__ import main\n"
        "main(); main()\n"
        "from agentctl import finder\n"
        "assert finder.__file__.startswith(CWD), finder.__file__\n"
        "assert sys.meta_path.count(finder.Finder) == 1 and sys.meta_path[0] is finder.Finder\n"
        "ours = [m for n, m in sys.modules.items() if n.startswith('agentctl.') and n not in LATE]\n"
        "assert len(ours) > 20 and all(type(m.__loader__) is finder._Loader for m in ours), ours\n"
    ).replace("LATE", "('agentctl.__main__', 'agentctl.finder')").replace("CWD", repr(str(tmp_path)))
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    for _ in range(2):      # of what was never compiled, and of what was
        subprocess.run(
            [sys.executable, *optimized, "-c", program], check=True, capture_output=True, cwd=tmp_path, env=environ
        )
    assert len([*(tmp_path / "agentctl").rglob("*.pyc")]) > 20
