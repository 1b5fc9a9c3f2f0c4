"""A query string narrows a list by the filters it offers, and by nothing else (DSH-3)."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.admin import SimpleListFilter
from django.urls import reverse

from apps.audit.models import AuditRecord
from apps.core.admin import ConsoleAdmin, Queue, QueueFilter
from tests import given
from tests.dash.test_permissions import console_pages

pytestmark = pytest.mark.django_db

#: Where the menu and the home page name the lists they lead to.
SOURCES = "".join(Path(f"apps/dash/{name}.py").read_text() for name in ("sites", "selectors"))
#: An equality, a guess letter by letter, a guess by halves, and whether there is something.
LOOKUPS = ("", "__exact", "__startswith", "__gt", "__isnull")


def lists() -> dict[str, ConsoleAdmin]:
    return {label: page for label, page in console_pages().items() if page.has_list}


def columns(page: ConsoleAdmin) -> list[str]:
    return [
        name for field in page.model._meta.concrete_fields for name in {field.name, field.attname}
    ]


def offered(page: ConsoleAdmin) -> set[str]:
    """Return the parameters that the page's own filters put into links."""
    names: set[str] = set()
    entries: list[Any] = list(page.list_filter)
    for entry in entries:
        if isinstance(entry, type) and issubclass(entry, SimpleListFilter):
            names.add(str(entry.parameter_name))
        else:
            field = entry if isinstance(entry, str) else entry[0]
            names |= {field, *(f"{field}__{end}" for end in ("exact", "isnull", "id__exact"))}
    return names


def queues() -> dict[tuple[str, str], Queue]:
    """Return the queues of every list that has some."""
    return {
        (label, name): queue
        for label, page in lists().items()
        for entry in page.list_filter
        if isinstance(entry, type) and issubclass(entry, QueueFilter)
        for name, queue in entry.queues.items()
    }


@pytest.mark.parametrize("label", sorted({label for label, _ in queues()}))
def test_no_way_leads_to_a_queue_by_a_filter_that_shows_its_newest_first(label):
    ways = re.findall(rf'"{re.escape(label)}",\s*"([^"]*)"', SOURCES)

    assert [way for way in ways if "__exact" in way or "__isnull" in way] == []


class TestAList:
    @pytest.mark.parametrize("label", sorted(lists()))
    def test_is_narrowed_by_no_column_that_it_does_not_offer(self, console, label):
        client, page = console("admin"), console_pages()[label]
        addresses = [page.address("changelist")]
        addresses += [page.address("export")] if page.export_columns else []

        answers = {
            (address, f"{column}{lookup}"): client.get(address, {f"{column}{lookup}": "1"})
            for address in addresses
            for column in columns(page)
            for lookup in LOOKUPS
            if f"{column}{lookup}" not in offered(page)
        }

        assert {ask: a.status_code for ask, a in answers.items() if a.status_code != 400} == {}
        assert not AuditRecord.objects.filter(action="console.exported").exists()

    @pytest.mark.parametrize(
        "ask",
        [
            {"password__startswith": "argon2"},
            {"password": "x"},
            {"email__regex": "^a"},
            {"groups__name": "admin"},
            {"profiles__bio__icontains": "x"},
            {"is_staff__exact": "1", "password__startswith": "argon2"},
            {"_to_field": "password"},
            {"nothing": "x"},
        ],
    )
    def test_of_users_tells_support_nothing_about_passwords(self, console, ask):
        answer = console("support").get(reverse("admin:accounts_user_changelist"), ask)

        assert answer.status_code == 400

    def test_is_narrowed_by_what_it_offers(self, console, now):
        first = given.a_requested_payout("20.00", now=now)
        page, client = console_pages()["payouts.payout"], console("payouts")

        def rows(**ask: str) -> list[int]:
            answer = client.get(page.address("changelist"), ask)
            assert answer.status_code == 200
            return [row.pk for row in answer.context["cl"].result_list]

        assert rows(status__exact="REQUESTED") == [first.pk]
        assert rows(status__exact="PAID") == []
        assert rows(queue="approve") == [first.pk]
        assert rows(cluster__id__exact=str(first.cluster_id)) == [first.pk]
        assert rows(cluster__id__exact="999999") == []

    def test_is_worked_off_from_its_oldest_row_where_it_is_a_queue(self, console, now):
        first, second = (
            given.a_requested_payout(
                "20.00", now=now + timedelta(hours=n), key=f"p-{n}", email=f"p{n}@domain.example"
            )
            for n in range(2)
        )
        page, client = console_pages()["payouts.payout"], console("payouts")

        def rows(**ask: str) -> list[int]:
            answer = client.get(page.address("changelist"), ask)
            return [row.pk for row in answer.context["cl"].result_list]

        assert rows() == [second.pk, first.pk]
        assert rows(queue="approve") == [first.pk, second.pk]

    @pytest.mark.parametrize(("label", "name"), sorted(queues()))
    def test_shows_each_of_its_queues_in_the_order_of_the_queue(self, console, label, name):
        page = console_pages()[label]

        answer = console("admin").get(page.address("changelist"), {"queue": name})

        asked = queues()[label, name].ordering
        assert answer.context["cl"].queryset.query.order_by[: len(asked)] == asked

    @pytest.mark.parametrize("label", sorted(lists()))
    def test_follows_every_link_of_its_filters(self, console, label):
        client, page = console("admin"), console_pages()[label]
        filters = client.get(page.address("changelist")).context["cl"]

        links = [
            choice["query_string"]
            for spec in filters.filter_specs
            for choice in spec.choices(filters)
            if "query_string" in choice
        ]

        assert {client.get(page.address("changelist") + link).status_code for link in links} <= {
            200
        }

    def test_with_a_value_that_makes_no_sense_is_shown_whole(self, console):
        client, page = console("admin"), console_pages()["payouts.payout"]

        for kind in ("changelist", "export"):
            answer = client.get(page.address(kind), {"cluster__id__exact": "x"})
            assert answer.status_code == 302
            assert answer.url.endswith("/admin/payouts/payout/?e=1")


class TestANulByte:
    """PostgreSQL stores none, and its driver refuses to send one."""

    @pytest.mark.parametrize("label", sorted(lists()))
    def test_in_a_filter_or_a_search_is_no_failure(self, console, label):
        client, page = console("admin"), console_pages()[label]

        for name in offered(page) | {"password", "a\0b"}:
            answer = client.get(page.address("changelist"), {name: "\0"})
            assert answer.status_code == 400, name
        assert client.get(page.address("changelist"), {"q": "\0"}).status_code == 200
        assert client.get(page.address("change", "\0")).status_code == 404

    def test_in_ctrl_k_finds_nothing(self, console):
        for term in ("\0", "a\0b", "person\0@mail.example"):
            answer = console("admin").get(reverse("admin:search"), {"s": term, "extended": "1"})
            assert answer.status_code == 200
            assert list(answer.context["results"]) == []


class TestAnExport:
    def test_is_on_record_with_the_address_that_our_proxy_saw(self, console, settings, now):
        settings.TRUSTED_PROXIES = 1
        given.a_requested_payout("20.00", now=now)

        answer = console("payouts").get(
            console_pages()["payouts.payout"].address("export"),
            {"status__exact": "REQUESTED"},
            headers={"x-forwarded-for": "198.51.100.1, 203.0.113.9"},
        )

        assert answer.status_code == 200
        record = AuditRecord.objects.get(action="console.exported")
        assert record.ip == "203.0.113.9"
        assert record.facts == {"filters": {"status__exact": "REQUESTED"}, "rows": 1}
