"""The test of an account's connection: a question gateways answer, by which nothing moves."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from django.conf import settings as set_settings

from apps.finance.payments import services as payments
from apps.finance.payments.models import MerchantAccount
from apps.finance.payments.services.merchant_check import NO_ORDER, can_test
from tests.factories.accounts import StaffFactory
from tests.factories.payments import MerchantAccountFactory
from tests.finance.payments.contract.rig import Rig

pytestmark = pytest.mark.django_db


def opened(rig: Rig) -> MerchantAccount:
    account = rig.account
    return MerchantAccountFactory.create(
        gateway=rig.name,
        account_number=account.number,
        subaccount=account.subaccount,
        flex_id=account.form_id,
        is_active=False,
    )


def test_passes_where_the_gateway_knows_the_secrets(rig: Rig, now: datetime) -> None:
    if not can_test(rig.name):
        assert rig.name in {"adyen", "epoch"}, "every other one answers"
        return
    row, staff = opened(rig), StaffFactory.create(role="finance")

    done = payments.check_merchant_account(account_id=row.pk, by=staff, now=now)

    row.refresh_from_db()
    assert (done.passed, row.test_passed, row.tested_at) == (True, True, now), done.text
    assert not row.is_active
    assert rig.sales(NO_ORDER) == []


def test_fails_where_nobody_answers_and_shows_no_secret(
    rig: Rig, now: datetime, settings: Any
) -> None:
    if not can_test(rig.name):
        return
    row, staff = opened(rig), StaffFactory.create(role="finance")
    nowhere = {
        key: "http://127.0.0.1:9/" if key.endswith("_url") else value
        for key, value in rig.config().items()
    }
    if rig.name == "ccbill":
        settings.CCBILL = {**set_settings.CCBILL, "datalink_url": "http://127.0.0.1:9/"}
    settings.GATEWAY_CREDENTIALS = {**set_settings.GATEWAY_CREDENTIALS, rig.name: nowhere}

    done = payments.check_merchant_account(account_id=row.pk, by=staff, now=now)

    row.refresh_from_db()
    assert (done.passed, row.test_passed) == (False, False)
    assert not any(secret in row.test_text for secret in rig.secrets())
