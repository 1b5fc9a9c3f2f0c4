from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("payments", "0005_tax_checked")]
    operations: list[migrations.operations.base.Operation] = []
