"""Attempts, stored means of payment, more gateways and states.

New columns have defaults in the database: the release before writes none. Checks are not valid
yet: judging the rows there are would hold up payments (0009 does it without). Columns of text
that become longer are not rewritten: PostgreSQL changes its catalogue only.
"""

import django.db.models.deletion
import uuid
from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ('accounts', '0002_console_indexes'),
        ('clusters', '0002_brands'),
        ('payments', '0005_tax_checked'),
    ]

    operations = [
        migrations.CreateModel(
            name='Attempt',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveSmallIntegerField(help_text='1, 2, 3 … within its payment.')),
                ('gateway', models.CharField(choices=[('ccbill', 'CCBill'), ('segpay', 'Segpay'), ('epoch', 'Epoch'), ('vendo', 'Vendo'), ('verotel', 'Verotel'), ('netbilling', 'NetBilling'), ('commercegate', 'CommerceGate'), ('adyen', 'Adyen'), ('rapyd', 'Rapyd'), ('nmi', 'HMS (NMI)'), ('btcpay', 'BTCPay'), ('nowpayments', 'NOWPayments')], max_length=20)),
                ('kind', models.CharField(choices=[('HOSTED', "The gateway's own page"), ('FIELDS', "The gateway's fields in our page"), ('STORED', 'A stored means of payment')], max_length=10)),
                ('status', models.CharField(choices=[('CREATED', 'Written down, not sent'), ('SENT', 'Being sent'), ('WAITING', 'Waits for payer or gateway'), ('PAID', 'Paid'), ('DECLINED', 'Declined'), ('NOT_SENT', 'Never reached the gateway'), ('UNKNOWN', 'Outcome unknown'), ('ENDED', 'Given up')], default='CREATED', max_length=10)),
                ('key', models.CharField(max_length=60, unique=True)),
                ('reference', models.CharField(blank=True, help_text="The gateway's name for the sale.", max_length=80)),
                ('checkout', models.JSONField(blank=True, default=dict, help_text='Where the payer goes on, as it was answered.')),
                ('sent', models.JSONField(blank=True, default=dict)),
                ('received', models.JSONField(blank=True, default=dict)),
                ('code', models.CharField(blank=True, max_length=40)),
                ('reason', models.CharField(blank=True, max_length=200)),
                ('keep', models.BooleanField(default=False, help_text='The payer wants the means kept.')),
                ('started_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('claimed_until', models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.CreateModel(
            name='PaymentMethod',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('gateway', models.CharField(choices=[('ccbill', 'CCBill'), ('segpay', 'Segpay'), ('epoch', 'Epoch'), ('vendo', 'Vendo'), ('verotel', 'Verotel'), ('netbilling', 'NetBilling'), ('commercegate', 'CommerceGate'), ('adyen', 'Adyen'), ('rapyd', 'Rapyd'), ('nmi', 'HMS (NMI)'), ('btcpay', 'BTCPay'), ('nowpayments', 'NOWPayments')], max_length=20)),
                ('sealed_token', models.TextField()),
                ('token_digest', models.CharField(max_length=64)),
                ('brand', models.CharField(blank=True, max_length=20)),
                ('last4', models.CharField(blank=True, max_length=4)),
                ('expires', models.CharField(blank=True, help_text='YYYY-MM', max_length=7)),
                ('country', models.CharField(blank=True, max_length=2)),
                ('bin', models.CharField(blank=True, max_length=8)),
                ('fingerprint', models.CharField(blank=True, help_text="The gateway's name for the card itself.", max_length=80)),
                ('is_default', models.BooleanField(default=False)),
                ('created_at', models.DateTimeField()),
                ('last_used_at', models.DateTimeField(blank=True, null=True)),
                ('removed_at', models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.RemoveConstraint(
            model_name='feeschedule',
            name='fee_method_known',
        ),
        migrations.RemoveConstraint(
            model_name='merchantaccount',
            name='mid_gateway_known',
        ),
        migrations.RemoveConstraint(
            model_name='transaction',
            name='txn_parties_fit',
        ),
        migrations.RemoveConstraint(
            model_name='transaction',
            name='txn_card_has_mid',
        ),
        migrations.RemoveConstraint(
            model_name='transaction',
            name='txn_status_known',
        ),
        migrations.RemoveConstraint(
            model_name='transaction',
            name='txn_captured_at_with_captured',
        ),
        migrations.RemoveConstraint(
            model_name='transaction',
            name='txn_settled_is_final',
        ),
        migrations.AddField(
            model_name='merchantaccount',
            name='card_brands',
            field=models.JSONField(blank=True, db_default=models.Value([], models.JSONField()), default=list, help_text='Empty: all.'),
        ),
        migrations.AddField(
            model_name='merchantaccount',
            name='cost_bps',
            field=models.PositiveIntegerField(db_default=0, default=0, help_text='What it costs us: basis points of a charge.'),
        ),
        migrations.AddField(
            model_name='merchantaccount',
            name='cost_fixed_minor',
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name='merchantaccount',
            name='countries',
            field=models.JSONField(blank=True, db_default=models.Value([], models.JSONField()), default=list, help_text="Buyers' countries it takes (ISO 3166); empty: all."),
        ),
        migrations.AddField(
            model_name='merchantaccount',
            name='credentials',
            field=models.CharField(blank=True, db_default='', default='', help_text="Which set of secrets; empty: the one of the gateway's name.", max_length=40),
        ),
        migrations.AddField(
            model_name='merchantaccount',
            name='label',
            field=models.CharField(blank=True, db_default='', default='', help_text='What staff call it.', max_length=60),
        ),
        migrations.AddField(
            model_name='merchantaccount',
            name='mcc',
            field=models.CharField(blank=True, db_default='', default='', help_text='Category code, ISO 18245.', max_length=4),
        ),
        migrations.AddField(
            model_name='merchantaccount',
            name='monthly_cap_minor',
            field=models.BigIntegerField(blank=True, help_text='Most it may take in a month; empty: no cap.', null=True),
        ),
        migrations.AddField(
            model_name='merchantaccount',
            name='processes_from',
            field=models.DateField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='merchantaccount',
            name='processes_until',
            field=models.DateField(blank=True, help_text='The last day.', null=True),
        ),
        migrations.AddField(
            model_name='merchantaccount',
            name='rank',
            field=models.PositiveSmallIntegerField(db_default=100, default=100, help_text='Among equals the lowest goes first.'),
        ),
        migrations.AddField(
            model_name='transaction',
            name='review_since',
            field=models.DateTimeField(blank=True, help_text='Since when it waits for a person to let it go on.', null=True),
        ),
        migrations.AddField(
            model_name='transaction',
            name='receipt_due_at',
            field=models.DateTimeField(blank=True, help_text='When its receipt is to be mailed, while it is not.', null=True),
        ),
        migrations.AddField(
            model_name='transaction',
            name='refunded_minor',
            field=models.BigIntegerField(db_default=0, default=0, help_text='What went back to the payer, by refunds.'),
        ),
        migrations.AlterField(
            model_name='feeschedule',
            name='method',
            field=models.CharField(choices=[('CARD', 'Card'), ('WALLET', 'Wallet'), ('CRYPTO', 'Coins'), ('BANK_DEBIT', 'Bank debit'), ('TRANSFER', 'Bank transfer')], max_length=10),
        ),
        migrations.AlterField(
            model_name='merchantaccount',
            name='account_number',
            field=models.CharField(max_length=80),
        ),
        migrations.AlterField(
            model_name='merchantaccount',
            name='flex_id',
            field=models.CharField(blank=True, help_text="The hosted form's id.", max_length=60),
        ),
        migrations.AlterField(
            model_name='merchantaccount',
            name='gateway',
            field=models.CharField(choices=[('ccbill', 'CCBill'), ('segpay', 'Segpay'), ('epoch', 'Epoch'), ('vendo', 'Vendo'), ('verotel', 'Verotel'), ('netbilling', 'NetBilling'), ('commercegate', 'CommerceGate'), ('adyen', 'Adyen'), ('rapyd', 'Rapyd'), ('nmi', 'HMS (NMI)'), ('btcpay', 'BTCPay'), ('nowpayments', 'NOWPayments')], max_length=20),
        ),
        migrations.AlterField(
            model_name='merchantaccount',
            name='subaccount',
            field=models.CharField(blank=True, max_length=40),
        ),
        migrations.AlterField(
            model_name='transaction',
            name='gateway',
            field=models.CharField(blank=True, choices=[('ccbill', 'CCBill'), ('segpay', 'Segpay'), ('epoch', 'Epoch'), ('vendo', 'Vendo'), ('verotel', 'Verotel'), ('netbilling', 'NetBilling'), ('commercegate', 'CommerceGate'), ('adyen', 'Adyen'), ('rapyd', 'Rapyd'), ('nmi', 'HMS (NMI)'), ('btcpay', 'BTCPay'), ('nowpayments', 'NOWPayments')], max_length=20),
        ),
        migrations.AlterField(
            model_name='transaction',
            name='gateway_reference',
            field=models.CharField(blank=True, help_text="The gateway's name for the sale.", max_length=80),
        ),
        migrations.AlterField(
            model_name='transaction',
            name='method',
            field=models.CharField(choices=[('CARD', 'Card'), ('WALLET', 'Wallet'), ('CRYPTO', 'Coins'), ('BANK_DEBIT', 'Bank debit'), ('TRANSFER', 'Bank transfer')], max_length=10),
        ),
        migrations.AlterField(
            model_name='transaction',
            name='status',
            field=models.CharField(choices=[('CREATED', 'Created'), ('REQUIRES_ACTION', 'Waits for the payer'), ('PROCESSING', "Waits for the gateway's word"), ('AUTHORISED', 'Authorised, not taken yet'), ('CAPTURED', 'Captured'), ('FAILED', 'Declined'), ('CANCELLED', 'Cancelled'), ('EXPIRED', 'Abandoned'), ('UNKNOWN', 'Outcome unknown'), ('PARTLY_REFUNDED', 'Partly refunded'), ('REFUNDED', 'Refunded'), ('DISPUTED', 'Disputed')], default='CREATED', max_length=20),
        ),
        migrations.AlterField(
            model_name='transactionevent',
            name='to_status',
            field=models.CharField(choices=[('CREATED', 'Created'), ('REQUIRES_ACTION', 'Waits for the payer'), ('PROCESSING', "Waits for the gateway's word"), ('AUTHORISED', 'Authorised, not taken yet'), ('CAPTURED', 'Captured'), ('FAILED', 'Declined'), ('CANCELLED', 'Cancelled'), ('EXPIRED', 'Abandoned'), ('UNKNOWN', 'Outcome unknown'), ('PARTLY_REFUNDED', 'Partly refunded'), ('REFUNDED', 'Refunded'), ('DISPUTED', 'Disputed')], max_length=20),
        ),
        migrations.AlterField(
            model_name='webhookevent',
            name='gateway',
            field=models.CharField(choices=[('ccbill', 'CCBill'), ('segpay', 'Segpay'), ('epoch', 'Epoch'), ('vendo', 'Vendo'), ('verotel', 'Verotel'), ('netbilling', 'NetBilling'), ('commercegate', 'CommerceGate'), ('adyen', 'Adyen'), ('rapyd', 'Rapyd'), ('nmi', 'HMS (NMI)'), ('btcpay', 'BTCPay'), ('nowpayments', 'NOWPayments')], max_length=20),
        ),
        AddConstraintNotValid(
            model_name='feeschedule',
            constraint=models.CheckConstraint(condition=models.Q(('method__in', ['CARD', 'WALLET', 'CRYPTO', 'BANK_DEBIT', 'TRANSFER'])), name='fee_method_known'),
        ),
        AddConstraintNotValid(
            model_name='merchantaccount',
            constraint=models.CheckConstraint(condition=models.Q(('gateway__in', ['ccbill', 'segpay', 'epoch', 'vendo', 'verotel', 'netbilling', 'commercegate', 'adyen', 'rapyd', 'nmi', 'btcpay', 'nowpayments'])), name='mid_gateway_known'),
        ),
        AddConstraintNotValid(
            model_name='merchantaccount',
            constraint=models.CheckConstraint(condition=models.Q(('monthly_cap_minor__isnull', True), ('monthly_cap_minor__gt', 0), _connector='OR'), name='mid_cap_positive'),
        ),
        AddConstraintNotValid(
            model_name='merchantaccount',
            constraint=models.CheckConstraint(condition=models.Q(('processes_from__isnull', True), ('processes_until__isnull', True), ('processes_until__gte', models.F('processes_from')), _connector='OR'), name='mid_days_in_order'),
        ),
        AddConstraintNotValid(
            model_name='transaction',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind', 'WALLET_DEPOSIT'), ('payee__isnull', True), models.Q(('method', 'WALLET'), _negated=True)), models.Q(('kind', 'TIP'), ('payee__isnull', False)), _connector='OR'), name='txn_parties_fit'),
        ),
        AddConstraintNotValid(
            model_name='transaction',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(models.Q(('method', 'WALLET'), _negated=True), ('gateway__gt', ''), ('merchant_account__isnull', False)), models.Q(('gateway', ''), ('merchant_account__isnull', True), ('method', 'WALLET')), _connector='OR'), name='txn_outside_has_mid'),
        ),
        AddConstraintNotValid(
            model_name='transaction',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['CREATED', 'REQUIRES_ACTION', 'PROCESSING', 'AUTHORISED', 'CAPTURED', 'FAILED', 'CANCELLED', 'EXPIRED', 'UNKNOWN', 'PARTLY_REFUNDED', 'REFUNDED', 'DISPUTED'])), name='txn_status_known'),
        ),
        AddConstraintNotValid(
            model_name='transaction',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('refunded_minor__gt', 0), ('refunded_minor__lt', models.F('amount_minor')), ('status', 'PARTLY_REFUNDED')), models.Q(('refunded_minor', models.F('amount_minor')), ('status', 'REFUNDED')), models.Q(('refunded_minor__gte', 0), ('refunded_minor__lte', models.F('amount_minor')), ('status', 'DISPUTED')), models.Q(models.Q(('status__in', ['DISPUTED', 'PARTLY_REFUNDED', 'REFUNDED']), _negated=True), ('refunded_minor', 0)), _connector='OR'), name='txn_refunded_fits'),
        ),
        AddConstraintNotValid(
            model_name='transaction',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('captured_at__isnull', False), ('status__in', ['CAPTURED', 'DISPUTED', 'PARTLY_REFUNDED', 'REFUNDED'])), models.Q(models.Q(('status__in', ['CAPTURED', 'DISPUTED', 'PARTLY_REFUNDED', 'REFUNDED']), _negated=True), ('captured_at__isnull', True)), _connector='OR'), name='txn_captured_at_with_paid'),
        ),
        AddConstraintNotValid(
            model_name='transaction',
            constraint=models.CheckConstraint(condition=models.Q(('settled_at__isnull', True), ('status__in', ['CAPTURED', 'DISPUTED', 'PARTLY_REFUNDED', 'REFUNDED', 'FAILED', 'CANCELLED']), _connector='OR'), name='txn_settled_is_final'),
        ),
        migrations.AddField(
            model_name='attempt',
            name='merchant_account',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='payments.merchantaccount'),
        ),
        migrations.AddField(
            model_name='attempt',
            name='transaction',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='attempts', to='payments.transaction'),
        ),
        migrations.AddField(
            model_name='paymentmethod',
            name='merchant_account',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='payments.merchantaccount'),
        ),
        migrations.AddField(
            model_name='paymentmethod',
            name='profile',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.profile'),
        ),
        migrations.AddField(
            model_name='attempt',
            name='payment_method',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='payments.paymentmethod'),
        ),
        migrations.AddIndex(
            model_name='paymentmethod',
            index=models.Index(fields=['profile', '-id'], name='means_of_profile'),
        ),
        migrations.AddConstraint(
            model_name='paymentmethod',
            constraint=models.UniqueConstraint(condition=models.Q(('removed_at__isnull', True)), fields=('profile', 'merchant_account', 'token_digest'), name='means_kept_once'),
        ),
        migrations.AddConstraint(
            model_name='paymentmethod',
            constraint=models.UniqueConstraint(condition=models.Q(('is_default', True), ('removed_at__isnull', True)), fields=('profile',), name='means_one_default'),
        ),
        migrations.AddConstraint(
            model_name='paymentmethod',
            constraint=models.CheckConstraint(condition=models.Q(('removed_at__isnull', True), models.Q(('is_default', False), ('sealed_token', '')), _connector='OR'), name='means_removed_is_forgotten'),
        ),
        migrations.AddConstraint(
            model_name='paymentmethod',
            constraint=models.CheckConstraint(condition=models.Q(('last4', ''), ('last4__regex', '^[0-9]{4}$'), _connector='OR'), name='means_last4_is_four'),
        ),
        migrations.AddIndex(
            model_name='attempt',
            index=models.Index(fields=['merchant_account', '-started_at', '-id'], name='attempt_of_account'),
        ),
        migrations.AddIndex(
            model_name='attempt',
            index=models.Index(condition=models.Q(('reference', ''), _negated=True), fields=['gateway', 'reference'], name='attempt_by_reference'),
        ),
        migrations.AddConstraint(
            model_name='attempt',
            constraint=models.UniqueConstraint(fields=('transaction', 'number'), name='attempt_number'),
        ),
        migrations.AddConstraint(
            model_name='attempt',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['CREATED', 'SENT', 'WAITING', 'PAID', 'DECLINED', 'NOT_SENT', 'UNKNOWN', 'ENDED'])), name='attempt_status_known'),
        ),
        migrations.AddConstraint(
            model_name='attempt',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['HOSTED', 'FIELDS', 'STORED'])), name='attempt_kind_known'),
        ),
        migrations.AddConstraint(
            model_name='attempt',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind', 'STORED'), ('payment_method__isnull', False)), models.Q(models.Q(('kind', 'STORED'), _negated=True), ('payment_method__isnull', True)), _connector='OR'), name='attempt_stored_names_means'),
        ),
    ]
