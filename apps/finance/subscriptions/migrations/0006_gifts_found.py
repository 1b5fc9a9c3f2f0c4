"""Find the gifts a fan gave or received, and those that wait for too long."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("subscriptions", "0005_console")]

    operations = [
        AddIndexConcurrently("gift", models.Index(fields=["giver", "-id"], name="gift_of_giver")),
        AddIndexConcurrently(
            "gift",
            models.Index(
                fields=["taker", "-id"],
                condition=models.Q(taker__isnull=False),
                name="gift_of_taker",
            ),
        ),
        AddIndexConcurrently(
            "gift",
            models.Index(
                fields=["created_at"],
                condition=models.Q(state="PAID"),
                name="gift_to_return",
            ),
        ),
    ]
