"""The constraints of grants, and freezes, read from a policy file, with what is wrong with them. None is asked here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING, Any, TypeVar

from agentctl.model.action import Fidelity, Reversibility
from agentctl.model.changeset import Purpose
from agentctl.model.decision import Mode
from agentctl.model.diagnostic import Diagnostic
from agentctl.policy import globs, recipients
from agentctl.policy.citing import Cited
from agentctl.policy.constraints import UNCONSTRAINED, Constraints
from agentctl.policy.freezes import Freeze
from agentctl.policy.place import Place
from agentctl.policy.recipients import NotARecipient, Recipient

if TYPE_CHECKING:
    from agentctl.policy.windows import Window

KEYS = ("environments", "recipients", "evidence", "reversibility", "fidelity", "windows")
_OF_FORBIDDING = ("environments", "recipients", "windows")
_READ_BY_US = "file"

Tell = Callable[[Diagnostic], None]
_T = TypeVar("_T")


def constraints(body: Mapping[str, Any], mode: Mode | None, place: Place, tell: Tell) -> Constraints:
    """Return the constraints that the grant ``body`` sets; ``tell`` is told everything that is wrong with them."""
    if not any(key in body for key in KEYS):
        return UNCONSTRAINED
    if mode is Mode.FORBID:
        for key in KEYS:
            if key in body and key not in _OF_FORBIDDING:
                tell(_pointless(key, place))
    return Constraints(
        environments=tuple(body["environments"]) if "environments" in body else None,
        recipients=_each(_recipients, body, "recipients", place, tell),
        evidence=_evidence(body["evidence"], place / "evidence", tell) if "evidence" in body else None,
        reversibility=Reversibility(body["reversibility"]) if "reversibility" in body else None,
        fidelity=Fidelity(body["fidelity"]) if "fidelity" in body else None,
        windows=_each(_windows, body, "windows", place, tell),
    )


def freezes(body: Mapping[str, Any], place: Place, tell: Tell) -> Iterator[Freeze]:
    """Yield the freeze that ``body`` writes, unless it writes none; ``tell`` is told why."""
    within = zone(body, place, tell)
    if "zone" in body and within is None:
        return
    start, end = (_moment(body[key], within, place / key, tell) for key in ("from", "until"))
    if start is None or end is None:
        return
    if end <= start:
        tell((place / "until").wrong(
            "empty-freeze", "Freeze without time", f"It ends at {body['until']}, and begins at {body['from']}.",
        ))
    yield Freeze(
        id=body["id"],
        place=place.span,
        start=start,
        end=end,
        zone=within or UTC,
        message=body.get("message", ""),
        actions=tuple(map(globs.action, body["actions"])) if "actions" in body else None,
        environments=tuple(body["environments"]) if "environments" in body else None,
        excepted=frozenset(map(Purpose, body.get("except", ()))),
    )


def _moment(text: str, within: tzinfo | None, place: Place, tell: Tell) -> datetime | None:
    from agentctl.policy import zones

    # Of a time that comes twice, what lasts longer: a freeze begins at the first and ends at the second.
    try:
        return zones.moment(text, within, late=place.pointer[-1] == "until")
    except zones.NotAMoment as error:
        hint = "Either from: 2026-12-23T18:00:00 with zone: Europe/Berlin, or from: 2026-12-23T18:00:00+01:00 without."
        tell(place.wrong("bad-moment", "Moment not valid", f"{error}.", hint))
        return None


def zone(body: Mapping[str, Any], place: Place, tell: Tell) -> tzinfo | None:
    """Return the time zone that ``body`` states, if it states one there is."""
    if "zone" not in body:
        return None
    from agentctl.policy import zones

    try:
        return zones.zone(body["zone"])
    except zones.NoSuchZone as error:
        tell((place / "zone").wrong("unknown-zone", "Unknown time zone", f"{error}.", error.hint))
        return None


def _each(
    read: Callable[[Any, Place, Tell], Iterator[_T]], body: Mapping[str, Any], key: str, place: Place, tell: Tell
) -> tuple[_T, ...] | None:
    if key not in body:
        return None
    return tuple(read(body[key], place / key, tell))


def _pointless(key: str, place: Place) -> Diagnostic:
    hint = "Take it out, or say it as an invariant: deny: 'action.preview == \"none\"'." if key == "fidelity" else (
        f"Take `{key}` out, or let a grant ask for it."
    )
    detail = f"mode forbid lets nothing through, so `{key}`, which asks for something first, would have no effect."
    return (place / key).wrong("no-effect", "Setting without effect", detail, hint, key=True)


def _recipients(listed: list[str], place: Place, tell: Tell) -> Iterator[Recipient]:
    for index, text in enumerate(listed):
        try:
            yield recipients.pattern(text)
        except NotARecipient as error:
            tell((place / index).wrong(
                "bad-recipient", "Recipient not valid", f"`{text}` can't be matched: {error}.",
                'As in "ops@partner.example", "*@acme.example", "*@*.acme.example", or "#support".',
            ))


def _evidence(body: Mapping[str, Any], place: Place, tell: Tell) -> Cited:
    kinds = tuple(body["kinds"]) if "kinds" in body else None
    verified = body.get("verified", False)
    if verified and kinds is not None and _READ_BY_US not in kinds:
        tell((place / "verified").wrong(
            "never-holds", "Evidence that nobody checks",
            f"Only `{_READ_BY_US}:` sources are read and checked, and `kinds` leaves them out.",
            f"Add `{_READ_BY_US}` to `kinds`, or take `verified` out.",
        ))
    return Cited(count=body.get("count", 1), kinds=kinds, verified=verified)


def _windows(listed: list[Mapping[str, Any]], place: Place, tell: Tell) -> Iterator[Window]:
    from agentctl.policy import windows

    for index, body in enumerate(listed):
        at = place / index
        start, end = windows.minute(body["from"]), windows.minute(body["to"])
        if start == end:
            tell((at / "to").wrong(
                "empty-window", "Window without time", f"It ends at {body['to']}, when it begins.",
                'A whole day is from: "00:00", to: "24:00".',
            ))
        within = zone(body, at, tell)
        if within is not None:
            yield windows.Window(days=frozenset(body.get("days", windows.DAYS)), start=start, end=end, zone=within)
