"""Accounts and what they add up to."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from apps.finance.ledger.choices import AccountType, Side


class Account(models.Model):
    """One account of the chart, for one owner, in one currency.

    Opened by the first posting that names it. What the chart says about its code is written by a
    trigger, whoever inserts; afterwards only ``closed_at`` and ``is_frozen`` may change.
    """

    code = models.CharField(max_length=10, help_text="Node of the chart.")
    owner = models.CharField(max_length=80, blank=True, help_text="profile:17, or empty.")
    currency = models.CharField(max_length=5)
    type = models.CharField(max_length=10, choices=AccountType.choices)
    normal_side = models.CharField(max_length=6, choices=Side.choices)
    allows_overdraft = models.BooleanField()
    stripes = models.SmallIntegerField(help_text="Number of its balance rows.")
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    is_frozen = models.BooleanField(default=False)

    class Meta:
        permissions = [
            ("close_account", "Can close and reopen accounts"),
            ("freeze_account", "Can freeze and unfreeze accounts"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["code", "owner", "currency"], name="ledger_account_unique"
            ),
            models.CheckConstraint(
                condition=Q(currency__regex="^[A-Z]{3,5}$"), name="ledger_account_currency_code"
            ),
            models.CheckConstraint(
                condition=Q(allows_overdraft=True, stripes__gte=1) | Q(stripes=1),
                name="ledger_account_bound_on_one_row",
            ),
        ]

    def __str__(self) -> str:
        return " ".join(filter(None, (self.code, self.owner, self.currency)))


class Balance(models.Model):
    """What the lines of an account add up to; the sum over its stripes counts.

    Written by the trigger on lines alone. ``bound`` is 0 where overdraft is allowed, 1 for a
    credit account and -1 for a debit account that may not fall below zero.
    """

    pk = models.CompositePrimaryKey("account_id", "stripe")
    account = models.ForeignKey(
        Account,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="balances",
    )
    stripe = models.SmallIntegerField()
    debits_minor = models.BigIntegerField(default=0)
    credits_minor = models.BigIntegerField(default=0)
    held_minor = models.BigIntegerField(default=0, help_text="Promised, not yet posted.")
    bound = models.SmallIntegerField(default=0)
    is_open = models.BooleanField(default=True)

    class Meta:
        constraints = [
            # Short, as PostgreSQL reads it anew for every statement. No bound, nothing held.
            models.CheckConstraint(
                condition=Q(held_minor__gte=0)
                & Q(held_minor__lte=F("bound") * (F("credits_minor") - F("debits_minor"))),
                name="ledger_balance_within_bound",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account} [{self.stripe}]"
