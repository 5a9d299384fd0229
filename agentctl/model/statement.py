"""What all signed statements have in common: one byte form, an id, a signature. What one says is its noun's part."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Generic, Self, TypeVar

from agentctl.facts import dataclass
from agentctl.model.canonical import canonical, digest_bytes


class Signable(ABC):
    """Something a person signs: ``NOUN`` is what it is called, its schema's name too; ``NAMESPACE`` its SSHSIG use."""

    __slots__ = ()

    NOUN: ClassVar[str]
    NAMESPACE: ClassVar[str]

    @property
    @abstractmethod
    def times(self) -> tuple[str, ...]:
        """Every time it names: RFC 3339 UTC texts of whole seconds, the one it is good from first."""

    @abstractmethod
    def to_wire(self) -> dict[str, Any]: ...

    @classmethod
    @abstractmethod
    def from_wire(cls, wire: Mapping[str, Any]) -> Self:
        """Return the statement of a JSON form that fits its schema."""

    @property
    def text(self) -> bytes:
        """The signed bytes: canonical JSON and a newline."""
        return canonical(self.to_wire()) + b"\n"

    @property
    def id(self) -> str:
        """What names it wherever it is used up: the same words signed twice are one statement."""
        return digest_bytes(self.text)


S_co = TypeVar("S_co", bound=Signable, covariant=True)


@dataclass(frozen=True, kw_only=True)
class Attested(Generic[S_co]):
    """A statement with the armored signature somebody made of it; who that was is not known before it is checked."""

    statement: S_co
    signature: str

    @property
    def text(self) -> bytes:
        """The file that travels: the statement's line, then the signature."""
        return self.statement.text + self.signature.encode()
