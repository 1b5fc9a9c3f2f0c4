from pathlib import Path

import django.db.models.deletion
import django.db.models.expressions
from django.conf import settings
from django.db import migrations, models

from apps.finance.ledger.chart import chart_sql

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Account',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(help_text='Node of the chart.', max_length=10)),
                ('owner', models.CharField(blank=True, help_text='profile:17, or empty.', max_length=80)),
                ('currency', models.CharField(max_length=5)),
                ('type', models.CharField(choices=[('ASSET', 'Asset'), ('LIABILITY', 'Liability'), ('EQUITY', 'Equity'), ('INCOME', 'Income'), ('EXPENSE', 'Expense')], max_length=10)),
                ('normal_side', models.CharField(choices=[('DEBIT', 'Debit'), ('CREDIT', 'Credit')], max_length=6)),
                ('allows_overdraft', models.BooleanField()),
                ('stripes', models.SmallIntegerField(help_text='Number of its balance rows.')),
                ('opened_at', models.DateTimeField()),
                ('closed_at', models.DateTimeField(blank=True, null=True)),
                ('is_frozen', models.BooleanField(default=False)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('code', 'owner', 'currency'), name='ledger_account_unique'), models.CheckConstraint(condition=models.Q(('currency__regex', '^[A-Z]{3,5}$')), name='ledger_account_currency_code'), models.CheckConstraint(condition=models.Q(models.Q(('allows_overdraft', True), ('stripes__gte', 1)), ('stripes', 1), _connector='OR'), name='ledger_account_bound_on_one_row')],
            },
        ),
        migrations.CreateModel(
            name='BooksCheck',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('checked_at', models.DateTimeField()),
                ('ok', models.BooleanField()),
                ('entries', models.BigIntegerField()),
                ('lines', models.BigIntegerField()),
                ('findings', models.JSONField(blank=True, default=list)),
            ],
            options={
                'indexes': [models.Index(fields=['-checked_at', '-id'], name='ledger_check_newest')],
            },
        ),
        migrations.CreateModel(
            name='Entry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('WALLET_DEPOSIT', 'Wallet deposit by card'), ('TIP_CARD', 'Tip by card'), ('TIP_WALLET', 'Tip from the wallet'), ('PAYOUT_RESERVED', 'Payout reserved'), ('PAYOUT_SETTLED', 'Payout settled'), ('PAYOUT_CANCELLED', 'Payout cancelled or failed'), ('PAYOUT_RETURNED', 'Payout returned by the rail'), ('REVERSAL', 'Reversal')], max_length=30)),
                ('source', models.CharField(help_text='The event, once for ever.', max_length=120)),
                ('request_hash', models.BinaryField(help_text='SHA-256 of what was asked.', max_length=32)),
                ('line_count', models.SmallIntegerField()),
                ('cluster', models.CharField(blank=True, help_text='Slug of the brand.', max_length=50)),
                ('effective_on', models.DateField(help_text='The accounting date.')),
                ('posted_at', models.DateTimeField()),
                ('memo', models.CharField(blank=True, max_length=500)),
                ('actor', models.ForeignKey(blank=True, db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('reverses', models.ForeignKey(blank=True, db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='reversed_by', to='ledger.entry')),
            ],
            options={
                'verbose_name_plural': 'entries',
            },
        ),
        migrations.CreateModel(
            name='Line',
            fields=[
                ('pk', models.CompositePrimaryKey('entry_id', 'n', blank=True, editable=False, primary_key=True, serialize=False)),
                ('n', models.SmallIntegerField()),
                ('amount_minor', models.BigIntegerField(help_text='Debit positive, in the smallest unit.')),
                ('currency', models.CharField(max_length=5)),
                ('effective_on', models.DateField()),
                ('account', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='lines', to='ledger.account')),
                ('entry', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='lines', to='ledger.entry')),
            ],
        ),
        migrations.CreateModel(
            name='Balance',
            fields=[
                ('pk', models.CompositePrimaryKey('account_id', 'stripe', blank=True, editable=False, primary_key=True, serialize=False)),
                ('stripe', models.SmallIntegerField()),
                ('debits_minor', models.BigIntegerField(default=0)),
                ('credits_minor', models.BigIntegerField(default=0)),
                ('held_minor', models.BigIntegerField(default=0, help_text='Promised, not yet posted.')),
                ('bound', models.SmallIntegerField(default=0)),
                ('is_open', models.BooleanField(default=True)),
                ('account', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='balances', to='ledger.account')),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('credits_minor__gte', 0), ('debits_minor__gte', 0), ('held_minor__gte', 0)), name='ledger_balance_sides_positive'), models.CheckConstraint(condition=models.Q(('bound', 0), models.Q(('bound', 1), ('credits_minor__gte', django.db.models.expressions.CombinedExpression(models.F('debits_minor'), '+', models.F('held_minor')))), models.Q(('bound', -1), ('debits_minor__gte', django.db.models.expressions.CombinedExpression(models.F('credits_minor'), '+', models.F('held_minor')))), _connector='OR'), name='ledger_balance_not_overdrawn')],
            },
        ),
        migrations.AddConstraint(
            model_name='entry',
            constraint=models.UniqueConstraint(fields=('source',), name='ledger_entry_source_once'),
        ),
        migrations.AddConstraint(
            model_name='entry',
            constraint=models.UniqueConstraint(condition=models.Q(('reverses__isnull', False)), fields=('reverses',), name='ledger_entry_reversed_once'),
        ),
        migrations.AddConstraint(
            model_name='entry',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind', 'REVERSAL'), ('reverses__isnull', False)), models.Q(models.Q(('kind', 'REVERSAL'), _negated=True), ('reverses__isnull', True)), _connector='OR'), name='ledger_entry_reversal_names_entry'),
        ),
        migrations.AddIndex(
            model_name='line',
            index=models.Index(fields=['account', 'entry'], name='ledger_line_of_account'),
        ),
        migrations.AddConstraint(
            model_name='line',
            constraint=models.CheckConstraint(condition=models.Q(('amount_minor', 0), _negated=True), name='ledger_line_not_zero'),
        ),
        migrations.AddConstraint(
            model_name='line',
            constraint=models.CheckConstraint(condition=models.Q(('n__gte', 1)), name='ledger_line_counted_from_one'),
        ),
        # The chart, the guards and the posting function (see README.md).
        migrations.RunSQL(chart_sql(), reverse_sql="DROP FUNCTION ledger_chart"),
        migrations.RunSQL(
            [(SQL / "guards.sql").read_text(), (SQL / "post.sql").read_text()],
            reverse_sql=(SQL / "drop.sql").read_text(),
        ),
    ]
