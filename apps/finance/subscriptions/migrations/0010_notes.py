"""Staff who may write notes: reading alone does not let anybody add to the history."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("subscriptions", "0009_dunning_by_console")]

    operations = [
        migrations.AlterModelOptions(
            "subscription",
            options={
                "permissions": [
                    ("cancel_subscription", "Can cancel or end subscriptions of fans"),
                    ("retry_subscription", "Can have a failed charge tried again"),
                    ("note_subscription", "Can write notes into the history of subscriptions"),
                ],
            },
        ),
    ]
