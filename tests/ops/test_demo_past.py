"""The months before the demo: the same whenever they are told, and never overdrawn."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from apps.accounts.models import Profile
from apps.clusters.models import Cluster
from apps.finance.ledger import selectors as books
from apps.finance.ledger import services as ledger
from apps.finance.ledger.choices import EntryKind, PeriodState
from apps.finance.ledger.models import Entry
from apps.ops.services.cast import Cast, Creator
from apps.ops.services.demo_closing import close_demo_months, record_demo_rates
from apps.ops.services.demo_past import Past, first_day, tell_past
from tests.factories.accounts import StaffFactory

if TYPE_CHECKING:
    from apps.finance.ledger.postings import Draft

START = datetime(2026, 1, 10, tzinfo=UTC)


def cast() -> Cast:
    brands = [Cluster(slug=slug) for slug in ("boyfanz", "girlfanz", "pupfanz")]
    creators = [Profile(pk=10 + n, cluster=brands[n % 3]) for n in range(6)]
    fans = [Profile(pk=100 + n, cluster=brands[n % 3]) for n in range(9)]
    return Cast([Creator(profile, "", 0) for profile in creators], fans, [], None)  # type: ignore[arg-type]


def told(until: date) -> dict[date, list[Draft]]:
    return dict(Past(cast(), seed=1).days(first_day(START), until))


def test_four_months_before_the_play_begin_with_a_month() -> None:
    assert first_day(START) == date(2025, 9, 1)


def test_is_the_same_whenever_it_is_told_and_only_grows() -> None:
    earlier, later = told(START.date()), told(START.date() + timedelta(days=9))

    assert {day: later[day] for day in earlier} == earlier
    sources = [draft.source for drafts in later.values() for draft in drafts]
    assert len(sources) == len(set(sources)) > 500
    assert all(source.startswith("imported:") for source in sources)


@pytest.mark.django_db(transaction=True)
@pytest.mark.slow
class TestInTheBooks:
    def test_every_entry_is_accepted_and_again_changes_nothing(self) -> None:
        tell_past(cast(), seed=1, start=START)
        kinds = Counter(Entry.objects.values_list("kind", flat=True))
        balances = books.trial_balance()
        tell_past(cast(), seed=1, start=START)

        assert Counter(Entry.objects.values_list("kind", flat=True)) == kinds
        assert books.trial_balance() == balances
        assert ledger.check_books(now=START).ok
        assert set(kinds) >= {
            EntryKind.SETTLEMENT_RECEIVED,
            EntryKind.PROCESSOR_RESERVE_RELEASED,
            EntryKind.RAIL_FUNDED,
            EntryKind.REFUND_CARD,
            EntryKind.CHARGEBACK_WON,
            EntryKind.CHARGEBACK_LOST,
            EntryKind.CREDIT_EXPIRED,
            EntryKind.TAX_PAID,
            EntryKind.CAPITAL_PAID_IN,
        }
        assert {row.currency for row in balances} == {"USD", "EUR"}
        # Cash is ours: it never runs out, at the bank or at the rail.
        assert not [r for r in balances if r.code in {"1000", "1200"} and r.credit_minor]
        assert not [r for r in balances if r.code == "2900" and r.debit_minor + r.credit_minor]

    def test_all_months_but_two_are_closed_and_the_first_of_those_is_being_closed(self) -> None:
        finance = StaffFactory.create(role="finance")
        record_demo_rates(first=first_day(START), now=START)
        tell_past(cast(), seed=1, start=START)
        ledger.check_books(now=START)
        close_demo_months(until=START.date(), by=finance, now=START)
        close_demo_months(until=START.date(), by=finance, now=START)

        months = books.period_rows(today=START.date())
        assert [(row.month, row.state) for row in months] == [
            (date(2026, 1, 1), PeriodState.OPEN),
            (date(2025, 12, 1), PeriodState.CLOSING),
            (date(2025, 11, 1), PeriodState.CLOSED),
            (date(2025, 10, 1), PeriodState.CLOSED),
            (date(2025, 9, 1), PeriodState.CLOSED),
        ]
