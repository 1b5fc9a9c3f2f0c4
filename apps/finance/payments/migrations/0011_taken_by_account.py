"""Index what each account took, for its monthly cap. Payments go on being written meanwhile.

Cut off, it may be run again once the invalid index is dropped.
"""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("payments", "0010_inbox_checked")]

    operations = [
        AddIndexConcurrently(
            "transaction",
            models.Index(
                fields=["merchant_account", "captured_at"],
                include=["amount_minor"],
                condition=Q(captured_at__isnull=False),
                name="txn_taken_by_mid",
            ),
        ),
    ]
