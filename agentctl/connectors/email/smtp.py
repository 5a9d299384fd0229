"""One message, one conversation with a mail server: all recipients are taken or nothing is sent. Knows no file."""

from __future__ import annotations

import base64
import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from ipaddress import ip_address
from time import monotonic

from agentctl.connectors import tls
from agentctl.connectors.email.reply import Garbled, Gone, Replies, Reply
from agentctl.connectors.email.server import Server
from agentctl.errors import ConnectorError, Indeterminate, Rejected, Unreachable

_CHUNK = 1 << 16
_GOODBYE = 1.0          # seconds for what no longer matters


def send(
    server: Server, sender: str, recipients: Sequence[str], data: bytes, until: float, mark: Callable[[], None]
) -> str:
    """Hand ``data`` in for ``recipients`` before ``until`` (of the monotonic clock); return what the server then said.

    ``mark`` is called just before the line that ends the message: what happens up to there is nothing. Raises
    Unreachable and Rejected where nothing was sent, Indeterminate where the yes or no did not come.
    """
    with _connected(server, until) as conversation:
        conversation.begin()
        conversation.offer(sender, recipients, len(data))
        return conversation.hand_in(data, mark)


@contextmanager
def _connected(server: Server, until: float) -> Iterator[_Conversation]:
    with _as_nothing_happened(server):
        line = socket.create_connection((server.host, server.port), timeout=_left(until))
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)     # or a message's end waits for an acknowledgement
    conversation = _Conversation(server, line, until)
    try:
        yield conversation
    finally:
        conversation.close()


class _Conversation:
    """An open connection and what the server said it can do."""

    def __init__(self, server: Server, line: socket.socket, until: float) -> None:
        self._server = server
        self._line = line
        self._until = until
        self._offers: dict[str, str] = {}
        self._replies = Replies(self._receive)
        self._speaks = True             # not so within a message, where every word is one of it

    def begin(self) -> None:
        """Greet, go over to TLS and sign in. Raises Unreachable and Rejected."""
        with _as_nothing_happened(self._server):
            if self._server.security == "none" and not ip_address(self._line.getpeername()[0]).is_loopback:
                raise Rejected(
                    "Server not on this machine",
                    f"{self._server.place} is elsewhere, and `security: none` would send mail there in clear.",
                    hint="Write security: starttls, or tls.",
                )
            if self._server.security == "tls":
                self._secure()
            self._expect(self._replies.next(), 220, "It does not greet")
            self._greet()
            if self._server.security == "starttls":
                if "STARTTLS" not in self._offers:
                    raise Rejected(
                        "Server without TLS",
                        f"{self._server.place} does not offer STARTTLS; mail and password would go there in clear.",
                    )
                self._expect(self._say("STARTTLS"), 220, "It does not begin TLS")
                self._secure()
                self._greet()
            if self._server.username:
                self._sign_in()

    def offer(self, sender: str, recipients: Sequence[str], size: int) -> None:
        """Name sender and recipients. Raises Rejected where one is refused, Unreachable where it may be later."""
        with _as_nothing_happened(self._server):
            most = self._offers.get("SIZE", "")
            if most.isdigit() and 0 < int(most) < size:
                raise Rejected(
                    "Message too large",
                    f"It has {size:,} bytes, and {self._server.place} takes {int(most):,}.",
                )
            told = f" SIZE={size}" if "SIZE" in self._offers else ""
            self._expect(self._say(f"MAIL FROM:<{sender}>{told}"), 250, "It does not take mail from the sender")
            refused = [
                (one, reply) for one in recipients if (reply := self._say(f"RCPT TO:<{one}>")).code not in (250, 251)
            ]
            if refused:
                raise self._refusal(refused, len(recipients))

    def hand_in(self, data: bytes, mark: Callable[[], None]) -> str:
        """Send the message, and at its end the line by which the server takes it on itself; return what it said."""
        with _as_nothing_happened(self._server):
            self._expect(self._say("DATA"), 354, "It does not take the message")
            self._speaks = False
            self._send(_stuffed(data))
            self._must_be_silent()
            mark()
            _left(self._until)
        # From here on the server may have taken it, whatever becomes of us or of the connection.
        try:
            self._send(b".\r\n")
            reply = self._replies.next()
            self._speaks = True
        except (OSError, Garbled, Gone, TimeoutError, Unreachable) as error:
            why = str(error) or "the connection ended"
            raise Indeterminate(
                "No word whether it was taken",
                f"The whole message went to {self._server.place}, and no answer came back ({why}).",
            ) from error
        if reply.good:
            return self._told(reply)
        if reply.code // 100 == 3:
            raise Indeterminate("No word whether it was taken", f"{self._server.place} answered {self._told(reply)}.")
        raise self._no(reply, "It does not take the message")

    def close(self) -> None:
        """Say goodbye and let go: whatever goes wrong with that changes nothing any more."""
        if self._speaks:
            with suppress(OSError, ValueError):
                self._line.settimeout(_GOODBYE)
                self._line.sendall(b"QUIT\r\n")
        with suppress(OSError):
            self._line.close()

    def _greet(self) -> None:
        here = self._line.getsockname()[0].partition("%")[0]
        reply = self._say(f"EHLO [{here}]" if ":" not in here else f"EHLO [IPv6:{here}]")
        self._expect(reply, 250, "It does not speak ESMTP")
        words = [line.upper().split(None, 1) for line in reply.lines[1:]]
        self._offers = {word[0]: word[1] if len(word) > 1 else "" for word in words if word}

    def _secure(self) -> None:
        try:
            context = tls.context(self._server.ca)
        except tls.NoAuthority as error:
            raise Rejected("CA file not usable", f"{self._server.ca}: {error}.") from error
        self._line.settimeout(_left(self._until))
        self._line = context.wrap_socket(self._line, server_hostname=self._server.host)

    def _sign_in(self) -> None:
        ways = self._offers.get("AUTH", "").split()
        name, password = self._server.username, self._server.password
        if "PLAIN" in ways:
            reply = self._say("AUTH PLAIN " + _base64(f"\0{name}\0{password}"))
        elif "LOGIN" in ways:
            reply = self._say("AUTH LOGIN")
            for answer in (name, password):
                if reply.code == 334:
                    reply = self._say(_base64(answer))
        else:
            raise Rejected(
                "No way to sign in",
                f"{self._server.place} offers neither AUTH PLAIN nor AUTH LOGIN"
                f"{' before TLS' if self._server.security == 'none' else ''}.",
            )
        if reply.code != 235:
            # Its words are not told: they may hold what was sent.
            kind = Unreachable if reply.later else Rejected
            raise kind("Sign-in refused", f"{self._server.place} does not let {name!r} in ({reply.code}).")

    def _say(self, command: str) -> Reply:
        self._must_be_silent()
        self._send(f"{command}\r\n".encode("ascii"))
        return self._replies.next()

    def _must_be_silent(self) -> None:
        """Raise where the server spoke without being asked: an answer taken for that of a later question lies."""
        self._line.settimeout(0)
        with suppress(BlockingIOError, ssl.SSLWantReadError):
            data = self._line.recv(_CHUNK)
            if not data:
                raise Gone
            self._replies.put(data)
        if self._replies.waiting:
            reply = self._replies.next()
            if reply.code >= 400:
                raise self._no(reply, "It ends the conversation")
            raise Garbled("it answers what it was not asked")

    def _send(self, data: bytes) -> None:
        self._line.settimeout(_left(self._until))
        self._line.sendall(data)

    def _receive(self) -> bytes:
        self._line.settimeout(_left(self._until))
        return self._line.recv(_CHUNK)

    def _expect(self, reply: Reply, code: int, otherwise: str) -> None:
        if reply.code != code:
            raise self._no(reply, otherwise)

    def _refusal(self, refused: Sequence[tuple[str, Reply]], of: int) -> ConnectorError:
        kind = Unreachable if all(reply.later for _, reply in refused) else Rejected
        said = "; ".join(f"{one} ({self._told(reply)})" for one, reply in refused[:5])
        more = f"; and {len(refused) - 5} more" if len(refused) > 5 else ""
        whom = f"{len(refused)} of {of} recipients"
        return kind("Recipients refused", f"{self._server.place} does not take {whom}: {said}{more}. Nothing was sent.")

    def _no(self, reply: Reply, what: str) -> ConnectorError:
        kind = Unreachable if reply.later else Rejected
        return kind("Mail server refuses", f"{self._server.place}: {what} ({self._told(reply)}).")

    def _told(self, reply: Reply) -> str:
        password = self._server.password
        sent = (password, _base64(password), _base64(f"\0{self._server.username}\0{password}"))
        return reply.told(sent if password else ())


@contextmanager
def _as_nothing_happened(server: Server) -> Iterator[None]:
    """Tell what went wrong while nothing could be sent yet."""
    try:
        yield
    except ConnectorError:
        raise
    except ssl.SSLCertVerificationError as error:
        raise Rejected(
            "Certificate not trusted",
            f"{server.place} shows one that is not good for it: {error.verify_message}.",
            hint="Where its authority is your own, name its certificate: ca: FILE.",
        ) from error
    except ssl.SSLError as error:
        raise Unreachable(
            "TLS failed",
            f"{server.place}: {error.reason or 'it ended early'}. Nothing was sent.",
            hint="See whether `security` fits that port: tls from the first byte, or starttls.",
        ) from error
    except Garbled as error:
        raise Rejected("Not understood", f"{server.place}: {error}. Nothing was sent.") from error
    except Gone as error:
        raise Unreachable("Connection ended", f"{server.place} hung up. Nothing was sent.") from error
    except TimeoutError as error:
        raise Unreachable("No answer in time", f"{server.place} did not answer. Nothing was sent.") from error
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or type(error).__name__
        raise Unreachable("Mail server out of reach", f"{server.place}: {why}. Nothing was sent.") from error


def _left(until: float) -> float:
    """Return the seconds that are left. Raises TimeoutError where none are."""
    left = until - monotonic()
    if left <= 0:
        raise TimeoutError("the time for it was over")
    return left


def _stuffed(data: bytes) -> bytes:
    """Double the dot at the beginning of a line: alone it would end the message."""
    return (b"." if data.startswith(b".") else b"") + data.replace(b"\r\n.", b"\r\n..")


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode("ascii")
