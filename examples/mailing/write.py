"""Writes everybody.yaml and send-everybody.yaml, as an agent would from the list of customers:  python write.py"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent
BODY = "Hello {name},\n\nthe annual tier costs 10 EUR a month from 1 May.\n"
PLANS = {
    "everybody.yaml": """\
version: 1
kind: Plan
intent: Tell every customer that pays monthly what the annual tier costs from May. Nothing is sent by this plan.
agent: marketing
requested_by: sales@acme.example
on_failure: continue
evidence:
  - {id: prices, uri: "file:prices.md", quote: "10 EUR a month from 1 May"}
steps:
""",
    "send-everybody.yaml": """\
version: 1
kind: Plan
intent: Send what was drafted and read.
agent: marketing
requested_by: sales@acme.example
on_failure: continue
steps:
""",
}


def written() -> dict[str, str]:
    """Return the plans by their names. Whom a letter is for is said by number; the address comes from the database."""
    customers = re.findall(r"^  \((\d+), ", (HERE / "crm.sql").read_text("utf-8"), re.MULTILINE)
    kinds = {"everybody.yaml": letters, "send-everybody.yaml": sendings}
    return {
        name: head + "".join(f"  - {json.dumps(step)}\n" for number in customers for step in kinds[name](number))
        for name, head in PLANS.items()
    }


def letters(number: str) -> Iterator[dict[str, object]]:
    name = {"$from": f"steps.customer-{number}.after.name"}
    yield looked_up(number)
    yield {
        "id": f"letter-{number}", "action": "mail.message.draft", "target": f"drafts/may-{number}",
        "evidence": ["prices"], "with": {
            "from": "sales@acme.example", "to": [{"$from": f"steps.customer-{number}.after.email"}],
            "subject": "Prices from 1 May", "body": {"$format": BODY, "name": name},
            "attachments": [{"path": "prices.pdf"}], "context": ["prices.md"],
        },
    }


def sendings(number: str) -> Iterator[dict[str, object]]:
    yield looked_up(number)
    yield {
        "id": f"send-{number}", "action": "mail.message.send", "target": f"drafts/may-{number}",
        "with": {"recipients": [{"$from": f"steps.customer-{number}.after.email"}]},
    }


def looked_up(number: str) -> dict[str, object]:
    return {"id": f"customer-{number}", "action": "crm.row.read", "target": f"customers/{number}", "needs": []}


if __name__ == "__main__":
    for plan, text in written().items():
        (HERE / plan).write_text(text, "utf-8")
