"""Two more reasons to end: the creator, or the fan, is no longer here."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("subscriptions", "0011_parents")]

    operations = [
        migrations.AlterField(
            "subscription",
            "end_reason",
            models.CharField(
                max_length=12,
                blank=True,
                default="",
                choices=[
                    ("", "Not ended"),
                    ("CANCELLED", "Cancelled by the fan"),
                    ("UNPAID", "Not paid after all tries"),
                    ("INCOMPLETE", "Never paid for"),
                    ("GIFT_OVER", "The gift is over"),
                    ("REFUNDED", "Money given back"),
                    ("CHARGEBACK", "Disputed at the bank"),
                    ("NO_CONSENT", "The new price was not agreed to"),
                    ("GATEWAY", "The gateway charges no more"),
                    ("CREATOR", "Ended by the creator"),
                    ("STAFF", "Ended by staff"),
                    ("CREATOR_GONE", "The creator is no longer here"),
                    ("FAN_GONE", "The fan's account is closed, or not of age"),
                ],
            ),
        ),
    ]
