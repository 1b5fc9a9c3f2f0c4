"""What is known of a person's age.

The columns have a default in the database: the release before writes none. The constraint is not
valid yet: judging the rows there are would hold up sign-ups (0004 does it without).
"""

from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models
from django.db.models import Q

STATES = [("UNKNOWN", "Not checked"), ("ADULT", "Adult"), ("MINOR", "Under age")]


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_console_indexes")]

    operations = [
        migrations.AddField(
            "user",
            "age_state",
            models.CharField(
                max_length=7,
                choices=STATES,
                default="UNKNOWN",
                db_default="UNKNOWN",
                help_text="Only adults may subscribe and buy.",
            ),
        ),
        migrations.AddField(
            "user",
            "age_checked_at",
            models.DateTimeField(
                null=True, blank=True, help_text="When this was last found out."
            ),
        ),
        migrations.AlterModelOptions(
            "user",
            options={
                "permissions": [
                    ("manage_roles", "Can grant and revoke staff roles"),
                    ("check_age", "Can record age checks"),
                ]
            },
        ),
        AddConstraintNotValid(
            "user",
            models.CheckConstraint(
                condition=Q(age_state="UNKNOWN")
                | Q(age_state__in=["ADULT", "MINOR"], age_checked_at__isnull=False),
                name="user_age_known_since",
            ),
        ),
    ]
