"""The reports have no tables: they are read out of the books. This names who may read them."""

from __future__ import annotations

from django.db import models


class Report(models.Model):
    """Stands for the financial reports where a permission has to name a model."""

    class Meta:
        managed = False
        default_permissions = ("view",)

    def __str__(self) -> str:
        return "Financial reports"
