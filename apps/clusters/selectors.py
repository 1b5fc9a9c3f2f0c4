"""Questions about brands."""

from __future__ import annotations

from apps.clusters.models import Cluster


def cluster_of_host(host: str) -> Cluster | None:
    """Return the active brand that answers to ``host`` (no port), or None."""
    return Cluster.objects.filter(domains__host=host.lower(), is_active=True).first()
