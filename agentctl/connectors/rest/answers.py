"""What an answer means: done, absent, or one of the three errors of the port, with what the system said about it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from agentctl.connectors.rest.http import Request, Response
from agentctl.connectors.rest.http.decode import NotJSON, decoded, values
from agentctl.connectors.rest.manifest import ErrorRule, Faults
from agentctl.connectors.rest.pointer import ABSENT, at
from agentctl.errors import ConnectorError, Indeterminate, Rejected, Unreachable
from agentctl.facts import dataclass, field
from agentctl.model.values import same

_LONGEST, _MOST = 300, 5
_KINDS: Mapping[str, type[ConnectorError]] = {
    "rejected": Rejected, "absent": Rejected, "unreachable": Unreachable, "indeterminate": Indeterminate,
}
_SUMMARIES = {
    400: "Not accepted", 401: "Token not accepted", 403: "Not permitted", 404: "Not found", 409: "In conflict",
    410: "Not found", 412: "Record changed since it was read", 422: "Not accepted", 428: "Not accepted",
}


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """One request and its answer, and what is known besides. ``secrets`` are texts that no message may repeat."""

    request: Request
    response: Response
    rules: Sequence[ErrorRule]
    scopes: Sequence[str] = ()
    hidden: bool = False
    secrets: Iterable[str] = field(default=(), repr=False)


def body(exchange: Exchange) -> Any:
    """Return the body of an answer that says it was done, ABSENT where it has none, None where there is no record.

    Raises Unreachable, Rejected or Indeterminate for every other answer. An effect that may have happened is never
    said not to have.
    """
    response = exchange.response
    told = _told(exchange)
    rule = next((rule for rule in exchange.rules if _fits(rule, response.status, told)), None)
    means = rule.means if rule else _means(exchange)
    if means == "done":
        return told
    if means == "absent" and not exchange.request.effect:
        return None
    raise _refusal(exchange, rule, means, told)


def _told(exchange: Exchange) -> Any:
    """Return what the body holds. That of a refusal need not be readable."""
    if not exchange.response.body:
        return ABSENT
    if exchange.response.ok:
        return decoded(exchange.request, exchange.response)
    try:
        return values(exchange.response.body)
    except NotJSON:
        return ABSENT


def _means(exchange: Exchange) -> str:
    effect = exchange.request.effect
    match exchange.response.status:
        case status if 200 <= status < 300:
            return "done"
        case 404 | 410 if not effect:
            return "absent"
        case 408:
            return "indeterminate" if effect else "unreachable"
        case 401 | 403 if not effect:
            return "unreachable"        # no fault of the plan: with another token it can be read
        case status if 400 <= status < 500:
            return "rejected"
    return "indeterminate" if effect else "unreachable"


def _fits(rule: ErrorRule, status: int, told: Any) -> bool:
    if status not in rule.status:
        return False
    if rule.at is None:
        return True
    found = ABSENT if told is ABSENT else at(rule.at, told)
    if rule.matches:
        return isinstance(found, str) and re.search(rule.matches, found) is not None
    return any(same(found, value) for value in rule.is_) if rule.is_ else found is not ABSENT and found is not None


def _refusal(exchange: Exchange, rule: ErrorRule | None, means: str, told: Any) -> ConnectorError:
    request, status = exchange.request, exchange.response.status
    kind = _KINDS[means]
    if kind is Indeterminate and not request.effect:
        kind = Unreachable
    summary = (rule.summary if rule else "") or _SUMMARIES.get(status, _otherwise(kind))
    said = [*_message(rule, told), *_faults(rule.faults if rule else None, told)]
    reason = _discreet("; ".join(said), exchange.secrets)
    detail = f"{request.method} {exchange.response.url} was answered with {status}" + (f": {reason}" if reason else "")
    return kind(
        summary, detail if detail.endswith(".") else f"{detail}.", hint=(rule.hint if rule else "") or _hint(exchange)
    )


def _otherwise(kind: type[ConnectorError]) -> str:
    return "Refused by the system" if kind is Rejected else "System in trouble"


def _hint(exchange: Exchange) -> str:
    match exchange.response.status:
        case 401:
            return "It may have expired or been revoked; get a new one."
        case 403:
            return _needed(exchange)
        case 404 if exchange.hidden:
            return f"It may be there and the token not see it. {_needed(exchange)}".strip()
    return ""


def _needed(exchange: Exchange) -> str:
    return f"The token needs: {', '.join(exchange.scopes)}." if exchange.scopes else ""


def _message(rule: ErrorRule | None, told: Any) -> list[str]:
    pointers = ["/message", "/error", "/detail"]
    if rule is not None:
        said = [pointer for pointer in (rule.message, rule.at) if pointer is not None]
        pointers = said if rule.message is not None else [*said, *pointers]
    found = [at(pointer, told) for pointer in pointers if told is not ABSENT]
    return [_short(text) for text in found if isinstance(text, str) and text][:1]


def _faults(faults: Faults | None, told: Any) -> list[str]:
    """Return each fault the system names, with the field it is about."""
    items = at(faults.at, told) if faults and told is not ABSENT else ABSENT
    if faults is None or not isinstance(items, list):
        return []
    lines = []
    for item in items[:_MOST]:
        if isinstance(item, str):
            lines.append(_short(item))
            continue
        said = [part for pointer in faults.message if isinstance(part := at(pointer, item), str | int) and part != ""]
        parts = [ABSENT if faults.field is None else at(faults.field, item), *said[:1]]
        lines.append(": ".join(_short(str(part)) for part in parts if isinstance(part, str | int)))
    more = [f"and {len(items) - _MOST} more"] if len(items) > _MOST else []
    return [*filter(None, lines), *more]


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _discreet(text: str, secrets: Iterable[str]) -> str:
    for secret in secrets:
        text = text.replace(secret, "•••") if secret else text
    return text
