"""What came back, whole and decoded; what it means for a record is not decided here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from agentctl.facts import dataclass


class Headers(Mapping[str, str]):
    """Header values by name in any case; what was sent more than once is joined with commas."""

    __slots__ = ("_values",)

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        self._values: dict[str, str] = {}
        for name, value in pairs:
            key = name.lower()
            self._values[key] = f"{self._values[key]}, {value}" if key in self._values else value

    def __getitem__(self, name: str) -> str:
        return self._values[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"Headers({', '.join(self._values)})"     # values may be cookies and signed links


@dataclass(frozen=True, kw_only=True)
class Response:
    """A complete answer of the system: any status but those the client deals with itself. ``url`` has no query."""

    status: int
    headers: Headers
    body: bytes
    url: str

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def media_type(self) -> str:
        """The type alone, in lower case, or nothing."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def __repr__(self) -> str:
        return f"Response({self.status}, {self.url}, {len(self.body)} bytes)"
