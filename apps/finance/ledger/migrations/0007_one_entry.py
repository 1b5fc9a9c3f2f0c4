import re
from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"


def _function(file: str, name: str) -> str:
    """Return a function as an earlier migration made it."""
    text = (SQL / file).read_text()
    found = re.search(
        rf"CREATE (?:OR REPLACE )?(FUNCTION {name}\(.*?\n(?:\$\$;|END \$\$;)\n)", text, re.DOTALL
    )
    if not found:
        raise LookupError(name)
    return f"CREATE OR REPLACE {found[1]}"


class Migration(migrations.Migration):
    """One entry is judged and posted by fewer statements; what is judged stays the same."""

    dependencies = [("ledger", "0006_proposals")]

    operations = [
        migrations.RunSQL(
            [(SQL / "one_triggers.sql").read_text(), (SQL / "one_post.sql").read_text()],
            reverse_sql=[
                (SQL / "one_undo.sql").read_text(),
                _function("guards_triggers.sql", "ledger_entry_has_lines"),
                _function("guards_triggers.sql", "ledger_entry_takes_back"),
                _function("guards_triggers.sql", "ledger_line_posted"),
                _function("time_periods.sql", "ledger_refuse_closed"),
                _function("proposals.sql", "ledger_entry_approved"),
                (SQL / "one_undo_triggers.sql").read_text(),
            ],
        ),
    ]
