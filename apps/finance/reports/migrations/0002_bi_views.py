from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    """Views with stable names and documented columns, for finance people and BI tools."""

    dependencies = [
        ("reports", "0001_permissions"),
        ("ledger", "0006_proposals"),
        ("payments", "0005_tax_checked"),
        ("accounts", "0002_console_indexes"),
        ("clusters", "0002_brands"),
    ]

    operations = [
        migrations.RunSQL(
            (SQL / "views.sql").read_text(), reverse_sql=(SQL / "views_drop.sql").read_text()
        ),
    ]
