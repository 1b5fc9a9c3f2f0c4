"""Front ends' addresses: opened, changed, paused, their secrets exchanged."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.transaction import atomic

from apps.audit import services as audit
from apps.core import sealing
from apps.webhooks import errors
from apps.webhooks.choices import EndpointState, Kind
from apps.webhooks.models import Endpoint
from apps.webhooks.rules.addresses import check_address
from apps.webhooks.rules.signing import SECRET_BYTES, secret_text
from apps.webhooks.rules.waiting import ROTATION

if TYPE_CHECKING:
    from apps.accounts.models import User
    from apps.clusters.models import Cluster

PURPOSE = "webhooks.endpoint"


@atomic
def open_endpoint(
    *,
    cluster: Cluster,
    url: str,
    kinds: Collection[str],
    description: str,
    by: User,
    now: datetime,
) -> tuple[Endpoint, str]:
    """
    Let an address be told what happens on a brand; return it and its secret, told only here.

    :raises ManagingNotAllowed: ``by`` lacks webhooks.manage_endpoint
    :raises BadAddress: not an address messages are sent to
    :raises NothingChosen: no kind of event, or an unknown one
    :raises EndpointExists: the brand has it already
    """
    _check_may(by)
    check_address(url, plain_http=settings.WEBHOOKS_OVER_HTTP)
    _check_kinds(kinds)
    secret = secret_text(secrets.token_bytes(SECRET_BYTES))
    endpoint, is_new = Endpoint.objects.get_or_create(
        cluster=cluster,
        url=url,
        defaults={
            "kinds": sorted(set(kinds)),
            "description": description[:120],
            "sealed_secret": sealing.seal(secret, purpose=PURPOSE),
            "opened_at": now,
        },
    )
    if not is_new:
        raise errors.EndpointExists(url=url)
    _record(endpoint, "endpoint_opened", by, "", {"url": url, "kinds": endpoint.kinds})
    return endpoint, secret


@atomic
def change_endpoint(
    *, endpoint_id: int, kinds: Collection[str], by: User, reason: str
) -> Endpoint:
    """
    Choose anew what an endpoint is told. What waits already is still sent.

    :raises ManagingNotAllowed, EndpointNotFound, ReasonMissing, NothingChosen: see their texts
    """
    endpoint = _locked(endpoint_id, by, reason)
    _check_kinds(kinds)
    before, endpoint.kinds = endpoint.kinds, sorted(set(kinds))
    endpoint.save(update_fields=["kinds"])
    _record(endpoint, "endpoint_changed", by, reason, {"before": before, "kinds": endpoint.kinds})
    return endpoint


@atomic
def rotate_secret(*, endpoint_id: int, by: User, reason: str, now: datetime) -> str:
    """
    Give an endpoint a new secret and return it. The old one signs beside it for a day.

    :raises ManagingNotAllowed, EndpointNotFound, ReasonMissing: see their texts
    """
    endpoint = _locked(endpoint_id, by, reason)
    secret = secret_text(secrets.token_bytes(SECRET_BYTES))
    endpoint.sealed_old_secret = endpoint.sealed_secret
    endpoint.old_secret_until = now + ROTATION
    endpoint.sealed_secret = sealing.seal(secret, purpose=PURPOSE)
    endpoint.save(update_fields=["sealed_secret", "sealed_old_secret", "old_secret_until"])
    _record(endpoint, "endpoint_secret_rotated", by, reason, {})
    return secret


@atomic
def pause_endpoint(*, endpoint_id: int, by: User, reason: str) -> Endpoint:
    """
    Send nothing there for now: messages wait. Pausing again changes nothing.

    :raises ManagingNotAllowed, EndpointNotFound, ReasonMissing: see their texts
    """
    endpoint = _locked(endpoint_id, by, reason)
    return _turn(endpoint, EndpointState.PAUSED, by, reason)


@atomic
def resume_endpoint(*, endpoint_id: int, by: User, reason: str) -> Endpoint:
    """
    Send there again, beginning with what waited. Resuming an active one changes nothing.

    :raises ManagingNotAllowed, EndpointNotFound, ReasonMissing: see their texts
    """
    endpoint = _locked(endpoint_id, by, reason)
    return _turn(endpoint, EndpointState.ACTIVE, by, reason)


def secrets_of(endpoint: Endpoint, now: datetime) -> list[str]:
    """Return what signs now: the newest first."""
    sealed = [endpoint.sealed_secret]
    if endpoint.old_secret_until and endpoint.old_secret_until > now:
        sealed.append(endpoint.sealed_old_secret)
    return [sealing.unseal(each, purpose=PURPOSE) for each in sealed]


def _turn(endpoint: Endpoint, state: EndpointState, by: User, reason: str) -> Endpoint:
    if endpoint.state == state:
        return endpoint
    before, endpoint.state = endpoint.state, state
    endpoint.failing_since = None
    endpoint.save(update_fields=["state", "failing_since"])
    _record(endpoint, f"endpoint_{state.lower()}", by, reason, {"before": before})
    return endpoint


def _locked(endpoint_id: int, by: User, reason: str) -> Endpoint:
    _check_may(by)
    if not reason.strip():
        raise errors.ReasonMissing
    endpoint = (
        Endpoint.objects.select_for_update(of=("self",))
        .select_related("cluster")
        .filter(pk=endpoint_id)
        .first()
    )
    if endpoint is None:
        raise errors.EndpointNotFound
    return endpoint


def _check_may(by: User) -> None:
    if not by.has_perm("webhooks.manage_endpoint"):
        raise errors.ManagingNotAllowed


def _check_kinds(kinds: Collection[str]) -> None:
    if not kinds or not set(kinds) <= set(Kind.values):
        raise errors.NothingChosen(known=Kind.values)


def _record(
    endpoint: Endpoint, what: str, by: User, reason: str, facts: dict[str, object]
) -> None:
    audit.record(
        by=by,
        action=f"webhooks.{what}",
        subject=endpoint,
        reason=reason,
        facts=facts,
        cluster=endpoint.cluster,
    )
