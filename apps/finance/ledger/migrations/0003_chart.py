from pathlib import Path

from django.db import migrations, models

from apps.finance.ledger.chart import chart_sql
from apps.finance.ledger.postings.kinds import kinds_sql

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    """The whole chart, with its groups, and which accounts each kind of entry may touch."""

    dependencies = [("ledger", "0002_line_by_day")]

    operations = [
        # It gains columns, and a function that returns others cannot be replaced.
        migrations.RunSQL(
            "DROP FUNCTION IF EXISTS ledger_chart()", reverse_sql=migrations.RunSQL.noop
        ),
        migrations.RunSQL(chart_sql(), reverse_sql=migrations.RunSQL.noop),
        migrations.RunSQL((SQL / "chart.sql").read_text(), reverse_sql=migrations.RunSQL.noop),
        migrations.RunSQL(kinds_sql(), reverse_sql="DROP FUNCTION ledger_kinds()"),
        migrations.AlterField(
            model_name="entry",
            name="kind",
            field=models.CharField(
                choices=[
                    ("WALLET_DEPOSIT", "Wallet deposit by card"),
                    ("TIP_CARD", "Tip by card"),
                    ("TIP_WALLET", "Tip from the wallet"),
                    ("SUBSCRIPTION_CARD", "Subscription by card"),
                    ("SUBSCRIPTION_WALLET", "Subscription from the wallet"),
                    ("RENEWAL_CARD", "Renewal by card"),
                    ("RENEWAL_WALLET", "Renewal from the wallet"),
                    ("TRIAL_CARD", "Paid trial by card"),
                    ("TRIAL_WALLET", "Paid trial from the wallet"),
                    ("PPV_CONTENT_CARD", "Pay-per-view content by card"),
                    ("PPV_CONTENT_WALLET", "Pay-per-view content from the wallet"),
                    ("PPV_MESSAGE_CARD", "Pay-per-view message by card"),
                    ("PPV_MESSAGE_WALLET", "Pay-per-view message from the wallet"),
                    ("REFUND_CARD", "Refund to the card"),
                    ("REFUND_WALLET", "Refund to the wallet"),
                    ("DEPOSIT_REFUND", "Deposit refunded to the card"),
                    ("PLATFORM_FEE", "Platform fee outside a sale"),
                    ("PROCESSING_FEE", "Processing fee outside a sale"),
                    ("CHARGEBACK_OPENED", "Chargeback opened"),
                    ("CHARGEBACK_FEE", "Chargeback fee"),
                    ("CHARGEBACK_WON", "Chargeback won"),
                    ("CHARGEBACK_LOST", "Chargeback lost"),
                    ("RESERVE_HELD", "Creator reserve held"),
                    ("RESERVE_RELEASED", "Creator reserve released"),
                    ("DEBT_RECOVERED", "Creator debt recovered"),
                    ("TAX_WITHHELD", "Tax withheld from a creator"),
                    ("PAYOUT_RESERVED", "Payout reserved"),
                    ("PAYOUT_SETTLED", "Payout settled"),
                    ("PAYOUT_CANCELLED", "Payout cancelled or failed"),
                    ("PAYOUT_RETURNED", "Payout returned by the rail"),
                    ("CREDIT_GRANTED", "Store credit granted"),
                    ("CREDIT_EXPIRED", "Store credit expired"),
                    ("BREAKAGE", "Wallet money never spent"),
                    ("SETTLEMENT_RECEIVED", "Settlement of a processor"),
                    ("PROCESSOR_RESERVE_HELD", "Reserve kept by a processor"),
                    ("PROCESSOR_RESERVE_RELEASED", "Reserve released by a processor"),
                    ("FEES_PAID", "Processor fees paid"),
                    ("RAIL_FUNDED", "Payout rail funded"),
                    ("TAX_PAID", "Tax paid"),
                    ("WRITE_OFF", "Write-off"),
                    ("CAPITAL_PAID_IN", "Capital paid in"),
                    ("CAPITAL_PAID_OUT", "Paid out to the owner"),
                    ("LOAN_RECEIVED", "Loan received"),
                    ("LOAN_REPAID", "Loan repaid"),
                    ("EQUIPMENT_BOUGHT", "Equipment bought"),
                    ("DEPRECIATION", "Equipment written down"),
                    ("EXPENSE_PAID", "Other expense paid"),
                    ("CURRENCY_EXCHANGED", "Currency exchanged"),
                    ("CURRENCY_REVALUED", "Currency gain or loss realised"),
                    ("RECONCILED", "Difference found by reconciliation"),
                    ("MANUAL_ADJUSTMENT", "Manual adjustment"),
                    ("PERIOD_CLOSE", "Closing of the year"),
                    ("CORRECTION", "Correction"),
                    ("REVERSAL", "Reversal"),
                ],
                max_length=30,
            ),
        ),
    ]
