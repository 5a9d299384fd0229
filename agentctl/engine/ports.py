"""What the engine needs from outside: systems, a journal, a pack, commitments, a clock, somebody who watches."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, Protocol, TypeAlias

from agentctl.connectors.base import Connector, Credential
from agentctl.facts import dataclass, field
from agentctl.model.action import ActionSpec
from agentctl.trace.record import Kind, Record


@dataclass(frozen=True)
class Systems:
    """The configured connector instances by name. Which one that is, and what an action is, is asked once."""

    connectors: Mapping[str, Connector]
    _specs: dict[str, ActionSpec] = field(default_factory=dict, init=False, repr=False, compare=False)
    _asked: dict[str, Connector] = field(default_factory=dict, init=False, repr=False, compare=False)

    def of(self, name: str) -> Connector:
        """Return the connector of the action or address beginning with instance ``name``."""
        if (connector := self._asked.get(name)) is None:
            connector = self._asked[name] = self.connectors[name]
        return connector

    def open_all(self) -> None:
        """Open those too that nobody has asked for. Raises Invalid where the settings of any are wrong."""
        for name in self.connectors:
            self.of(name)

    def spec(self, action: str) -> ActionSpec:
        if (spec := self._specs.get(action)) is None:
            instance, _, verb = action.partition(".")
            spec = self._specs[action] = self.connectors[instance].actions[verb]
        return spec


class Journal(Protocol):
    """The trace's only writer. A record that is returned with ``sync`` is durable, and so is all before it."""

    def append(self, kind: Kind, body: Mapping[str, Any], *, sync: bool) -> Record: ...


class Pack(Protocol):
    """The encrypted values of one run, by commitment. ``put`` returns when they are durable."""

    def put(self, values: Mapping[str, Any]) -> None: ...


class Commitments(Protocol):
    """Keyed commitments: equality visible, values not guessable."""

    def commit(self, address: str, path: str, wire: Any) -> str: ...

    def idempotency_key(self, lineage: str, plan: str, step: str, repeat: int) -> str: ...


class Secrets(Protocol):
    """Where secrets are. What it raises is a ConnectorError and holds no value."""

    def value(self, name: str) -> str:
        """Return the value as it is at this moment; nobody may keep it."""
        ...


class Lease(Protocol):
    """A credential for one step, and what may be told of it."""

    @property
    def credential(self) -> Credential: ...

    @property
    def provider(self) -> str: ...

    @property
    def told(self) -> bool:
        """Whether the provider said what the credential may do."""
        ...

    @property
    def beyond(self) -> tuple[str, ...]:
        """What it may do and the step does not need."""
        ...


class Broker(Protocol):
    """Where credentials are. What it raises is a ConnectorError and holds no token; nothing has happened then."""

    def mint(self, instance: str, target: str, scopes: tuple[str, ...], deadline: float) -> Lease | None:
        """Return a credential for one step; None where that connector takes none."""
        ...

    def release(self, lease: Any) -> None:
        """End a credential that was minted for one step. Raises nothing."""
        ...

    def tokens(self) -> Mapping[str, str]:
        """Return the tokens that are looked with, by what stands in their place in a text."""
        ...


Clock: TypeAlias = Callable[[], datetime]
Observer: TypeAlias = Callable[[Record], None]
"""Called after a record is written; must not raise."""


class Timer(Protocol):
    """Elapsed time, for waiting; never for what is recorded."""

    def now(self) -> float: ...

    def sleep(self, seconds: float) -> None: ...


class Brake(Protocol):
    """How a run is stopped from outside: between steps by asking, within a call only by force."""

    def asked(self) -> str:
        """Return why the run should stop before its next step, or nothing."""
        ...

    def call(self) -> AbstractContextManager[None]:
        """Return a context in which a forced stop raises Interrupted; outside it, force waits."""
        ...
