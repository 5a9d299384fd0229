"""Where mail is handed in, and as whom. Talks to nobody."""

from __future__ import annotations

from agentctl.facts import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Server:
    """A mail server. ``security`` is starttls, tls or none, which only this machine takes.

    ``ca`` is a file with the only authorities that are trusted; the system's where it is empty.
    """

    host: str
    port: int
    security: str
    username: str = ""
    password: str = field(default="", repr=False)
    ca: str = ""

    @property
    def place(self) -> str:
        return f"{self.host}:{self.port}"
