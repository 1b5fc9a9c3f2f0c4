"""Find the subscriptions whose next charge is held until a person has looked."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("subscriptions", "0007_asked_again")]

    operations = [
        AddIndexConcurrently(
            "subscription",
            models.Index(
                fields=["id"], condition=~models.Q(held_why=""), name="sub_held"
            ),
        ),
    ]
