"""A person decides about a payment that waits."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from apps.accounts.models import Profile, User
from apps.audit import services as audit
from apps.core import events
from apps.core.db import joins_transaction
from apps.finance.risk import errors
from apps.finance.risk.choices import ReviewState
from apps.finance.risk.events import RiskReviewed
from apps.finance.risk.models import Assessment


def approve(*, assessment_id: int, by: User, reason: str, now: datetime) -> Assessment:
    """Let a waiting payment go on; the event risk.reviewed says so to the app above.

    :raises NotPermitted: ``by`` lacks risk.review_payment
    :raises ReasonMissing: no reason is given
    :raises AssessmentNotFound: there is no such assessment
    :raises NothingToReview: it does not wait, or no longer
    :raises OwnPayment: ``by`` is the payer
    """
    return _decide(assessment_id, ReviewState.APPROVED, by, reason, now)


def reject(*, assessment_id: int, by: User, reason: str, now: datetime) -> Assessment:
    """End a waiting payment; the event risk.reviewed says so to the app above.

    :raises NotPermitted: ``by`` lacks risk.review_payment
    :raises ReasonMissing: no reason is given
    :raises AssessmentNotFound: there is no such assessment
    :raises NothingToReview: it does not wait, or no longer
    :raises OwnPayment: ``by`` is the payer
    """
    return _decide(assessment_id, ReviewState.REJECTED, by, reason, now)


@joins_transaction
def hold(*, subject: str, why: str) -> None:
    """Let a payment wait for a person that nobody could challenge. Said again: no change."""
    Assessment.objects.filter(subject=subject, review=ReviewState.NONE).update(
        review=ReviewState.WAITING, review_reason=why[:300]
    )


@joins_transaction
def decide_nothing(*, subject: str) -> None:
    """Take a payment that cannot wait out of the queue: it went on, or was refused, at once."""
    Assessment.objects.filter(subject=subject, review=ReviewState.WAITING).update(
        review=ReviewState.NONE
    )


@transaction.atomic
def _decide(
    assessment_id: int, word: ReviewState, by: User, reason: str, now: datetime
) -> Assessment:
    if not by.has_perm("risk.review_payment"):
        raise errors.NotPermitted()
    if not reason.strip():
        raise errors.ReasonMissing()
    row = Assessment.objects.select_for_update().filter(pk=assessment_id).first()
    if row is None:
        raise errors.AssessmentNotFound(assessment=assessment_id)
    if row.review != ReviewState.WAITING:
        raise errors.NothingToReview(state=row.review)
    if Profile.objects.filter(pk=row.payer_id, user=by).exists():
        raise errors.OwnPayment()
    row.review, row.reviewed_by, row.reviewed_at = word, by, now
    row.review_reason = reason.strip()[:300]
    row.save(update_fields=["review", "reviewed_by", "reviewed_at", "review_reason"])
    audit.record(
        by=by,
        action=f"risk.payment_{word.value.lower()}",
        subject=row,
        reason=reason.strip(),
        facts={"payment": row.subject, "score": row.score, "rules": [h["code"] for h in row.hits]},
        cluster=row.cluster,
    )
    events.publish(
        RiskReviewed(
            assessment_id=row.pk,
            subject=row.subject,
            cluster=row.cluster,
            approved=word == ReviewState.APPROVED,
            by_id=by.pk,
            reason=row.review_reason,
        )
    )
    return row
