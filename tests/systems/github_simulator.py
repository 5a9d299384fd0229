"""The GitHub emulator made as strict as GitHub is: tokens that end and lack, limits, ETags, moved names, lists that lag.

The records, and what a request does to them, are the emulator's. What a network does to one request is a mishap's.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import re
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from typing import Any
from urllib.parse import quote

from tests.systems.front import Answerer
from tests.systems.github_access import REPOSITORY, Token, headers_of, refusal, said
from tests.systems.github_house import LOGINS, USER, GitHubHouse, Repository
from tests.systems.mishaps import Question, Reply, Says
from tests.systems.openapi import github_description

_HOUR = 3600
_numbers = itertools.count(1)
_RESOURCES = {"issues": "Issue", "labels": "Label", "milestones": "Milestone", "pulls": "PullRequest", "releases": "Release"}
_UNIQUE = {"labels": "name", "releases": "tag_name"}


@dataclass(slots=True)
class GitHubSimulator:
    """``skew`` is how far its clock is from ours, in seconds; ``now`` is that clock."""

    behind: Answerer
    skew: float = 0.0
    tokens: dict[str, Token] = field(default_factory=dict)
    _moved: dict[str, int] = field(default_factory=dict)
    _lag: int = 0
    _seen: dict[tuple[str, str], Reply] = field(default_factory=dict)
    _made: set[str] = field(default_factory=set)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def now(self) -> float:
        return time.time() + self.skew

    def reset(self) -> None:
        """Forget all but the records: a test begins."""
        self.skew = 0.0
        self.tokens = {token: Token(login=login) for token, login in LOGINS.items()}
        self._lag = 0
        self._moved.clear()
        self._seen.clear()
        self._made.clear()

    def token(self, login: str = "octocat", **fields: Any) -> str:
        """Issue a token: with ``permissions={"issues": "write"}`` a fine-grained one, with ``scopes`` a classic one."""
        name = f"{'ghs' if fields.get('app') else 'github_pat' if fields.get('permissions') is not None else 'ghp'}_{next(_numbers)}"
        self.tokens[name] = Token(login=login, **fields)
        return name

    def move(self, repository: Repository, name: str) -> Repository:
        """Give a repository another name; who asks for the old one is sent on."""
        number = repository.read()["id"]
        self._moved[repository.name] = number
        return repository.rename(name)

    def lag(self, reads: int) -> None:
        """Let the next ``reads`` GETs answer as before what happens from now on, as far as they were asked before.

        What was not asked before is answered without the records that were made from now on.
        """
        with self._lock:
            self._lag = reads
            self._made.clear()

    def __call__(self, question: Question) -> Reply:
        with self._lock:
            reply = self._answer(question)
        token = self._token(question)
        headers = {"date": formatdate(self.now(), usegmt=True), "x-github-request-id": f"SIM:{next(_numbers)}"}
        headers |= {"x-github-media-type": "github.v3; format=json"} | self._budget(token) | headers_of(question, token)
        kept = {name: value for name, value in reply.headers.items() if not name.startswith("x-ratelimit")}
        return replace(reply, headers=kept | headers)

    def _answer(self, question: Question) -> Reply:
        if not question.headers.get("user-agent"):
            return said(403, "Request forbidden by administrative rules. Please make sure your request has a User-Agent header.")
        token = self._token(question)
        if exhausted := self._spend(token):
            return exhausted
        if moved := self._sent_on(question):
            return moved
        question = self._by_name(question)
        if refused := refusal(question, token, now=self.now(), private=lambda: self._private(question)):
            return refused
        if invalid := self._invalid(question):
            return invalid
        reply = self._acted(question, token)
        tagged = self._tagged(question, reply)
        if tagged.status == 304 and token is not None:
            token.left += 1     # what did not change costs nothing
        return tagged

    def _token(self, question: Question) -> Token | None:
        return self.tokens.get(question.headers.get("authorization", "").partition(" ")[2])

    def _spend(self, token: Token | None) -> Reply | None:
        if token is None:
            return None
        if token.resets <= self.now():
            token.resets = self.now() + _HOUR
            token.left = token.limit
        if token.left <= 0:
            return said(403, f"API rate limit exceeded for user {token.login}.")
        token.left -= 1
        return None

    def _budget(self, token: Token | None) -> dict[str, str]:
        if token is None:
            return {}
        return {
            "x-ratelimit-limit": str(token.limit), "x-ratelimit-remaining": str(max(token.left, 0)),
            "x-ratelimit-used": str(token.limit - max(token.left, 0)), "x-ratelimit-reset": str(int(token.resets)),
            "x-ratelimit-resource": "core",
        }

    def _sent_on(self, question: Question) -> Reply | None:
        match = REPOSITORY.fullmatch(question.path)
        if match is None or match[1] not in self._moved:
            return None
        rest = question.target.removeprefix(f"/repos/{match[1]}")
        url = f"http://{question.headers['host']}/repositories/{self._moved[match[1]]}{rest}"
        moved = said(301 if question.method == "GET" else 307, "Moved Permanently", url=url)
        return replace(moved, headers={**moved.headers, "location": url})

    def _by_name(self, question: Question) -> Question:
        """Return the request as the emulator knows it: by the name that a numbered repository has now."""
        match = re.fullmatch(r"/repositories/([0-9]+)(.*)", question.target)
        if match is None:
            return question
        found = self._read(f"/repositories/{match[1]}")
        return replace(question, target=f"/repos/{found['full_name']}{match[2]}") if found else question

    def _private(self, question: Question) -> bool:
        match = REPOSITORY.fullmatch(question.path)
        found = match and self._read(f"/repos/{match[1]}")
        return bool(found and found["private"])

    def _invalid(self, question: Question) -> Reply | None:
        """Return how GitHub refuses a body that is no JSON, or not of the described shape."""
        if question.body:
            try:
                question.json  # noqa: B018  (whether it can be read is the question)
            except ValueError:
                return said(400, "Problems parsing JSON")
        faults = github_description().faults(question.method, question.target, question.headers, question.body)
        wrong = [fault for fault in faults if " in the body: " in fault and "Additional properties" not in fault]
        wrong += [fault for fault in faults if fault.endswith("the body is missing")]
        if wrong:
            return said(422, "Invalid request.\n\n" + "\n".join(fault.partition(": ")[2] for fault in wrong))
        return self._not_there(question)

    def _not_there(self, question: Question) -> Reply | None:
        """Return how GitHub refuses a pull request from or to a branch that is not there; the emulator makes it."""
        match = re.fullmatch(r"(/repos/[^/]+/[^/]+)/pulls", question.path)
        if question.method != "POST" or match is None:
            return None
        wrong = [
            {"resource": "PullRequest", "field": name, "code": "invalid"} for name in ("head", "base")
            if self._read(f"{match[1]}/git/ref/heads/{quote(question.json[name].rpartition(':')[2])}") is None
        ]
        return said(422, "Validation Failed", errors=wrong) if wrong else None

    def _acted(self, question: Question, token: Token | None) -> Reply:
        if question.method == "GET":
            return self._perhaps_late(question, token)
        reply = _named(question, self._forward(question, token))
        if reply.status == 201:
            with suppress(ValueError, KeyError, TypeError):
                self._made.add(json.loads(reply.body)["url"])
        return reply

    def _perhaps_late(self, question: Question, token: Token | None) -> Reply:
        asked = (question.headers.get("authorization", ""), question.target)
        if self._lag:
            self._lag -= 1
            return self._seen.get(asked) or self._without_new(self._forward(question, token))
        self._seen[asked] = reply = self._forward(question, token)
        return reply

    def _without_new(self, reply: Reply) -> Reply:
        try:
            value = json.loads(reply.body)
        except ValueError:
            return reply
        if isinstance(value, list):
            return replace(reply, body=json.dumps(list(self._old(value))).encode())
        return said(404, "Not Found") if isinstance(value, dict) and value.get("url") in self._made else reply

    def _old(self, records: Iterable[Any]) -> Iterable[Any]:
        return (one for one in records if not (isinstance(one, dict) and one.get("url") in self._made))

    def _tagged(self, question: Question, reply: Reply) -> Reply:
        if question.method != "GET" or reply.status != 200:
            return reply
        etag = f'W/"{hashlib.sha256(reply.body).hexdigest()}"'
        reply = replace(reply, headers={**reply.headers, "etag": etag, "cache-control": "private, max-age=60, s-maxage=60"})
        known = [one.strip() for one in question.headers.get("if-none-match", "").split(",")]
        if etag in known or etag.removeprefix("W/") in known:
            return Reply(304, {name: value for name, value in reply.headers.items() if name != "content-type"})
        return reply

    def _forward(self, question: Question, token: Token | None) -> Reply:
        """Let the emulator act, as the person whose token it was: it takes any token for its first user's."""
        person = next((name for name, login in LOGINS.items() if token and login == token.login), USER)
        said_by = {name: value for name, value in question.headers.items() if name not in {"authorization", "if-none-match"}}
        if token is not None:
            said_by["authorization"] = f"Bearer {person}"
        return self.behind(replace(question, headers=said_by))

    def _read(self, path: str) -> Any:
        reply = self.behind(Question("GET", path, {"authorization": f"Bearer {USER}", "host": "127.0.0.1"}, b""))
        return json.loads(reply.body) if reply.status == 200 else None


class SimulatedGitHub(GitHubHouse):
    """What tests have of it."""

    __slots__ = ()

    @property
    def simulator(self) -> GitHubSimulator:
        simulator = self.front.answer
        assert isinstance(simulator, GitHubSimulator)
        return simulator


def secondary_limit(seconds: int = 60) -> Says:
    """Return how GitHub refuses who writes too much too fast: nothing is done."""
    refused = said(403, "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.")
    return Says(replace(refused, headers={**refused.headers, "retry-after": str(seconds)}))


def server_error(status: int = 502, *, after: bool = False) -> Says:
    """Return an error of GitHub's own; with ``after``, what was asked has been done all the same."""
    return Says(said(status, "Server Error"), after=after)


def _named(question: Question, reply: Reply) -> Reply:
    """Return the emulator's refusal with what GitHub adds: which field of which record, and why."""
    match = REPOSITORY.fullmatch(question.path)
    if reply.status != 422 or match is None or b"Validation failed" not in reply.body:
        return reply
    kind = (match[2] or "/").split("/")[1]
    code, name = ("already_exists", _UNIQUE[kind]) if question.method == "POST" and kind in _UNIQUE else ("invalid", "")
    error = {"resource": _RESOURCES.get(kind, "Repository"), "code": code, "field": name or next(iter(question.json or {}), "")}
    return said(422, "Validation Failed", errors=[error])
