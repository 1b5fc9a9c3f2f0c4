from django.apps import AppConfig


class RiskConfig(AppConfig):
    name = "apps.finance.risk"
    label = "risk"
    verbose_name = "Finance: risk"
