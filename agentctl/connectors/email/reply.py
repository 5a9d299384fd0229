"""What a server answers: read from the connection within bounds, and said in words that cannot do harm."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from agentctl.facts import dataclass

_LONGEST = 2048         # bytes of a line, four times what the protocol allows
_MOST = 100             # lines of one answer
_SHOWN = 200            # characters of it that are told
_LINE = re.compile(rb"([2-5][0-9][0-9])(?:([ -])(.*))?", re.DOTALL)
_UNSEEN = re.compile(r"[^\x20-\x7e]+")


class Garbled(Exception):
    """What came is no answer of a mail server, or one without end."""


class Gone(Exception):
    """The connection ended before the answer did."""


@dataclass(frozen=True)
class Reply:
    """One answer. ``lines`` are its texts, as they came."""

    code: int
    lines: tuple[str, ...]

    @property
    def good(self) -> bool:
        return self.code // 100 == 2

    @property
    def later(self) -> bool:
        """Whether the server says that trying again may help."""
        return self.code // 100 == 4

    def told(self, hidden: Iterable[str] = ()) -> str:
        """Return what it says, for people: printable and short, or nothing of it where it holds what is ``hidden``."""
        text = " ".join(self.lines)
        bare = re.sub(r"\s", "", text)
        if any(secret in text or secret in bare for secret in hidden):
            return f"{self.code} and words that hold the password"
        text = _UNSEEN.sub(" ", text).strip()
        text = f"{text[:_SHOWN]}…" if len(text) > _SHOWN else text
        return f"{self.code} {text}".strip()


class Replies:
    """Cuts what arrives into answers. ``receive`` brings more of it, nothing at the end."""

    def __init__(self, receive: Callable[[], bytes]) -> None:
        self._receive = receive
        self._buffer = b""

    @property
    def waiting(self) -> bool:
        """Whether something has come that nobody asked for yet."""
        return bool(self._buffer)

    def put(self, data: bytes) -> None:
        self._buffer += data

    def next(self) -> Reply:
        """Return the next answer. Raises Garbled and Gone, and what ``receive`` raises."""
        lines: list[str] = []
        code = b""
        while len(lines) < _MOST:
            found = _LINE.fullmatch(self._line())
            if found is None or code not in (b"", found[1]):
                raise Garbled("it is not the answer of a mail server")
            code = found[1]
            lines.append((found[3] or b"").decode("latin-1"))
            if found[2] != b"-":
                return Reply(int(code), tuple(lines))
        raise Garbled(f"it has more than {_MOST} lines")

    def _line(self) -> bytes:
        while b"\n" not in self._buffer:
            if len(self._buffer) > _LONGEST:
                raise Garbled(f"a line of it has more than {_LONGEST:,} bytes")
            data = self._receive()
            if not data:
                raise Gone
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\n")
        if len(line) > _LONGEST:
            raise Garbled(f"a line of it has more than {_LONGEST:,} bytes")
        return line.removesuffix(b"\r")
