"""What coins, bank debits and transfers cost until a brand, or a later row, says otherwise.

The platform's share is that of cards. For the processing: coin processors publish 0.5 to 1 %, and
an exchange into money costs about as much again; a bank charges cents for a debit, and its returns
cost more than the debits; a transfer costs nothing that a payer should bear.
"""

from datetime import UTC, datetime

from django.db import migrations

FROM = datetime(2020, 1, 1, tzinfo=UTC)
#: kind, method, platform, processing, in basis points
RATES = [
    ("TIP", "CRYPTO", 1500, 200),
    ("WALLET_DEPOSIT", "CRYPTO", 0, 200),
    ("TIP", "BANK_DEBIT", 1500, 100),
    ("WALLET_DEPOSIT", "BANK_DEBIT", 0, 100),
    ("TIP", "TRANSFER", 1500, 0),
    ("WALLET_DEPOSIT", "TRANSFER", 0, 0),
]


def add(apps, schema_editor):
    """Where somebody has set such a rate already, theirs stays the only one."""
    FeeSchedule = apps.get_model("payments", "FeeSchedule")
    for kind, method, platform, processing in RATES:
        if not FeeSchedule.objects.filter(cluster=None, kind=kind, method=method).exists():
            FeeSchedule.objects.create(
                kind=kind, method=method, platform_bps=platform, processing_bps=processing,
                effective_from=FROM,
            )


def remove(apps, schema_editor):
    FeeSchedule = apps.get_model("payments", "FeeSchedule")
    for kind, method, platform, processing in RATES:
        FeeSchedule.objects.filter(
            cluster=None, kind=kind, method=method, platform_bps=platform,
            processing_bps=processing, effective_from=FROM,
        ).delete()


class Migration(migrations.Migration):
    dependencies = [("payments", "0017_merchant_changes")]

    operations = [migrations.RunPython(add, remove)]
