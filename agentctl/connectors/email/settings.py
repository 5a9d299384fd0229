"""What a person configures for a mail instance. Connects to nothing and reads no password before it is needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from ipaddress import ip_address
from os.path import realpath
from pathlib import Path
from typing import Any

from agentctl.connectors.base import Instance, Setting
from agentctl.connectors.email.mailbox import mailbox
from agentctl.connectors.email.message import line
from agentctl.connectors.email.server import Server
from agentctl.errors import Invalid, Rejected, Unreachable
from agentctl.facts import dataclass

_TEXT = {"type": "string", "minLength": 1}
SETTINGS: Mapping[str, Setting] = {
    "folder": Setting(
        schema=_TEXT, summary="Where drafts and copies of what was sent are kept.", required=True
    ),
    "from": Setting(
        schema={"type": "object", "additionalProperties": {"type": "string"}, "minProperties": 1},
        summary="The addresses it may write as, each with the name beside it: {sales@acme.example: Acme Sales}.",
        required=True,
    ),
    "attachments": Setting(schema=_TEXT, summary="The folder files may be attached from; none where it is left out."),
    "smtp": Setting(
        schema={
            "type": "object",
            "properties": {
                "host": {**_TEXT, "pattern": r"^[A-Za-z0-9.:_-]+$"},
                "port": {"type": "integer", "minimum": 1, "maximum": 65535},
                "security": {"enum": ["starttls", "tls", "none"]},
                "username": {**_TEXT, "pattern": r"^[^\x00-\x1f\x7f]+$"},
                "password": {
                    "type": "object",
                    "properties": {"env": _TEXT, "file": _TEXT},
                    "minProperties": 1,
                    "maxProperties": 1,
                    "additionalProperties": False,
                },
                "ca": _TEXT,
            },
            "required": ["host"],
            "dependentRequired": {"username": ["password"], "password": ["username"]},
            "additionalProperties": False,
        },
        summary="The server mail is handed to; without it there are only drafts.",
    ),
    "sealed": Setting(
        schema={
            "type": "array",
            "items": {"enum": ["to", "cc", "bcc", "reply_to", "recipients", "subject", "body", "context"]},
            "uniqueItems": True,
        },
        summary="Fields and arguments whose values are kept only in packs.",
    ),
}
_PORTS = {"starttls": 587, "tls": 465, "none": 25}


@dataclass(frozen=True, kw_only=True)
class Configured:
    """``server`` returns where mail goes, its password read just then; None where no server is named."""

    folder: str
    senders: Mapping[str, str]
    attachments: str
    reserved: tuple[str, ...]
    endpoint: str
    server: Callable[[], Server] | None
    sealed: frozenset[str]


def configure(instance: Instance) -> Configured:
    """Return what the settings of ``instance`` say. Raises Invalid where they make no sense."""
    settings: Mapping[str, Any] = instance.settings
    folder = realpath(Path(instance.root, settings["folder"]))
    smtp = settings.get("smtp")
    if smtp is not None and smtp.get("security") == "none" and not _here(smtp["host"]):
        raise Invalid(
            "Server not on this machine",
            f"`security: none` of `{instance.name}` would send mail in clear to {smtp['host']}.",
            hint="Write security: starttls, or tls.",
        )
    return Configured(
        folder=folder,
        senders=_senders(instance.name, settings["from"]),
        attachments=realpath(Path(instance.root, settings["attachments"])) if "attachments" in settings else "",
        reserved=tuple(realpath(Path(instance.root, path)) for path in instance.reserved),
        endpoint=f"file://{folder}" if smtp is None else f"file://{folder}, sending by {_address(smtp)}",
        server=None if smtp is None else lambda: _server(instance, smtp),
        sealed=frozenset(settings.get("sealed", ())),
    )


def _senders(instance: str, listed: Mapping[str, str]) -> dict[str, str]:
    senders = {}
    for text, name in listed.items():
        try:
            address, shown = mailbox(text), line("a sender's name", name)
            if any(character in shown for character in '<>"@\\,;:'):
                raise Rejected("Name malformed", f"{shown!r} holds a character that means something in a header.")
        except Rejected as error:
            raise Invalid("Sender malformed", f"`from` of `{instance}`: {error.detail}", hint=error.hint) from error
        senders[address] = f"{shown} <{address}>" if shown else address
    return senders


def _here(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _address(smtp: Mapping[str, Any]) -> str:
    security = smtp.get("security", "starttls")
    user = f"{smtp['username']}@" if "username" in smtp else ""
    host = f"[{smtp['host']}]" if ":" in smtp["host"] else smtp["host"]
    return f"smtp+{security}://{user}{host}:{smtp.get('port', _PORTS[security])}"


def _server(instance: Instance, smtp: Mapping[str, Any]) -> Server:
    security = smtp.get("security", "starttls")
    return Server(
        host=smtp["host"],
        port=smtp.get("port", _PORTS[security]),
        security=security,
        username=smtp.get("username", ""),
        password=_password(instance, smtp["password"]) if "password" in smtp else "",
        ca=realpath(Path(instance.root, smtp["ca"])) if "ca" in smtp else "",
    )


def _password(instance: Instance, source: Mapping[str, str]) -> str:
    try:
        if "env" in source:
            password = instance.environ[source["env"]]
        else:
            password = Path(instance.root, source["file"]).read_text(encoding="utf-8").rstrip("\r\n")
    except (KeyError, OSError, UnicodeDecodeError) as error:
        where = f"the environment variable {source['env']}" if "env" in source else f"the file {source['file']}"
        raise Unreachable(
            "Password missing", f"The password of `{instance.name}` is not to be had: {where} cannot be read."
        ) from error
    if not password:
        raise Unreachable("Password missing", f"The password of `{instance.name}` is empty.")
    return password
