"""What ``agentctl.yaml`` tells of tokens and passwords of connectors: where they are, which live long. Reads none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from agentctl.model.diagnostic import Diagnostic, Severity

LONG_LIVED = {
    "env": "an environment variable", "keyring": "a keyring", "gh": "a person's login of the GitHub CLI",
    "token": "a variable or file (`token`)",
}


def tokens_in(connectors: Mapping[str, Mapping[str, Any]]) -> frozenset[str]:
    """Return the variables that hold tokens, passwords or keys: those that any setting gives as ``{env: NAME}``."""
    blocks = [wire["credential"] for wire in connectors.values() if isinstance(wire.get("credential"), Mapping)]
    named = [block.get("name") for block in blocks if block.get("provider") == "env"]
    return frozenset(name for name in (*named, *_variables(connectors)) if isinstance(name, str))


def _variables(settings: object) -> Iterator[object]:
    if isinstance(settings, Mapping):
        if len(settings) == 1 and "env" in settings:
            yield settings["env"]
        for value in settings.values():
            yield from _variables(value)


def findings(connectors: Mapping[str, Mapping[str, Any]]) -> Iterator[Diagnostic]:
    """Yield what ``policy lint`` says of tokens that outlive their step: who gets hold of one can go on with it."""
    for name, wire in connectors.items():
        credential = wire.get("credential", {})
        provider = credential.get("provider", "token" if wire.get("token") else "")
        if provider in LONG_LIVED:
            yield Diagnostic(
                severity=Severity.WARNING, code="long-lived-credential", summary="Credential outlives its step",
                detail=f"`{name}` speaks with a token from {LONG_LIVED[provider]}. It may do for every step all "
                "that it may do at all, and works until somebody ends it.",
                hint="docs/CREDENTIALS.md: `provider: github_app` or `command` mint one for each step.",
            )
