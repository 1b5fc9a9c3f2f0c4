"""What routing would do with a payment is asked, not stored. This names who may ask."""

from __future__ import annotations

from django.db import models


class RouteSimulation(models.Model):
    """Stands for the simulator of routes where a permission has to name a model."""

    class Meta:
        managed = False
        default_permissions = ("view",)
        verbose_name = "route simulation"

    def __str__(self) -> str:
        return "Route simulator"
