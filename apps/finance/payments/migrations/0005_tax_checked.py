"""Judge the payments there are, while others are written."""

from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("payments", "0004_tax_on_sales")]

    operations = [
        ValidateConstraint("transaction", "txn_split_is_exact"),
        ValidateConstraint("transaction", "txn_tax_fits"),
    ]
