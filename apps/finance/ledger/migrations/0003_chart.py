from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("ledger", "0002_line_by_day")]

    operations: list[object] = []
