"""Reads what access one person was given: as a collaborator, or by an invitation that is not accepted yet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from agentctl.connectors.base import Call
from agentctl.connectors.rest.connector import RestConnector
from agentctl.connectors.rest.names import ListName, RecordName
from agentctl.connectors.rest.template import Template
from agentctl.errors import Rejected
from agentctl.model.plan import Step
from agentctl.model.snapshot import Address, Snapshot, within
from agentctl.model.values import Fields, Value, same

_INVITATION = "invitation"
# What is given is called otherwise than what one has.
_GIVEN: Final[Mapping[str, str]] = {"read": "pull", "write": "push"}


class People:
    """The people of one instance's repositories. What one may do through a team or the organisation is not theirs."""

    def __init__(self, rest: RestConnector) -> None:
        self._rest = rest

    def owns(self, address: Address) -> bool:
        """Whether ``address`` is one person's in one repository, or one invitation's."""
        return self._is(address, "collaborators") or self._is(address, "invitations")

    def address(self, step: Step) -> Address:
        """Return whose access a step is about. Raises Rejected where its target is no person's."""
        address = Address(f"{self._rest.names.instance}/{step.target}")
        if not self._is(address, "collaborators"):
            raise Rejected("Target malformed", f"It takes OWNER/REPO/collaborators/LOGIN; not {step.target!r}.")
        self.path(address, None)        # what could not be asked for is refused before anybody consents to it
        return address

    def read(self, address: Address) -> Snapshot:
        """Return what ``address`` was given; the token of an invitation is its number. An expired one gives nothing."""
        (snapshot,) = self.read_many((address,))
        return snapshot

    def read_many(self, addresses: Sequence[Address]) -> Iterator[Snapshot]:
        """Yield what each of ``addresses`` was given, each list of a repository read once for all of them."""
        lists: dict[tuple[str, ...], tuple[Snapshot, ...]] = {}

        def listed(kind: str, name: RecordName) -> tuple[Snapshot, ...]:
            where = (kind, name.parameters["owner"], name.parameters["repo"])
            if where not in lists:
                lists[where] = tuple(snapshot for snapshot, _ in self._rest.reader.listed(self._list(kind, name)))
            return lists[where]

        for address in addresses:
            name = self._name(address)
            members = (member for member in listed(name.kind.name, name) if member.address == address)
            found = next(members, None)
            if found is None and "login" in name.parameters:
                found = _invited(address, name.parameters["login"], listed(_INVITATION, name))
            yield found or Snapshot(address=address, value=None, at=datetime.now(UTC))

    def path(self, address: Address, invitation: str | None) -> str:
        """Return the path of what gives the access: an invitation by its number, or the person's place."""
        name = self._name(address)
        if invitation is None:
            return name.kind.path.path(name.parameters)
        return Template(text="/repos/{owner}/{repo}/invitations/{id}").path({**name.parameters, "id": invitation})

    def now(self, address: Address, call: Call) -> Snapshot:
        """Read once more, just before acting. Raises Rejected where it is not what was read before.

        An invitation that was accepted meanwhile gives what it promised.
        """
        before, now = call.before.get(address), self.read(address)
        if before is None or not same(_given(before), _given(now)):
            raise Rejected(
                "Record changed since it was read", f"{within(address)} is not what it was just now."
            )
        return now

    def _is(self, address: Address, collection: str) -> bool:
        parts = within(address).split("/")
        return len(parts) == 4 and parts[2] == collection and "?" not in address

    def _name(self, address: Address) -> RecordName:
        name = self._rest.names.parse(address)
        if not isinstance(name, RecordName):
            raise Rejected("Target malformed", f"{within(address)!r} is no OWNER/REPO/collaborators/LOGIN.")
        return name

    def _list(self, kind: str, name: RecordName) -> ListName:
        record = self._rest.names.manifest.records[kind]
        if record.listing is None:
            raise AssertionError(kind)
        place = {key: value for key, value in name.parameters.items() if key in record.listing.address.names}
        return ListName(kind=record, listing=record.listing, parameters=place, filters=())


def given_as(permission: str) -> str:
    """Return what GitHub calls a permission where it is given."""
    return _GIVEN.get(permission, permission)


def permission(value: str) -> str:
    """Return a permission a plan asks for. Raises Rejected for the name that GitHub takes and never shows."""
    for shown, given in _GIVEN.items():
        if value == given:
            raise Rejected("Permission called otherwise", f"`{given}` is shown as `{shown}`.", hint=f"Write `{shown}`.")
    return value


def pending(fields: Fields) -> tuple[str, ...]:
    """Return what a reader must know of access that is not in use: accepting it changes what a step does."""
    return ("it is an invitation that was not accepted yet",) if fields["invited"] is True else ()


def _invited(address: Address, login: str, invitations: Iterable[Snapshot]) -> Snapshot | None:
    for invitation in invitations:
        fields = invitation.value or {}
        if fields.get("login") == login and fields.get("expired") is not True:
            given: dict[str, Value] = {"permission": fields["permission"], "invited": True}
            number = invitation.address.rpartition("/")[2]
            return Snapshot(address=address, value=given, at=invitation.at, token=number)
    return None


def _given(snapshot: Snapshot) -> Value:
    return None if snapshot.value is None else snapshot.value["permission"]
