"""Index which news was told again, so that staff may replay it. Deliveries go on meanwhile.

Cut off, it may be run again once the invalid index is dropped.
"""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("payments", "0020_card_data")]

    operations = [
        AddIndexConcurrently(
            "webhooknotice",
            models.Index(
                fields=["repeats"], condition=Q(repeats__isnull=False), name="notice_repeats"
            ),
        ),
    ]
