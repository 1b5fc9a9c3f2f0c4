"""Versions of the routing rules. One is active; what once was active never changes again."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from apps.finance.routing.choices import Action, SortBy, VersionStatus
from apps.finance.routing.rules.conditions import Conditions
from apps.finance.routing.rules.plan import PlannedRule, Share


class RuleSet(models.Model):
    """A version: rules in an order. DRAFT until a second person activates it, RETIRED after.

    ``revision`` counts the changes of a draft, so that nobody activates what he has not read.
    """

    number = models.PositiveIntegerField(unique=True)
    title = models.CharField(max_length=80)
    status = models.CharField(
        max_length=10, choices=VersionStatus.choices, default=VersionStatus.DRAFT
    )
    based_on = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    revision = models.PositiveIntegerField(default=0)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField()
    edited_at = models.DateTimeField()
    activated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    activated_at = models.DateTimeField(null=True, blank=True)
    activation_reason = models.CharField(max_length=300, blank=True)
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "routing version"
        permissions = [
            ("edit_rules", "Can write drafts of routing rules"),
            ("activate_rules", "Can activate a draft that another wrote"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["status"],
                condition=Q(status=VersionStatus.ACTIVE),
                name="routing_one_active",
            ),
            models.CheckConstraint(
                condition=Q(status__in=VersionStatus.values), name="routing_status_known"
            ),
            models.CheckConstraint(
                condition=Q(status=VersionStatus.DRAFT, activated_at__isnull=True)
                | Q(~Q(status=VersionStatus.DRAFT), activated_at__isnull=False),
                name="routing_activated_unless_draft",
            ),
            models.CheckConstraint(
                condition=Q(activated_by__isnull=True) | ~Q(activated_by=F("created_by")),
                name="routing_activated_by_another",
            ),
        ]

    def __str__(self) -> str:
        return f"Version {self.number}: {self.title}"


class RuleSetEditor(models.Model):
    """Who has changed a draft: none of them may activate it."""

    rule_set = models.ForeignKey(RuleSet, on_delete=models.CASCADE, related_name="editors")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["rule_set", "user"], name="routing_editor_once")
        ]

    def __str__(self) -> str:
        return f"{self.user} wrote on {self.rule_set}"


class Rule(models.Model):
    """One rule of a version; ``position`` counts from 1."""

    rule_set = models.ForeignKey(RuleSet, on_delete=models.CASCADE, related_name="rules")
    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=80)
    action = models.CharField(max_length=10, choices=Action.choices)
    conditions = models.JSONField(default=dict, blank=True)
    shares = models.JSONField(default=list, blank=True)
    sort_by = models.CharField(max_length=10, choices=SortBy.choices, default=SortBy.COST)
    only_these = models.BooleanField(default=False)

    class Meta:
        verbose_name = "routing rule"
        constraints = [
            models.UniqueConstraint(
                fields=["rule_set", "position"],
                name="routing_rule_place",
                deferrable=models.Deferrable.DEFERRED,
            ),
            models.CheckConstraint(
                condition=Q(action__in=Action.values), name="routing_action_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.position}. {self.name}"

    @property
    def planned(self) -> PlannedRule:
        return PlannedRule(
            position=self.position,
            name=self.name,
            action=Action(self.action),
            conditions=Conditions.from_json(self.conditions),
            shares=tuple(Share.from_json(share) for share in self.shares),
            sort_by=SortBy(self.sort_by),
            only_these=self.only_these,
        )
