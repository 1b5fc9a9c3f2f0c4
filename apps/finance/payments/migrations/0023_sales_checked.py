"""Judge the payments there are, index them and give the new kinds their fees, while others are
written. Each step is a transaction of its own and may be run again after it was cut off, but for
the indexes: drop one that is marked invalid first.
"""

from django.contrib.postgres.operations import AddIndexConcurrently, ValidateConstraint
from django.db import migrations, models
from django.db.models import Q

#: Whatever a creator is paid for costs what a tip costs, on each brand, by each method and at each
#: time, until a later row says otherwise. Where somebody has set such a rate already, theirs stays.
GIVE_FEES = """
INSERT INTO payments_feeschedule (cluster_id, kind, method, platform_bps, processing_bps,
                                  processing_fixed_minor, effective_from, created_at, updated_at)
SELECT cluster_id, sold.kind, method, platform_bps, processing_bps, processing_fixed_minor,
       effective_from, now(), now()
  FROM payments_feeschedule, unnest(ARRAY['SUBSCRIPTION', 'CONTENT', 'MESSAGE']) sold(kind)
 WHERE payments_feeschedule.kind = 'TIP'
    ON CONFLICT DO NOTHING
"""
TAKE_FEES = """
DELETE FROM payments_feeschedule WHERE kind IN ('SUBSCRIPTION', 'CONTENT', 'MESSAGE')
"""


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("payments", "0022_sales")]

    operations = [
        ValidateConstraint("transaction", "txn_split_is_exact"),
        ValidateConstraint("transaction", "txn_tax_fits"),
        ValidateConstraint("transaction", "txn_parties_fit"),
        ValidateConstraint("transaction", "txn_occasion_fits"),
        ValidateConstraint("feeschedule", "fee_kind_known"),
        AddIndexConcurrently(
            "transaction",
            models.Index(
                fields=["subject", "id"], condition=~Q(subject=""), name="txn_of_subject"
            ),
        ),
        AddIndexConcurrently(
            "transaction",
            models.Index(
                fields=["renewal_of", "id"],
                condition=Q(renewal_of__isnull=False),
                name="txn_renewals",
            ),
        ),
        migrations.RunSQL(GIVE_FEES, TAKE_FEES),
    ]
