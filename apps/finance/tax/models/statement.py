"""Files of yearly statements, made bit by bit, and a line for each person in them."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from apps.finance.tax.choices import Form, RunState


class StatementRun(models.Model):
    """One making of a form for a year. Its figures are of the books as they were at ``as_of``."""

    form = models.CharField(max_length=5, choices=Form.choices)
    year = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=10, choices=RunState.choices, default=RunState.QUEUED)
    as_of = models.DateTimeField(help_text="What was posted later is not in it.")
    last_user = models.BigIntegerField(default=0, help_text="People up to this one are done.")
    people = models.PositiveIntegerField(default=0, help_text="Creators looked at so far.")
    people_total = models.PositiveIntegerField(help_text="Creators there were when it was asked.")
    lines_made = models.PositiveIntegerField(default=0)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    reason = models.CharField(max_length=200)
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        permissions = [
            ("make_statements", "Can have yearly statements made"),
            ("take_statements", "Can take files of yearly statements"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(form__in=Form.values), name="statement_form_known"),
            models.CheckConstraint(
                condition=Q(state=RunState.DONE, done_at__isnull=False)
                | (~Q(state=RunState.DONE) & Q(done_at__isnull=True)),
                name="statement_done_at_with_done",
            ),
        ]
        indexes = [
            models.Index(
                fields=["id"], condition=~Q(state=RunState.DONE), name="statement_to_make"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.form} {self.year} #{self.pk}"


class StatementLine(models.Model):
    """One person in one currency, as it stands in the file."""

    run = models.ForeignKey(StatementRun, on_delete=models.PROTECT, related_name="lines")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    currency = models.CharField(max_length=5)
    values = models.JSONField(help_text="In the order of the form's columns.")
    net_minor = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["run", "user", "currency"], name="statement_line_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.run} {self.user_id}"
