"""An OAuth server that nobody here wrote: tokens for a client without a user, that end after a minute or when revoked."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from tests.systems.emulator import node
from tests.systems.fetched import fetched
from tests.systems.loopback import Answer, ask
from tests.systems.running import running

CLIENT, SECRET = "agentctl", "s3cr3t-of-the-client"
SCOPES = ("records:read", "records:write")
LIVES = 60      # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationServer:
    """``token_url`` is where tokens are asked for, with client id and secret by Basic authentication."""

    url: str
    port: int
    pid: int

    @property
    def token_url(self) -> str:
        return f"{self.url}/token"

    def token(self, *scopes: str, secret: str = SECRET) -> Answer:
        """Ask for a token. A scope it does not know is dropped from what it grants, and not a word said."""
        return self._post("/token", secret, grant_type="client_credentials", scope=" ".join(scopes))

    def known(self, token: str) -> Answer:
        """Ask what is known of a token: whether it is active, its scopes, until when."""
        return self._post("/token/introspection", SECRET, token=token)

    def revoke(self, token: str) -> Answer:
        return self._post("/token/revocation", SECRET, token=token)

    def _post(self, path: str, secret: str, **form: str) -> Answer:
        basic = b64encode(f"{CLIENT}:{secret}".encode()).decode()
        headers = {"authorization": f"Basic {basic}", "content-type": "application/x-www-form-urlencoded"}
        return ask(self.url, "POST", path, urlencode(form).encode(), headers=headers)


@contextmanager
def authorization_server(log: Path, *, lives: int = LIVES) -> Iterator[AuthorizationServer]:
    """Start the server; its tokens live so many seconds."""
    script = Path(__file__).with_name("oidc_server.mjs")
    with running([node(), script, fetched("oidc-provider"), str(lives)], log=log) as server:
        yield AuthorizationServer(url=server.url, port=server.port, pid=server.pid)
