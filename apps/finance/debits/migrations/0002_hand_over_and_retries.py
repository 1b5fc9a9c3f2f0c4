"""Hand over and fetch files by machine, prove accounts by prenotes, present debits again.

What is there already is judged by 0003, while others write.
"""

from pathlib import Path

import django.db.models.deletion
from django.conf import settings
from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models

SQL = Path(__file__).with_name("sql")


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0002_console_indexes'),
        ('clusters', '0002_brands'),
        ('debits', '0001_initial'),
        ('payments', '0019_losses'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='FoundFile',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('path', models.CharField(max_length=300)),
                ('size', models.BigIntegerField()),
                ('modified_at', models.DateTimeField()),
                ('state', models.CharField(choices=[('TAKEN', 'Taken in'), ('UNREAD', 'Could not be read'), ('SETTLED', 'Settled by staff')], max_length=7)),
                ('why', models.CharField(blank=True, max_length=200)),
                ('found_at', models.DateTimeField()),
            ],
            options={
                'permissions': [('settle_foundfile', 'Can settle unread files of the bank')],
            },
        ),
        migrations.CreateModel(
            name='ReturnRate',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField()),
                ('entries', models.PositiveIntegerField()),
                ('unauthorised', models.PositiveIntegerField()),
                ('administrative', models.PositiveIntegerField()),
                ('returned', models.PositiveIntegerField(help_text='All returns.')),
                ('is_near', models.BooleanField(help_text='One of the rates is near, or over, its line.')),
                ('measured_at', models.DateTimeField()),
            ],
        ),
        migrations.RemoveConstraint(
            model_name='debitfile',
            name='debit_file_handed_at',
        ),
        migrations.RemoveConstraint(
            model_name='debitfile',
            name='debit_file_not_empty',
        ),
        migrations.RemoveConstraint(
            model_name='mandate',
            name='mandate_end_is_told',
        ),
        migrations.AddField(
            model_name='debit',
            name='presentation',
            field=models.PositiveSmallIntegerField(db_default=1, default=1, help_text='Which time it is, or will be, in a file.'),
        ),
        migrations.AddField(
            model_name='debit',
            name='retries',
            field=models.PositiveSmallIntegerField(db_default=0, default=0, help_text='Presented again after lack of money; two at most (Nacha).'),
        ),
        migrations.AddField(
            model_name='debitfile',
            name='message_id',
            field=models.CharField(blank=True, db_default='', help_text='MsgId of pain.008, by which a bank refuses it whole.', max_length=35),
        ),
        migrations.AddField(
            model_name='debitfile',
            name='problem',
            field=models.CharField(blank=True, db_default='', help_text='Why a person must look.', max_length=200),
        ),
        migrations.AddField(
            model_name='debitfile',
            name='refused_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='filecopy',
            name='place',
            field=models.CharField(blank=True, db_default='', help_text='Where the machine put it; empty: taken by hand.', max_length=300),
        ),
        migrations.AddField(
            model_name='filecopy',
            name='placed_at',
            field=models.DateTimeField(blank=True, help_text='Since when it surely lies there.', null=True),
        ),
        migrations.AddField(
            model_name='filecopy',
            name='problem',
            field=models.CharField(blank=True, db_default='', help_text='Why that is not sure.', max_length=200),
        ),
        migrations.AddField(
            model_name='fileitem',
            name='mandate',
            field=models.ForeignKey(blank=True, db_index=False, help_text='Of a prenote: an entry over nothing that proves the account.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='prenotes', to='debits.mandate'),
        ),
        migrations.AddField(
            model_name='fileitem',
            name='presentation',
            field=models.PositiveSmallIntegerField(db_default=1, default=1),
        ),
        migrations.AddField(
            model_name='mandate',
            name='signed_agent',
            field=models.CharField(blank=True, db_default='', help_text='The browser it was signed with.', max_length=200),
        ),
        migrations.AddField(
            model_name='mandate',
            name='usable_from',
            field=models.DateField(blank=True, help_text='Its prenote was not returned until then (ACH).', null=True),
        ),
        migrations.AddField(
            model_name='mandate',
            name='words_version',
            field=models.CharField(blank=True, db_default='', max_length=40),
        ),
        migrations.AlterField(
            model_name='bankfile',
            name='received_by',
            field=models.ForeignKey(blank=True, help_text='Empty: the machine found it at the bank.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AlterField(
            model_name='debitfile',
            name='state',
            field=models.CharField(choices=[('MADE', 'Waits for approval'), ('APPROVED', 'Approved, not handed over'), ('SENDING', 'Being handed over'), ('HANDED_OVER', 'Handed over'), ('REFUSED', 'Refused by the bank')], default='MADE', max_length=11),
        ),
        migrations.AlterField(
            model_name='fileitem',
            name='debit',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='items', to='debits.debit'),
        ),
        migrations.AlterField(
            model_name='mandate',
            name='state',
            field=models.CharField(choices=[('CHECKING', 'Account being checked'), ('ACTIVE', 'Active'), ('REVOKED', 'Revoked'), ('BLOCKED', 'Blocked by a return')], default='ACTIVE', max_length=8),
        ),
        AddConstraintNotValid(
            'debit',
            models.CheckConstraint(condition=models.Q(('presentation__gt', models.F('retries')), ('retries__lte', 2)), name='debit_retries_two'),
        ),
        AddConstraintNotValid(
            'debitfile',
            models.CheckConstraint(condition=models.Q(models.Q(('handed_at__isnull', False), ('state__in', ['HANDED_OVER', 'REFUSED'])), models.Q(models.Q(('state__in', ['HANDED_OVER', 'REFUSED']), _negated=True), ('handed_at__isnull', True)), _connector='OR'), name='debit_file_handed_at'),
        ),
        AddConstraintNotValid(
            'debitfile',
            models.CheckConstraint(condition=models.Q(('items__gt', 0), ('size__gt', 0), ('total_minor__gte', 0)), name='debit_file_not_empty'),
        ),
        AddConstraintNotValid(
            'fileitem',
            models.CheckConstraint(condition=models.Q(models.Q(('amount_minor__gt', 0), ('debit__isnull', False), ('mandate__isnull', True)), models.Q(('amount_minor', 0), ('debit__isnull', True), ('mandate__isnull', False)), _connector='OR'), name='debit_item_of_one'),
        ),
        AddConstraintNotValid(
            'mandate',
            models.CheckConstraint(condition=models.Q(models.Q(('ended_at__isnull', True), ('ended_by_code', ''), ('state__in', ['ACTIVE', 'CHECKING'])), models.Q(('ended_at__isnull', False), ('ended_by_code', ''), ('state', 'REVOKED')), models.Q(('ended_at__isnull', False), ('state', 'BLOCKED'), models.Q(('ended_by_code', ''), _negated=True)), _connector='OR'), name='mandate_end_is_told'),
        ),
        migrations.AddField(
            model_name='foundfile',
            name='bank_file',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='debits.bankfile'),
        ),
        migrations.AddField(
            model_name='foundfile',
            name='merchant_account',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='payments.merchantaccount'),
        ),
        migrations.AddField(
            model_name='foundfile',
            name='settled_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='returnrate',
            name='merchant_account',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='payments.merchantaccount'),
        ),
        migrations.AddIndex(
            model_name='foundfile',
            index=models.Index(condition=models.Q(('state', 'UNREAD')), fields=['-id'], name='found_file_unread'),
        ),
        migrations.AddConstraint(
            model_name='foundfile',
            constraint=models.UniqueConstraint(fields=('merchant_account', 'path', 'size', 'modified_at'), name='found_file_judged_once'),
        ),
        migrations.AddConstraint(
            model_name='foundfile',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('bank_file__isnull', False), ('state', 'TAKEN')), models.Q(models.Q(('state', 'TAKEN'), _negated=True), models.Q(('why', ''), _negated=True)), _connector='OR'), name='found_file_says_why'),
        ),
        migrations.AddConstraint(
            model_name='returnrate',
            constraint=models.UniqueConstraint(fields=('merchant_account', 'day'), name='return_rate_once_a_day'),
        ),
        migrations.RunSQL(
            (SQL / "guards_2.sql").read_text(), (SQL / "guards_2_undo.sql").read_text()
        ),
    ]
