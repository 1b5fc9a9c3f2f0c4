from django.db import migrations

#: A try that was charged before the moment was kept. One that waits and has nothing in ``sent``
#: only had its fields opened.
FILL = """
UPDATE payments_attempt SET handed_over_at = started_at
 WHERE kind <> 'HOSTED' AND status <> 'CREATED' AND NOT (status = 'WAITING' AND sent = '{}')
"""
#: What risk refused before its word was kept; ``failure_code`` says so.
BLOCKED = """
UPDATE payments_transaction SET risk_outcome = 'BLOCK'
 WHERE status = 'FAILED' AND failure_code = 'refused'
"""


class Migration(migrations.Migration):
    dependencies = [("payments", "0015_door")]

    operations = [
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.RunSQL(BLOCKED, migrations.RunSQL.noop),
    ]
