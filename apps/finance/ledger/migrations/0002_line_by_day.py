from django.contrib.postgres.indexes import BrinIndex
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations


class Migration(migrations.Migration):
    """The lines of a period, without reading all of an account's."""

    atomic = False  # an index built concurrently locks nobody out
    dependencies = [("ledger", "0001_initial")]

    operations = [
        AddIndexConcurrently(
            model_name="line",
            index=BrinIndex(fields=["effective_on"], name="ledger_line_by_day", autosummarize=True),
        ),
    ]
