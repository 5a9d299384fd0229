"""Opens the place a policy is at: what can be read there are its rules and its cases, each file with its name."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol, TypeAlias, assert_never

from agentctl.errors import Invalid
from agentctl.facts import dataclass
from agentctl.files import opened
from agentctl.policy.document import LARGEST
from agentctl.policy.document import load as load_documents
from agentctl.policy.rules import Policy
from agentctl.workspace.policy_place import AtRef, Files, PolicyPlace

Source: TypeAlias = tuple[str, bytes]


class PolicySource(Protocol):
    """A policy that can be read. Both methods raise Invalid where it can't be: without policy everything is denied."""

    @property
    def name(self) -> str:
        """What people call it: ``policy/``, ``git:origin/main@29848cea1b2c:policy/``."""
        ...

    def rules(self) -> tuple[Source, ...]: ...

    def cases(self) -> tuple[Source, ...]:
        """Return ``tests/*.yaml`` of a folder, ``NAME.tests.yaml`` beside a file; none where there are none."""
        ...


@dataclass(frozen=True)
class PolicyInFiles:
    """The file or folder ``path``, seen from ``root``; in what is told, files are called as seen from there."""

    root: Path
    path: str

    @property
    def name(self) -> str:
        return self.path

    def rules(self) -> tuple[Source, ...]:
        place = self.root / self.path
        return self._read(sorted(place.glob("*.yaml")) if place.is_dir() else [place])

    def cases(self) -> tuple[Source, ...]:
        place = self.root / self.path
        if place.is_dir():
            return self._read(sorted((place / "tests").glob("*.yaml")))
        beside = place.with_suffix(".tests.yaml")
        return self._read([beside] if beside.exists() else [])

    def _read(self, files: list[Path]) -> tuple[Source, ...]:
        try:
            return tuple((self._called(file), _bounded(file)) for file in files)
        except (OSError, ValueError) as error:
            why = f"{self.root / self.path}: {error}. Without policy everything is denied."
            raise Invalid("The policy cannot be read", why) from error

    def _called(self, file: Path) -> str:
        return str(file.relative_to(self.root)) if file.is_relative_to(self.root) else str(file)


def open_policy(root: Path, place: PolicyPlace) -> PolicySource:
    """Return what is at ``place``, seen from ``root``. A ref is resolved here, once. Raises Invalid."""
    match place:
        case Files(path):
            return PolicyInFiles(root, path)
        case AtRef():
            from agentctl.workspace.policy_at_ref import resolve

            return resolve(root, place)
    assert_never(place)


def load_policy(source: PolicySource) -> Policy:
    """Return the policy of ``source``. Raises Invalid where it is missing, empty or wrong."""
    return load_documents(source.rules())


def _bounded(file: Path) -> bytes:
    with opened(file) as stream:
        return stream.read(LARGEST + 1)
