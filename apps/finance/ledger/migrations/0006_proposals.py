from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("ledger", "0005_time")]

    operations: list[object] = []
