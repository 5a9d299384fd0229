"""The part of GitHub that gives tokens to Apps: real JWTs are judged, real tokens narrowed, ended and counted."""

from __future__ import annotations

import base64
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

LEVELS = ("read", "write", "admin")
LOST = -1
APP, OWNER = "4711", "acme"


def new_key() -> tuple[str, RSAPublicKey]:
    """Return a private key in PEM, and its public half."""
    key = generate_private_key(65537, 2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return pem, key.public_key()


@dataclass
class Given:
    """A token that was given out."""

    permissions: dict[str, str]
    repositories: list[str] | None
    expires: float
    ended: bool = False


@dataclass
class Apps:
    """What it knows, and what it was asked. ``issues`` are the titles of ``acme/shop``, by number."""

    public: RSAPublicKey
    granted: dict[str, str] = field(default_factory=lambda: {"issues": "write", "contents": "write", "metadata": "read"})
    repositories: tuple[str, ...] = ("shop", "site")
    lifetime: float = 3600.0
    ahead: float = 0.0                                              # seconds its clock is ahead of ours
    kind: str = "orgs"
    suspended: str | None = None
    says: list[int] = field(default_factory=list)   # statuses of the next answers to a mint: 0 a proper one, LOST none
    refuses_ending: bool = False
    tokens: dict[str, Given] = field(default_factory=dict)
    asked: list[tuple[str, str, str]] = field(default_factory=list)     # method, path, token
    issues: dict[int, dict[str, Any]] = field(default_factory=lambda: {1: {"title": "Broken", "number": 1}})
    url: str = ""
    echo: bool = False                                              # errors repeat the token, as some systems do

    def now(self) -> float:
        return time.time() + self.ahead

    def answer(self, method: str, path: str, token: str, body: Any) -> tuple[int, Any]:
        self.asked.append((method, path, token))
        if path.startswith("/app/") or path.endswith("/installation"):
            return self._for_app(method, path, token, body)
        given = self.tokens.get(token)
        if given is None or given.ended or given.expires <= self.now():
            return 401, {"message": f"Bad credentials {token if self.echo else ''}"}
        if (method, path) == ("DELETE", "/installation/token"):
            if self.refuses_ending:
                return 500, None
            given.ended = True
            return 204, None
        if path == "/user":
            return 403, {"message": "Resource not accessible by integration"}
        return self._issues(method, path, given, body, token)

    def _for_app(self, method: str, path: str, token: str, body: Any) -> tuple[int, Any]:
        if wrong := self._jwt(token):
            return 401, {"message": wrong}
        if method == "GET":
            if path != f"/{self.kind}/{OWNER}/installation":
                return 404, {"message": "Not Found"}
            return 200, {"id": 77, "permissions": self.granted, "suspended_at": self.suspended}
        if path != "/app/installations/77/access_tokens" or method != "POST":
            return 404, {"message": "Not Found"}
        if self.says and (status := self.says.pop(0)):
            return status, {"message": "said so"}
        if self.suspended:
            return 403, {"message": "This installation has been suspended"}
        wanted, names = body.get("permissions", self.granted), body.get("repositories")
        if any(name not in self.repositories for name in names or ()):
            return 422, {"message": "There is at least one repository that does not exist or is not accessible"}
        if wanted.get("workflows", "write") != "write":
            return 422, {"message": "There is no such permission"}
        if any(LEVELS.index(level) > LEVELS.index(self.granted.get(name, "read")) or name not in self.granted
               for name, level in wanted.items()):
            return 422, {"message": "The permissions requested are not granted to this installation."}
        fresh = f"ghs_{len(self.tokens):04d}{base64.b32encode(str(time.time_ns()).encode()).decode().strip('=')}"
        permissions = {**wanted, "metadata": "read"}
        self.tokens[fresh] = Given(permissions=permissions, repositories=names, expires=self.now() + self.lifetime)
        expires = datetime.fromtimestamp(self.tokens[fresh].expires, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        return 201, {"token": fresh, "expires_at": expires, "permissions": permissions}

    def _jwt(self, token: str) -> str:
        """Say what is wrong with an App's assertion, as GitHub judges it, or nothing."""
        try:
            head, claims, signature = (base64.urlsafe_b64decode(part + "==") for part in token.split("."))
            signed = token.rpartition(".")[0].encode()
            self.public.verify(signature, signed, PKCS1v15(), SHA256())
        except (ValueError, InvalidSignature):
            return "A JSON web token could not be decoded"
        said = json.loads(claims)
        if json.loads(head)["alg"] != "RS256" or said["iss"] != APP:
            return "Integration not found"
        if said["exp"] > self.now() + 600:
            return "'Expiration time' claim ('exp') is too far in the future"
        if said["exp"] <= self.now():
            return "'Expiration time' claim ('exp') must be a numeric value representing the future time"
        return "'Issued at' claim ('iat') is in the future" if said["iat"] > self.now() else ""

    def _issues(self, method: str, path: str, given: Given, body: Any, token: str) -> tuple[int, Any]:
        parts = path.strip("/").split("/")
        level = "read" if method == "GET" else "write"
        if parts[:2] != ["repos", OWNER] or (given.repositories is not None and parts[2] not in given.repositories):
            return 404, {"message": "Not Found"}
        if LEVELS.index(given.permissions.get("issues", "read")) < LEVELS.index(level) or "issues" not in given.permissions:
            return 403, {"message": f"Resource not accessible by integration {token if self.echo else ''}"}
        issue = self.issues.get(int(parts[4])) if len(parts) > 4 else None
        if issue is None:
            return 404, {"message": "Not Found"}
        if method == "PATCH":
            issue.update(body)
        return 200, {"body": None, "state": "open", "labels": [], "milestone": None, "url": f"{self.url}{path}", **issue}


@contextmanager
def apps(public: RSAPublicKey) -> Iterator[Apps]:
    """Serve one on the loopback."""
    state = Apps(public)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _any(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else {}
            token = self.headers.get("Authorization", "").removeprefix("Bearer ")
            status, told = state.answer(self.command, self.path.partition("?")[0], token, body)
            if status == LOST:
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True
                return
            data = b"" if told is None else json.dumps(told).encode()
            self.send_response_only(status)
            self.send_header("Date", datetime.fromtimestamp(state.now(), UTC).strftime("%a, %d %b %Y %H:%M:%S GMT"))
            self.send_header("Content-Type", "application/json")
            if status != 204:
                self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PATCH = do_DELETE = _any  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
