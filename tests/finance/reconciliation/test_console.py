"""The workbench, as the people of finance use it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.accounts.models import Profile
from apps.audit.models import AuditRecord
from apps.core.money import Money
from apps.finance.ledger import postings
from apps.finance.ledger import selectors as ledger
from apps.finance.reconciliation.models import (
    BookItem,
    Match,
    ReconciliationException,
    Statement,
    StatementLine,
    StatementSource,
)
from tests.finance.reconciliation.given import (
    a_file,
    a_matched,
    a_received,
    a_row,
    a_sale,
    a_source,
)

pytestmark = pytest.mark.django_db
LISTS = ("statement", "reconciliationexception", "statementsource", "statementline", "match")
Console = Callable[[str], Client]


def change(row: Any) -> str:
    return reverse(f"admin:reconciliation_{row._meta.model_name}_change", args=[row.pk])


def text_of(response: Any) -> str:
    assert response.status_code == 200, response.status_code
    return str(response.content.decode())


def upload(source: StatementSource, *rows: str, **more: str) -> dict[str, Any]:
    return {
        "source": source.pk,
        "period_start": "2026-01-01",
        "period_end": "2026-01-31",
        "opening": "",
        "closing": "",
        "file": SimpleUploadedFile("january.csv", a_file(*rows).getvalue()),
        **more,
    }


def test_a_small_file_is_imported_matched_and_shown_at_once(
    console: Console, fan: Profile, creator: Profile
) -> None:
    a_sale(fan, creator, "S1")
    browser = console("finance")
    address = reverse("admin:reconciliation_statement_upload")
    assert "Import a statement" in text_of(browser.get(address))

    answer = browser.post(address, upload(a_source(), a_row("S1"), a_row("S2", "4.00")))

    statement = Statement.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, change(statement))
    page = text_of(browser.get(change(statement)))
    assert "1 of 2" in page
    assert "Not in the books" in page
    assert "Unexplained" not in page
    assert AuditRecord.objects.filter(action="reconciliation.statement_received").exists()


def test_a_file_with_bad_rows_says_which_and_leaves_nothing(console: Console) -> None:
    browser = console("finance")
    rows = (a_row("S1"), "yesterday,1.00,,S2,", "2026-02-01,1.00,,S3,")
    browser.post(reverse("admin:reconciliation_statement_upload"), upload(a_source(), *rows))

    statement = Statement.objects.get()
    page = text_of(browser.get(change(statement)))
    assert "Nothing was imported" in page
    assert "is not a date like" in page
    assert "2026-02-01 is not between 2026-01-01 and 2026-01-31." in page
    assert (statement.state, statement.problem_count) == ("REFUSED", 2)
    assert not StatementLine.objects.exists()


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"period_end": "2025-12-31"}, "ends before it begins"),
        ({"opening": "1.005"}, "more decimal places"),
    ],
)
def test_a_form_that_makes_no_sense_is_refused(
    console: Console, more: dict[str, str], why: str
) -> None:
    answer = console("finance").post(
        reverse("admin:reconciliation_statement_upload"), upload(a_source(), a_row("S1"), **more)
    )

    assert answer.status_code == 422
    assert why in answer.content.decode()
    assert not Statement.objects.exists()


def test_lines_and_items_are_matched_by_hand_with_a_reason(
    console: Console, fan: Profile, creator: Profile, now: datetime
) -> None:
    a_sale(fan, creator, "S1", "10.00")
    a_sale(fan, creator, "S2", "15.00")
    statement = a_matched(a_source(), a_row("WIRE", "25.00"), now=now)
    browser = console("finance")
    address = reverse("admin:reconciliation_statement_match", args=[statement.pk])
    chosen = {
        "line": [StatementLine.objects.get().pk],
        "item": list(BookItem.objects.values_list("pk", flat=True)),
    }

    assert "WIRE" in text_of(browser.get(address))
    assert "Match these" in text_of(browser.get(address, chosen))
    assert browser.post(address, chosen).status_code == 422
    answer = browser.post(address, {**chosen, "reason": "One wire for both."})

    assert answer.status_code == 302
    statement.refresh_from_db()
    assert statement.state == "COMPLETE"
    match = Match.objects.get()
    assert (match.rule, match.matched_by, match.reason) == (
        "BY_HAND",
        browser.user,  # type: ignore[attr-defined]
        "One wire for both.",
    )
    assert "One wire for both." in text_of(browser.get(change(match)))


def test_a_difference_is_posted_from_its_page_and_the_statement_is_complete(
    console: Console, fan: Profile, creator: Profile, now: datetime
) -> None:
    a_sale(fan, creator, "S1", "25.00")
    statement = a_matched(a_source(), a_row("S1", "24.00"), now=now)
    found = ReconciliationException.objects.get()
    browser = console("finance")
    address = reverse("admin:reconciliation_reconciliationexception_do", args=["post"])

    preview = text_of(browser.get(address, {"ids": found.pk}))
    assert "Posts 2 lines over $1.00: credit 1100 processor:ccbill" in preview
    answer = browser.post(
        address, {"ids": found.pk, "counter": "5100", "reason": "They kept a dollar."}
    )

    assert answer.status_code == 302
    statement.refresh_from_db()
    assert statement.state == "COMPLETE"
    assert ledger.balance_of(postings.processor_clearing("ccbill"), "USD") == Money(2400, "USD")
    assert ledger.balance_of(postings.PROCESSING_COSTS, "USD") == Money(100, "USD")
    page = text_of(browser.get(change(found)))
    assert "They kept a dollar." in page


def test_a_match_is_undone_from_its_page_and_its_parts_wait_again(
    console: Console, fan: Profile, creator: Profile, now: datetime
) -> None:
    a_sale(fan, creator, "S1")
    statement = a_matched(a_source(), a_row("S1"), now=now)
    match = Match.objects.get()
    browser = console("finance")

    browser.post(
        reverse("admin:reconciliation_match_do", args=["undo"]),
        {"ids": match.pk, "reason": "Another sale."},
    )

    statement.refresh_from_db()
    assert (statement.state, statement.matched_count) == ("OPEN", 0)
    assert "It held lines: 1, book items: 1." in text_of(browser.get(change(match)))


@pytest.mark.parametrize("owner", ["main", "bank:main"])
def test_a_source_is_added_and_its_rules_changed(console: Console, owner: str) -> None:
    browser = console("finance")
    form = {
        "name": "Bank EUR",
        "code": "1000",
        "owner": owner,
        "currency": "EUR",
        "format_name": "camt.053",
        "compares": "NET",
        "date_window_days": 2,
        "settlement_days": 5,
        "tolerance": "0.05",
        "mapping": '{"iban": "DE02120300000000202051"}',
    }
    address = reverse("admin:reconciliation_statementsource_new")

    wrong = browser.post(address, {**form, "mapping": '{"columns": 1}'})
    assert wrong.status_code == 422
    assert "It does not know columns." in wrong.content.decode()
    answer = browser.post(address, form)

    source = StatementSource.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, change(source))
    assert (source.owner, source.tolerance_minor) == ("bank:main", 5)
    browser.post(
        reverse("admin:reconciliation_statementsource_do", args=["rules"]),
        {"ids": source.pk, "settlement_days": 9, "mapping": "", "reason": "They are slow."},
    )
    source.refresh_from_db()
    assert (source.settlement_days, source.date_window_days) == (9, 2)
    assert source.mapping == {"iban": "DE02120300000000202051"}


def test_lists_show_what_there_is(
    console: Console, fan: Profile, creator: Profile, now: datetime
) -> None:
    a_sale(fan, creator, "S1")
    statement = a_matched(a_source(), a_row("S1"), a_row("S9", "9.00"), now=now)
    browser = console("finance")

    for name in (*LISTS, "bookitem"):
        assert "CCBill USD" in text_of(
            browser.get(reverse(f"admin:reconciliation_{name}_changelist"))
        ) or name in {"statementline", "match", "bookitem"}
    queue = reverse("admin:reconciliation_reconciliationexception_changelist")
    assert "S9" in text_of(browser.get(f"{queue}?statement={statement.pk}&queue=open"))
    assert "S9" not in text_of(browser.get(f"{queue}?type__exact=MISSING"))
    assert "S9" in text_of(browser.get(queue, {"q": "S9"}))
    for row in (StatementLine.objects.get(n=2), BookItem.objects.get()):
        assert "S1" in text_of(browser.get(change(row)))
    assert "Reconciliation exceptions" in text_of(browser.get(reverse("admin:index")))


def test_lists_ask_the_same_questions_for_many_rows(
    console: Console,
    fan: Profile,
    creator: Profile,
    now: datetime,
    django_assert_max_num_queries: Any,
) -> None:
    browser = console("finance")
    source = a_source()
    before = date(2025, 12, 31)
    a_matched(source, a_row("X0", "1.00", on=before), now=now, start=before, end=before)
    lists = [reverse(f"admin:reconciliation_{name}_changelist") for name in LISTS]
    asked = []
    for address in lists:
        browser.get(address)
        with CaptureQueriesContext(connection) as few:
            text_of(browser.get(address))
        asked.append(len(few))
    a_matched(source, *(a_row(f"X{n}", f"{n}.00") for n in range(1, 40)), now=now)

    for address, few_asked in zip(lists, asked, strict=True):
        with django_assert_max_num_queries(few_asked):
            text_of(browser.get(address))


@pytest.mark.parametrize("role", ["support", "moderator", "security"])
def test_other_roles_see_nothing_of_it(
    console: Console, role: str, fan: Profile, creator: Profile, now: datetime
) -> None:
    a_sale(fan, creator, "S1")
    statement = a_matched(a_source(), a_row("S1"), now=now)
    browser = console(role)

    addresses = [reverse(f"admin:reconciliation_{name}_changelist") for name in LISTS]
    for address in (*addresses, change(statement), change(Match.objects.get())):
        assert browser.get(address).status_code == 403


def test_who_may_only_look_can_neither_import_nor_settle(console: Console, now: datetime) -> None:
    statement = a_matched(a_source(), a_row("S1"), now=now)
    found = ReconciliationException.objects.get()
    browser = console("compliance")
    text_of(browser.get(change(statement)))

    for address in (
        reverse("admin:reconciliation_statement_upload"),
        reverse("admin:reconciliation_statement_match", args=[statement.pk]),
        reverse("admin:reconciliation_statementsource_new"),
        reverse("admin:reconciliation_reconciliationexception_do", args=["accept"])
        + f"?ids={found.pk}",
    ):
        assert browser.get(address).status_code == 403
        assert browser.post(address, {"reason": "x"}).status_code == 403
    found.refresh_from_db()
    assert found.state == "OPEN"


def test_a_statement_that_is_being_read_shows_how_far_it_is(
    console: Console, now: datetime
) -> None:
    statement = a_received(a_source(), a_row("S1"), now=now)

    page = text_of(console("finance").get(change(statement)))

    assert "It is being read" in page
