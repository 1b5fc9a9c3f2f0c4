"""Parents of rows that come by the thousand are looked at once for a statement (docs/adr/0027)."""

from django.db import migrations, models

from apps.core.parents import parents_back_sql, parents_sql

CHANGES = ("entitlements_entitlementchange", {"entitlement_id": "entitlements_entitlement"})


class Migration(migrations.Migration):
    dependencies = [("entitlements", "0002_lighter")]

    operations = [
        migrations.AlterField(
            "entitlementchange",
            "entitlement",
            models.ForeignKey(
                "entitlements.Entitlement",
                on_delete=models.PROTECT,
                related_name="changes",
                db_index=False,
                db_constraint=False,
            ),
        ),
        migrations.RunSQL(parents_sql(*CHANGES), parents_back_sql(*CHANGES)),
    ]
