"""The ``credential`` setting, for types that speak with a token: which provider gives it. The broker asks them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agentctl.connectors.base import Setting

_NAME = {"type": "string", "minLength": 1, "maxLength": 200}
_VARIABLE = {"type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]*$", "maxLength": 200}
_PROGRAM = {"type": "array", "items": {"type": "string", "maxLength": 1000}, "minItems": 1, "maxItems": 100}
_HOST = {"type": "string", "pattern": r"^[A-Za-z0-9][A-Za-z0-9.-]*(:[0-9]{1,5})?$", "maxLength": 300}
_OWNER = {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9-]*$", "maxLength": 100}
_REPOSITORY = {"type": "string", "pattern": r"^[A-Za-z0-9_-][A-Za-z0-9._-]*$", "maxLength": 100}
_KEY = {
    "type": "object",
    "properties": {
        "env": _VARIABLE, "file": {"type": "string", "minLength": 1, "maxLength": 1000}, "command": _PROGRAM,
    },
    "minProperties": 1,
    "maxProperties": 1,
    "additionalProperties": False,
}


def _provider(name: str, properties: Mapping[str, Any], *optional: str) -> dict[str, Any]:
    """Return the schema of one provider's block: judged only where it is the one that is named."""
    return {
        "if": {"properties": {"provider": {"const": name}}, "required": ["provider"]},
        "then": {
            "properties": {"provider": True, **properties},
            "required": [key for key in properties if key not in optional],
            "additionalProperties": False,
        },
    }


CREDENTIAL = Setting(
    schema={
        "type": "object",
        "properties": {"provider": {"enum": ["command", "env", "gh", "github_app", "keyring"]}},
        "required": ["provider"],
        "allOf": [
            _provider("env", {"name": _VARIABLE}),
            _provider("command", {"command": _PROGRAM}),
            _provider("keyring", {"service": _NAME, "user": _NAME}),
            _provider("gh", {"host": _HOST}, "host"),
            _provider(
                "github_app",
                {
                    "app": {"type": "string", "pattern": "^[A-Za-z0-9.]+$", "maxLength": 100},
                    "key": _KEY,
                    "owner": _OWNER,
                    "repositories": {"type": "array", "items": _REPOSITORY, "minItems": 1, "maxItems": 500},
                },
                "repositories",
            ),
        ],
    },
    summary="Who gives its tokens, one per step: {provider: env, command, keyring, gh or github_app, …}.",
)
