"""The broker: a credential per step and one to look with, each compared with what is needed. Provides none itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Protocol

from agentctl.connectors.base import Credential
from agentctl.errors import ConnectorError, Indeterminate, Rejected, Unreachable
from agentctl.facts import dataclass, field
from agentctl.identity.broker.asking import Ask, Minted, Provider
from agentctl.identity.broker.scopes import beyond, missing

_SKEW = timedelta(seconds=60)       # how far our clock may be behind the one that ends tokens
_LOOK = timedelta(seconds=120)      # a token to look with must live this long, or another is minted


class Commits(Protocol):
    """Keyed commitments, as a vault makes them."""

    def commit(self, address: str, path: str, wire: str) -> str: ...


@dataclass(frozen=True, kw_only=True)
class Lease:
    """A credential for one step, with what may be told of it: all but ``minted`` and the credential's token."""

    credential: Credential
    provider: str
    told: bool                      # whether the provider said what it may do
    beyond: tuple[str, ...]         # what it may do and the step does not need
    instance: str
    minted: Minted = field(repr=False)


class Broker:
    """Asks the providers by instance. What it keeps, it keeps in memory: the token each instance looks with."""

    def __init__(
        self,
        providers: Mapping[str, Provider],
        *,
        commits: Callable[[], Commits],
        now: Callable[[], datetime],
        tell: Callable[[str], None],
    ) -> None:
        """``now`` is the wall clock; ``tell`` takes what went wrong beside what was asked for."""
        self.providers = providers
        self._commits = commits
        self._now = now
        self._tell = tell
        self._lock = Lock()
        self._looking: dict[str, Minted] = {}

    @property
    def variables(self) -> frozenset[str]:
        return frozenset().union(*(provider.variables for provider in self.providers.values()))

    def check(self, instances: Iterable[str]) -> None:
        """Raise what is wrong with the credentials of ``instances``, as far as a look can tell."""
        for instance in instances:
            if provider := self.providers.get(instance):
                provider.check()

    def mint(self, instance: str, target: str, scopes: tuple[str, ...], deadline: float) -> Lease | None:
        """Return a credential for one step that needs ``scopes`` and takes ``deadline`` seconds at most.

        None where none is configured. Raises Rejected or Unreachable; nothing has happened then.
        """
        provider = self.providers.get(instance)
        if provider is None:
            return None
        ask = Ask(instance=instance, scopes=scopes, target=target)
        minted = self._lasting(provider, ask, timedelta(seconds=deadline) + _SKEW)
        try:
            _check_scopes(provider, ask, minted)
        except Rejected:
            self._end(provider, minted)
            raise
        return Lease(
            credential=Credential(
                id=minted.id or self._name(instance, minted.token),
                token=minted.token,
                scopes=minted.scopes or (),
                expires="" if minted.expires is None else moment(minted.expires),
            ),
            provider=provider.name,
            told=minted.scopes is not None,
            beyond=beyond(scopes, minted.scopes or ()),
            instance=instance,
            minted=minted,
        )

    def release(self, lease: Lease) -> None:
        """End what was minted for one step. What can't be ended ends by itself; that is told, and stops nothing."""
        self._end(self.providers[lease.instance], lease.minted)

    def looking(self, instance: str, scopes: tuple[str, ...]) -> Minted:
        """Return what ``instance`` looks with, minted anew before it ends. Safe from several threads."""
        with self._lock:
            held = self._looking.get(instance)
            if held is None or (held.expires is not None and held.expires < self._now() + _LOOK):
                held = self._looking[instance] = self._to_look(instance, scopes)
            return held

    def tokens(self) -> Mapping[str, str]:
        """Return the tokens that are looked with, by what to call them: so that whoever repeats one is masked."""
        return {called(instance): held.token for instance, held in self._looking.items()}

    def close(self) -> None:
        """End the tokens to look with."""
        with self._lock:
            for instance, held in self._looking.items():
                self._end(self.providers[instance], held)
            self._looking.clear()

    def _to_look(self, instance: str, scopes: tuple[str, ...]) -> Minted:
        """Return a token to look with. Nobody's plan is to blame where there is none: it is always Unreachable."""
        provider, ask = self.providers[instance], Ask(instance=instance, scopes=scopes)
        try:
            minted = self._lasting(provider, ask, _LOOK)
            # What it may not read the system says when it is asked for it; a plan may be about the rest.
            if minted.scopes is not None and set(missing(ask.scopes, minted.scopes)) == set(ask.scopes):
                _check_scopes(provider, ask, minted)
        except Rejected as error:
            raise Unreachable(error.summary, error.detail) from error
        return minted

    def _lasting(self, provider: Provider, ask: Ask, needed: timedelta) -> Minted:
        """Return a token that lives long enough, asking a second time for one that was old already."""
        ends = self._now()
        for _ in range(2):
            minted = _nothing_happened(provider, ask)
            if minted.expires is None or minted.expires >= self._now() + needed:
                return minted
            ends = minted.expires
            self._end(provider, minted)
        raise Rejected(
            "Credential ends too soon",
            f"What {provider.where} gives for `{ask.instance}` ends at {moment(ends)}; it is "
            f"{moment(self._now())} on this machine, and it is needed for {needed.total_seconds():.0f} seconds.",
        )

    def _end(self, provider: Provider, minted: Minted) -> None:
        try:
            provider.revoke(minted)
        except ConnectorError as error:
            until = "" if minted.expires is None else f" It ends by itself at {moment(minted.expires)}."
            self._tell(f"warning: a token could not be ended: {error}{until}")

    def _name(self, instance: str, token: str) -> str:
        """Return what to call a token that nobody named: keyed, so that nobody can try what it might be."""
        return self._commits().commit(f"credential/{instance}", "", token)[: len("hmac:") + 16]


def called(instance: str) -> str:
    """Return what stands in a text where the token of ``instance`` stood."""
    return f"token of {instance}"


def _nothing_happened(provider: Provider, ask: Ask) -> Minted:
    """Mint. Whatever became of a request for a token, no record was touched."""
    try:
        return provider.mint(ask)
    except Indeterminate as error:
        raise Unreachable(error.summary, error.detail) from error


def _check_scopes(provider: Provider, ask: Ask, minted: Minted) -> None:
    if minted.scopes is None:
        return
    if lacking := missing(ask.scopes, minted.scopes):
        raise Rejected(
            "Credential too weak",
            f"`{ask.instance}` needs {', '.join(lacking)}; what {provider.where} gives may only "
            f"{', '.join(minted.scopes) or 'do nothing'}.",
        )


def moment(at: datetime) -> str:
    """Return a time as it is told and recorded."""
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
