"""The merging of a pull request: of one commit and no other, and only where what speaks for it says so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, assert_never, cast

from agentctl.connectors.base import Call, Found, Located, Location, Receipt, View
from agentctl.connectors.github.asking import HIDDEN, ask
from agentctl.connectors.github.code import trailer
from agentctl.connectors.github.evidence import Evidence, Outcome, gathered
from agentctl.connectors.rest.connector import RestConnector
from agentctl.connectors.rest.template import Template
from agentctl.errors import Indeterminate, Rejected
from agentctl.facts import replace
from agentctl.model.action import ActionSpec, Fidelity, Precondition, Reversibility, Settlement, Tier
from agentctl.model.change import Change, Effect, Inverse, RecordChange, strongest
from agentctl.model.plan import Step
from agentctl.model.snapshot import Address, within
from agentctl.model.values import UNKNOWN, Fields, Value

_SHA = "[0-9a-f]{40}"
_STAYS = (
    "The commits are in the history of the base branch, and what the merge started (closed issues, deploys, "
    "a head branch that is deleted) has started; a pull request that reverts it undoes the text only."
)
_ARGUMENTS: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "sha": {"type": "string", "pattern": f"^{_SHA}$", "description": "The head commit that was reviewed."},
        "method": {"enum": ["merge", "squash", "rebase"]},
        "title": {"type": "string", "minLength": 1, "maxLength": 256, "description": "The commit's first line."},
        "message": {"type": "string", "maxLength": 60000, "description": "What stands below it; nothing if left out."},
        "checks": {
            "enum": ["passed", "any"],
            "description": "`any` merges whatever the checks say; else none may have failed or be running.",
        },
        "approvals": {
            "type": "integer", "minimum": 0, "maximum": 100,
            "description": "How many members or collaborators must have approved it, none asking for changes.",
        },
    },
    "required": ["sha", "method"],
    "additionalProperties": False,
    # A rebase makes no commit of its own that they could stand in.
    "if": {"properties": {"method": {"const": "rebase"}}},
    "then": {"properties": {"title": False, "message": False}},
}

# What consent to a merge is about besides the commit. No pull request has these fields before or after: they are read
# from elsewhere, and bound because they are shown as what the merge rests on.
_PEOPLE = {"type": ["array", "null"], "items": {"type": "string"}}
_SUPPORT: Mapping[str, Any] = {
    "checks": {"enum": [*Outcome, None], "description": "What the checks of the commit come to."},
    "approved_by": {**_PEOPLE, "description": "Members and collaborators who approved the commit."},
    "objected_by": {**_PEOPLE, "description": "Whose last word is a request for changes."},
}


class Merge:
    """Merges what was reviewed. GitHub compares the head commit; the base branch may have moved on meanwhile."""

    def __init__(self, rest: RestConnector) -> None:
        self._rest = rest
        pull = rest.actions["pull.close"]
        self.spec: ActionSpec = replace(
            pull,
            verb="pull.merge",
            summary="Merge the head commit that was reviewed, and no other.",
            arguments=_ARGUMENTS,
            record={**pull.record, "properties": {**pull.record["properties"], **_SUPPORT}},
            volatile=pull.volatile | _SUPPORT.keys(),
            tier=Tier.EXECUTE,
            reversibility=Reversibility.NONE,
            stays=_STAYS,
            preview=Fidelity.EXACT,
            precondition=Precondition.ENFORCED,
            settlement=Settlement.FIND,
            consistency=10,
            scopes=("contents:write", "pull_requests:read"),
        )

    def addresses(self, step: Step) -> tuple[Address, ...]:
        pull = self._rest.names.of_step(step, self._rest.names.manifest.verbs["pull.close"])
        sha = step.with_["sha"]
        if not isinstance(sha, str):
            raise Rejected("Value still unknown", "Which commit is to be merged is known when people consent.")
        commit = f"{pull.rpartition('/pulls/')[0]}/commits/{sha}"
        return pull, Address(f"{commit}/checks"), Address(f"{commit}/status"), Address(f"{pull}/reviews")

    def preview(self, step: Step, view: View) -> Change:
        address, checks, status, reviews = self.addresses(step)
        before = view.read(address).value
        if before is None:
            raise Rejected("Record absent", f"There is no {within(address)}.", hint=HIDDEN)
        sha = str(step.with_["sha"])
        evidence = gathered(sha, view.read(checks).value, view.read(status).value, view.read(reviews).members)
        done = before.get("merged") is True and before["head_sha"] == sha
        if not done:
            _mergeable(address, before, sha)
            _supported(step, evidence)
        support: Fields = {
            "checks": evidence.outcome.value, "approved_by": evidence.approvals, "objected_by": evidence.objections,
        }
        after = before if done else {**before, "state": "closed", "merged": True, **support}
        record = RecordChange(address=address, before=before, after=after)
        effect = Effect.NO_OP if done else strongest((record,))
        return Change(
            step=step.id, action=step.action, target=step.target, effect=effect, arguments=step.with_,
            records=(record,), reads=(checks, status, reviews),
            inverse=Inverse(kind=Reversibility.NONE, stays=_STAYS),
            notes=(f"merges {sha} of {_said(before['head'])} into {_said(before['base'])}", *evidence.notes()),
            receipt={"sha": UNKNOWN},
        )

    def execute(self, change: Change, call: Call) -> Receipt:
        earlier, link = self._looked(change, call)
        if earlier is not None:
            return earlier          # it was done under this very key, and whoever asked never heard of it
        wanted, sha = change.arguments, cast(str, change.arguments["sha"])
        body: dict[str, Any] = {"sha": sha, "merge_method": wanted["method"]}
        if wanted["method"] != "rebase":
            # What GitHub would write there itself nobody could have consented to.
            body["commit_message"] = trailer.signed(str(wanted.get("message", "")), call.key, call.run).lstrip("\n")
            body |= {"commit_title": wanted["title"]} if "title" in wanted else {}
        told = ask(self._rest, self.spec, call, "PUT", f"{self._path(change)}/merge", body)
        match told:
            case {"merged": True, "sha": str(merged)}:
                return Receipt(ids={"sha": merged}, links=link)
        raise Indeterminate("Answer not understood", "The answer does not say that it was merged.")

    def locate(self, change: Change, call: Call) -> Location:
        """Look for our line in the message of the commit that was made. A rebase leaves none."""
        earlier, _ = self._looked(change, call)
        return Located.CANNOT_TELL if earlier is None else Found(receipt=earlier)

    def _looked(self, change: Change, call: Call) -> tuple[Receipt | None, tuple[str, ...]]:
        """Return the receipt of an earlier merge under this key, and where people see the pull request."""
        pull = ask(self._rest, self.spec, call, "GET", self._path(change))
        if not isinstance(pull, Mapping):
            return None, ()
        url, sha = pull.get("html_url"), pull.get("merge_commit_sha")
        link = (url,) if isinstance(url, str) and url.startswith(("https://", "http://")) else ()
        if pull.get("merged") is not True or not isinstance(sha, str) or change.arguments["method"] == "rebase":
            return None, link
        place = self._rest.names.target(change.target, self._rest.names.manifest.verbs["pull.close"])
        path = Template(text="/repos/{owner}/{repo}/git/commits/{sha}").path({**place, "sha": sha})
        commit = ask(self._rest, self.spec, call, "GET", path)
        message = commit.get("message") if isinstance(commit, Mapping) else None
        ours = isinstance(message, str) and trailer.bears(message, call.key)
        return (Receipt(ids={"sha": sha}, links=link) if ours else None), link

    def _path(self, change: Change) -> str:
        verb = self._rest.names.manifest.verbs["pull.close"]
        return verb.record.path.path(self._rest.names.target(change.target, verb))


def _mergeable(address: Address, before: Fields, sha: str) -> None:
    """Raise Rejected for a pull request that GitHub would not merge, or whose head is another commit."""
    name = within(address)
    head = before["head_sha"]
    if isinstance(head, str) and head != sha:
        raise Rejected(
            "Head moved", f"The head of {name} is {head}, not {sha}.",
            hint="Look at what was pushed, and name that commit.",
        )
    if before["state"] == "closed":
        raise Rejected("Record not ready for this", f"{name} is closed.")
    if before["draft"] is True:
        raise Rejected(
            "Record not ready for this", f"{name} is a draft.",
            hint="Say in an earlier step that it is ready: pull.ready.",
        )
    if before.get("mergeable") is False:
        raise Rejected("In conflict", f"{name} does not merge with {_said(before['base'])} as it is.")


def _supported(step: Step, evidence: Evidence) -> None:
    """Raise Rejected where less speaks for it than the plan says must."""
    if step.with_.get("checks", "passed") != "any":
        _passed(evidence)
    wanted = step.with_.get("approvals", 0)
    if not isinstance(wanted, int):
        raise Rejected("Value still unknown", "How many approvals it takes is known when people consent.")
    if wanted and evidence.objections:
        raise Rejected("Changes requested", f"Changes are requested by {' and '.join(evidence.objections)}.")
    if len(evidence.approvals) < wanted:
        raise Rejected("Approvals missing", f"That commit has {len(evidence.approvals)} of {wanted} approvals.")


def _passed(evidence: Evidence) -> None:
    """Raise Rejected unless every check has passed, as far as there are any."""
    match evidence.outcome:
        case Outcome.PASSED | Outcome.NONE:
            return
        case Outcome.UNSEEN:
            unseen = f"{evidence.more} of them were" if evidence.more else "The checks of that commit were"
            raise Rejected(
                "Checks not seen", f"{unseen} not looked at.",
                hint="The token needs checks:read and statuses:read. `checks: any` merges whatever they say.",
            )
        case Outcome.FAILED | Outcome.RUNNING:
            checks = evidence.checks or ()
            wrong = [f"{check.name}: {check.said}" for check in checks if check.outcome is not Outcome.PASSED]
            raise Rejected(
                "Checks not passed", f"Of the checks of that commit, {'; '.join(wrong)}.",
                hint="`checks: any` merges whatever they say.",
            )
        case unexpected:
            assert_never(unexpected)


def _said(value: Value) -> str:
    return value if isinstance(value, str) else "a branch not known yet"
