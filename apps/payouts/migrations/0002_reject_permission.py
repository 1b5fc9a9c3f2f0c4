"""Rejecting a payout is a permission of its own."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("payouts", "0001_initial")]

    operations = [
        migrations.AlterModelOptions(
            name="payout",
            options={
                "permissions": [
                    ("approve_payout", "Can approve payouts"),
                    ("reject_payout", "Can reject payouts"),
                    ("settle_payout", "Can settle payouts by hand"),
                ]
            },
        )
    ]
