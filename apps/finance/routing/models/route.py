"""The accounts that rules may name, as the payments above tell them."""

from __future__ import annotations

from django.db import models


class Route(models.Model):
    """A merchant account as routing knows it. ``ratio_*`` is told by whoever measures ratios."""

    account_id = models.BigIntegerField(primary_key=True)
    gateway = models.CharField(max_length=20)
    label = models.CharField(max_length=120)
    cluster = models.CharField(max_length=30)
    currency = models.CharField(max_length=5)
    is_active = models.BooleanField(default=True)
    ratio_bps = models.PositiveIntegerField(null=True, blank=True)
    ratio_limit_bps = models.PositiveIntegerField(null=True, blank=True)
    ratio_programme = models.CharField(max_length=20, blank=True)
    ratio_at = models.DateTimeField(null=True, blank=True)
    seen_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.label
