"""The brands, and the host names that select them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower


class Cluster(models.Model):
    """A brand site: one of nine faces of the platform. Its theme is data, not a stylesheet."""

    slug = models.SlugField(max_length=30, unique=True)
    name = models.CharField(max_length=60)
    audience = models.CharField(max_length=120)
    position = models.PositiveSmallIntegerField(help_text="Order in lists; 1 is the portal.")
    accent = models.CharField(max_length=7, help_text="Fill colour, #RRGGBB.")
    on_accent = models.CharField(max_length=7, help_text="Text on the fill colour.")
    accent_on_dark = models.CharField(max_length=7, help_text="Accent as text on dark.")
    accent_on_light = models.CharField(max_length=7, help_text="Accent as text on white.")
    is_portal = models.BooleanField(default=False, help_text="FanzDash is served here only.")
    is_active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["is_portal"], condition=Q(is_portal=True), name="cluster_one_portal"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Domain(models.Model):
    """A host name, without port, that selects a cluster."""

    cluster = models.ForeignKey(Cluster, on_delete=models.PROTECT, related_name="domains")
    host = models.CharField(max_length=253)
    is_primary = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("host"), name="domain_host_unique"),
            models.UniqueConstraint(
                fields=["cluster"], condition=Q(is_primary=True), name="domain_one_primary"
            ),
        ]

    def __str__(self) -> str:
        return self.host
