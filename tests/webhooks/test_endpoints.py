"""Opening, changing and pausing endpoints: who may, and what is refused."""

from datetime import timedelta

import pytest

from apps.audit.models import AuditRecord
from apps.core import sealing
from apps.webhooks import errors
from apps.webhooks import services as webhooks
from apps.webhooks.choices import Kind
from apps.webhooks.models import Endpoint
from apps.webhooks.services.endpoints import PURPOSE, secrets_of


@pytest.fixture
def wish(boyfanz, staff, now):
    return {
        "cluster": boyfanz,
        "url": "https://front.example/told",
        "kinds": [Kind.PAYMENT_CAPTURED],
        "description": "",
        "by": staff("admin"),
        "now": now,
    }


def test_the_secret_is_told_once_and_kept_sealed(wish):
    endpoint, secret = webhooks.open_endpoint(**wish)

    assert secret.startswith("whsec_")
    assert secret not in endpoint.sealed_secret
    assert sealing.unseal(endpoint.sealed_secret, purpose=PURPOSE) == secret
    assert secret not in str(list(AuditRecord.objects.values()))
    record = AuditRecord.objects.get(action="webhooks.endpoint_opened")
    assert (record.subject_type, record.subject_id) == ("webhooks.endpoint", str(endpoint.pk))


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"url": "ftp://front.example/"}, errors.BadAddress),
        ({"url": "https://"}, errors.BadAddress),
        ({"url": "https://me:word@front.example/"}, errors.BadAddress),
        ({"url": "https://front.example/#part"}, errors.BadAddress),
        ({"url": "https://front.example:99999/"}, errors.BadAddress),
        ({"url": "https://front.example/\n"}, errors.BadAddress),
        ({"url": "https://front.example/" + "x" * 500}, errors.BadAddress),
        ({"kinds": []}, errors.NothingChosen),
        ({"kinds": ["payment.invented"]}, errors.NothingChosen),
    ],
)
def test_bad_wishes_open_nothing(wish, change, error):
    with pytest.raises(error):
        webhooks.open_endpoint(**wish | change)

    assert not Endpoint.objects.exists()


def test_production_sends_by_https_only(wish, settings):
    settings.WEBHOOKS_OVER_HTTP = False

    with pytest.raises(errors.BadAddress):
        webhooks.open_endpoint(**wish | {"url": "http://front.example/"})


def test_an_address_is_opened_once_for_a_brand(wish):
    first, _ = webhooks.open_endpoint(**wish)

    with pytest.raises(errors.EndpointExists):
        webhooks.open_endpoint(**wish)

    assert list(Endpoint.objects.values_list("sealed_secret", flat=True)) == [first.sealed_secret]


def test_only_who_manages_endpoints_may(wish, staff):
    endpoint, _ = webhooks.open_endpoint(**wish)
    by, now = staff("support"), wish["now"]

    for refused in (
        lambda: webhooks.open_endpoint(**wish | {"by": by, "url": "https://b.example/"}),
        lambda: webhooks.change_endpoint(
            endpoint_id=endpoint.pk, kinds=[Kind.PAYOUT_PAID], by=by, reason="r"
        ),
        lambda: webhooks.rotate_secret(
            endpoint_id=endpoint.pk, by=by, reason="r", now=wish["now"]
        ),
        lambda: webhooks.pause_endpoint(endpoint_id=endpoint.pk, by=by, reason="r"),
        lambda: webhooks.resume_endpoint(endpoint_id=endpoint.pk, by=by, reason="r"),
        lambda: webhooks.send_test(endpoint_id=endpoint.pk, by=by, reason="r", now=now),
    ):
        with pytest.raises(errors.ManagingNotAllowed):
            refused()

    assert list(Endpoint.objects.values_list("url", "kinds", "state")) == [
        (endpoint.url, ["payment.captured"], "ACTIVE")
    ]


def test_a_change_needs_a_reason(wish):
    endpoint, _ = webhooks.open_endpoint(**wish)

    with pytest.raises(errors.ReasonMissing):
        webhooks.pause_endpoint(endpoint_id=endpoint.pk, by=wish["by"], reason=" ")

    assert Endpoint.objects.get().state == "ACTIVE"


def test_the_old_secret_signs_for_a_day(wish, now):
    endpoint, old = webhooks.open_endpoint(**wish)

    new = webhooks.rotate_secret(endpoint_id=endpoint.pk, by=wish["by"], reason="leak", now=now)

    endpoint.refresh_from_db()
    assert secrets_of(endpoint, now + timedelta(hours=23)) == [new, old]
    assert secrets_of(endpoint, now + timedelta(hours=24)) == [new]
