from django.apps import AppConfig


class DebitsConfig(AppConfig):
    name = "apps.finance.debits"
    label = "debits"
    verbose_name = "Finance: bank debits"
