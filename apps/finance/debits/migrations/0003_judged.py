"""Judge the rows there are, and index them, while others write.

Each step is a transaction of its own and may be run again after it was cut off; an index that is
marked invalid is dropped first.
"""

from django.contrib.postgres.operations import AddIndexConcurrently, ValidateConstraint
from django.db import migrations, models


def once(name: str, field: str) -> migrations.operations.base.Operation:
    """Build a unique index of what is set, beside the table's work."""
    return migrations.SeparateDatabaseAndState(
        database_operations=[
            migrations.RunSQL(
                f"CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS {name}"
                f" ON debits_fileitem ({field}_id, presentation) WHERE {field}_id IS NOT NULL",
                f"DROP INDEX CONCURRENTLY IF EXISTS {name}",
            )
        ],
        state_operations=[
            migrations.AddConstraint(
                "fileitem",
                models.UniqueConstraint(
                    fields=[field, "presentation"],
                    condition=models.Q((f"{field}__isnull", False)),
                    name=name,
                ),
            )
        ],
    )


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("debits", "0002_hand_over_and_retries")]

    operations = [
        once("debit_item_once_a_presentation", "debit"),
        once("prenote_once_a_presentation", "mandate"),
        AddIndexConcurrently(
            "mandate",
            models.Index(
                condition=models.Q(state="CHECKING"),
                fields=["merchant_account", "id"],
                name="mandate_checking",
            ),
        ),
        ValidateConstraint("debit", "debit_retries_two"),
        ValidateConstraint("debitfile", "debit_file_handed_at"),
        ValidateConstraint("debitfile", "debit_file_not_empty"),
        ValidateConstraint("fileitem", "debit_item_of_one"),
        ValidateConstraint("mandate", "mandate_end_is_told"),
    ]
