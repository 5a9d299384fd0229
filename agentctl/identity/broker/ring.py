"""``provider: keyring``: a token in the operating system's own store. The package is an extra, and imported late."""

from __future__ import annotations

from typing import Any

from agentctl.errors import Unreachable
from agentctl.facts import dataclass
from agentctl.identity.broker import plain
from agentctl.identity.broker.asking import Ask, Minted


@dataclass(frozen=True, kw_only=True)
class Ring:
    """The password that ``user`` has at ``service``, as ``keyring set SERVICE USER`` put it there."""

    service: str
    user: str
    name: str = "keyring"
    variables: frozenset[str] = frozenset()

    @property
    def where(self) -> str:
        return f"the keyring's {self.service} {self.user}"

    def check(self) -> None:
        _package()

    def mint(self, ask: Ask) -> Minted:
        try:
            found = _package().get_password(self.service, self.user)
        except Unreachable:
            raise
        except Exception as error:  # noqa: BLE001  # not chained: whatever a store says stays there
            raise Unreachable(
                "Credential not available", f"{self.where}: the store did not answer ({type(error).__name__})."
            ) from None
        return Minted(token=plain.token(found or "", self.where))

    def revoke(self, minted: Minted) -> None:
        """Nothing: it was there before, and is others' too."""


def _package() -> Any:
    try:
        import keyring
    except ImportError:
        raise Unreachable(
            "Credential not available", "The package that reads keyrings is missing: pip install 'agentctl[keyring]'.",
        ) from None
    return keyring
