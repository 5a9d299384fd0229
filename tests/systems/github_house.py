"""A GitHub on this machine, as a test sees it from outside: makes repositories, and reads what is in them directly."""

from __future__ import annotations

import itertools
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.systems.front import Front
from tests.systems.loopback import Answer, ask
from tests.systems.openapi import github_description

ADMIN, USER, READER = "tok_admin", "tok_user", "tok_reader"
LOGINS: Mapping[str, str] = {ADMIN: "admin", USER: "octocat", READER: "reader"}
DIRECT = "tok_direct"       # octocat's too, for what tests ask themselves
SPREAD = 20
ORGANISATION = "my-org"
_numbers = itertools.count(1)
_calls = itertools.count()


def spread(token: str, number: int) -> str:
    """Return one of the names under which the emulator knows a token: it counts calls by name."""
    return f"{token}-{number % SPREAD}"


@dataclass(frozen=True, slots=True, kw_only=True)
class GitHubHouse:
    """``url`` is the base URL of the API, watched by ``front``; ``direct`` is the same unwatched, for the test itself.

    ``port`` and ``pid`` are those of the server behind.
    """

    front: Front
    direct: str
    port: int
    pid: int

    @property
    def url(self) -> str:
        return self.front.url

    def repository(self, **settings: object) -> Repository:
        """Make a repository of octocat's that no other test has: one commit, with a README, on `main`."""
        name = f"repo-{next(_numbers)}"
        answer = self.ask("POST", "/user/repos", {"name": name, "auto_init": True} | settings)
        assert answer.status == 201, answer
        return Repository(self, answer.body["full_name"])

    def faults(self) -> list[str]:
        """Return what GitHub does not describe of what was asked."""
        description = github_description()
        return [
            fault for one in self.front.journal
            for fault in description.faults(one.question.method, one.question.target, one.question.headers, one.question.body)
        ]

    def ask(self, method: str, path: str, body: object = None, *, token: str = DIRECT, **headers: str) -> Answer:
        """Ask what nobody watches; ``if_match`` names the header if-match, and an empty token sends none."""
        said = {name.replace("_", "-"): value for name, value in headers.items()}
        if token:
            said["authorization"] = f"Bearer {spread(token, next(_calls)) if token in {*LOGINS, DIRECT} else token}"
        return ask(self.direct, method, path, body, headers=said)


@dataclass(frozen=True, slots=True)
class Repository:
    """One repository; paths are below it: ``/issues/1``."""

    house: GitHubHouse
    name: str

    def ask(self, method: str, path: str = "", body: object = None, **said: str) -> Answer:
        return self.house.ask(method, f"/repos/{self.name}{path}", body, **said)

    def made(self, path: str, body: object, method: str = "POST") -> Any:
        """Return the record that was made."""
        answer = self.ask(method, path, body)
        assert answer.status in {200, 201}, answer
        return answer.body

    def read(self, path: str = "") -> Any:
        """Return a record as it is now, or None where there is none."""
        answer = self.ask("GET", path)
        assert answer.status in {200, 404}, answer
        return answer.body if answer.status == 200 else None

    def all(self, path: str) -> list[Any]:
        """Return a whole list, page by page."""
        found: list[Any] = []
        for page in itertools.count(1):
            more = self.read(f"{path}{'&' if '?' in path else '?'}per_page=100&page={page}") or []
            found += more
            if len(more) < 100:
                return found
        raise AssertionError

    def issue(self, title: str = "An issue", **fields: object) -> int:
        number: int = self.made("/issues", {"title": title} | fields)["number"]
        return number

    def rename(self, name: str) -> Repository:
        """Give the repository another name, as somebody else might."""
        assert self.ask("PATCH", "", {"name": name}).status == 200
        return Repository(self.house, f"{self.name.partition('/')[0]}/{name}")

    def rename_default_branch(self, name: str) -> None:
        """Put another branch in the place of the default one, which is gone afterwards."""
        old = self.read()["default_branch"]
        self.branch(name, old)
        assert self.ask("PATCH", "", {"default_branch": name}).status == 200
        assert self.ask("DELETE", f"/git/refs/heads/{old}").status == 204

    def commit(self, path: str, text: str, branch: str = "main", message: str = "Change a file") -> Any:
        """Put a file on a branch, and return what was answered."""
        old = self.read(f"/contents/{path}?ref={branch}")
        body = {"message": message, "content": b64encode(text.encode()).decode(), "branch": branch}
        return self.made(f"/contents/{path}", body | ({"sha": old["sha"]} if old else {}), "PUT")

    def branch(self, name: str, source: str = "main") -> str:
        """Make a branch where another one is, and return its commit."""
        sha: str = self.read(f"/git/ref/heads/{source}")["object"]["sha"]
        self.made("/git/refs", {"ref": f"refs/heads/{name}", "sha": sha})
        return sha

    def everything(self) -> dict[str, Any]:
        """Return every record there is, by path, as it is now: what a test compares before, after, and undone."""
        records: dict[str, Any] = {"": self.read()}
        for issue in self.all("/issues?state=all"):
            number = issue["number"]
            records[f"/issues/{number}"] = self.read(f"/issues/{number}")
            for comment in self.all(f"/issues/{number}/comments"):
                records[f"/issues/comments/{comment['id']}"] = comment
        for pull in self.all("/pulls?state=all"):
            records[f"/pulls/{pull['number']}"] = self.read(f"/pulls/{pull['number']}")
        for listing, key in _LISTS.items():
            for record in self.all(listing):
                records[f"{listing.partition('?')[0]}/{record[key]}"] = record
        for ref in self.all("/branches"):
            head = self.read(f"/git/ref/heads/{ref['name']}")
            records[f"/git/ref/heads/{ref['name']}"] = head
            tree = self.read(f"/git/trees/{head['object']['sha']}?recursive=1")
            records |= {f"/files/{ref['name']}/{entry['path']}": entry for entry in tree["tree"]}
        return records


_LISTS = {
    "/labels": "name", "/milestones?state=all": "number", "/releases": "id", "/collaborators": "login", "/tags": "name",
}


def without(records: Any, *fields: str) -> Any:
    """Return the records without what no undoing can bring back: ``updated_at``, counters."""
    if isinstance(records, dict):
        return {key: without(value, *fields) for key, value in records.items() if key not in fields}
    return [without(value, *fields) for value in records] if isinstance(records, list) else records
