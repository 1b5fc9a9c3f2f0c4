"""Foreign keys of rows that come by the thousand, looked at once for each statement.

PostgreSQL looks at a foreign key row by row: a query and a lock of the parent for each, though
most of a batch name the same few parents, and batches at once lock these together. Here one query
looks up each parent that a statement names (docs/adr/0027). Used by migrations.
"""

from __future__ import annotations

from collections.abc import Mapping


def parents_sql(table: str, parents: Mapping[str, str]) -> str:
    """
    Return the SQL that keeps ``table`` true to its parents: column to the parent's table.

    As a foreign key does, it refuses (23503) a row whose parent is not there, and to delete a
    parent that rows name. Unlike one, it refuses to move a row to another parent, and does not
    lock the parent: between two transactions at once, one that deletes a parent and one that
    names it, it cannot judge. So it is for parents that are never deleted.
    """
    return "".join(
        [
            _CHECK.format(
                table=table,
                looks="".join(
                    _LOOK.format(table=table, column=column, parent=parent)
                    for column, parent in parents.items()
                ),
                columns=", ".join(parents),
                moved=" OR ".join(f"OLD.{each} IS DISTINCT FROM NEW.{each}" for each in parents),
            ),
            *(
                _KEEP.format(table=table, column=column, parent=parent)
                for column, parent in parents.items()
            ),
        ]
    )


def parents_back_sql(table: str, parents: Mapping[str, str]) -> str:
    """Return the SQL that undoes ``parents_sql``."""
    return "".join(
        [
            f"DROP FUNCTION {table}_parents CASCADE; DROP FUNCTION {table}_moves CASCADE;",
            *(f"DROP FUNCTION {table}_{column}_kept CASCADE;" for column in parents),
        ]
    )


# OFFSET keeps the planner from joining: a plan made for many rows would read the whole parent
# table for one.
_LOOK = """
    IF EXISTS (
        SELECT FROM (SELECT DISTINCT {column} AS id FROM fresh WHERE {column} IS NOT NULL) named
         WHERE NOT EXISTS (SELECT FROM {parent} p WHERE p.id = named.id OFFSET 0)
    ) THEN
        RAISE EXCEPTION '{table}.{column} names a row that is not in {parent}'
            USING ERRCODE = 'foreign_key_violation';
    END IF;"""
_CHECK = """
CREATE FUNCTION {table}_parents() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN{looks}
    RETURN NULL;
END $$;
CREATE TRIGGER {table}_parents AFTER INSERT ON {table} REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION {table}_parents();
CREATE FUNCTION {table}_moves() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a row of {table} stays with what it belongs to'
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER {table}_moves BEFORE UPDATE OF {columns} ON {table}
    FOR EACH ROW WHEN ({moved}) EXECUTE FUNCTION {table}_moves();
"""
_KEEP = """
CREATE FUNCTION {table}_{column}_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM {table} c WHERE c.{column} = OLD.id) THEN
        RAISE EXCEPTION 'a row of {table} names it' USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN OLD;
END $$;
CREATE TRIGGER {table}_{column}_kept BEFORE DELETE ON {parent}
    FOR EACH ROW EXECUTE FUNCTION {table}_{column}_kept();
"""
