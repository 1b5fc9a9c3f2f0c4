from pathlib import Path

from django.contrib.postgres.operations import AddConstraintNotValid, ValidateConstraint
from django.db import migrations, models
from django.db.models import Q

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    """What may hold a card number waits sealed. The rows there are have a default, so hold none.

    Each step is a transaction of its own: the table is judged while deliveries come in.
    """

    atomic = False

    dependencies = [("payments", "0019_losses")]

    operations = [
        migrations.AddField(
            model_name="webhookevent",
            name="card_data",
            field=models.CharField(
                blank=True,
                choices=[
                    ("", "None seen"),
                    ("SEALED", "Sealed until it is heard"),
                    ("HIDDEN", "Hidden: what was sent is not kept as it came"),
                ],
                db_default="",
                default="",
                help_text="What may hold a card number is sealed until it is heard, then hidden.",
                max_length=6,
            ),
        ),
        migrations.RunSQL(
            (SQL / "card_data.sql").read_text(), (SQL / "card_data_back.sql").read_text()
        ),
        AddConstraintNotValid(
            "webhookevent",
            models.CheckConstraint(
                condition=Q(card_data__in=["", "HIDDEN"])
                | Q(card_data="SEALED", status="RECEIVED"),
                name="webhook_sealed_while_it_waits",
            ),
        ),
        ValidateConstraint("webhookevent", "webhook_sealed_while_it_waits"),
    ]
