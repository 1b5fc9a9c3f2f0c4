"""The rates every brand starts with; a brand's own rows, or later ones, replace them."""

from datetime import UTC, datetime

from django.db import migrations

FROM = datetime(2020, 1, 1, tzinfo=UTC)
#: kind, method, platform, processing, in basis points
RATES = [
    ("TIP", "CARD", 1500, 500),
    ("TIP", "WALLET", 2000, 0),
    ("WALLET_DEPOSIT", "CARD", 0, 500),
]


def add(apps, schema_editor):
    FeeSchedule = apps.get_model("payments", "FeeSchedule")
    for kind, method, platform, processing in RATES:
        FeeSchedule.objects.create(
            kind=kind, method=method, platform_bps=platform, processing_bps=processing,
            effective_from=FROM,
        )


def remove(apps, schema_editor):
    apps.get_model("payments", "FeeSchedule").objects.filter(
        cluster=None, effective_from=FROM
    ).delete()


class Migration(migrations.Migration):
    dependencies = [("payments", "0001_initial")]

    operations = [migrations.RunPython(add, remove)]
