"""Calls to the inbox by somebody who does not know its address."""

from __future__ import annotations

import ipaddress
from datetime import timedelta

import structlog
from django.core.cache import cache
from django.db.transaction import atomic

from apps.audit import services as audit

log = structlog.get_logger(__name__)

#: One record for an address in this time, however often it knocks: knocking must not fill the log.
ONE_RECORD_IN = timedelta(hours=1)
#: Who has one IPv6 address has its whole /64 network.
_IPV6_PREFIX = 64


@atomic
def record_wrong_token(*, gateway: str, remote_ip: str) -> bool:
    """
    Leave a security record of a call with a wrong path token; at most one an hour and address
    (an IPv6 network of /64 counts as one). Return whether one was left. The token is not kept.
    """
    caller = _caller(remote_ip)
    log.warning("webhook_with_wrong_token", gateway=gateway, ip=remote_ip)
    seconds = int(ONE_RECORD_IN.total_seconds())
    if not cache.add(f"payments.wrong_token:{gateway}:{caller}", 1, seconds):
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


def _caller(remote_ip: str) -> str:
    try:
        address = ipaddress.ip_address(remote_ip)
    except ValueError:
        return "unknown"
    prefix = _IPV6_PREFIX if address.version == 6 else address.max_prefixlen  # noqa: PLR2004
    return str(ipaddress.ip_network((address, prefix), strict=False))
