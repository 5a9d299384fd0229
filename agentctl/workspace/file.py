"""``agentctl.yaml``: found by walking up, read strictly. Opens nothing it names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agentctl.errors import Invalid, Usage
from agentctl.facts import dataclass, replace
from agentctl.files import read
from agentctl.identity.secret import Source, source_from_wire
from agentctl.model.diagnostic import Diagnostic
from agentctl.model.retention import Retention, keep_from_wire
from agentctl.patterns import regex
from agentctl.resources import schema
from agentctl.syntax.document import Document
from agentctl.syntax.schema import check
from agentctl.syntax.yaml import DEFAULTS, parse
from agentctl.workspace import policy_place
from agentctl.workspace.policy_place import PolicyPlace

NAME = "agentctl.yaml"
_LOGIN = regex(r"(?i)https?://[^/]*@")     # of ssh the name of a user is a part of the address, and no secret
_CONFIDENTIAL = ("/connectors/", "/secrets", "/witness")


@dataclass(frozen=True, kw_only=True)
class WorkspaceFile:
    """What ``agentctl.yaml`` says. ``connectors`` are the settings by instance, ``type`` included.

    ``witness`` is empty where there is none; ``secrets`` say where the values of `$secret` are.
    """

    root: Path
    tenant: str
    environment: str
    policy: PolicyPlace
    connectors: Mapping[str, Mapping[str, Any]]
    witness: Mapping[str, str]
    secrets: Mapping[str, Source]
    retention: Retention
    document: Document


def find(start: Path) -> Path:
    """Return the nearest folder at or above ``start`` that holds ``agentctl.yaml``. Raises Usage."""
    for folder in (start, *start.parents):
        if (folder / NAME).is_file():
            return folder
    raise Usage(
        "Not in a workspace",
        f"There is no {NAME} in {start} or any folder above it.",
        hint="To make a workspace here, run:",
        command="agentctl init",
    )


def load(root: Path) -> WorkspaceFile:
    """Return what the workspace file in ``root`` says. Raises Invalid with every problem at once."""
    path = root / NAME
    try:
        data = read(path, DEFAULTS.size)
    except OSError as error:
        raise Invalid("The workspace file cannot be read", f"{path}: {error.strerror}.") from error
    document = parse(data, NAME)
    if problems := check(document, schema("workspace"), ours=True):
        raise Invalid("The workspace file is not valid", diagnostics=tuple(map(_discreet, problems)))
    value = document.value
    if _LOGIN.match(value.get("witness", {}).get("git", "")):
        raise Invalid("The workspace file is not valid", diagnostics=(_login_in_witness(document),))
    return WorkspaceFile(
        root=root,
        tenant=value["tenant"],
        environment=value["environment"],
        policy=policy_place.from_wire(value["policy"]),
        connectors=value["connectors"],
        witness=value.get("witness", {}),
        secrets={name: source_from_wire(wire) for name, wire in value.get("secrets", {}).items()},
        retention=_retention(value.get("retention", {})),
        document=document,
    )


def _retention(wire: Mapping[str, Any]) -> Retention:
    return Retention(packs=keep_from_wire(wire.get("packs")), changesets=keep_from_wire(wire.get("changesets")))


def _discreet(found: Diagnostic) -> Diagnostic:
    """Return what is wrong, without the value where that may be a password in the wrong place."""
    if not (found.pointer or "").startswith(_CONFIDENTIAL):
        return found
    from agentctl.syntax.explain import without_value

    return replace(found, source="", detail=without_value(found.detail))


def _login_in_witness(document: Document) -> Diagnostic:
    found = document.diagnostic(
        "password-in-configuration",
        "Password in the configuration",
        "The address of the witness holds a password or token, where everybody who reads the file sees it.",
        "Name a remote, as in witness: {git: origin}, and let git's credential helper keep the password.",
        ("witness", "git"),
    )
    return replace(found, source="")
