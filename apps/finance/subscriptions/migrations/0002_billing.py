"""What the billing cycle keeps of a subscription, and the schedule of tries there is at first."""

from datetime import UTC, datetime

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

#: A day, three, a week and two after the first failure; three days of grace.
DAYS, GRACE = [1, 3, 7, 14], 3
SINCE = datetime(2020, 1, 1, tzinfo=UTC)


def add_policy(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    DunningPolicy = apps.get_model("subscriptions", "DunningPolicy")
    DunningPolicy.objects.get_or_create(
        cluster=None, effective_from=SINCE, defaults={"days": DAYS, "grace_days": GRACE}
    )


class Migration(migrations.Migration):
    dependencies = [("subscriptions", "0001_initial")]

    operations = [
        migrations.AddField(
            "subscription",
            "held_why",
            models.CharField(
                max_length=60,
                blank=True,
                default="",
                db_default="",
                help_text="Not charged until a person has looked: a notice did not arrive.",
            ),
        ),
        migrations.AddField(
            "subscription",
            "renewal_stopped_at",
            models.DateTimeField(
                null=True,
                blank=True,
                help_text="When the gateway that renews agreed to charge no more.",
            ),
        ),
        migrations.RunPython(add_policy, migrations.RunPython.noop, elidable=False),
    ]
