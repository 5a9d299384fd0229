"""A repository with pull requests in it, for the suite: the same in every test, and read around agentctl."""

from __future__ import annotations

from typing import Any

from tests.systems.github_house import Repository, without

DRAFT, READY, CLOSED = 1, 2, 3
# What no undoing brings back, and what is worked out on the way.
QUIET = ("updated_at", "created_at", "closed_at", "closed_by", "merged_at", "pushed_at", "mergeable", "mergeable_state")


def pulls(repository: Repository) -> None:
    """Open a draft from `feature`, a pull request from `ready` that waits for a review, and a closed one from `old`."""
    sha = repository.read("/git/ref/heads/main")["object"]["sha"]
    for name in ("feature", "ready", "old", "next"):
        repository.made("/git/refs", {"ref": f"refs/heads/{name}", "sha": sha})
    for name in ("bug", "later"):
        repository.made("/labels", {"name": name, "color": "ff0000"})
    opened(repository, "feature", draft=True, body="Why.")
    opened(repository, "ready")
    opened(repository, "old")
    repository.made(f"/pulls/{CLOSED}", {"state": "closed"}, "PATCH")
    assert repository.ask("POST", f"/pulls/{READY}/requested_reviewers", {"reviewers": ["monalisa"]}).status in {200, 201}


def opened(repository: Repository, head: str, **fields: object) -> int:
    wanted = {"title": f"Bring {head}", "head": head, "base": "main", "draft": False} | fields
    number: int = repository.made("/pulls", wanted)["number"]
    return number


def everything(repository: Repository) -> Any:
    """Return all there is, by path, as a test compares it."""
    return _compared(repository.everything())


def pulls_and_branches(repository: Repository) -> Any:
    """Return what steps on pull requests can change, by path: quicker than everything."""
    found = {f"/pulls/{pull['number']}": pull for pull in repository.all("/pulls?state=all")}
    return _compared(found | {f"/branches/{branch['name']}": branch for branch in repository.all("/branches")})


def _compared(records: Any) -> Any:
    """Return records without what moves by itself; labels in no order, as theirs means nothing."""
    records = without(records, *QUIET)
    for record in records.values():
        if isinstance(record, dict) and "labels" in record:
            record["labels"].sort(key=lambda label: label["name"])
    return records
