"""django-ledger as its manual says: ``LedgerModel.commit_txs`` with a posted journal entry.

It has no way to post a batch: ``post_many`` calls it again and again in one ``atomic()``.
"""

# ruff: noqa: S608

from __future__ import annotations

from decimal import Decimal
from typing import Any

import psycopg

from tests.bench.peers.django import CREATORS, configure, creator_of

NAME = "django-ledger"
MANY = 50
APPS = ("django.contrib.sessions", "django.contrib.messages", "django_ledger")

_there: dict[str, Any] = {}
_accounts: dict[str, Any] = {}


def _start(dsn: str) -> None:
    configure(
        dsn, *APPS, LOGIN_URL="/",
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
    )  # fmt: skip


def setup(dsn: str) -> None:
    """Migrate an empty database; open an entity with its chart."""
    _start(dsn)
    from django.contrib.auth import get_user_model
    from django.core.management import call_command
    from django_ledger.models import EntityModel

    call_command("migrate", verbosity=0)
    people: Any = get_user_model().objects
    admin = people.create_superuser("admin", "admin@mail.example", "x")
    entity = EntityModel.create_entity(
        name="fanz", use_accrual_method=True, admin=admin, fy_start_month=1
    )
    chart = entity.create_chart_of_accounts(assign_as_default=True, commit=True)
    opened = [
        ("1010", "asset_ca_cash", "cash", "debit"),
        ("4010", "in_operational", "revenue", "credit"),
        ("2010", "lia_cl_other", "fee", "credit"),
        *((f"22{k:04d}", "lia_cl_other", f"creator-{k}", "credit") for k in range(CREATORS)),
    ]
    for code, role, name, side in opened:
        chart.create_account(code=code, role=role, name=name, balance_type=side, active=True)
    entity.create_ledger(name="main", posted=True)


def attach(dsn: str) -> None:
    """Start Django on a database that ``setup`` made."""
    _start(dsn)
    from django.contrib.auth import get_user_model
    from django_ledger.models import AccountModel, EntityModel

    entity = EntityModel.objects.get()
    _there.update(
        dsn=dsn,
        user=get_user_model().objects.get(),
        entity=entity,
        ledger=entity.get_ledgers().get(),
    )
    _accounts.update({account.name: account for account in AccountModel.objects.all()})


def post_one(i: int) -> None:
    """Post one tip, durably unless within a transaction."""
    from django_ledger.io.io_core import get_localtime

    _there["ledger"].commit_txs(
        je_timestamp=get_localtime(),
        je_posted=True,
        je_desc="tip",
        je_txs=[
            {
                "account": _accounts[name],
                "amount": Decimal(amount),
                "tx_type": side,
                "description": "tip",
            }
            for name, side, amount in (
                ("cash", "debit", "100.00"),
                (f"creator-{creator_of(i)}", "credit", "80.00"),
                ("revenue", "credit", "15.00"),
                ("fee", "credit", "5.00"),
            )
        ],
    )


def post_many(n: int, start: int) -> None:
    """Post ``n`` tips in one transaction."""
    from django.db import transaction

    with transaction.atomic():
        for i in range(start, start + n):
            post_one(i)


def load(count: int, start: int) -> None:
    """Prepare ``count`` tips for the reads by plain SQL: copies of a posted journal entry."""
    with psycopg.connect(_there["dsn"]) as connection:
        connection.execute("SET session_replication_role = replica")
        names = {
            table: [
                name
                for (name,) in connection.execute(
                    "SELECT column_name FROM information_schema.columns"
                    " WHERE table_name = %s ORDER BY ordinal_position",
                    (table,),
                )
            ]
            for table in ("django_ledger_journalentrymodel", "django_ledger_transactionmodel")
        }
        entry, line = names.values()
        new = f"md5('{start}-' || g)"
        of_entry = {"uuid": f"{new}::uuid", "je_number": f"left({new}, 25)"}
        connection.execute(
            f"INSERT INTO django_ledger_journalentrymodel ({','.join(entry)})"
            f" SELECT {','.join(of_entry.get(c, 'j.' + c) for c in entry)}"
            " FROM generate_series(1, %s) g, (SELECT * FROM django_ledger_journalentrymodel"
            " WHERE posted ORDER BY created LIMIT 1) j".encode(),
            (count,),
        )
        of_line = {
            "uuid": "gen_random_uuid()", "created": "now()", "updated": "now()", "tx_type": "v.t",
            "journal_entry_id": f"{new}::uuid", "account_id": "v.a", "amount": "v.m",
            "description": "'tip'", "cleared": "false", "reconciled": "false",
        }  # fmt: skip
        connection.execute(
            f"INSERT INTO django_ledger_transactionmodel ({','.join(line)})"
            f" SELECT {','.join(of_line[c] for c in line)} FROM generate_series(1, %s) g,"
            " LATERAL (VALUES ('debit', %s::uuid, 100.00),"
            " ('credit', (%s::uuid[])[1 + (g * 7919) %% %s], 80.00),"
            " ('credit', %s::uuid, 15.00), ('credit', %s::uuid, 5.00)) v(t, a, m)".encode(),
            (
                count,
                _accounts["cash"].uuid,
                [_accounts[f"creator-{k}"].uuid for k in range(CREATORS)],
                CREATORS,
                _accounts["revenue"].uuid,
                _accounts["fee"].uuid,
            ),
        )
    with psycopg.connect(_there["dsn"], autocommit=True) as connection:
        for table in names:
            connection.execute(f"VACUUM ANALYZE {table}".encode())


def balance() -> int:
    """Return the cents of cash."""
    return sum(_digest(accounts=[_accounts["cash"].code]))


def trial_balance() -> tuple[int, int]:
    """Return the number of accounts and the sum of their balances, which is zero."""
    rows = _digest()
    return len(rows), sum(rows)


def pnl() -> int:
    """Return the net operating income in cents, of all time."""
    entity = _there["entity"]
    data = entity.digest(
        entity_slug=entity.slug, user_model=_there["user"], income_statement=True
    ).get_io_data()
    return int(data["income_statement"]["operating"]["net_operating_income"] * 100)


def lines() -> int:
    """Return the number of journal lines."""
    from django_ledger.models import TransactionModel

    return int(TransactionModel.objects.count())


def _digest(**words: Any) -> list[int]:
    entity = _there["entity"]
    accounts = entity.digest(
        entity_slug=entity.slug,
        user_model=_there["user"],
        process_roles=False,
        process_groups=False,
        process_ratios=False,
        signs=False,
        **words,
    ).get_io_data()["accounts"]
    return [
        int(a["balance"] * 100) * (1 if a["balance_type"] == "debit" else -1) for a in accounts
    ]
