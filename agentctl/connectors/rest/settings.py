"""What a person configures for a system over HTTP: where it is, how to get there, and where its token is. Data only."""

from __future__ import annotations

from collections.abc import Mapping

from agentctl.connectors.base import Setting
from agentctl.connectors.credential import CREDENTIAL

SETTINGS: Mapping[str, Setting] = {
    "url": Setting(
        schema={"type": "string", "minLength": 1, "maxLength": 1000},
        summary="The base URL, https://HOST[:PORT][/PATH]; nothing but what lies below it is ever contacted.",
        required=True,
    ),
    "token": Setting(
        schema={
            "type": "object",
            "properties": {"env": {"type": "string", "minLength": 1}, "file": {"type": "string", "minLength": 1}},
            "minProperties": 1,
            "maxProperties": 1,
            "additionalProperties": False,
        },
        summary="Where the token is: {env: NAME} or {file: PATH}; read when it is used.",
    ),
    "credential": CREDENTIAL,
    "only": Setting(
        schema={"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 1},
        summary="The only records this instance may use, as in acme/*; all where it is left out.",
    ),
    "ca": Setting(
        schema={"type": "string", "minLength": 1},
        summary="A file of certificates to trust instead of this machine's, for a company's own.",
    ),
    "proxy": Setting(
        schema={"type": "string", "minLength": 1},
        summary="The proxy to go through, or none; HTTPS_PROXY and NO_PROXY where it is left out.",
    ),
    "timeout": Setting(
        schema={"type": "integer", "minimum": 1, "maximum": 3600},
        summary="Seconds one read may take, waits included; 30 where it is left out.",
    ),
}
