"""The workspace that the plans of these tests are for: a CRM, a site and a mail server, as ActionSpecs only."""

from __future__ import annotations

from pathlib import Path

from agentctl.errors import Rejected
from agentctl.model.action import ActionSpec, Tier
from agentctl.model.plan import Step
from agentctl.model.snapshot import Address, new_address
from agentctl.planfile.catalog import Catalog

_VALUES = "urn:agentctl:values#/$defs/"
_CUSTOMER = {
    "type": "object",
    "properties": {
        "tier": {"enum": ["monthly", "annual"]},
        "discount": {"$ref": _VALUES + "decimal"},
        "seats": {"type": ["integer", "null"]},
        "name": {"type": "string"},
        "renews": {"$ref": _VALUES + "date"},
        "iban": {"type": "string"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "address": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "zip": {"type": "string"}},
            "additionalProperties": False,
        },
        "extra": {"$ref": _VALUES + "value"},
    },
    "additionalProperties": False,
}
UPDATE = ActionSpec(
    verb="row.update",
    summary="Set columns of one row.",
    target="TABLE/KEY",
    arguments={**_CUSTOMER, "minProperties": 1},
    record=_CUSTOMER,
    tier=Tier.WRITE,
    sensitive=frozenset({"iban"}),
)
CREATE = ActionSpec(
    verb="row.insert", summary="Insert a row.", target="TABLE", arguments=_CUSTOMER, record=_CUSTOMER, tier=Tier.WRITE
)
RESTORE = ActionSpec(
    verb="row.restore", summary="Put a row back.", target="TABLE/KEY", arguments={}, record=_CUSTOMER, inverse_only=True
)
REPLACE = ActionSpec(
    verb="text.replace",
    summary="Replace a text.",
    target="a path",
    arguments={
        "type": "object",
        "properties": {
            "find": {"type": "string", "minLength": 1},
            "replace": {"type": "string"},
            "count": {"type": "integer", "minimum": 1},
        },
        "required": ["find", "replace", "count"],
        "additionalProperties": False,
    },
    record={"type": "object", "properties": {"content": {"type": "string"}}, "additionalProperties": False},
    tier=Tier.WRITE,
)
SEND = ActionSpec(
    verb="mail.send",
    summary="Send a mail.",
    target="an address",
    arguments={
        "type": "object",
        "properties": {
            "subject": {"type": "string"},
            "body": {"anyOf": [{"type": "string"}, {"$ref": _VALUES + "bytes"}]},
            "password": {"type": "string"},
            "cc": {"type": "array", "items": {"type": "string"}, "maxItems": 2},
        },
        "required": ["subject", "password"],
        "additionalProperties": False,
    },
    record={"type": "object"},
    secret=frozenset({"password"}),
)

ACTIONS = {
    "crm.row.update": UPDATE,
    "crm.row.insert": CREATE,
    "crm.row.restore": RESTORE,
    "site.text.replace": REPLACE,
    "smtp.mail.send": SEND,
}


def addresses(step: Step) -> tuple[Address, ...]:
    """Return what a step reads, as connectors do: rows of ``customers`` and ``orders``, and files below the root."""
    if step.instance == "site" and (step.target.startswith("/") or ".." in step.target.split("/")):
        raise Rejected("Path not allowed", f"`{step.target}` is not below the root.", hint="Use a relative path.")
    if step.instance == "crm" and step.target.split("/")[0] not in ("customers", "orders"):
        raise Rejected("Unknown table", f"There is no table `{step.target.split('/')[0]}`.")
    if step.verb == "row.insert":
        return (new_address(step.instance, step.target, step.id),)
    return (Address(f"{step.instance}/{step.target}"),)


def catalog(root: Path | None = None, *, scoped: bool = True) -> Catalog:
    return Catalog(
        actions=ACTIONS,
        tenant="acme",
        environment="staging",
        agents=frozenset({"sales-ops", "support"}),
        addresses=addresses if scoped else None,
        root=root,
    )


HEAD = "version: 1\nkind: Plan\nintent: Move a customer.\nagent: sales-ops\n"


def plan(steps: str, head: str = HEAD) -> bytes:
    """Return a plan file with these steps, indented as the author pleased."""
    return f"{head}steps:\n{steps}".encode()
