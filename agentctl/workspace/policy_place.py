"""Where a policy is: in files beside the workspace, or in a git repository at a ref. Nothing is read here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from agentctl.errors import Usage
from agentctl.facts import dataclass
from agentctl.patterns import regex

_GIT = "git:"
_REF = regex(r"[A-Za-z0-9][A-Za-z0-9._/@+-]*")
_NOT_IN_A_REF = regex(r"\.\.|//|/\.|@\{|\.lock(/|$)|[./]$")


@dataclass(frozen=True)
class Files:
    """A policy file, or a folder of them; relative to the workspace."""

    path: str

    def __str__(self) -> str:
        return self.path


@dataclass(frozen=True)
class AtRef:
    """The same as committed: at a tag, a branch, a remote's branch (``origin/main``), a full ref or a commit's id."""

    ref: str
    path: str

    def __str__(self) -> str:
        return f"{_GIT}{self.ref}:{self.path}"


PolicyPlace: TypeAlias = Files | AtRef


def from_wire(wire: str | Mapping[str, str]) -> PolicyPlace:
    """Return the place that ``policy:`` of agentctl.yaml names; its schema has been checked."""
    return Files(wire) if isinstance(wire, str) else AtRef(wire["git"], wire["path"])


def parse(text: str, usual: PolicyPlace) -> PolicyPlace:
    """Return the place written as ``PATH``, ``git:REF:PATH`` or ``git:REF``: the ``usual`` path at that ref.

    Raises Usage for a ref that can't be one.
    """
    if not text.startswith(_GIT):
        return Files(text)
    ref, _, path = text.removeprefix(_GIT).partition(":")
    if not is_ref(ref):
        raise Usage("Not a git ref", f"`{ref}` in `{text}` cannot be a tag, a branch or a commit; write git:REF:PATH.")
    return AtRef(ref, path or usual.path)


def pinned(text: str, usual: PolicyPlace) -> AtRef:
    """Return the ref that ``--policy`` pins the policy to. Raises Usage for anything else: a path pins nothing."""
    place = parse(text, usual)
    if isinstance(place, Files):
        raise Usage(
            "Not a pinned policy",
            f"`{text}` is a path; --policy (AGENTCTL_POLICY) takes git:REF:PATH only, as in git:origin/main:policy/.",
            hint="A policy in files is named by `policy:` in agentctl.yaml.",
        )
    return place


def is_ref(text: str) -> bool:
    """Whether git takes ``text`` for a name, and for nothing that computes one."""
    return len(text) <= 250 and _REF.fullmatch(text) is not None and _NOT_IN_A_REF.search(text) is None
