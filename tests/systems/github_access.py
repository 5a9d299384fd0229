"""Who a token is, what it may do, and how GitHub says that it may not. Holds no records."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tests.systems.mishaps import Question, Reply

_LEVELS = ("read", "write", "admin")
# What is below a repository, and the permission it takes. The first that fits counts.
_PERMISSIONS = (
    (r"/(issues|labels|milestones|assignees)\b.*", "issues"),
    (r"/pulls/[0-9]+/merge", "contents"),
    (r"/pulls\b.*", "pull_requests"),
    (r"/(contents|git|commits|branches|releases|tags|merges|compare|readme|tarball|zipball)\b.*", "contents"),
    (r"/actions/secrets\b.*", "secrets"),
    (r"/(collaborators|keys|hooks|invitations)\b.*", "administration"),
)
REPOSITORY = re.compile(r"/repos/([^/]+/[^/]+)(/.*)?")


@dataclass(slots=True, kw_only=True)
class Token:
    """With ``permissions``, a fine-grained one or an App's; without, a classic one with ``scopes``.

    ``repositories`` are the only ones it was given; None is all. ``expires`` and ``resets`` are seconds since 1970.
    """

    login: str
    permissions: Mapping[str, str] | None = None
    scopes: tuple[str, ...] = ("repo",)
    repositories: frozenset[str] | None = None
    app: bool = False
    expires: float | None = None
    revoked: bool = False
    limit: int = 5000
    left: int = 5000
    resets: float = field(default=0.0)

    @property
    def name(self) -> str:
        return "integration" if self.app else "personal access token"


def required(method: str, path: str) -> tuple[str, str]:
    """Return the permission that a request takes, and how much of it."""
    match = REPOSITORY.fullmatch(path)
    level = "read" if method in {"GET", "HEAD"} else "write"
    if match is None:
        return "metadata", level
    rest = match[2] or ""
    for pattern, permission in _PERMISSIONS:
        if re.fullmatch(pattern, rest):
            return ("metadata" if permission == "administration" and level == "read" else permission), level
    return ("metadata", level) if level == "read" else ("administration", level)


def refusal(question: Question, token: Token | None, *, now: float, private: Callable[[], bool]) -> Reply | None:
    """Return how GitHub refuses what a token may not do; None where it may. Who has no token may read what is public.

    What a token cannot even see is not there: 404, like anything that isn't.
    """
    if "authorization" in question.headers and (token is None or token.revoked or (token.expires or now + 1) <= now):
        return said(401, "Bad credentials")
    reads = question.method in {"GET", "HEAD"}
    if token is None:
        return None if reads and not private() else said(404, "Not Found") if reads else said(401, "Requires authentication")
    if token.permissions is None:
        if "repo" in token.scopes or REPOSITORY.fullmatch(question.path) is None:
            return None
        enough = (reads or "public_repo" in token.scopes) and not private()
        return None if enough else said(404, "Not Found")
    return _refused_by_permissions(question, token, reads=reads, private=private)


def _refused_by_permissions(question: Question, token: Token, *, reads: bool, private: Callable[[], bool]) -> Reply | None:
    match = REPOSITORY.fullmatch(question.path)
    if match is None:
        return None
    given = token.repositories is None or match[1] in token.repositories
    permission, level = required(question.method, question.path)
    has = "read" if permission == "metadata" else (token.permissions or {}).get(permission, "")
    if given and has and _LEVELS.index(has) >= _LEVELS.index(level):
        return None
    if not private():
        return None if reads else said(403, f"Resource not accessible by {token.name}")
    return said(403, f"Resource not accessible by {token.name}") if given else said(404, "Not Found")


def headers_of(question: Question, token: Token | None) -> dict[str, str]:
    """Return what an answer says of the token that asked, and of what it should have been."""
    if token is None:
        return {}
    if token.permissions is None:
        return {"x-oauth-scopes": ", ".join(token.scopes), "x-accepted-oauth-scopes": "repo"}
    permission, level = required(question.method, question.path)
    return {"x-accepted-github-permissions": f"{permission}={level}"}


def said(status: int, message: str, **more: object) -> Reply:
    """Return an error as GitHub writes it."""
    value = {"message": message} | more | {"documentation_url": "https://docs.github.com/rest", "status": str(status)}
    return Reply.of(status, value)
