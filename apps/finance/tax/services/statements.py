"""Yearly statements of creators: asked for by a person, made bit by bit, taken on record."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from apps.accounts.models import Profile, User
from apps.audit import services as audit
from apps.core.db import outside_transaction
from apps.finance.ledger import selectors as ledger
from apps.finance.tax import errors
from apps.finance.tax.choices import Form, RunState
from apps.finance.tax.models import StatementLine, StatementRun
from apps.finance.tax.rules import forms

#: People of one step: a step is one transaction of some tenths of a second.
STEP = 200
_FIRST_YEAR = 2020


@transaction.atomic
def request_statements(
    *, form: Form, year: int, by: User | None, reason: str, now: datetime
) -> StatementRun:
    """Have a form made for a year, from the books as they are now; a task makes it.

    Each asking makes a file of its own: an earlier one stays as it was. ``by`` is empty for the
    command line.

    :raises NotPermitted: ``by`` lacks tax.make_statements
    :raises ReasonMissing: no reason is given
    :raises YearNotOver: a year to come, or one before the platform
    """
    if by is not None and not by.has_perm("tax.make_statements"):
        raise errors.NotPermitted()
    if not reason.strip():
        raise errors.ReasonMissing()
    if not _FIRST_YEAR <= year <= now.year:
        raise errors.YearNotOver(year=year)
    run = StatementRun.objects.create(
        form=form,
        year=year,
        as_of=now,
        people_total=_creators().count(),
        by=by,
        reason=reason.strip()[:200],
    )
    audit.record(
        by=by,
        action="tax.statements_asked",
        subject=run,
        reason=reason.strip(),
        facts={"form": form.value, "year": year},
    )
    return run


@transaction.atomic
def make_step(*, now: datetime) -> bool:
    """Make the next people's lines of the oldest unfinished file; return if there was one.

    One transaction holds the lines and how far they go, so a worker that dies loses one step and
    doubles nothing; another worker passes over the file meanwhile.
    """
    run = (
        StatementRun.objects.select_for_update(skip_locked=True)
        .exclude(state=RunState.DONE)
        .order_by("id")
        .first()
    )
    if run is None:
        return False
    users = list(
        _creators()
        .filter(user_id__gt=run.last_user)
        .order_by("user_id")
        .values_list("user_id", flat=True)[:STEP]
    )
    if users:
        lines = _lines_of(run, users)
        StatementLine.objects.bulk_create(lines)
        run.lines_made += len(lines)
        run.people += len(users)
        run.last_user = users[-1]
        run.state = RunState.RUNNING
    else:
        run.state, run.done_at = RunState.DONE, now
    run.save()
    return True


@outside_transaction
def make_statements(*, now: datetime, steps: int = 100) -> int:
    """Make up to so many steps, each in its own transaction; return how many there were."""
    done = 0
    while done < steps and make_step(now=now):
        done += 1
    return done


@transaction.atomic
def take_statements(*, run_id: int, by: User, ip: str = "") -> StatementRun:
    """Put on record that somebody takes a file with people's income out of the platform.

    :raises NotPermitted: ``by`` lacks tax.take_statements
    :raises StatementNotFound: there is none, or it is not ready
    """
    if not by.has_perm("tax.take_statements"):
        raise errors.NotPermitted()
    run = StatementRun.objects.filter(pk=run_id, state=RunState.DONE).first()
    if run is None:
        raise errors.StatementNotFound(run_id=run_id)
    audit.record(
        by=by,
        action="tax.statements_taken",
        subject=run,
        facts={"form": run.form, "year": run.year, "lines": run.lines_made},
        ip=ip,
    )
    return run


def _creators() -> QuerySet[Profile, Any]:
    return Profile.objects.filter(is_creator=True).order_by().values("user_id").distinct()


def _lines_of(run: StatementRun, users: list[int]) -> list[StatementLine]:
    profiles = {
        f"profile:{pk}": user_id
        for pk, user_id in Profile.objects.filter(user_id__in=users).values_list("pk", "user_id")
    }
    flows = ledger.creator_flows(
        owners=sorted(profiles),
        start=date(run.year, 1, 1),
        end=date(run.year, 12, 31),
        posted_before=run.as_of,
    )
    by_person: dict[int, dict[str, list[ledger.CreatorFlow]]] = defaultdict(dict)
    for flow in flows:
        by_person[profiles[flow.owner]].setdefault(flow.currency, []).append(flow)
    emails = dict(User.objects.filter(pk__in=users).values_list("pk", "email"))
    lines = []
    form = Form(run.form)
    for user_id, of_person in sorted(by_person.items()):
        years = {currency: forms.year_of(of_person[currency]) for currency in sorted(of_person)}
        if not forms.is_due(form, run.year, years):
            continue
        lines += [
            StatementLine(
                run=run,
                user_id=user_id,
                currency=currency,
                net_minor=year.net,
                values=forms.values_of(
                    form,
                    account=f"U{user_id}",
                    email=emails[user_id],
                    currency=currency,
                    year=year,
                    least=str(forms.threshold_of(form, run.year).least),
                ),
            )
            for currency, year in years.items()
            if year.net > 0 or year.withheld > 0
        ]
    return lines
