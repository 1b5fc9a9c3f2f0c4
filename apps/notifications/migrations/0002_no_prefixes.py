"""Nobody looks for keys by their beginning: one index less for every message that is queued."""

from django.db import migrations


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("notifications", "0001_initial"),
    ]

    operations = [
        migrations.RunSQL(
            "DROP INDEX CONCURRENTLY IF EXISTS notifications_message_key_0781d074_like",
            "CREATE INDEX CONCURRENTLY IF NOT EXISTS notifications_message_key_0781d074_like"
            " ON notifications_message (key varchar_pattern_ops)",
        ),
    ]
