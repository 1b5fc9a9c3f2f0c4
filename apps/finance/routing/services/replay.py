"""Replays: the payments of the last days, decided again by a draft. Nothing else is written."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max, Min

from apps.accounts.models import User
from apps.audit import services as audit
from apps.core.models import WALKING
from apps.finance.routing import errors
from apps.finance.routing.models import Decision, Options, Replay, RuleSet
from apps.finance.routing.rules.engine import decide
from apps.finance.routing.rules.facts import Candidate, Facts
from apps.finance.routing.rules.plan import PlannedRule
from apps.finance.routing.rules.sums import Flows
from apps.finance.routing.services.drafts import check_may

LONGEST = timedelta(days=31)
#: Decisions made again in one step, and steps in one tick: memory holds one step's.
STEP, STEPS = 1_000, 20
EXAMPLES = 20


@transaction.atomic
def ask_replay(*, rule_set_id: int, days: int, by: User, now: datetime) -> Replay:
    """Ask for the payments of the last ``days`` to be decided again by a version.

    :raises NotPermitted: ``by`` lacks routing.run_replay
    :raises VersionNotFound: there is no such version
    :raises RuleWrong: ``days`` is not 1 to 31
    :raises ReplayRuns: one of the version is under way
    """
    check_may(by, "routing.run_replay")
    version = RuleSet.objects.filter(pk=rule_set_id).first()
    if version is None:
        raise errors.VersionNotFound(version=rule_set_id)
    if not 1 <= days <= LONGEST.days:
        raise errors.RuleWrong(field="days", why=f"Choose 1 to {LONGEST.days} days.")
    since = now - timedelta(days=days)
    ends = Decision.objects.filter(decided_at__gte=since, decided_at__lt=now).aggregate(
        first=Min("id"), last=Max("id")
    )
    try:
        with transaction.atomic():
            replay = Replay.objects.create(
                rule_set=version,
                revision=version.revision,
                since=since,
                until=now,
                asked_by=by,
                asked_at=now,
                first_id=ends["first"] or 0,
                last_id=ends["last"] or 0,
                bookmark=(ends["first"] or 1) - 1,
            )
    except IntegrityError as error:
        raise errors.ReplayRuns(version=version.number) from error
    audit.record(
        by=by, action="routing.replay_asked", subject=replay,
        facts={"version": version.number, "days": days},
    )  # fmt: skip
    return replay


@transaction.atomic
def stop_replay(*, replay_id: int, by: User, reason: str, now: datetime) -> Replay:
    """End a replay where it is; what it has counted stays.

    :raises NotPermitted: ``by`` lacks routing.run_replay
    :raises ReplayNotFound: none is under way by that number
    """
    check_may(by, "routing.run_replay")
    replay = Replay.objects.select_for_update().filter(pk=replay_id, status__in=WALKING).first()
    if replay is None:
        raise errors.ReplayNotFound(replay=replay_id)
    replay.stop(now=now)
    audit.record(by=by, action="routing.replay_stopped", subject=replay, reason=reason)
    return replay


def run_replays(*, now: datetime, steps: int = STEPS) -> int:
    """Take replays on by up to ``steps`` steps, the oldest first; return how many were taken.

    Each step is a transaction of its own: a killed worker loses one, which is done again.
    """
    taken = 0
    while taken < steps and _step(now):
        taken += 1
    return taken


@transaction.atomic
def _step(now: datetime) -> bool:
    replay = (
        Replay.objects.select_for_update(skip_locked=True)
        .filter(status__in=WALKING)
        .order_by("id")
        .first()
    )
    if replay is None:
        return False
    rules = [rule.planned for rule in replay.rule_set.rules.order_by("position")]
    rows = _rows(replay)
    flows = Flows.of(replay.flows)
    for again in _again(rows, rules):
        flows.add(again.facts, again.candidates, was=again.was, now=again.now)
        if again.was != again.now:
            replay.changed += 1
            if len(replay.examples) < EXAMPLES:
                replay.examples.append(again.example)
    replay.flows = flows.as_json()
    replay.step([row.pk for row in rows], now=now)
    return True


def _rows(replay: Replay) -> list[Decision]:
    return list(
        Decision.objects.filter(
            pk__gt=replay.bookmark,
            pk__lte=replay.last_id,
            decided_at__gte=replay.since,
            decided_at__lt=replay.until,
        ).order_by("pk")[:STEP]
    )


@dataclass(frozen=True, slots=True)
class _Again:
    decision: Decision
    facts: Facts
    candidates: tuple[Candidate, ...]
    now: int | None
    rule_name: str

    @property
    def was(self) -> int | None:
        return self.decision.chosen_id

    @property
    def example(self) -> dict[str, Any]:
        return {
            "decision": self.decision.pk,
            "subject": self.decision.subject,
            "was": self.was,
            "now": self.now,
            "rule": self.rule_name,
        }


def _again(rows: list[Decision], rules: list[PlannedRule]) -> Iterable[_Again]:
    kept = Options.objects.in_bulk({row.options_id for row in rows})
    options = {
        pk: tuple(Candidate.from_json(one) for one in found.candidates)
        for pk, found in kept.items()
    }
    for row in rows:
        facts, candidates = Facts.from_json(row.facts), options[row.options_id]
        outcome = decide(
            subject=row.subject,
            facts=facts,
            candidates=candidates,
            rules=rules,
            today=row.decided_at.astimezone(UTC).date(),
        )
        yield _Again(row, facts, candidates, outcome.chosen, outcome.rule_name)
