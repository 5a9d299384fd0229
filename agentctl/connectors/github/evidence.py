"""What speaks for or against merging a commit: its checks, and what reviewers said. Pure; read by others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any, cast

from agentctl.facts import dataclass
from agentctl.model.snapshot import Snapshot
from agentctl.model.values import Fields, has_unknown

_SHORT = 12
_INSIDE = frozenset({"OWNER", "MEMBER", "COLLABORATOR"})     # of a public repository anybody may approve
_FEW = 10       # checks that passed, each of which is named


class Outcome(StrEnum):
    """What one check came to, or all of them together."""

    PASSED = "passed"
    RUNNING = "running"
    FAILED = "failed"
    NONE = "none"
    UNSEEN = "unseen"


@dataclass(frozen=True, kw_only=True)
class Check:
    """One check of a commit. ``said`` is the system's own word for its outcome."""

    name: str
    outcome: Outcome
    said: str
    link: str


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What one reviewer said last, whether of this commit or of an earlier one, and whether they belong here at all."""

    author: str
    approves: bool
    current: bool
    inside: bool
    link: str


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """``checks`` is None where the token may not see them, ``more`` how many were not looked at."""

    sha: str
    checks: tuple[Check, ...] | None
    more: int
    verdicts: tuple[Verdict, ...]

    @property
    def outcome(self) -> Outcome:
        """What all checks come to: the worst of them, ``UNSEEN`` where one was not looked at."""
        if self.checks is None or self.more:
            return Outcome.UNSEEN
        found = {check.outcome for check in self.checks}
        worst = (outcome for outcome in (Outcome.FAILED, Outcome.RUNNING, Outcome.PASSED) if outcome in found)
        return next(worst, Outcome.NONE)

    @property
    def approvals(self) -> list[str]:
        """Who approved this very commit, outsiders left out."""
        return [one.author for one in self.verdicts if one.approves and one.current and one.inside]

    @property
    def objections(self) -> list[str]:
        """Whose last word is a request for changes, outsiders left out."""
        return [one.author for one in self.verdicts if not one.approves and one.inside]

    def notes(self) -> Iterator[str]:
        """Yield it as a person reads it, with links, what is against it first."""
        if self.checks is None:
            yield "its checks cannot be seen with this token"
        elif not self.checks:
            yield f"no checks have run for {self.sha[:_SHORT]}"
        passed = [check for check in self.checks or () if check.outcome is Outcome.PASSED]
        for check in (*(check for check in self.checks or () if check not in passed), *passed[:_FEW]):
            yield f"check {check.name}: {check.said}{_at(check.link)}"
        if len(passed) > _FEW:
            yield f"and {len(passed) - _FEW} more checks that passed"
        if self.more:
            yield f"and {self.more} more checks that were not looked at"
        for verdict in self.verdicts:
            said = "approved by" if verdict.approves else "changes requested by"
            which = "" if verdict.inside else ", an outsider"
            which += "" if verdict.current else ", of an earlier commit"
            yield f"{said} {verdict.author}{which}{_at(verdict.link)}"
        if not self.verdicts:
            yield "nobody has reviewed it"


def gathered(sha: str, runs: Fields | None, statuses: Fields | None, reviews: Sequence[Snapshot]) -> Evidence:
    """Return the evidence in records as they were read; None is what the token may not see."""
    checks: tuple[Check, ...] | None = None
    more = 0
    if runs is not None and statuses is not None and not (has_unknown(runs) or has_unknown(statuses)):
        found = [*_runs(runs), *_statuses(statuses)]
        checks = tuple(sorted(found, key=lambda check: (check.name, check.link)))
        more = cast(int, runs["total"]) + cast(int, statuses["total"]) - len(found)
    return Evidence(sha=sha, checks=checks, more=max(more, 0), verdicts=tuple(_verdicts(sha, reviews)))


def _runs(record: Fields) -> Iterator[Check]:
    for name, state, conclusion, link in _rows(record, "names", "states", "conclusions", "links"):
        outcome = Outcome.RUNNING
        if state == "completed":
            outcome = Outcome.PASSED if conclusion in {"success", "neutral", "skipped"} else Outcome.FAILED
        said = conclusion if state == "completed" and conclusion else state
        yield Check(name=name, outcome=outcome, said=said, link=link or "")


def _statuses(record: Fields) -> Iterator[Check]:
    outcomes = {"success": Outcome.PASSED, "pending": Outcome.RUNNING}
    for name, state, link in _rows(record, "names", "states", "links"):
        yield Check(name=name, outcome=outcomes.get(state, Outcome.FAILED), said=state, link=link or "")


def _rows(record: Fields, *columns: str) -> Iterable[tuple[Any, ...]]:
    return zip(*(cast(list[Any], record[column]) for column in columns), strict=True)


def _verdicts(sha: str, reviews: Sequence[Snapshot]) -> Iterator[Verdict]:
    """Yield each reviewer's last word. A mere comment takes back nothing; a dismissed review is none."""
    last: dict[str, Mapping[str, Any]] = {}
    for review in sorted(reviews, key=lambda snapshot: int(snapshot.address.rpartition("/")[2])):
        fields = cast(Mapping[str, Any], review.value or {})
        if fields.get("state") in {"APPROVED", "CHANGES_REQUESTED", "DISMISSED"}:
            last[fields.get("author") or "somebody who is gone"] = fields
    for author, fields in sorted(last.items()):
        if fields["state"] != "DISMISSED":
            yield Verdict(
                author=author, approves=fields["state"] == "APPROVED", current=fields.get("commit_id") == sha,
                inside=fields.get("association") in _INSIDE, link=fields.get("link") or "",
            )


def _at(link: str) -> str:
    return f" {link}" if link.startswith(("https://", "http://")) else ""
