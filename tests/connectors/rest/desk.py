"""An in-house ticket desk, as such services are: verbs in the path, 200 for everything, a version in the body."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

PAGE = Path(__file__).parents[3] / "docs/CONNECTORS.md"
KEY = "desk-key-4711"
SIZE = 2


def block(name: str) -> str:
    """Return the file that the page shows under ``name``: what is read there is what is tested here."""
    (text,) = re.findall(rf"```yaml\n# {re.escape(name)}\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    return str(text)


def ticket(number: int, **more: Any) -> dict[str, Any]:
    return {"id": number, "ver": 1, "subject": f"Ticket {number}", "state": "OPEN", "hours": "0.00", "labels": "",
            "clientRef": None, "touched": 1, **more}


@dataclass(slots=True)
class Desk:
    """``asked`` are verbs and bodies in the order they came.

    ``lose`` names verbs whose next answer is lost, ``before_losing`` is called in between.
    """

    url: str = ""
    tickets: dict[int, dict[str, Any]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    lose: set[str] = field(default_factory=set)
    before_losing: Callable[[], None] = lambda: None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def put(self, *tickets: dict[str, Any]) -> None:
        self.tickets = {one["id"]: one for one in tickets}

    def edit(self, number: int, **fields: Any) -> None:
        """Somebody else changes a ticket, or opens it."""
        old = self.tickets.get(number) or ticket(number)
        self.tickets[number] = {**old, **fields, "ver": old["ver"] + 1}

    def verbs(self) -> list[str]:
        return [verb for verb, _ in self.asked]

    def answer(self, verb: str, given: dict[str, Any]) -> dict[str, Any]:
        match verb:
            case "GET whoami":
                return {"user": "svc-agent", "company": "acme"}
            case "GET ticket.get":
                return {"ticket": self._there(int(given["id"]))}
            case "POST ticket.find":
                found = [one for number, one in sorted(self.tickets.items()) if given.get("state") in (None, one["state"])]
                first = (given["page"] - 1) * SIZE
                return {"tickets": found[first:first + SIZE], "total": len(found)}
            case "POST ticket.save":
                return self._change(given, **given["set"])
            case "POST ticket.close":
                return self._change(given, state="CLOSED")
            case "POST ticket.reopen":
                return self._change(given, state="OPEN")
            case "POST ticket.open":
                if not re.fullmatch(r"[A-Za-z0-9-]{1,36}", given["clientRef"]):
                    raise Refused("INVALID", "clientRef: at most 36 letters and digits")
                number = max(self.tickets, default=0) + 1
                self.tickets[number] = {**ticket(number), **given}      # twice the same reference is two tickets
                return {"id": number}
            case "POST ticket.void":
                self._change(given)
                del self.tickets[given["id"]]
                return {}
        raise Refused("NO_VERB", verb)

    def _there(self, number: Any) -> dict[str, Any]:
        if not isinstance(number, int) or number not in self.tickets:
            raise Refused("NO_TICKET", f"there is no ticket {number}")
        return self.tickets[number]

    def _change(self, given: dict[str, Any], **fields: Any) -> dict[str, Any]:
        old = self._there(given["id"])
        if given["ver"] != old["ver"] or isinstance(given["ver"], str):
            raise Refused("STALE", f"ticket {old['id']} is at {old['ver']}")
        if "!" in fields.get("subject", ""):
            raise Refused("INVALID", "subject: no shouting")
        old.update(fields, ver=old["ver"] + 1, touched=old["touched"] + 1)
        return {"ver": old["ver"]}


class Refused(Exception):
    """What the desk does not do, by its code and in its words."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    desk: Desk

    def do_GET(self) -> None:
        self._answer(dict(parse_qsl(urlsplit(self.path).query)))

    def do_POST(self) -> None:
        self._answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

    def _answer(self, given: dict[str, Any]) -> None:
        verb = f"{self.command} {urlsplit(self.path).path.removeprefix('/api/')}"
        with self.desk.lock:
            self.desk.asked.append((verb, given))
            try:
                if self.headers.get("X-Desk-Key") != KEY:
                    raise Refused("AUTH", "this key opens nothing")
                told = {"ok": True, **self.desk.answer(verb, given)}
            except Refused as refused:
                told = {"ok": False, "code": refused.args[0], "msg": refused.args[1]}
            lost = verb in self.desk.lose
            self.desk.lose.discard(verb)
            raw = json.dumps(told).encode()
        if lost:
            self.desk.before_losing()
            self.close_connection = True
            return
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: ``asked`` tells."""


@contextmanager
def serving() -> Iterator[Desk]:
    """Serve a desk on a port of its own until the block ends."""
    desk = Desk()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"desk": desk}))
    server.daemon_threads = True
    desk.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield desk
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
