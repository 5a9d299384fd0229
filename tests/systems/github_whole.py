"""What the GitHub emulator leaves out of pull requests, releases and collaborators: GraphQL, statuses, invitations, tags.

Records and what is done to them stay the emulator's; here stands only what GitHub does and the emulator does not.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, unquote

import yaml

from tests.systems.front import Answerer
from tests.systems.github_access import said
from tests.systems.github_house import DIRECT, GitHubHouse, spread
from tests.systems.loopback import ask
from tests.systems.mishaps import Question, Reply
from tests.systems.openapi import github_description

# What is given is called by other names than what one has.
_ROLES = {"pull": "read", "triage": "triage", "push": "write", "maintain": "maintain", "admin": "admin"}
_GIVEN = {role: permission for permission, role in _ROLES.items()}


@dataclass(slots=True)
class GitHubWhole:
    """``invitations`` are those nobody has accepted yet, by repository; ``members`` are let in without one."""

    behind: Answerer
    invitations: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    members: set[str] = field(default_factory=set)
    statuses: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    _pulls: dict[str, str] = field(default_factory=dict)
    _invited: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def __call__(self, question: Question) -> Reply:
        for method, pattern, answer in _ANSWERS:
            if method == question.method and (match := re.fullmatch(pattern, question.path)):
                return answer(self, question, *map(unquote, match.groups()))
        return self.behind(question)

    def accept(self, repository: str, login: str) -> None:
        """Let who was invited accept."""
        (invitation,) = [one for one in self.invitations[repository] if one["invitee"]["login"] == login]
        self.invitations[repository].remove(invitation)
        self._let_in(repository, login, invitation["permissions"])

    def accepted(self, question: Question, number: str) -> Reply:
        """Let who was invited accept; whose token it is is all one."""
        for repository, told in self.invitations.items():
            for invitation in told:
                if invitation["id"] == int(number):
                    self.accept(repository, invitation["invitee"]["login"])
                    return Reply(204)
        return said(404, "Not Found")

    def invite(self, repository: str, login: str, role: str) -> dict[str, Any]:
        """Invite somebody; an earlier invitation is none any more."""
        told = self.invitations.setdefault(repository, [])
        told[:] = [one for one in told if one["invitee"]["login"].lower() != login.lower()]
        told.append({"id": next(self._invited), "invitee": {"login": login}, "permissions": role, "expired": False,
                     "html_url": f"https://github.example/{repository}/invitations"})
        return told[-1]

    def status(self, repository: str, sha: str, state: str, context: str = "ci") -> None:
        """Let somebody say in the older way what they think of a commit."""
        told = self.statuses.setdefault(f"{repository}/{sha}", [])
        told[:] = [one for one in told if one["context"] != context]
        told.append({"context": context, "state": state, "target_url": f"https://ci.example/{context}"})

    # ---- pull requests

    def pull(self, question: Question, repository: str, number: str) -> Reply:
        """Return a pull request whose head is where its branch is, until it is merged."""
        reply = self.behind(question)
        if reply.status != 200:
            return reply
        pull = json.loads(reply.body)
        self._pulls[pull["node_id"]] = f"/repos/{repository}/pulls/{number}"
        if pull["state"] == "open" and (head := self._ref(repository, f"heads/{pull['head']['ref']}")):
            pull["head"]["sha"] = head["object"]["sha"]
        return replace(reply, body=json.dumps(pull).encode())

    def label(self, question: Question, repository: str, number: str) -> Reply:
        """Change the labels of a pull request as those of an issue; the emulator knows another request for it."""
        pull = self._get(f"/repos/{repository}/pulls/{number}")
        if pull is None:
            return self.behind(question)
        asked = {"labels": question.json["labels"]}
        reply = self.behind(replace(question, method="PUT", target=f"{question.path}/labels", body=json.dumps(asked).encode()))
        return replace(reply, body=json.dumps(pull).encode()) if reply.status == 200 else reply

    def open_pull(self, question: Question, repository: str) -> Reply:
        wanted = question.json
        wrong = [
            {"resource": "PullRequest", "field": name, "code": "invalid"} for name in ("head", "base")
            if self._ref(repository, f"heads/{wanted[name].rpartition(':')[2]}") is None
        ]
        if wrong:
            return said(422, "Validation Failed", errors=wrong)
        for pull in self._get(f"/repos/{repository}/pulls?state=open"):
            if (pull["head"]["ref"], pull["base"]["ref"]) == (wanted["head"], wanted["base"]):
                why = f"A pull request already exists for {pull['head']['label']}."
                return said(422, "Validation Failed", errors=[{"resource": "PullRequest", "code": "custom", "message": why}])
        return self.behind(question)

    def merge(self, question: Question, repository: str, number: str) -> Reply:
        pull = json.loads(self.pull(replace(question, method="GET", target=f"/repos/{repository}/pulls/{number}", body=b""),
                                    repository, number).body)
        if pull["merged"] or pull["state"] == "closed" or pull["draft"]:
            return said(405, "Pull Request is not mergeable")
        if question.json.get("sha") not in {None, pull["head"]["sha"]}:
            return said(409, "Head branch was modified. Review and try the merge again.")
        return self.behind(question)

    def status_of(self, question: Question, repository: str, sha: str) -> Reply:
        told = self.statuses.get(f"{repository}/{sha}", [])
        return Reply.of(200, {"state": "pending", "sha": sha, "total_count": len(told), "statuses": told})

    def graphql(self, question: Question) -> Reply:
        """Carry out the two changes of a pull request that only GraphQL knows."""
        asked = question.json
        name = next(name for name in ("markPullRequestReadyForReview", "convertPullRequestToDraft") if name in asked["query"])
        path = self._pulls.get(asked["variables"]["id"])
        if path is None:
            fault = {"type": "NOT_FOUND", "path": [name], "message": "Could not resolve to a node with the global id."}
            return Reply.of(200, {"data": {name: None}, "errors": [fault]})
        draft = name == "convertPullRequestToDraft"
        reply = self.behind(replace(question, method="PATCH", target=path, body=json.dumps({"draft": draft}).encode()))
        if reply.status != 200:
            return reply
        pull = json.loads(reply.body)
        return Reply.of(200, {"data": {name: {"pullRequest": {"isDraft": pull["draft"], "url": pull["html_url"]}}}})

    # ---- releases

    def change_release(self, question: Question, repository: str, number: str) -> Reply:
        reply = self.behind(question)
        release = json.loads(reply.body)
        if reply.status == 200 and not release["draft"] and not self._ref(repository, f"tags/{release['tag_name']}"):
            branch = self._ref(repository, f"heads/{release['target_commitish']}")
            sha = branch["object"]["sha"] if branch else release["target_commitish"]
            self._ask("POST", f"/repos/{repository}/git/refs", {"ref": f"refs/tags/{release['tag_name']}", "sha": sha})
        return reply

    # ---- collaborators

    def collaborators(self, question: Question, repository: str) -> Reply:
        """Return the list with what each may do, which the emulator keeps for itself."""
        reply = self.behind(question)
        people = json.loads(reply.body) if reply.status == 200 else []
        for person in people:
            found = self._get(f"/repos/{repository}/collaborators/{person['login']}/permission")
            person["role_name"] = found["role_name"]
        return replace(reply, body=json.dumps(people).encode()) if reply.status == 200 else reply

    def add_collaborator(self, question: Question, repository: str, login: str) -> Reply:
        """Invite, unless the person is in already or need not be asked."""
        wanted = (question.json or {}).get("permission", "push")
        role = _ROLES.get(wanted, "")
        if not role:
            return said(422, "Validation Failed", errors=[{"resource": "Repository", "field": "permission", "code": "invalid"}])
        person = self._get(f"/users/{login}")
        if person is None:
            return said(404, "Not Found")
        inside = {one["login"].lower() for one in self._get(f"/repos/{repository}/collaborators?per_page=100")}
        if login.lower() in inside | self.members:
            self._let_in(repository, person["login"], role)
            return Reply(204)
        return Reply.of(201, self.invite(repository, person["login"], role))

    def invited(self, question: Question, repository: str) -> Reply:
        """Return one page of them."""
        asked = dict(parse_qsl(question.target.partition("?")[2]))
        size, page = int(asked.get("per_page", 30)), int(asked.get("page", 1))
        told = self.invitations.get(repository, [])
        rest = f'<http://{question.headers["host"]}{question.path}?per_page={size}&page={page + 1}>; rel="next"'
        return Reply.of(200, told[(page - 1) * size : page * size], **({"link": rest} if len(told) > page * size else {}))

    def change_invitation(self, question: Question, repository: str, number: str) -> Reply:
        found = [one for one in self.invitations.get(repository, []) if one["id"] == int(number)]
        if not found:
            return said(404, "Not Found")
        if question.method == "DELETE":
            self.invitations[repository].remove(found[0])
            return Reply(204)
        found[0]["permissions"] = question.json["permissions"]
        return Reply.of(200, found[0])

    def _let_in(self, repository: str, login: str, role: str) -> None:
        self._ask("PUT", f"/repos/{repository}/collaborators/{login}", {"permission": _GIVEN[role]})

    # ---- asking the emulator

    def _ref(self, repository: str, name: str) -> Any:
        return self._get(f"/repos/{repository}/git/ref/{quote(name)}")

    def _get(self, path: str) -> Any:
        reply = self._ask("GET", path)
        return json.loads(reply.body) if reply.status == 200 else None

    def _ask(self, method: str, path: str, body: object = None) -> Reply:
        headers = {"authorization": f"Bearer {spread(DIRECT, next(self._numbers))}", "host": "127.0.0.1"}
        if body is not None:
            headers["content-type"] = "application/json"
        return self.behind(Question(method, path, headers, b"" if body is None else json.dumps(body).encode()))


class WholeGitHub(GitHubHouse):
    """What tests have of it."""

    __slots__ = ()

    @property
    def whole(self) -> GitHubWhole:
        whole = self.front.answer
        assert isinstance(whole, GitHubWhole)
        return whole

    def furnish(self, path: Path) -> None:
        """Ask what a file says, one request after the other: the world of an example."""
        for request in yaml.safe_load(path.read_text("utf-8")):
            headers = {"authorization": f"Bearer {DIRECT}"}
            answer = ask(self.url, request["method"], request["path"], request.get("body"), headers=headers)
            assert answer.status in {200, 201, 204}, (request, answer)
        self.front.forget()

    def faults(self) -> list[str]:
        """Return what GitHub does not describe of what was asked; what GraphQL is asked, its schema describes."""
        description = github_description()
        return [
            fault for one in self.front.journal if one.question.path != "/graphql"
            for fault in description.faults(one.question.method, one.question.target, one.question.headers, one.question.body)
        ]


_REPOSITORY = r"/repos/([^/]+/[^/]+)"
_ANSWERS: tuple[tuple[str, str, Callable[..., Reply]], ...] = (
    ("GET", rf"{_REPOSITORY}/pulls/(\d+)", GitHubWhole.pull),
    ("PATCH", rf"{_REPOSITORY}/pulls/(\d+)", GitHubWhole.pull),
    ("POST", rf"{_REPOSITORY}/pulls", GitHubWhole.open_pull),
    ("PATCH", rf"{_REPOSITORY}/issues/(\d+)", GitHubWhole.label),
    ("PUT", rf"{_REPOSITORY}/pulls/(\d+)/merge", GitHubWhole.merge),
    ("GET", rf"{_REPOSITORY}/commits/([0-9a-f]+)/status", GitHubWhole.status_of),
    ("POST", r"/graphql", GitHubWhole.graphql),
    ("PATCH", rf"{_REPOSITORY}/releases/(\d+)", GitHubWhole.change_release),
    ("GET", rf"{_REPOSITORY}/collaborators", GitHubWhole.collaborators),
    ("PUT", rf"{_REPOSITORY}/collaborators/([^/]+)", GitHubWhole.add_collaborator),
    ("PATCH", r"/user/repository_invitations/(\d+)", GitHubWhole.accepted),
    ("GET", rf"{_REPOSITORY}/invitations", GitHubWhole.invited),
    ("PATCH", rf"{_REPOSITORY}/invitations/(\d+)", GitHubWhole.change_invitation),
    ("DELETE", rf"{_REPOSITORY}/invitations/(\d+)", GitHubWhole.change_invitation),
)
