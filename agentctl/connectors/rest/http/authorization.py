"""How a token is said: in which header and in which words. Tokens never stand in a URL."""

from __future__ import annotations

from base64 import b64encode

from agentctl.connectors.rest.http.request import is_header_value
from agentctl.errors import Unreachable
from agentctl.facts import dataclass


@dataclass(frozen=True, kw_only=True)
class Authorization:
    """``scheme`` comes before the token; with ``Basic`` the token is ``NAME:PASSWORD``. Empty sends it alone."""

    header: str = "Authorization"
    scheme: str = "Bearer"

    def line(self, token: str) -> tuple[str, str]:
        """Return name and value of the header. Raises Unreachable, without the token, where it cannot be sent."""
        if not token or not is_header_value(token):
            raise Unreachable(
                "Token malformed", "The token is empty, or has blanks around it, a line break or letters beyond ASCII."
            )
        words = b64encode(token.encode()).decode() if self.scheme == "Basic" else token
        return self.header, f"{self.scheme} {words}".strip()


BEARER = Authorization()
