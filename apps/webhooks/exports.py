"""The catalogue of messages, as a page for who writes a receiver."""

from __future__ import annotations

import json

from apps.webhooks.choices import Kind
from apps.webhooks.rules.catalogue import EXAMPLES
from apps.webhooks.rules.waiting import FAILING_FOR, ROTATION, WAITS

_AT = "2026-01-15T12:00:00.000Z"
_LEAD = """\
Sent as [Standard Webhooks](https://www.standardwebhooks.com) 1.0.0 to the endpoints of a brand
that chose the kind: `webhook-id`, `webhook-timestamp`, `webhook-signature` (`v1,` and base64
HMAC-SHA-256 of `id.timestamp.body`; for {rotation} hours after a new secret one of each, parted
by a space). Answer 2xx within 10 seconds. Anything else is repeated with the same id, {tries}
tries in all; an endpoint that takes nothing for {days} days is disabled. Messages can come twice
and in any order: keep ids you have seen, and ask the API before acting on money. What is not
known is `null`.
"""


def catalogue_page(generated: str) -> str:
    """Return every kind with its meaning and an example of its body, as Markdown."""
    lead = _LEAD.format(
        rotation=int(ROTATION.total_seconds() // 3600), tries=len(WAITS) + 1, days=FAILING_FOR.days
    )
    lines = ["# Outgoing webhooks\n", generated, lead]
    for kind in Kind:
        body = {
            "type": kind.value,
            "timestamp": "2026-01-15T12:00:00.000Z",
            "data": EXAMPLES[kind],
        }
        lines += [
            f"## `{kind.value}`\n",
            f"{kind.label}.\n",
            "```json",
            json.dumps(body, indent=2),
            "```\n",
        ]
    return "\n".join(lines)
