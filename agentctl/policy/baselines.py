"""The policies that ``init --policy NAME`` offers to begin with, each with its test cases."""

from __future__ import annotations

from pathlib import Path

from agentctl.errors import Usage

_FOLDER = Path(__file__).parent / "baselines"


def names() -> tuple[str, ...]:
    """Return the names of the baseline policies, sorted."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.yaml")))


def cases(name: str) -> str:
    """Return the test cases of the baseline policy called ``name``. Raises Usage, naming those that exist."""
    return _read(name, _FOLDER / "tests")


def text(name: str) -> str:
    """Return the baseline policy called ``name``. Raises Usage, naming those that exist."""
    return _read(name, _FOLDER)


def _read(name: str, folder: Path) -> str:
    if name not in (known := names()):
        raise Usage("No such policy", f"There is no baseline policy `{name}`.", hint=f"There are: {', '.join(known)}.")
    return (folder / f"{name}.yaml").read_text(encoding="utf-8")
