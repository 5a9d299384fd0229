"""The ``limits:`` of a grant or a role read into Limits, with everything wrong noted. Nothing is counted here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

from agentctl.model.diagnostic import Diagnostic
from agentctl.model.limit import Measure
from agentctl.policy import globs
from agentctl.policy.expressions import Expression, Yields
from agentctl.policy.limits import PLAIN_KEYS, Limit, stream
from agentctl.policy.place import Place

Compile: TypeAlias = Callable[[dict[str, Any], str, Place, Yields], Expression | None]
"""Compiles what stands under a key, None where it is wrong or not there; what is wrong is noted."""

Name: TypeAlias = Callable[[str, str, Place], bool]
Note: TypeAlias = Callable[[Diagnostic], None]


def limits(
    owner: str, body: Mapping[str, Any], place: Place, compile: Compile, name: Name, note: Note, *, placed: bool
) -> Iterator[Limit]:
    """Yield the limits of the grant or role called ``owner``, whose document is ``body``.

    ``placed`` is whether that name hangs on a place in a list.
    """
    for index, limit in enumerate(body.get("limits", ())):
        at = place / "limits" / index
        identifier = limit.get("id", f"{owner}.limits[{index}]")
        name("rule", identifier, at / "id" if "id" in limit else at)
        found = _limit(identifier, owner, limit, at, compile, note, placed=placed)
        if found is not None:
            yield found


def _limit(
    identifier: str, owner: str, body: dict[str, Any], place: Place, compile: Compile, note: Note, *, placed: bool
) -> Limit | None:
    measures = [measure for measure in Measure if measure in body]
    if len(measures) != 1:
        detail = "A limit counts one thing: it says one of `count`, `records`, `bytes` and `sum`."
        note(place.wrong("not-accepted", "Value not accepted", detail, "Write a limit of its own for each."))
        return None
    measure = measures[0]
    by = body.get("by", "agent")
    key = compile({"by": PLAIN_KEYS.get(by, by)}, "by", place, Yields.NAME)
    amount = compile(body, "sum", place, Yields.AMOUNT)
    currency = compile(body, "currency", place, Yields.CURRENCY)
    most = body["max"] if measure is Measure.SUM else body[measure]
    if isinstance(most, dict) is not ("currency" in body):
        detail = "`max` is a mapping by currency where there is a `currency`, and one number where there is none."
        note((place / "max").wrong("not-accepted", "Value not accepted", detail, key=True))
        return None
    if key is None or (measure is Measure.SUM and amount is None) or ("currency" in body and currency is None):
        return None
    what = stream(identifier, measure, by) if "id" in body else stream(
        owner, measure, by, str(amount or ""), str(currency or "")
    )
    return Limit(
        id=identifier,
        place=place.span,
        stream=what,
        placed="id" not in body and placed,
        measure=measure,
        most=most if isinstance(most, dict) else {"": most},
        per=body["per"],
        by=by,
        key=key,
        actions=tuple(map(globs.action, body["actions"])) if "actions" in body else None,
        amount=amount,
        currency=currency,
    )
