"""A fan's subscriptions are found by another index that begins with the fan: one less that every
renewal writes.
"""

from django.contrib.postgres.operations import RemoveIndexConcurrently
from django.db import migrations


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("subscriptions", "0012_gone")]

    operations = [RemoveIndexConcurrently("subscription", "sub_of_fan")]
