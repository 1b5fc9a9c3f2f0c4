from django.apps import AppConfig


class ReconciliationConfig(AppConfig):
    name = "apps.finance.reconciliation"
    label = "reconciliation"
    verbose_name = "Finance: reconciliation"
