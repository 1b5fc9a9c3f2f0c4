"""A replay: what a draft would have done with the payments of the last days."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from apps.core.models import WALKING, Walk


class Replay(Walk):
    """Decisions of a stretch of time, made again by another version. It writes only its sums.

    ``flows`` adds up ``{"from": id, "to": id, "currency", ...}``; its length is bounded by the
    number of accounts, not of payments.
    """

    rule_set = models.ForeignKey("routing.RuleSet", on_delete=models.CASCADE, related_name="+")
    revision = models.PositiveIntegerField()
    flows = models.JSONField(default=list)

    class Meta:
        verbose_name = "routing replay"
        permissions = [("run_replay", "Can replay past payments against a draft")]
        constraints = [
            models.UniqueConstraint(
                fields=["rule_set"],
                condition=Q(status__in=WALKING),
                name="routing_one_replay_at_once",
            )
        ]
        indexes = [
            models.Index(
                fields=["id"],
                condition=Q(status__in=WALKING),
                name="routing_replays_to_do",
            )
        ]

    def __str__(self) -> str:
        return f"Replay {self.pk} of version {self.rule_set_id}"
