"""What one person wants in the books, and what another decided about it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from apps.finance.ledger.choices import ProposalKind, ProposalState
from apps.finance.ledger.models.entry import Entry


class Proposal(models.Model):
    """Four eyes on the books: proposed by one person, decided by another, then kept as it is.

    ``payload`` is what will be done, in plain values (see ``postings/by_hand.py``); ``subject``
    names what it is about, such as ``entry:42``. After the decision nothing of it changes.
    """

    kind = models.CharField(max_length=20, choices=ProposalKind.choices)
    state = models.CharField(
        max_length=10, choices=ProposalState.choices, default=ProposalState.PROPOSED
    )
    subject = models.CharField(max_length=80, blank=True)
    payload = models.JSONField()
    reason = models.CharField(max_length=500)
    idempotency_key = models.CharField(max_length=80, help_text="Of the form that made it.")
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    proposed_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    decision_reason = models.CharField(max_length=500, blank=True)
    entry = models.ForeignKey(
        Entry,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        null=True,
        blank=True,
        related_name="+",
        help_text="What approving it posted.",
    )

    class Meta:
        permissions = [
            ("propose_entry", "Can propose an entry by hand"),
            ("propose_reversal", "Can propose to reverse an entry"),
            ("propose_correction", "Can propose to correct an entry"),
            ("propose_reopening", "Can propose to reopen a period"),
            ("approve_proposal", "Can approve and reject proposals"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["proposed_by", "idempotency_key"], name="ledger_proposal_form_once"
            ),
            models.UniqueConstraint(
                fields=["kind", "subject"],
                condition=Q(state=ProposalState.PROPOSED) & ~Q(subject=""),
                name="ledger_proposal_open_once",
            ),
            models.CheckConstraint(
                condition=~Q(state=ProposalState.APPROVED) | ~Q(decided_by=F("proposed_by")),
                name="ledger_proposal_four_eyes",
            ),
            models.CheckConstraint(
                condition=Q(state=ProposalState.PROPOSED, decided_at=None, decided_by=None)
                | Q(state=ProposalState.EXPIRED, decided_at__isnull=False, decided_by=None)
                | Q(
                    state__in=[ProposalState.APPROVED, ProposalState.REJECTED],
                    decided_at__isnull=False,
                    decided_by__isnull=False,
                ),
                name="ledger_proposal_decision_whole",
            ),
            models.CheckConstraint(
                condition=Q(entry=None) | Q(state=ProposalState.APPROVED),
                name="ledger_proposal_posts_approved",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=ProposalKind.values), name="ledger_proposal_kind_known"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="ledger_proposal_has_reason"),
        ]
        indexes = [
            models.Index(
                fields=["proposed_at", "id"],
                condition=Q(state=ProposalState.PROPOSED),
                name="ledger_proposal_waiting",
            ),
            models.Index(fields=["subject"], name="ledger_proposal_subject"),
        ]

    def __str__(self) -> str:
        return f"Proposal {self.pk}: {self.get_kind_display()}"
