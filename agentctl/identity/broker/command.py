"""``provider: command``: a program of the house tells a token, how long it lives and what it may do, as JSON."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from agentctl.errors import Unreachable
from agentctl.facts import dataclass
from agentctl.identity.broker import plain
from agentctl.identity.broker.asking import Ask, Minted
from agentctl.identity.broker.program import Program

_KEYS = {"token", "expires", "scopes", "id"}
_SHORTEST = 8       # characters of a token, below which anything might hold it


@dataclass(frozen=True, kw_only=True)
class Helper:
    """It is asked on stdin, ``{"version":1,"instance":…,"scopes":[…],"target":…}``, and answers on stdout."""

    program: Program
    name: str = "command"
    variables: frozenset[str] = frozenset()

    @property
    def where(self) -> str:
        return f"the program `{self.program.argv[0]}`"

    def check(self) -> None:
        self.program.found()

    def mint(self, ask: Ask) -> Minted:
        asked = {"version": 1, "instance": ask.instance, "scopes": list(ask.scopes), "target": ask.target}
        told = self.program.says(json.dumps(asked).encode() + b"\n")
        try:
            wire = json.loads(told, object_pairs_hook=_once)
        except (ValueError, RecursionError):        # not chained: it quotes what it could not read
            raise self._wrong("is not one JSON object, each key once") from None
        if not isinstance(wire, dict):
            raise self._wrong("is not a JSON object")
        if unknown := len(wire.keys() - _KEYS):
            raise self._wrong(f"has {unknown} keys besides {', '.join(sorted(_KEYS))}")
        return self._minted(wire)

    def revoke(self, minted: Minted) -> None:
        """Nothing: the program that made it is the one that knows how."""

    def _minted(self, wire: dict[str, Any]) -> Minted:
        if not isinstance(wire.get("token"), str):
            raise self._wrong("has no `token` that is a string")
        token = plain.token(wire["token"], f"What {self.where} printed")
        scopes, name = wire.get("scopes"), wire.get("id", "")
        texts: list[Any] = scopes if isinstance(scopes, list) else [] if scopes is None else [None]
        for text in (*texts, name):
            if not isinstance(text, str) or len(text) > 200 or not text.isprintable():
                raise self._wrong("has `scopes` or `id` that are no short texts")
            if token in text or (len(text) >= _SHORTEST and text in token):
                raise self._wrong("repeats the token in `scopes` or `id`, which are recorded")
        return Minted(
            token=token, id=name, expires=self._time(wire.get("expires")),
            scopes=None if scopes is None else tuple(texts),
        )

    def _time(self, wire: Any) -> datetime | None:
        if wire is None:
            return None
        try:
            found = datetime.fromisoformat(wire)
        except (TypeError, ValueError):
            found = None
        if found is None or found.tzinfo is None:
            raise self._wrong("has an `expires` that is no time with a zone, as in 2026-01-01T00:00:00Z") from None
        return found.astimezone(UTC)

    def _wrong(self, why: str) -> Unreachable:
        return Unreachable("Credential not available", f"What {self.where} printed {why}.")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found
