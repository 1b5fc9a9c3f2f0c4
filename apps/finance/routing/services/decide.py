"""A decision, made and kept."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime

from apps.core.db import joins_transaction
from apps.core.memory import Memory
from apps.finance.routing.models import Decision, Options
from apps.finance.routing.rules.engine import Outcome
from apps.finance.routing.rules.engine import decide as by_rules
from apps.finance.routing.rules.facts import Candidate, Facts
from apps.finance.routing.selectors.versions import active_plan

_known_options: Memory[int] = Memory()


@joins_transaction
def decide(
    *, subject: str, facts: Facts, candidates: Sequence[Candidate], now: datetime
) -> Decision:
    """Rank the accounts that may take a payment by the active version, and keep why.

    ``Decision.ranked`` are their ids, best first; empty when none can take it. Without an active
    version the cheapest comes first. Each call is a decision of its own.
    """
    plan = active_plan()
    outcome = by_rules(
        subject=subject,
        facts=facts,
        candidates=candidates,
        rules=plan.rules,
        today=now.astimezone(UTC).date(),
    )
    return Decision.objects.create(
        subject=subject,
        decided_at=now,
        cluster=facts.cluster,
        rule_set_id=plan.rule_set_id,
        rule=outcome.rule,
        rule_name=outcome.rule_name,
        facts=facts.as_json(),
        options_id=_options_id(candidates, now),
        chosen_id=outcome.chosen,
        ranked=list(outcome.ranked),
        excluded=_excluded(outcome),
    )


def _excluded(outcome: Outcome) -> list[dict[str, object]]:
    return [
        {"account": one.account_id, "why": one.why.value, "text": one.text}
        for one in outcome.excluded
    ]


def _options_id(candidates: Sequence[Candidate], now: datetime) -> int:
    """The same accounts in the same standing are written once, however many payments they take.

    The id is remembered only when it is committed: another transaction may not see it before.
    """
    kept = tuple(candidates)
    known = _known_options.get(kept)
    if known is not None:
        return known
    plain = [candidate.as_json() for candidate in kept]
    digest = hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()
    options, _ = Options.objects.get_or_create(
        digest=digest, defaults={"candidates": plain, "taken_at": now}
    )
    _known_options.put_when_committed(kept, options.pk)
    return options.pk
