"""Rules of the shadow, tried on past payments whose end is known."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Max, Min

from apps.accounts.models import User
from apps.audit import services as audit
from apps.core.models import WALKING
from apps.core.money import Money
from apps.finance.risk import errors
from apps.finance.risk.choices import RuleStatus
from apps.finance.risk.models import Assessment, BackTest, RiskRule
from apps.finance.risk.rules.facts import Known
from apps.finance.risk.rules.judge import judge
from apps.finance.risk.rules.sums import Sums
from apps.finance.risk.rules.wants import wants_of
from apps.finance.risk.selectors.measure import Asked, measure
from apps.finance.risk.selectors.rules import read_book

MOST_DAYS = 90
#: Assessments in one step, and steps in one tick: memory holds one step's.
STEP, STEPS = 500, 20
EXAMPLES = 20


@transaction.atomic
def ask_back_test(*, rule_id: int | None, days: int, by: User, now: datetime) -> BackTest:
    """Ask for the payments of the last ``days`` to be judged by a rule of the shadow beside the
    live ones; without ``rule_id`` by all rules and limits of the shadow.

    :raises NotPermitted: ``by`` lacks risk.run_back_test
    :raises RuleWrong: ``days`` is not 1 to 90
    :raises RuleNotFound: there is no such rule
    :raises NotInShadow: the rule is live, or retired
    :raises TestRuns: one of it is under way
    """
    if not by.has_perm("risk.run_back_test"):
        raise errors.NotPermitted()
    if not 1 <= days <= MOST_DAYS:
        raise errors.RuleWrong(field="days", why=f"Choose 1 to {MOST_DAYS} days.")
    rule = RiskRule.objects.filter(pk=rule_id).first() if rule_id else None
    if rule_id and rule is None:
        raise errors.RuleNotFound(id=rule_id)
    if rule and rule.status != RuleStatus.SHADOW:
        raise errors.NotInShadow(status=rule.status)
    since = now - timedelta(days=days)
    ends = Assessment.objects.filter(at__gte=since, at__lt=now).aggregate(
        first=Min("id"), last=Max("id")
    )
    try:
        with transaction.atomic():
            test = BackTest.objects.create(
                rule=rule,
                since=since,
                until=now,
                asked_by=by,
                asked_at=now,
                first_id=ends["first"] or 0,
                last_id=ends["last"] or 0,
                bookmark=(ends["first"] or 1) - 1,
            )
    except IntegrityError as error:
        raise errors.TestRuns() from error
    audit.record(
        by=by, action="risk.test_asked", subject=test,
        facts={"rule": str(rule or "all"), "days": days},
    )  # fmt: skip
    return test


@transaction.atomic
def stop_back_test(*, test_id: int, by: User, reason: str, now: datetime) -> BackTest:
    """End a test where it is; what it has counted stays.

    :raises NotPermitted: ``by`` lacks risk.run_back_test
    :raises RuleNotFound: none is under way by that number
    """
    if not by.has_perm("risk.run_back_test"):
        raise errors.NotPermitted()
    test = BackTest.objects.select_for_update().filter(pk=test_id, status__in=WALKING).first()
    if test is None:
        raise errors.RuleNotFound(id=test_id)
    test.stop(now=now)
    audit.record(by=by, action="risk.test_stopped", subject=test, reason=reason)
    return test


def run_back_tests(*, now: datetime, steps: int = STEPS) -> int:
    """Take tests on by up to ``steps`` steps, the oldest first; return how many were taken."""
    taken = 0
    while taken < steps and _step(now):
        taken += 1
    return taken


@transaction.atomic
def _step(now: datetime) -> bool:
    test = (
        BackTest.objects.select_for_update(skip_locked=True)
        .filter(status__in=WALKING)
        .order_by("id")
        .first()
    )
    if test is None:
        return False
    rows = list(
        Assessment.objects.filter(
            pk__gt=test.bookmark, pk__lte=test.last_id, at__gte=test.since, at__lt=test.until
        ).order_by("pk")[:STEP]
    )
    if rows:
        _judge_again(test, rows)
    test.step([row.pk for row in rows], now=now)
    return True


def _judge_again(test: BackTest, rows: list[Assessment]) -> None:
    book = read_book(only_shadow_id=test.rule_id)
    asked = [Asked(_known(row), row.at, row.pk) for row in rows]
    sums = Sums.of(test.sums)
    measured = measure(asked, wants_of(book.beside))
    for row, one, counts in zip(rows, asked, measured, strict=True):
        verdict = judge(one.known, counts, rules=book.beside, limits=book.limits_beside)
        sums.add(
            was=row.outcome,
            now=verdict.outcome,
            result=row.result,
            currency=row.currency,
            amount_minor=row.amount_minor,
        )
        if verdict.outcome == row.outcome:
            continue
        test.changed += 1
        if len(test.examples) < EXAMPLES:
            reasons = [hit.text for hit in verdict.hits]
            test.examples.append(
                {"assessment": row.pk, "was": row.outcome, "now": verdict.outcome.value,
                 "score": verdict.score, "reasons": reasons}
            )  # fmt: skip
    test.sums = sums.as_json()


def _known(row: Assessment) -> Known:
    return Known.from_kept(
        row.facts,
        cluster=row.cluster,
        payer_id=row.payer_id,
        amount=Money(row.amount_minor, row.currency),
        card_hash=row.card_hash,
        ip_hash=row.ip_hash,
        network=row.network,
    )
