"""Mail servers on this machine: a real one, and one that says whatever it is told to."""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

USER, PASSWORD = "agent", "s3cret-of-the-relay"


@dataclass
class Inbox:
    """What a real server took, and what it refuses: recipients and ends of messages, by the answer they get."""

    taken: list = field(default_factory=list)
    asked: list = field(default_factory=list)
    refuses: dict = field(default_factory=dict)
    at_the_end: str = "250 2.0.0 queued as 4F1A2"

    async def handle_RCPT(self, server, session, envelope, address, options):
        self.asked.append(address)
        if answer := self.refuses.get(address):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if self.at_the_end.startswith("2"):
            self.taken.append((envelope.mail_from, sorted(envelope.rcpt_tos), envelope.content, session.ssl is not None))
        return self.at_the_end


class Given(Controller):
    """Serves on a socket that is bound already: its port is known before, and is nobody else's."""

    def __init__(self, inbox, *, within=None, at=0, **how):
        self._within = within
        self._socket = socket.create_server(("127.0.0.1", at))
        super().__init__(inbox, hostname="127.0.0.1", port=self._socket.getsockname()[1])
        self._how = how

    def factory(self):
        return SMTP(self.handler, **self._how)

    def _create_server(self):
        return self.loop.create_server(self._factory_invoker, sock=self._socket, ssl=self._within)


def authenticate(server, session, envelope, mechanism, data):
    good = isinstance(data, LoginPassword) and (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=good, handled=False)


@contextmanager
def real(inbox, **how):
    """Run a real server; yield its port."""
    controller = Given(inbox, **how)
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


@contextmanager
def demanding(inbox, tls: ssl.SSLContext, **how):
    """Run a real server that takes mail only over TLS and of those who sign in; yield its port."""
    with real(inbox, tls_context=tls, require_starttls=True, auth_required=True, authenticator=authenticate, **how) as port:
        yield port


POLITE = {"": "220 hi", "EHLO": "250 hi", "MAIL": "250 ok", "RCPT": "250 ok", "DATA": "354 go", ".": "250 taken"}


class Scripted:
    """A server that says a line for each it hears. ``script`` maps the first word heard to what is said, or done.

    A text is said; bytes are said as they are; None hangs up; a callable is handed the connection. ``heard`` keeps all.
    """

    def __init__(self, **script):
        self._script = {**POLITE, **{{"dot": ".", "greeting": ""}.get(word, word): said for word, said in script.items()}}
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.heard = []
        self.over = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)     # wakes who waits for somebody to come
        self._socket.close()
        self._thread.join(5)

    def _serve(self):
        with suppress(OSError):
            connection, _ = self._socket.accept()
            with connection:
                self._talk(connection)

    def _talk(self, connection):
        reader = connection.makefile("rb")
        within = False
        answer = self._script[""]
        while True:
            if answer is None:
                return
            if callable(answer):
                answer(connection)
                return
            connection.sendall(answer if isinstance(answer, bytes) else f"{answer}\r\n".encode())
            within = within or answer == "354 go"
            while True:
                line = reader.readline()
                if not line:
                    return
                self.heard.append(line)
                word = line.decode("latin-1").strip().split(" ")[0]
                if not within or word == ".":
                    break
            within = within and word != "."
            answer = self._script.get(word, "500 what?")
