"""``provider: github_app``: a token per step, for one repository and the permissions it needs, ended after use."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from agentctl.errors import Rejected, Unreachable
from agentctl.facts import dataclass, field
from agentctl.identity.broker.app_jwt import app_jwt
from agentctl.identity.broker.asking import Answer, Ask, Asks, Minted
from agentctl.identity.broker.scopes import missing

_SCOPE = re.compile(r"[a-z][a-z_]*:(read|write|admin)")
_REPOSITORY = re.compile(r"([A-Za-z0-9-]+)/([A-Za-z0-9._-]+)(?:/.*)?")
_ALWAYS = "metadata:read"       # whatever is asked for, this is granted with it
_NO_READING = frozenset({"workflows:read"})     # there is this permission to write with only


@dataclass(frozen=True, kw_only=True)
class GitHubApp:
    """The installation of App ``app`` at ``owner``. ``key`` returns its private key, which nobody keeps."""

    app: str
    owner: str
    repositories: tuple[str, ...]
    key: Callable[[], str] = field(repr=False)
    look: Callable[[], None] = field(repr=False)
    ask: Asks = field(repr=False)
    now: Callable[[], datetime] = field(repr=False)
    variables: frozenset[str] = frozenset()
    name: str = "github_app"

    @property
    def where(self) -> str:
        return f"GitHub App {self.app} at {self.owner}"

    def check(self) -> None:
        self.look()

    def mint(self, ask: Ask) -> Minted:
        """Return a token that may do what ``ask`` needs, in its repository alone."""
        self._understood(ask)
        names = (self._repository(ask.target),) if ask.target else self.repositories
        signed = app_jwt(self.app, self.key(), self.now())
        number, granted = self._installation(signed)
        held = tuple(scope for scope in ask.scopes if not missing((scope,), granted) and scope not in _NO_READING)
        scopes = held if ask.looks and held else ask.scopes
        if lacking := missing(scopes, granted):
            raise Rejected(
                "Credential too weak",
                f"{self.where} was not granted {', '.join(lacking)}. Its owner grants that in the App's settings "
                "(Permissions), and then accepts it for the installation.",
            )
        body = {"permissions": _wanted(scopes), **({"repositories": list(names)} if names else {})}
        answer = self.ask("POST", f"/app/installations/{number}/access_tokens", signed, body)
        if answer.status != 201:
            raise self._refused(answer, f"It was asked for {', '.join(names) or 'all its repositories'}.")
        return self._minted(answer.body)

    def revoke(self, minted: Minted) -> None:
        answer = self.ask("DELETE", "/installation/token", minted.token)
        if answer.status not in (204, 401):     # 401: it has ended already
            raise Unreachable("Credential not ended", f"{self.where} answered {answer.status}.")

    def _understood(self, ask: Ask) -> None:
        if strange := [scope for scope in ask.scopes if not _SCOPE.fullmatch(scope)]:
            raise Rejected("Scope not understood", f"GitHub has no permission `{strange[0]}`, as in issues:write.")

    def _repository(self, target: str) -> str:
        found = _REPOSITORY.fullmatch(target)
        if found is None or found[2] in (".", ".."):
            raise Rejected("No repository named", f"`{target}` does not begin with OWNER/REPOSITORY.")
        if found[1].lower() != self.owner.lower():
            raise Rejected("Owner differs", f"`{target}` is not {self.owner}'s, for whom the App's tokens are.")
        if self.repositories and found[2].lower() not in map(str.lower, self.repositories):
            raise Rejected("Repository not listed", f"`{target}`: agentctl.yaml lists {', '.join(self.repositories)}.")
        return found[2]

    def _installation(self, signed: str) -> tuple[int, tuple[str, ...]]:
        """Return the installation's number and what its owner granted."""
        answer = self.ask("GET", f"/orgs/{self.owner}/installation", signed)
        if answer.status == 404:
            answer = self.ask("GET", f"/users/{self.owner}/installation", signed)
        if answer.status == 404:
            raise Rejected("GitHub App not installed", f"App {self.app} is not installed at {self.owner}.")
        if answer.status != 200:
            raise self._refused(answer, "")
        body: Any = answer.body
        number = body.get("id") if isinstance(body, Mapping) else None
        if not isinstance(number, int) or isinstance(number, bool):
            raise self._odd()
        if body.get("suspended_at"):
            raise Rejected("GitHub App suspended", f"{self.where} is suspended since {body['suspended_at']}.")
        return number, _scopes(body.get("permissions"))

    def _minted(self, body: Any) -> Minted:
        token = body.get("token") if isinstance(body, Mapping) else None
        if not isinstance(token, str) or not token:
            raise self._odd()
        try:
            expires = datetime.fromisoformat(body["expires_at"])
        except (KeyError, TypeError, ValueError):
            expires = None
        if expires is None or expires.tzinfo is None:
            raise self._odd()
        return Minted(token=token, scopes=_scopes(body.get("permissions")), expires=expires)

    def _refused(self, answer: Answer, asked: str) -> Rejected | Unreachable:
        if answer.status >= 500 or answer.status == 429:
            return Unreachable("Credential not available", f"{self.where}: the system answered {answer.status}.")
        skew = self._skew(answer)
        why = {
            401: f"the App's number and its private key are not taken for each other's, or have ended.{skew}",
            403: "it is forbidden; perhaps the installation is suspended.",
            422: f"the repository or a permission is not the installation's. {asked}",
        }.get(answer.status, "that is not what it answers.")
        return Rejected("Credential refused", f"{self.where}: the system answered {answer.status}: {why}")

    def _skew(self, answer: Answer) -> str:
        try:
            theirs = parsedate_to_datetime(answer.headers.get("date", ""))
            seconds = round((self.now() - theirs).total_seconds())
        except (TypeError, ValueError):
            return ""
        how = "ahead of" if seconds > 0 else "behind"
        return f" This machine's clock is {abs(seconds)} seconds {how} the system's." if abs(seconds) > 30 else ""

    def _odd(self) -> Unreachable:
        return Unreachable("Credential not available", f"{self.where}: the answer is not what GitHub answers.")


def _wanted(scopes: tuple[str, ...]) -> dict[str, str]:
    levels = ("read", "write", "admin")
    wanted = {"metadata": "read"}       # none at all would mean all that the installation has
    for name, _, level in (scope.partition(":") for scope in scopes):
        wanted[name] = max(level, wanted.get(name, level), key=levels.index)
    return wanted


def _scopes(permissions: Any) -> tuple[str, ...]:
    wire = permissions if isinstance(permissions, Mapping) else {}
    found = (f"{name}:{level}" for name, level in wire.items())
    return tuple(sorted(scope for scope in found if _SCOPE.fullmatch(scope) and scope != _ALWAYS))
