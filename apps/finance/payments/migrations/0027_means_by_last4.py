"""Find whose card a line of a statement is about."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("payments", "0026_means_expiring")]

    operations = [
        AddIndexConcurrently(
            "paymentmethod",
            models.Index(
                fields=["last4", "profile"],
                condition=~models.Q(last4=""),
                name="means_by_last4",
            ),
        ),
    ]
