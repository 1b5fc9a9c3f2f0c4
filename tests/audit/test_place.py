"""An audit record tells from where, without anybody having to pass it along."""

import pytest
from django.test import Client

from apps.audit.models import AuditRecord
from tests import given
from tests.factories.accounts import CreatorFactory, ProfileFactory

pytestmark = pytest.mark.django_db


def test_what_a_person_does_on_a_page_has_their_address(now, boyfanz):
    fan, creator = ProfileFactory.create(), CreatorFactory.create(handle="ada")
    given.a_deposit(fan, "50.00", now=now)
    client = Client(headers={"host": "boyfanz.localhost"}, REMOTE_ADDR="203.0.113.7")
    client.force_login(fan.user)
    page = client.get(f"/@{creator.handle}/")

    client.post(
        f"/@{creator.handle}/",
        {"preset": "other", "amount": "12.50", "method": "CARD", "key": page.context["key"]},
    )

    record = AuditRecord.objects.filter(action="payments.started").latest("id")
    assert (record.actor_id, record.ip) == (fan.user_id, "203.0.113.7")


def test_what_a_tick_does_has_none(now, boyfanz):
    given.a_deposit(ProfileFactory.create(), "50.00", now=now)

    assert AuditRecord.objects.filter(action="payments.started").latest("id").ip is None
