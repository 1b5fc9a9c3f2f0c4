"""Staff who may, set when failed charges are tried again."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("subscriptions", "0008_held")]

    operations = [
        migrations.AlterModelOptions(
            "dunningpolicy",
            options={
                "permissions": [
                    ("set_dunning_policy", "Can set when failed charges are tried again")
                ],
                "verbose_name_plural": "dunning policies",
            },
        ),
    ]
