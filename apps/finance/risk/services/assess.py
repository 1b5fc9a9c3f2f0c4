"""Assess a payment before anything is charged, and keep what was thought of it."""

from __future__ import annotations

from datetime import datetime

from django.db import connection
from django.utils.crypto import salted_hmac

from apps.core.db import joins_transaction
from apps.finance.risk.choices import Outcome, ReviewState
from apps.finance.risk.models import Assessment
from apps.finance.risk.rules.facts import Known, RiskFacts, known_of
from apps.finance.risk.rules.judge import Hit, judge
from apps.finance.risk.rules.wants import wants_of
from apps.finance.risk.selectors.measure import Asked, measure
from apps.finance.risk.selectors.rules import rule_book

#: The first of two numbers of an advisory lock; the other is drawn from payer and card.
_LOCK = 7_321


@joins_transaction
def assess(*, subject: str, facts: RiskFacts, now: datetime) -> Assessment:
    """Judge a payment by the live rules, and beside them as if those in shadow were live.

    ``subject`` names the payment; called again with it the first assessment comes back. The
    payments of one payer and of one card are assessed one after the other, until commit: a burst
    at once is counted as it is. REVIEW leaves it waiting for ``approve`` or ``reject``.
    """
    known = known_of(facts, digest=hashed, now=now)
    _one_at_a_time(known)
    first = Assessment.objects.filter(subject=subject).first()
    if first:
        return first
    book = rule_book()
    wants = wants_of([*book.live, *book.beside])
    [measured] = measure([Asked(known, now)], wants)
    live = judge(known, measured, rules=book.live, limits=book.limits)
    beside = judge(known, measured, rules=book.beside, limits=book.limits_beside)
    return Assessment.objects.create(
        subject=subject,
        at=now,
        cluster=known.cluster,
        payer_id=known.payer_id,
        card_hash=known.card_hash,
        ip_hash=known.ip_hash,
        network=known.network,
        amount_minor=known.amount.minor,
        currency=known.amount.currency,
        facts=known.as_json(),
        outcome=live.outcome,
        score=live.score,
        shadow_outcome=beside.outcome,
        shadow_score=beside.score,
        hits=[hit.as_json() for hit in _all_hits(live.hits, beside.hits)],
        review=ReviewState.WAITING if live.outcome == Outcome.REVIEW else ReviewState.NONE,
    )


@joins_transaction
def forget_twin(*, subject: str) -> None:
    """Take back the assessment of a payment that turned out to be begun already."""
    Assessment.objects.filter(subject=subject).delete()


def hashed(what: str, value: str) -> str:
    """Return a keyed hash: equal values are equal, and without our key nobody can try values."""
    return salted_hmac(f"risk.{what}", value, algorithm="sha256").hexdigest()


def _all_hits(live: tuple[Hit, ...], beside: tuple[Hit, ...]) -> list[Hit]:
    return [*live, *(hit for hit in beside if hit.is_shadow)]


def _one_at_a_time(known: Known) -> None:
    names = sorted([f"payer:{known.payer_id}"] + ([known.card_hash] if known.card_hash else []))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(%s, hashtext(name))"
            " FROM unnest(%s::text[]) AS names (name)",
            [_LOCK, names],
        )
