"""Judge the payments there are, index them and give each its attempt, while others are written.

Each step is a transaction of its own and may be run again after it was cut off, but for the
indexes: drop one that is marked invalid first.
"""

from django.contrib.postgres.operations import (
    AddIndexConcurrently,
    RemoveIndexConcurrently,
    ValidateConstraint,
)
from django.db import migrations, models
from django.db.models import Q

#: Until now a card payment was one try at the gateway's page. What was never paid keeps none.
GIVE_ATTEMPTS = """
INSERT INTO payments_attempt (transaction_id, number, merchant_account_id, gateway, kind, status,
                              key, reference, checkout, sent, received, code, reason, keep,
                              started_at, ended_at)
SELECT t.id, 1, t.merchant_account_id, t.gateway, 'HOSTED', 'PAID', t.public_id || ':1',
       t.gateway_reference, '{}', '{}', '{}', '', '', false, t.created_at, t.captured_at
  FROM payments_transaction t
 WHERE t.captured_at IS NOT NULL AND t.merchant_account_id IS NOT NULL
    ON CONFLICT DO NOTHING
"""
ONE_PAYMENT = models.UniqueConstraint(
    fields=["gateway", "gateway_reference"],
    condition=Q(captured_at__isnull=False) & ~Q(gateway_reference=""),
    name="txn_one_payment_per_sale",
)


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("payments", "0008_refunds")]

    operations = [
        ValidateConstraint("feeschedule", "fee_method_known"),
        ValidateConstraint("merchantaccount", "mid_gateway_known"),
        ValidateConstraint("merchantaccount", "mid_cap_positive"),
        ValidateConstraint("merchantaccount", "mid_days_in_order"),
        ValidateConstraint("transaction", "txn_parties_fit"),
        ValidateConstraint("transaction", "txn_outside_has_mid"),
        ValidateConstraint("transaction", "txn_status_known"),
        ValidateConstraint("transaction", "txn_refunded_fits"),
        ValidateConstraint("transaction", "txn_captured_at_with_paid"),
        ValidateConstraint("transaction", "txn_settled_is_final"),
        # The new one stands before the old one goes: at no time may a sale pay twice.
        migrations.SeparateDatabaseAndState(
            state_operations=[migrations.AddConstraint("transaction", ONE_PAYMENT)],
            database_operations=[
                migrations.RunSQL(
                    "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS txn_one_payment_per_sale"
                    " ON payments_transaction (gateway, gateway_reference)"
                    " WHERE captured_at IS NOT NULL AND NOT (gateway_reference = '')",
                    "DROP INDEX CONCURRENTLY IF EXISTS txn_one_payment_per_sale",
                )
            ],
        ),
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RemoveConstraint("transaction", "txn_one_capture_per_sale"),
                migrations.RemoveConstraint("merchantaccount", "mid_one_active_per_brand"),
            ],
            database_operations=[
                migrations.RunSQL(
                    "DROP INDEX CONCURRENTLY IF EXISTS txn_one_capture_per_sale",
                    "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS txn_one_capture_per_sale"
                    " ON payments_transaction (gateway, gateway_reference)"
                    " WHERE status = 'CAPTURED' AND NOT (gateway_reference = '')",
                ),
                migrations.RunSQL(
                    "DROP INDEX CONCURRENTLY IF EXISTS mid_one_active_per_brand",
                    "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS mid_one_active_per_brand"
                    " ON payments_merchantaccount (cluster_id, gateway, currency)"
                    " WHERE is_active",
                ),
            ],
        ),
        AddIndexConcurrently(
            "transaction",
            models.Index(
                fields=["captured_at", "id"],
                condition=Q(captured_at__isnull=False),
                name="txn_paid",
            ),
        ),
        RemoveIndexConcurrently("transaction", "txn_captured"),
        AddIndexConcurrently(
            "transaction",
            models.Index(
                fields=["next_look_up_at", "id"],
                condition=Q(next_look_up_at__isnull=False),
                name="txn_to_ask_about",
            ),
        ),
        RemoveIndexConcurrently("transaction", "txn_to_look_up"),
        AddIndexConcurrently(
            "transaction",
            models.Index(
                fields=["last_word_at", "id"],
                condition=Q(status__in=["CREATED", "REQUIRES_ACTION"]),
                name="txn_silent",
            ),
        ),
        RemoveIndexConcurrently("transaction", "txn_to_expire"),
        AddIndexConcurrently(
            "transaction",
            models.Index(
                fields=["receipt_due_at", "id"],
                condition=Q(receipt_due_at__isnull=False),
                name="txn_receipt_due",
            ),
        ),
        AddIndexConcurrently(
            "merchantaccount",
            models.Index(
                fields=["cluster", "rank", "id"], condition=Q(is_active=True), name="mid_active"
            ),
        ),
        migrations.RunSQL(GIVE_ATTEMPTS, migrations.RunSQL.noop),
    ]
