"""Questions about brands."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings
from django.db.models import QuerySet

from apps.clusters.models import Cluster, Domain


@dataclass(frozen=True)
class _Directory:
    """Which host belongs to which brand, as read at one moment."""

    by_host: Mapping[str, Cluster]
    read_at: float


_known: list[_Directory] = []


def cluster_of_host(host: str) -> Cluster | None:
    """Return the active brand that answers to ``host`` (no port), or None (RTE-1).

    Letter case and a final dot do not matter (RFC 9110 4.2.3, RFC 1034 3.1). Answers
    come from memory, read again every CLUSTER_DIRECTORY_SECONDS: a change by staff
    holds at once in the process that made it, seconds later in the others.
    """
    return _directory().by_host.get(host.lower().removesuffix("."))


def active_clusters() -> QuerySet[Cluster]:
    """Return the brands open to the public, the portal first."""
    return Cluster.objects.filter(is_active=True).order_by("position", "id")


def primary_host_of(cluster: Cluster) -> str:
    """Return the host name that links in mails and redirects lead to."""
    if settings.DEVELOPMENT_DOMAINS:
        return f"{cluster.slug}.localhost"
    domain = Domain.objects.filter(cluster=cluster).order_by("-is_primary", "id").first()
    return domain.host if domain else ""


def origin_of(cluster: Cluster) -> str:
    """Return the beginning of a brand's addresses where no request tells it: in mails.

    Of the form BRAND_ADDRESS, without a slash at the end: ``https://boyfanz.com``.
    """
    return settings.BRAND_ADDRESS.format(host=primary_host_of(cluster))


def support_address_of(cluster: Cluster) -> str:
    """Return where people of a brand write to: SUPPORT_ADDRESS, ``support@boyfanz.com``."""
    address: str = settings.SUPPORT_ADDRESS
    return address.format(host=primary_host_of(cluster))


def forget_directory() -> None:
    """Make the next look-up read the database."""
    _known.clear()


def _directory() -> _Directory:
    now = time.monotonic()
    if _known and 0 <= now - _known[0].read_at < settings.CLUSTER_DIRECTORY_SECONDS:
        return _known[0]
    fresh = _Directory(_read(), now)
    _known[:] = [fresh]
    return fresh


def _read() -> dict[str, Cluster]:
    domains = Domain.objects.filter(cluster__is_active=True).select_related("cluster")
    hosts = {domain.host.lower(): domain.cluster for domain in domains.order_by("id")}
    if settings.DEVELOPMENT_DOMAINS:
        for cluster in active_clusters():
            hosts[f"{cluster.slug}.localhost"] = cluster
            if cluster.is_portal:
                hosts |= {"localhost": cluster, "127.0.0.1": cluster}
    return hosts
