"""What a witness is: somewhere that keeps signed checkpoints and tells them again, however it keeps them."""

from __future__ import annotations

from typing import Protocol

from agentctl.facts import dataclass


@dataclass(frozen=True)
class Attestation:
    """One checkpoint as it was brought: its canonical bytes and the armored signature, neither of them checked."""

    statement: bytes
    signature: bytes


class Witness(Protocol):
    """Keeps what it is brought and forgets nothing by itself.

    Both methods raise Unreachable where it can't be spoken to, Rejected where it refuses; then it may know no more than
    before. Bringing the newest again changes nothing.
    """

    @property
    def name(self) -> str:
        """What people call it: `git origin`, `file /mnt/audit/heads`."""
        ...

    def keep(self, attestation: Attestation) -> None: ...

    def told(self) -> tuple[Attestation, ...]:
        """Return all it was ever brought, oldest first."""
        ...
