"""What a provider of tokens is asked, and what it answers. Provides none itself."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from agentctl.facts import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Ask:
    """For which instance, for what and where. ``target`` is the step's; empty where records are only looked at."""

    instance: str
    scopes: tuple[str, ...] = ()
    target: str = ""

    @property
    def looks(self) -> bool:
        """Whether it is for looking, at whatever the instance offers: a token that can look at a part of it will do."""
        return not self.target


@dataclass(frozen=True, kw_only=True)
class Minted:
    """A token as its provider tells of it. ``scopes`` is None and ``expires`` is None where nobody told.

    ``id`` is what its issuer calls it, if anything: never the token or a part of it.
    """

    token: str = field(repr=False)
    id: str = ""
    scopes: tuple[str, ...] | None = None
    expires: datetime | None = None


class Provider(Protocol):
    """One source of tokens. What it raises are ConnectorErrors, none of which holds a token or a part of one."""

    @property
    def name(self) -> str: ...

    @property
    def where(self) -> str:
        """Say in words where the token is from, and so where another one would have to come from."""
        ...

    @property
    def variables(self) -> frozenset[str]:
        """The environment variables that hold what is secret: no program that agentctl starts gets them."""
        ...

    def check(self) -> None:
        """Raise what ``mint`` would, as far as a look can tell. Runs no program, and asks no system."""
        ...

    def mint(self, ask: Ask) -> Minted:
        """Return a token for ``ask``, and for nothing more where that can be had."""
        ...

    def revoke(self, minted: Minted) -> None:
        """End a token that was made for one step; what lives on because it is others' too is left alone."""
        ...


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a system said over HTTP: its status, and its JSON where that was any."""

    status: int
    body: Any = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


class Asks(Protocol):
    """How a provider speaks to a system: below one base URL, with a token of its own."""

    def __call__(self, method: str, path: str, token: str, body: Mapping[str, Any] | None = None) -> Answer: ...
