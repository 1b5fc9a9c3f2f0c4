"""Rules and limits: written into the shadow by one person, made live by another."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeVar

from django.db import connection, transaction
from django.db.models import Max

from apps.accounts.models import User
from apps.audit import services as audit
from apps.finance.risk import errors
from apps.finance.risk.choices import RuleStatus
from apps.finance.risk.models import RiskLimits, RiskRule
from apps.finance.risk.rules.checks import check_limits, check_rule
from apps.finance.risk.selectors.rules import book_changed

#: Whoever writes a version or makes one live holds it until commit.
_VERSIONS = (7_322, 0)
V = TypeVar("V", RiskRule, RiskLimits)


@transaction.atomic
def write_rule(
    *,
    code: str,
    kind: str,
    score: int,
    params: dict[str, Any],
    by: User,
    reason: str,
    now: datetime,
) -> RiskRule:
    """Write a new version of a rule into the shadow: it is counted and followed by nobody. The
    version in shadow before is retired; the live one stays.

    :raises NotPermitted: ``by`` lacks risk.write_rules
    :raises ReasonMissing: no reason is given
    :raises RuleWrong: the rule cannot be followed; its ``field`` says where
    """
    _check_may(by, "risk.write_rules", reason)
    check_rule(code=code, kind=kind, score=score, params=params)
    _take_lock()
    RiskRule.objects.filter(code=code, status=RuleStatus.SHADOW).update(
        status=RuleStatus.RETIRED, retired_at=now
    )
    last = RiskRule.objects.filter(code=code).aggregate(last=Max("version"))["last"] or 0
    rule = RiskRule.objects.create(
        code=code,
        version=last + 1,
        kind=kind,
        params=params,
        score=score,
        reason=reason.strip()[:300],
        by=by,
        created_at=now,
    )
    _record(by, "risk.rule_written", rule, reason, _facts(rule))
    return rule


@transaction.atomic
def make_rule_live(*, rule_id: int, by: User, reason: str, now: datetime) -> RiskRule:
    """Let a rule of the shadow count, and retire the live version of it.

    :raises NotPermitted: ``by`` lacks risk.make_live
    :raises ReasonMissing: no reason is given
    :raises RuleNotFound: there is no such rule
    :raises NotInShadow: it is live, or retired
    :raises OwnRule: ``by`` wrote it
    """
    _check_may(by, "risk.make_live", reason)
    _take_lock()
    rule = _found(RiskRule.objects.filter(pk=rule_id).first(), rule_id)
    _check_ready(rule, by)
    RiskRule.objects.filter(code=rule.code, status=RuleStatus.LIVE).update(
        status=RuleStatus.RETIRED, retired_at=now
    )
    _go_live(rule, by, reason, now)
    _record(by, "risk.rule_made_live", rule, reason, _facts(rule))
    return rule


@transaction.atomic
def retire_rule(*, rule_id: int, by: User, reason: str, now: datetime) -> RiskRule:
    """Take a rule out of the shadow, or out of force.

    :raises NotPermitted: ``by`` lacks risk.write_rules, or for a live rule risk.make_live
    :raises ReasonMissing: no reason is given
    :raises RuleNotFound: there is no such rule
    :raises IsRetired: it is retired
    """
    _check_may(by, "risk.write_rules", reason)
    _take_lock()
    rule = _found(RiskRule.objects.filter(pk=rule_id).first(), rule_id)
    if rule.status == RuleStatus.RETIRED:
        raise errors.IsRetired()
    if rule.status == RuleStatus.LIVE:
        _check_may(by, "risk.make_live", reason)
    rule.status, rule.retired_at = RuleStatus.RETIRED, now
    rule.save(update_fields=["status", "retired_at"])
    _record(by, "risk.rule_retired", rule, reason, _facts(rule))
    return rule


@transaction.atomic
def write_limits(
    *, challenge: int, review: int, block: int, by: User, reason: str, now: datetime
) -> RiskLimits:
    """Write limits into the shadow, in place of those there.

    :raises NotPermitted: ``by`` lacks risk.write_rules
    :raises ReasonMissing: no reason is given
    :raises RuleWrong: they do not rise from 1 to 101
    """
    _check_may(by, "risk.write_rules", reason)
    check_limits(challenge=challenge, review=review, block=block)
    _take_lock()
    RiskLimits.objects.filter(status=RuleStatus.SHADOW).update(
        status=RuleStatus.RETIRED, retired_at=now
    )
    limits = RiskLimits.objects.create(
        challenge=challenge,
        review=review,
        block=block,
        reason=reason.strip()[:300],
        by=by,
        created_at=now,
    )
    _record(by, "risk.limits_written", limits, reason, {"limits": str(limits)})
    return limits


@transaction.atomic
def make_limits_live(*, limits_id: int, by: User, reason: str, now: datetime) -> RiskLimits:
    """Let the limits of the shadow count.

    :raises NotPermitted: ``by`` lacks risk.make_live
    :raises ReasonMissing: no reason is given
    :raises RuleNotFound: there are no such limits
    :raises NotInShadow: they are live, or retired
    :raises OwnRule: ``by`` wrote them
    """
    _check_may(by, "risk.make_live", reason)
    _take_lock()
    limits = _found(RiskLimits.objects.filter(pk=limits_id).first(), limits_id)
    _check_ready(limits, by)
    RiskLimits.objects.filter(status=RuleStatus.LIVE).update(
        status=RuleStatus.RETIRED, retired_at=now
    )
    _go_live(limits, by, reason, now)
    _record(by, "risk.limits_made_live", limits, reason, {"limits": str(limits)})
    return limits


def _check_may(by: User, permission: str, reason: str) -> None:
    if not by.has_perm(permission):
        raise errors.NotPermitted()
    if not reason.strip():
        raise errors.ReasonMissing()


def _take_lock() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", _VERSIONS)


def _found(row: V | None, pk: int) -> V:
    if row is None:
        raise errors.RuleNotFound(id=pk)
    return row


def _check_ready(row: RiskRule | RiskLimits, by: User) -> None:
    if row.status != RuleStatus.SHADOW:
        raise errors.NotInShadow(status=row.status)
    if row.by_id == by.pk:
        raise errors.OwnRule()


def _go_live(row: RiskRule | RiskLimits, by: User, reason: str, now: datetime) -> None:
    row.status, row.live_by, row.live_at = RuleStatus.LIVE, by, now
    row.live_reason = reason.strip()[:300]
    row.save(update_fields=["status", "live_by", "live_at", "live_reason"])


def _record(
    by: User, action: str, row: RiskRule | RiskLimits, reason: str, facts: dict[str, Any]
) -> None:
    """Rules are read anew here at once, in other processes some seconds later."""
    audit.record(by=by, action=action, subject=row, reason=reason.strip(), facts=facts)
    book_changed()


def _facts(rule: RiskRule) -> dict[str, Any]:
    return {"rule": str(rule), "kind": rule.kind, "score": rule.score, "params": rule.params}
