"""The audit log keeps what it was told, and shows when somebody changed it."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction

from apps.audit import selectors
from apps.audit import services as audit
from apps.audit.models import AuditRecord


def three_sealed(now) -> None:
    with transaction.atomic():
        for number in range(3):
            audit.record(by=None, action="test.done", subject=f"thing:{number}")
    audit.seal(now=now)


def change_unseen(sql: str) -> None:
    """Do what a person with full power over the database could do."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(sql)
        cursor.execute("SET LOCAL session_replication_role = origin")


def kinds() -> list[tuple[str, int]]:
    return [(finding.kind, finding.number) for finding in selectors.verify_chain().findings]


class TestRecord:
    def test_secrets_are_never_stored(self, db):
        with transaction.atomic():
            audit.record(by=None, action="test.done", facts={"password": "x", "amount": "5.00"})

        assert AuditRecord.objects.get().facts == {"password": "[hidden]", "amount": "5.00"}

    @pytest.mark.parametrize(
        "sql",
        [
            "UPDATE audit_auditrecord SET reason = 'other'",
            "DELETE FROM audit_auditrecord",
            "SET CONSTRAINTS ALL IMMEDIATE; TRUNCATE audit_auditrecord",
            "DELETE FROM audit_chainhead",
        ],
    )
    def test_the_database_refuses_changes(self, db, now, sql):
        three_sealed(now)

        with (
            pytest.raises(DatabaseError, match="append-only"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(sql)


class TestChain:
    def test_an_untouched_chain_is_unbroken(self, db, now):
        three_sealed(now)

        assert selectors.verify_chain() == selectors.Verdict(sealed=3, waiting=0, findings=[])

    def test_an_edit_is_found(self, db, now):
        three_sealed(now)
        change_unseen("UPDATE audit_auditrecord SET reason = 'x' WHERE number = 2")

        assert kinds() == [("edited", 2)]

    def test_a_gap_is_found(self, db, now):
        three_sealed(now)
        change_unseen("DELETE FROM audit_auditrecord WHERE number = 2")

        assert kinds() == [("gap", 2)]

    def test_a_cut_tail_is_found(self, db, now):
        three_sealed(now)
        change_unseen("DELETE FROM audit_auditrecord WHERE number = 3")

        assert kinds() == [("cut_tail", 3)]
