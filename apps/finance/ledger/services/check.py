"""Prove the books and keep the answer."""

from __future__ import annotations

import logging
from datetime import datetime

from django.db import transaction

from apps.finance.ledger.models import BooksCheck
from apps.finance.ledger.selectors import proof

logger = logging.getLogger(__name__)


@transaction.atomic
def check_books(*, now: datetime) -> BooksCheck:
    """Verify every rule of the books from their rows and store what was found.

    Reads one consistent state, however much is posted meanwhile. Logs an error when the books
    are wrong.
    """
    result = proof.prove()
    check = BooksCheck.objects.create(
        checked_at=now,
        ok=not result.findings,
        entries=result.entries,
        lines=result.lines,
        findings=[finding._asdict() for finding in result.findings],
    )
    if result.findings:
        logger.error(
            "ledger.books_do_not_balance",
            extra={"check_id": check.pk, "rules": sorted({f.rule for f in result.findings})},
        )
    return check
