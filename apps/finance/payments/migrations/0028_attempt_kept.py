"""Know which stored means came of which payment."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("payments", "0027_means_by_last4")]

    operations = [
        migrations.AddField(
            model_name="attempt",
            name="kept",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                help_text="What the gateway stored of it then.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="payments.paymentmethod",
            ),
        ),
    ]
