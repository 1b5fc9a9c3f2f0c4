"""Judge and index the deliveries there are, and take over what they told, while others come.

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

#: What was acted on before there was a table of news must not be acted on again.
TAKE_OVER = """
INSERT INTO payments_webhooknotice (webhook_id, number, gateway, dedupe_key, event_type, told,
                                    transaction_id, reference, currency, outcome, text, at)
SELECT w.id, 1, w.gateway, w.dedupe_key, w.event_type, '', w.transaction_id, '', '',
       CASE w.status WHEN 'PROCESSED' THEN 'DONE' WHEN 'PARKED' THEN 'PARKED' ELSE 'NOTHING' END,
       w.error, w.processed_at
  FROM payments_webhookevent w
 WHERE w.status IN ('PROCESSED', 'PARKED', 'IGNORED') AND w.dedupe_key <> ''
   AND w.duplicate_of_id IS NULL AND w.processed_at IS NOT NULL
 ORDER BY w.status = 'PROCESSED' DESC, w.id
    ON CONFLICT DO NOTHING
"""


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("payments", "0009_attempts_checked")]

    operations = [
        ValidateConstraint("webhookevent", "webhook_status_known"),
        ValidateConstraint("webhookevent", "webhook_emptied_has_hash"),
        migrations.RunSQL(TAKE_OVER, migrations.RunSQL.noop),
        # Its work is done by notice_heard_once from here on.
        migrations.RemoveConstraint("webhookevent", "webhook_processed_once"),
        AddIndexConcurrently(
            "webhookevent",
            models.Index(
                fields=["status", "-received_at", "-id"],
                condition=Q(status__in=["PARKED", "QUARANTINED", "REFUSED"]),
                name="webhook_trouble",
            ),
        ),
        RemoveIndexConcurrently("webhookevent", "webhook_parked"),
        AddIndexConcurrently(
            "webhookevent",
            models.Index(
                fields=["processed_at", "id"],
                condition=Q(emptied_at__isnull=True, processed_at__isnull=False),
                name="webhook_to_empty",
            ),
        ),
    ]
