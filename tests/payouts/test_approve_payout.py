"""Two people, never the payee; and the ways a payout is stopped before it leaves."""

import pytest

from apps.payouts import errors
from apps.payouts import services as payouts
from apps.payouts.choices import Status
from tests import given
from tests.factories.accounts import ProfileFactory, StaffFactory, UserFactory
from tests.payouts.books import dollars, earnings, in_transit

pytestmark = pytest.mark.django_db


def staff(**traits):
    return StaffFactory.create(**traits)


def approve(payout, by, *, now):
    return payouts.approve_payout(payout_id=payout.pk, by=by, reason="seen", now=now)


class TestApprovePayout:
    def test_needs_two_people(self, rail, now):
        payout = given.a_requested_payout(now=now)

        assert approve(payout, staff(), now=now).status == Status.IN_REVIEW
        assert payouts.send_approved(now=now) == 0
        assert approve(payout, staff(), now=now).status == Status.APPROVED

        assert rail.sent == []
        assert payouts.send_approved(now=now) == 1

    def test_refuses_the_same_person_twice(self, now):
        payout, one = given.a_requested_payout(now=now), staff()
        approve(payout, one, now=now)

        with pytest.raises(errors.AlreadyApproved):
            approve(payout, one, now=now)

        payout.refresh_from_db()
        assert (payout.status, payout.approvals.count()) == (Status.IN_REVIEW, 1)

    def test_one_is_enough_below_the_limit(self, now, settings):
        settings.PAYOUT_FOUR_EYES_FROM = "50.01"
        payout = given.a_requested_payout("50.00", now=now)

        assert approve(payout, staff(), now=now).status == Status.APPROVED

    def test_refuses_who_is_not_staff(self, now):
        payout = given.a_requested_payout(now=now)

        for nobody in (UserFactory.create(), staff(is_active=False)):
            with pytest.raises(errors.StaffOnly):
                approve(payout, nobody, now=now)

        assert not payout.approvals.exists()

    def test_refuses_the_payee(self, now):
        creator = given.a_creator(now=now, user=staff())
        payout = given.a_requested_payout(now=now, creator=creator)

        with pytest.raises(errors.OwnPayout):
            approve(payout, creator.user, now=now)

        payout.refresh_from_db()
        assert (payout.status, in_transit()) == (Status.REQUESTED, dollars("50.00"))

    def test_refuses_staff_whose_own_method_pays_into_the_same_account(self, now):
        payout, one = given.a_requested_payout(now=now), staff()
        other_profile = ProfileFactory.create(user=one, is_creator=True)
        given.a_payout_method(other_profile, email="PAYEE@domain.example", now=now)

        with pytest.raises(errors.OwnPayout):
            approve(payout, one, now=now)

    def test_refuses_staff_whose_address_is_paid(self, now):
        payout = given.a_requested_payout(now=now)

        with pytest.raises(errors.OwnPayout):
            approve(payout, staff(email="Payee@domain.example"), now=now)

    def test_refuses_when_the_method_was_switched_off_since(self, now):
        payout = given.a_requested_payout(now=now)
        payouts.deactivate_method(method_id=payout.method_id, profile=payout.creator, now=now)

        with pytest.raises(errors.MethodInactive):
            approve(payout, staff(), now=now)

    def test_refuses_a_third_and_what_is_over(self, rail, now):
        payout = given.an_approved_payout(now=now)
        with pytest.raises(errors.WrongState):
            approve(payout, staff(), now=now)

        payouts.send_approved(now=now)
        with pytest.raises(errors.WrongState):
            approve(payout, staff(), now=now)

    def test_does_not_find_what_is_not_there(self, now):
        with pytest.raises(errors.PayoutNotFound):
            payouts.approve_payout(payout_id=0, by=staff(), reason="", now=now)


class TestRejectPayout:
    @pytest.mark.parametrize("make", [given.a_requested_payout, given.an_approved_payout])
    def test_gives_the_money_back(self, now, make):
        payout = make(now=now)

        payouts.reject_payout(payout_id=payout.pk, by=staff(), reason="odd", now=now)

        payout.refresh_from_db()
        assert payout.status == Status.REJECTED
        assert (earnings(payout.creator), in_transit()) == (dollars("50.00"), dollars("0.00"))

    def test_needs_a_reason_staff_and_a_payout_that_waits(self, rail, now):
        payout = given.an_approved_payout(now=now)
        for by, reason, refusal in [
            (staff(), "  ", errors.ReasonMissing),
            (UserFactory.create(), "odd", errors.StaffOnly),
        ]:
            with pytest.raises(refusal):
                payouts.reject_payout(payout_id=payout.pk, by=by, reason=reason, now=now)
        payouts.send_approved(now=now)

        with pytest.raises(errors.WrongState):
            payouts.reject_payout(payout_id=payout.pk, by=staff(), reason="odd", now=now)

        assert earnings(payout.creator) == dollars("0.00")


class TestCancelPayout:
    def test_gives_the_money_back_once(self, rail, now):
        payout = given.an_approved_payout(now=now)

        for _ in range(2):
            payouts.cancel_payout(payout_id=payout.pk, creator=payout.creator, now=now)

        payout.refresh_from_db()
        assert payout.status == Status.CANCELLED
        assert (earnings(payout.creator), in_transit()) == (dollars("50.00"), dollars("0.00"))
        assert (payouts.send_approved(now=now), rail.sent) == (0, [])

    def test_does_not_find_anothers(self, now):
        payout = given.a_requested_payout(now=now)

        with pytest.raises(errors.PayoutNotFound):
            payouts.cancel_payout(
                payout_id=payout.pk, creator=given.a_creator("0.00", now=now), now=now
            )

        assert in_transit() == dollars("50.00")

    def test_comes_too_late_once_it_is_being_sent(self, rail, now):
        payout = given.an_approved_payout(now=now)
        refused = []

        def cancel() -> None:
            with pytest.raises(errors.WrongState):
                payouts.cancel_payout(payout_id=payout.pk, creator=payout.creator, now=now)
            refused.append(True)

        rail.while_sending = cancel

        assert payouts.send_approved(now=now) == 1
        assert refused == [True]


class TestMethods:
    def test_adding_the_same_details_again_changes_nothing(self, now):
        creator = given.a_creator("0.00", now=now)

        first = given.a_payout_method(creator, now=now)

        assert given.a_payout_method(creator, email="PAYEE@Domain.example", now=now) == first

    def test_only_the_owner_switches_a_method_off(self, now):
        creator, other = given.a_creator("0.00", now=now), given.a_creator("0.00", now=now)
        method = given.a_payout_method(creator, now=now)

        with pytest.raises(errors.MethodNotFound):
            payouts.deactivate_method(method_id=method.pk, profile=other, now=now)

        method.refresh_from_db()
        assert method.is_active

    def test_a_fan_has_none(self, now):
        with pytest.raises(errors.NotACreator):
            given.a_payout_method(ProfileFactory.create(), now=now)


class TestPermission:
    @pytest.mark.parametrize("role", ["finance", "compliance", "support", "moderator"])
    @pytest.mark.parametrize("decide", [payouts.approve_payout, payouts.reject_payout])
    def test_is_asked_by_the_service_itself(self, now, role, decide):
        payout = given.a_requested_payout(now=now)

        with pytest.raises(errors.NotPermitted):
            decide(payout_id=payout.pk, by=StaffFactory.create(role=role), reason="x", now=now)

        payout.refresh_from_db()
        assert payout.status == Status.REQUESTED
        assert not payout.approvals.exists()
