from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("payments", "0007_inbox")]
    operations: list[migrations.operations.base.Operation] = []
