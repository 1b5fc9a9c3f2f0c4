"""Calls by somebody who does not know the inbox's address, and returns that prove nothing."""

from __future__ import annotations

import ipaddress
import time
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog
from django.core.cache import cache
from django.db.transaction import atomic
from redis import RedisError

from apps.audit import services as audit

if TYPE_CHECKING:
    from apps.clusters.models import Cluster

log = structlog.get_logger(__name__)

#: One record for an address in this time, however often it knocks: knocking must not fill the log.
ONE_RECORD_IN = timedelta(hours=1)
#: Who has one IPv6 address has its whole /64 network.
_IPV6_PREFIX = 64
#: Who came while the cache was away, and until when that counts; cleared when it grows too large.
_seen: dict[str, float] = {}
_MOST_SEEN = 10_000


@atomic
def record_wrong_token(*, gateway: str, remote_ip: str) -> bool:
    """
    Leave a security record of a call with a wrong path token; at most one an hour and address
    (an IPv6 network of /64 counts as one). Return whether one was left. The token is not kept.
    """
    caller = _caller(remote_ip)
    log.warning("webhook_with_wrong_token", gateway=gateway, ip=remote_ip)
    if not _is_first(f"payments.wrong_token:{gateway}:{caller}"):
        return False
    audit.record(
        by=None,
        action="payments.webhook_wrong_token",
        subject=f"payments.inbox:{gateway}",
        reason="A webhook came with a wrong path token; more of this hour are only logged",
        facts={"caller": caller},
        ip=remote_ip,
    )
    return True


@atomic
def record_bad_return(*, cluster: Cluster, reason: str, remote_ip: str) -> bool:
    """
    Leave a security record of a return without the gateway's proof; at most one an hour,
    brand and address, as above. Return whether one was left. Nothing the caller wrote is kept.
    """
    caller = _caller(remote_ip)
    log.warning("payment_return_refused", cluster=cluster.slug, ip=remote_ip, reason=reason)
    if not _is_first(f"payments.bad_return:{cluster.slug}:{caller}"):
        return False
    audit.record(
        by=None,
        action="payments.return_refused",
        subject="payments.return:" + cluster.slug,
        reason=reason,
        facts={"caller": caller},
        cluster=cluster,
        ip=remote_ip,
    )
    return True


def _is_first(key: str) -> bool:
    """Test if nobody of that name came within the hour. Without the cache each process asks its
    own memory: then there are a few records more, and the caller is answered all the same."""
    seconds = int(ONE_RECORD_IN.total_seconds())
    if _seen.get(key, 0.0) > time.monotonic():
        return False
    try:
        is_first = bool(cache.add(key, 1, seconds))
    except (RedisError, OSError) as error:
        log.warning("cache.unreachable", error=str(error))
        is_first = True
        if len(_seen) >= _MOST_SEEN:
            _seen.clear()
        _seen[key] = time.monotonic() + seconds
    return is_first


def _caller(remote_ip: str) -> str:
    try:
        address = ipaddress.ip_address(remote_ip)
    except ValueError:
        return "unknown"
    prefix = _IPV6_PREFIX if address.version == 6 else address.max_prefixlen  # noqa: PLR2004
    return str(ipaddress.ip_network((address, prefix), strict=False))
