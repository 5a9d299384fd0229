"""Which types of connector there are, and how a block of ``agentctl.yaml`` becomes a connector. Connects to nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from agentctl.connectors.base import Connector, ConnectorType, Instance, Setting
from agentctl.connectors.layers import Deadline, OwnRecords, Rate, Rates, Sealed, Tenant
from agentctl.connectors.layers.rate import PATTERN
from agentctl.errors import Invalid
from agentctl.facts import dataclass
from agentctl.model.values import to_wire
from agentctl.syntax.suggest import did_you_mean

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "agentctl.connectors"
_BUILT_IN = {
    name: f"agentctl.connectors.{name}" for name in ("email", "file", "git", "github", "memory", "rest", "sql")
}
_COMMON = {
    "rate": Setting(schema={"type": "string", "pattern": PATTERN}, summary="How often it may be called, as in 60/min."),
    "tenant_field": Setting(
        schema={"type": "string", "minLength": 1, "maxLength": 200},
        summary="The field that says whose a record is, where one system keeps many tenants'; others' are refused.",
    ),
}


@dataclass(frozen=True, kw_only=True)
class KnownType:
    """A type that can be configured; ``origin`` is the distribution it comes from."""

    type: str
    version: str
    origin: str
    settings: Mapping[str, Setting]


def open_connector(
    name: str,
    settings: Mapping[str, Any],
    root: str,
    *,
    tenant: str = "",
    reserved: tuple[str, ...] = ("policy",),
    environ: Mapping[str, str] | None = None,
    tell: Callable[[str], None] = lambda _: None,
    token: Callable[[], str] = lambda: "",
) -> Connector:
    """Return the connector a block of ``agentctl.yaml`` describes, its ``type`` included, within its layers.

    ``tenant`` is the workspace's; ``reserved`` the paths of its policy, which no connector may touch. The rest are as
    in Instance. Raises Invalid where the type is unknown or the settings are not what it takes.
    """
    kind = settings.get("type")
    if not isinstance(kind, str):
        raise Invalid("Connector without a type", f"`{name}` says no `type`; there are {', '.join(_names())}.")
    type_ = _find(kind)
    own = {key: value for key, value in settings.items() if key != "type"}
    _check(name, kind, own)
    rate, field = own.pop("rate", None), own.pop("tenant_field", None)
    instance = Instance(
        name=name, settings=own, root=root, reserved=reserved, environ=environ or {}, tell=tell, token=token
    )
    connector: Connector = Deadline(type_.open(instance))
    if rate is not None:
        connector = Rate(connector, Rates.of(rate))
    if tenant and field is not None:
        connector = OwnRecords(connector, tenant, field)
    if tenant:
        connector = Tenant(connector, tenant)
    return Sealed(connector)


def types() -> tuple[KnownType, ...]:
    """Return every type there is, by name. Raises Invalid where an installed one cannot be loaded."""
    known = [_known(name, _find(name), "agentctl") for name in _BUILT_IN]
    known += [
        _known(name, _find(name), point.dist.name if point.dist else "")
        for name, point in _entry_points().items()
        if name not in _BUILT_IN
    ]
    return tuple(sorted(known, key=lambda item: item.type))


def _known(name: str, type_: ConnectorType, origin: str) -> KnownType:
    return KnownType(type=name, version=type_.version, origin=origin, settings={**type_.settings, **_COMMON})


@cache
def _find(kind: str) -> ConnectorType:
    """Return a type by name; an installed one cannot take the name of a built-in one."""
    if kind in _BUILT_IN:
        built_in: ConnectorType = import_module(_BUILT_IN[kind]).TYPE
        return built_in
    point = _entry_points().get(kind)
    if point is None:
        raise Invalid(
            "Unknown type of connector",
            f"There is no type `{kind}`; there are {', '.join(_names())}.",
            hint=did_you_mean(kind, _names()),
        )
    try:
        found = point.load()
    except Exception as error:
        raise Invalid("Connector not loadable", f"`{kind}` is {point.value}, which raises {error!r}.") from error
    if missing := [part for part in ("type", "version", "settings", "open") if not hasattr(found, part)]:
        raise Invalid("Connector not loadable", f"`{kind}` is {point.value}, which has no {', '.join(missing)}.")
    loaded: ConnectorType = found
    return loaded


def _check(name: str, kind: str, settings: Mapping[str, Any]) -> None:
    from agentctl.syntax.schema import problems

    found = problems(_schema(kind), to_wire(settings), ours=kind in _BUILT_IN)
    if found:
        from agentctl.syntax.explain import without_value

        details = [
            f"{'.'.join(map(str, (name, *problem.pointer)))}: {without_value(problem.detail) or problem.summary}"
            for problem in found
        ]
        raise Invalid("Connector settings not valid", " ".join(details), hint=found[0].hint)


@cache
def _schema(kind: str) -> Mapping[str, Any]:
    settings = {**_find(kind).settings, **_COMMON}
    return {
        "type": "object",
        "properties": {key: setting.schema for key, setting in settings.items()},
        "required": [key for key, setting in settings.items() if setting.required],
        "additionalProperties": False,
    }


def _names() -> list[str]:
    return sorted({*_BUILT_IN, *_entry_points()})


@cache
def _entry_points() -> Mapping[str, EntryPoint]:
    from importlib.metadata import entry_points

    return {point.name: point for point in entry_points(group=GROUP)}
