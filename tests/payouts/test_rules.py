"""Pure decisions, without a database."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core.money import Money
from apps.payouts import choices, errors, rules
from apps.payouts.choices import Status

DAY = datetime(2026, 1, 15, 12, tzinfo=UTC)
NAMES = {"first_name": "Ada", "last_name": "Byron"}


def dollars(amount: str) -> Money:
    return Money.of(amount, "USD")


class TestStates:
    def test_every_state_says_what_may_follow(self):
        assert set(choices.NEXT) == set(Status.values)

    @given(st.lists(st.sampled_from(Status.values), max_size=30))
    def test_no_way_leads_to_two_ends_or_out_of_one(self, wishes):
        """Walks at random: the money leaves the reservation at most once."""
        status, gone = Status.REQUESTED.value, 0
        for wish in wishes:
            if wish not in choices.NEXT[status]:
                with pytest.raises(errors.WrongState):
                    rules.check_move(current=status, target=wish)
                continue
            rules.check_move(current=status, target=wish)
            if status in choices.OPEN and wish not in choices.OPEN:
                gone += 1
            assert not (status not in choices.OPEN and wish in choices.OPEN)
            status = wish

        assert gone == (status not in choices.OPEN)

    def test_nothing_can_be_stopped_while_its_outcome_is_open(self):
        for status in (Status.SENDING, Status.UNKNOWN):
            assert not choices.NEXT[status] & {Status.CANCELLED, Status.REJECTED}

    def test_nothing_is_sent_that_was_not_approved(self):
        before = {status for status in Status.values if Status.SENDING in choices.NEXT[status]}

        assert before == {Status.APPROVED}


class TestBackoff:
    @given(st.integers(1, 500), st.text(max_size=20))
    def test_waits_between_half_and_all_of_the_doubled_minute_up_to_six_hours(self, attempt, seed):
        whole = min(timedelta(minutes=2 ** min(attempt - 1, 20)), timedelta(hours=6))

        wait = rules.backoff(attempt=attempt, seed=seed)

        assert whole / 2 <= wait <= whole
        assert wait == rules.backoff(attempt=attempt, seed=seed)

    def test_spreads_payouts_that_failed_together(self):
        waits = {rules.backoff(attempt=3, seed=f"PO-{n}") for n in range(100)}

        assert len(waits) > 50


class TestApprovalsNeeded:
    @pytest.mark.parametrize(
        ("amount", "limit", "needed"),
        [("20.00", "0.00", 2), ("99.99", "100.00", 1), ("100.00", "100.00", 2)],
    )
    def test_asks_for_two_from_the_limit_upwards(self, amount, limit, needed):
        assert (
            rules.approvals_needed(amount=dollars(amount), four_eyes_from=Decimal(limit)) == needed
        )


class TestMayResend:
    @pytest.mark.parametrize(
        ("misses", "minutes", "resends", "may"),
        [(2, 15, 0, True), (1, 60, 0, False), (9, 14, 0, False), (2, 15, 1, False)],
    )
    def test_needs_two_misses_a_quarter_of_an_hour_and_no_resend_before(
        self, misses, minutes, resends, may
    ):
        now = DAY + timedelta(minutes=minutes)

        assert rules.may_resend(misses=misses, unknown_since=DAY, now=now, resends=resends) is may


class TestCheckAmount:
    def test_takes_the_minimum_itself(self):
        rules.check_amount(rail="PAXUM", amount=dollars("20.00"))

    @pytest.mark.parametrize(
        ("amount", "refusal"),
        [
            (dollars("19.99"), errors.BelowMinimum),
            (dollars("-50.00"), errors.BelowMinimum),
            (Money(10**15 + 1, "USD"), errors.AboveMaximum),
            (Money(50_00, "EUR"), errors.RailNotOffered),
        ],
    )
    def test_refuses(self, amount, refusal):
        with pytest.raises(refusal):
            rules.check_amount(rail="PAXUM", amount=amount)

    def test_refuses_a_rail_we_do_not_have(self):
        with pytest.raises(errors.RailNotOffered):
            rules.check_amount(rail="PIGEON", amount=dollars("50.00"))


class TestCleanDetails:
    def test_gives_the_one_normal_form(self):
        clean = rules.clean_details(
            rail="PAXUM",
            details={"email": " Ada@Example.COM ", "first_name": "Ada ", "last_name": "de  Byron"},
        )

        assert clean == {
            "email": "ada@example.com",
            "first_name": "Ada",
            "last_name": "de Byron",
            "business_name": "",
        }

    @pytest.mark.parametrize(
        ("details", "field"),
        [
            ({**NAMES}, "email"),
            ({"email": "nobody", **NAMES}, "email"),
            ({"email": "a@b.example"}, "first_name"),
            ({"email": "a@b.example", "first_name": "Ada"}, "last_name"),
            ({"email": "a@b.example", **NAMES, "iban": "x"}, "iban"),
            ({"email": "a@b.example", "business_name": "x" * 101}, "business_name"),
            ({"email": "a@b.example", "business_name": "x\x00"}, "business_name"),
            ({"email": "a@b.example", "business_name": 7}, "business_name"),
        ],
    )
    def test_refuses(self, details, field):
        with pytest.raises(errors.BadDetails) as refusal:
            rules.clean_details(rail="PAXUM", details=details)

        assert refusal.value.facts["field"] == field


class TestReferenceOf:
    def test_comes_from_the_random_id_and_fits_the_column(self):
        reference = rules.reference_of(UUID("12345678-9abc-def0-1234-56789abcdef0"))

        assert reference == "PO-123456789ABCDEF01234"
