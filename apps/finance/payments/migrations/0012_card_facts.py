from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("payments", "0011_taken_by_account")]

    operations = [
        migrations.AddField(
            "transaction",
            "card_network",
            models.CharField(
                max_length=10,
                blank=True,
                default="",
                db_default="",
                help_text="VISA, MASTERCARD …",
            ),
        ),
        migrations.AddField(
            "transaction",
            "card_country",
            models.CharField(
                max_length=2,
                blank=True,
                default="",
                db_default="",
                help_text="As the gateway says.",
            ),
        ),
    ]
