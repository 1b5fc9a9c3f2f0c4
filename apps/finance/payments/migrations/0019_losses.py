from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("payments", "0018_more_fees")]

    operations = [
        migrations.AddField(
            model_name="disputeround",
            name="losses",
            field=models.PositiveSmallIntegerField(
                db_default=0,
                default=0,
                help_text="How often a loss was booked: again when another refund went back or "
                "bounced.",
            ),
        ),
    ]
