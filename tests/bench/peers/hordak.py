"""django-hordak as its manual says: a Transaction and its Legs inside ``atomic()``.

Batches use ``bulk_create``, as hordak's own ``create_benchmark_transactions`` does.
"""

from __future__ import annotations

from typing import Any

import psycopg

from tests.bench.peers.django import CREATORS, configure, creator_of

NAME = "django-hordak"
MANY = 1000
TIP = ("100.00", "80.00", "15.00", "5.00")

_accounts: dict[str, Any] = {}
_creators: dict[int, Any] = {}
_dsn: list[str] = []


def _start(dsn: str) -> None:
    configure(
        dsn, "mptt", "djmoney", "hordak", HORDAK_INTERNAL_CURRENCY="USD",
        DEFAULT_CURRENCY="USD", CURRENCIES=["USD"], HORDAK_CURRENCIES=["USD"],
    )  # fmt: skip


def setup(dsn: str) -> None:
    """Migrate an empty database; open the accounts in hordak's own fast way."""
    _start(dsn)
    from django.core.management import call_command
    from hordak.models import Account

    call_command("migrate", verbosity=0)
    for code, (name, kind) in enumerate(
        (("cash", "AS"), ("revenue", "IN"), ("fee", "LI"), ("creators", "LI")), 1
    ):
        parent = Account.objects.create(name=name, code=str(code), type=kind, currencies=["USD"])
    opened = [
        Account(
            parent=parent, name=f"creator-{k}", type="LI", currencies=["USD"],
            lft=0, rght=0, tree_id=0, level=0,
        )
        for k in range(CREATORS)
    ]  # fmt: skip
    Account.objects.bulk_create(opened)
    Account.objects.rebuild()


def attach(dsn: str) -> None:
    """Start Django on a database that ``setup`` made."""
    _start(dsn)
    from hordak.models import Account

    _dsn.append(dsn)
    for account in Account.objects.all():
        _accounts[account.name] = account
        if account.name.startswith("creator-"):
            _creators[int(account.name[8:])] = account


def post_one(i: int) -> None:
    """Post one tip, durably."""
    from django.db import transaction
    from hordak.models import Leg, Transaction
    from moneyed import Money

    with transaction.atomic():
        tip = Transaction.objects.create(description="tip")
        for account, words in _movements(i):
            Leg.objects.create(
                transaction=tip, account=account, **{k: Money(v, "USD") for k, v in words.items()}
            )


def post_many(n: int, start: int) -> None:
    """Post ``n`` tips in one transaction."""
    from django.db import transaction
    from hordak.models import Leg, Transaction
    from moneyed import Money

    tips, legs = [], []
    amounts = {text: Money(text, "USD") for text in TIP}
    for i in range(start, start + n):
        tip = Transaction(description="tip")
        tips.append(tip)
        legs += [
            Leg(transaction=tip, account=account, **{k: amounts[v] for k, v in words.items()})
            for account, words in _movements(i)
        ]
    with transaction.atomic():
        Transaction.objects.bulk_create(tips)
        Leg.objects.bulk_create(legs)


def load(count: int, start: int) -> None:
    """Prepare ``count`` tips for the reads by plain SQL with triggers off; no way of posting."""
    del start
    with psycopg.connect(_dsn[0]) as connection:
        connection.execute("SET session_replication_role = replica")
        [[base]] = connection.execute("SELECT coalesce(max(id), 0) FROM hordak_transaction")
        connection.execute(
            "INSERT INTO hordak_transaction (id, uuid, timestamp, date, description)"
            " SELECT %s + g, gen_random_uuid(), now(), CURRENT_DATE, 'tip'"
            " FROM generate_series(1, %s) g",
            (base, count),
        )
        connection.execute(
            "INSERT INTO hordak_leg (uuid, transaction_id, account_id, debit, credit, currency,"
            " description)"
            " SELECT gen_random_uuid(), %s + g, v.account, v.debit, v.credit, 'USD', ''"
            " FROM generate_series(1, %s) g, LATERAL (VALUES"
            " (%s, 100.00, NULL::numeric), ((%s::bigint[])[1 + (g * 7919) %% %s], NULL, 80.00),"
            " (%s, NULL, 15.00), (%s, NULL, 5.00)) v(account, debit, credit)",
            (
                base,
                count,
                _accounts["cash"].pk,
                [account.pk for account in _creators.values()],
                CREATORS,
                _accounts["revenue"].pk,
                _accounts["fee"].pk,
            ),
        )
    with psycopg.connect(_dsn[0], autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE hordak_leg")
        connection.execute("VACUUM ANALYZE hordak_transaction")


def balance() -> int:
    """Return the cents of cash."""
    return _cents(_accounts["cash"].get_balance())


def trial_balance() -> tuple[int, int]:
    """Return the number of accounts and the sum of their balances, which is zero."""
    from django.db.models import F
    from hordak.models import Account

    rows = [
        _cents(account.balance) * (1 if account.type in ("AS", "EX") else -1)
        for account in Account.objects.filter(rght=F("lft") + 1).with_balances()
    ]
    return len(rows), sum(rows)


def pnl() -> int:
    """Return the income in cents, of all time."""
    from hordak.models import Account

    return _cents(Account.objects.filter(type="IN").net_balance())


def lines() -> int:
    """Return the number of journal lines."""
    from hordak.models import Leg

    return int(Leg.objects.count())


def _movements(i: int) -> tuple[tuple[Any, dict[str, str]], ...]:
    return (
        (_accounts["cash"], {"debit": TIP[0]}),
        (_creators[creator_of(i)], {"credit": TIP[1]}),
        (_accounts["revenue"], {"credit": TIP[2]}),
        (_accounts["fee"], {"credit": TIP[3]}),
    )


def _cents(balance: Any) -> int:
    monies = balance.monies()
    return int(monies[0].amount * 100) if monies else 0
