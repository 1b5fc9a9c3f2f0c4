from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    """What fans paid counts payments that were refunded or disputed afterwards, too."""

    dependencies = [("reports", "0002_bi_views"), ("payments", "0009_attempts_checked")]

    operations = [
        migrations.RunSQL(
            (SQL / "transaction_summary_paid.sql").read_text(),
            (SQL / "transaction_summary_captured.sql").read_text(),
        ),
    ]
