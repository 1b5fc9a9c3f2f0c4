"""Renewals write as little as they can: room for each row's next version in its page, and no index
that nothing reads.
"""

from django.contrib.postgres.operations import RemoveIndexConcurrently
from django.db import migrations


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("entitlements", "0001_initial")]

    operations = [
        RemoveIndexConcurrently("entitlement", "entitlement_of_creator"),
        migrations.RunSQL(
            "ALTER TABLE entitlements_entitlement SET (fillfactor = 50)",
            reverse_sql="ALTER TABLE entitlements_entitlement SET (fillfactor = 80)",
        ),
    ]
