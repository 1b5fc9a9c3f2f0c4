"""Merchant accounts: opened off at any gateway, and two people decide where money goes."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, strategies

from apps.audit.models import AuditRecord
from apps.finance.payments import errors
from apps.finance.payments import services as payments
from apps.finance.payments.adapters import gateway_for
from apps.finance.payments.choices import Gateway
from apps.finance.payments.models import MerchantAccount
from apps.finance.payments.rules.merchants import (
    PARTS,
    Place,
    Terms,
    why_not_credentials,
    why_not_place,
)
from apps.finance.payments.selectors.merchants import missing_keys
from apps.finance.payments.services.merchant_check import can_test
from sandbox.accounts import BRAND, NUMBERS, credentials
from tests.factories.accounts import StaffFactory, UserFactory
from tests.finance.payments.contract.rig import PARTS as SANDBOX_PARTS

TERMS = Terms(descriptor="FANZ* GIRLFANZ.COM", least_minor=2_95, most_minor=500_00)
SEGPAY = Place("segpay", "20010", "USD", form="101:202")


@pytest.fixture(autouse=True)
def _secrets(settings: Any) -> None:
    settings.GATEWAY_CREDENTIALS = credentials("http://127.0.0.1:9")


@pytest.fixture
def ann(db: None) -> Any:
    return StaffFactory.create(role="finance")


@pytest.fixture
def bea(db: None) -> Any:
    return StaffFactory.create(role="admin")


@pytest.fixture
def opened(girlfanz: Any, ann: Any, now: Any) -> MerchantAccount:
    return open_at(girlfanz, ann, now)


def open_at(
    cluster: Any, by: Any, now: Any, place: Place = SEGPAY, **terms: Any
) -> MerchantAccount:
    return payments.open_merchant_account(
        cluster=cluster,
        place=place,
        terms=replace(TERMS, **terms),
        by=by,
        reason="Signed today",
        now=now,
    )


def parts_of(gateway: str) -> tuple[str, str]:
    subaccount, form = SANDBOX_PARTS.get(gateway, ("", ""))
    return subaccount, form if PARTS[gateway].form else ""


def propose(account: MerchantAccount, by: Any, now: Any, **wish: Any) -> MerchantAccount:
    return payments.propose_change(
        account_id=account.pk, by=by, reason="As agreed", now=now, **wish
    )


def agree(account: MerchantAccount, by: Any, now: Any) -> MerchantAccount:
    return payments.agree_to_change(account_id=account.pk, by=by, reason="Compared", now=now)


def as_kept(account: MerchantAccount) -> tuple[Any, ...]:
    account.refresh_from_db()
    return (account.is_active, account.credentials, account.flex_id, account.proposal)


@pytest.mark.parametrize("gateway", Gateway.values)
def test_is_opened_at_every_gateway_with_the_parts_it_has(
    gateway: str, girlfanz: Any, ann: Any, now: Any
) -> None:
    subaccount, form = parts_of(gateway)
    currency = min(gateway_for(gateway).capabilities.currencies)
    place = Place(gateway, NUMBERS.get(gateway, "900000"), currency, subaccount, form)

    account = open_at(girlfanz, ann, now, place)

    assert (account.is_active, account.cluster, account.currency) == (False, girlfanz, currency)
    record = AuditRecord.objects.get(action="payments.merchant_account_opened")
    assert (record.actor_id, record.cluster) == (ann.pk, "girlfanz")
    assert record.facts["number"] == account.account_number


class TestOpening:
    def test_is_for_those_whose_roles_include_it(self, girlfanz, now):
        for person in (UserFactory.create(), StaffFactory.create(role="support")):
            with pytest.raises(errors.MerchantAccountNotAllowed):
                open_at(girlfanz, person, now)
        assert not MerchantAccount.objects.exists()

    def test_of_an_account_another_brand_has_is_refused(self, opened, boyfanz, ann, now):
        with pytest.raises(errors.MerchantAccountTaken):
            open_at(boyfanz, ann, now)
        assert MerchantAccount.objects.get().cluster.slug == "girlfanz"

    @pytest.mark.parametrize(
        ("changes", "why"),
        [
            ({"form": ""}, "form is missing"),
            ({"subaccount": "7"}, "no subaccount"),
            ({"number": ""}, "number is missing"),
            ({"number": "20\u200b010"}, "number is none"),
            ({"currency": "BTC"}, "does not take BTC"),
            ({"credentials": "epoch"}, "named segpay"),
            ({"credentials": "segpayer"}, "named segpay"),
        ],
    )
    def test_of_a_place_that_cannot_be_is_refused(self, changes, why, girlfanz, ann, now):
        with pytest.raises(errors.MerchantAccountInvalid) as refused:
            open_at(girlfanz, ann, now, replace(SEGPAY, **changes))
        assert why in str(refused.value.facts["why"])
        assert not MerchantAccount.objects.exists()

    @pytest.mark.parametrize(
        "terms",
        [
            {"least_minor": 501_00},
            {"least_minor": 0},
            {"monthly_cap_minor": 0},
            {"mcc": "596"},
            {"countries": ("XX",)},
            {"card_brands": ("VISA", "UNIONPAY")},
            {"cost_bps": 5_001},
            {"descriptor": ""},
            {"descriptor": "A\nB.COM"},
            {"descriptor": "FANZ* GIRLFANZ"},
            {"descriptor": "GIRLFANZ 12345"},
        ],
    )
    def test_on_terms_that_cannot_be_is_refused(self, terms, girlfanz, ann, now):
        with pytest.raises(errors.MerchantAccountInvalid):
            open_at(girlfanz, ann, now, **terms)
        assert not MerchantAccount.objects.exists()


class TestSwitchingOn:
    def test_takes_two_people(self, opened, ann, bea, now):
        propose(opened, ann, now, switch_on=True)
        assert as_kept(opened) == (False, "", "101:202", {"is_active": True})

        with pytest.raises(errors.SecondPersonNeeded):
            agree(opened, ann, now)
        assert as_kept(opened)[0] is False

        agree(opened, bea, now)
        assert as_kept(opened) == (True, "", "101:202", {})
        with pytest.raises(errors.NoChangeWaiting):
            agree(opened, bea, now)
        actions = AuditRecord.objects.order_by("id").values_list("action", "actor_id")
        assert list(actions)[-2:] == [
            ("payments.merchant_account_change_proposed", ann.pk),
            ("payments.merchant_account_change_agreed", bea.pk),
        ]

    def test_is_refused_while_secrets_are_missing(self, opened, ann, bea, now, settings):
        propose(opened, ann, now, switch_on=True)
        held = dict(settings.GATEWAY_CREDENTIALS["segpay"])
        settings.GATEWAY_CREDENTIALS = {"segpay": {**held, "order_secret": ""}}

        with pytest.raises(errors.GatewayNotConfigured) as refused:
            agree(opened, bea, now)
        assert refused.value.facts == {"missing": "order_secret"}
        assert as_kept(opened)[0] is False

    def test_off_takes_one_and_on_again_two(self, opened, ann, bea, now):
        propose(opened, ann, now, switch_on=True)
        agree(opened, bea, now)

        payments.switch_off_merchant_account(
            account_id=opened.pk, by=ann, reason="Odd declines", now=now
        )

        assert as_kept(opened)[0] is False
        propose(opened, bea, now, switch_on=True)
        with pytest.raises(errors.SecondPersonNeeded):
            agree(opened, bea, now)


class TestWhereMoneyGoes:
    def test_changes_when_a_second_person_agrees_and_forgets_the_test(self, opened, ann, bea, now):
        MerchantAccount.objects.update(tested_at=now, test_passed=True)
        propose(opened, ann, now, credentials=f"segpay-{BRAND}", form="111:202")
        assert as_kept(opened)[1:3] == ("", "101:202")

        agree(opened, bea, now)

        assert as_kept(opened) == (False, f"segpay-{BRAND}", "111:202", {})
        assert (opened.tested_at, opened.test_passed) == (None, None)
        facts = AuditRecord.objects.get(action="payments.merchant_account_change_agreed").facts
        assert facts["set"] == f"segpay-{BRAND}"

    def test_never_to_the_secrets_of_another_gateway(self, opened, ann, now):
        with pytest.raises(errors.MerchantAccountInvalid):
            propose(opened, ann, now, credentials="epoch")
        assert as_kept(opened) == (False, "", "101:202", {})

    def test_one_change_waits_at_a_time_and_may_be_dropped(self, opened, ann, bea, now):
        propose(opened, ann, now, form="111:202")
        with pytest.raises(errors.ChangeWaiting):
            propose(opened, bea, now, form="121:202")

        payments.withdraw_change(account_id=opened.pk, by=ann, reason="A slip", now=now)

        assert as_kept(opened) == (False, "", "101:202", {})
        with pytest.raises(errors.NoChangeWaiting):
            agree(opened, bea, now)


class TestTerms:
    def test_change_at_once_and_say_what_differs(self, opened, ann, now):
        terms = replace(TERMS, most_minor=250_00, countries=("US", "DE"), cost_bps=350)

        def set_them() -> None:
            payments.set_merchant_terms(
                account_id=opened.pk, terms=terms, by=ann, reason="New contract", now=now
            )

        set_them()
        set_them()  # the same again changes nothing

        opened.refresh_from_db()
        assert (opened.most_minor, opened.countries) == (250_00, ["DE", "US"])
        record = AuditRecord.objects.get(action="payments.merchant_account_changed")
        assert {k: v for k, v in record.facts.items() if k != "account"} == {
            "most_minor": [500_00, 250_00],
            "countries": [[], ["DE", "US"]],
            "cost_bps": [0, 350],
        }


class TestNames:
    def test_of_parts_are_known_for_every_gateway(self):
        assert set(PARTS) == set(Gateway.values)

    def test_of_the_demo_fit(self):
        for name, number in NUMBERS.items():
            gateway = name.partition("-")[0]
            subaccount, form = parts_of(gateway)
            place = Place(gateway, number, "USD", subaccount, form, name)
            assert why_not_place(place, {"USD"}) == "", name
            assert missing_keys(gateway, name) == []

    @given(strategies.text(max_size=50))
    def test_of_sets_always_begin_with_their_gateway(self, name):
        if not why_not_credentials("epoch", name):
            assert name in {"", "epoch"} or name.startswith("epoch-")


def test_only_gateways_that_answer_without_a_sale_are_tested(girlfanz: Any, ann: Any, now: Any):
    assert not can_test("epoch")
    assert can_test("verotel")
    account = open_at(girlfanz, ann, now, Place("epoch", "fanz", "USD", "a", "join-1"))

    with pytest.raises(errors.NothingToTest):
        payments.check_merchant_account(account_id=account.pk, by=ann, now=now)
    account.refresh_from_db()
    assert account.tested_at is None
