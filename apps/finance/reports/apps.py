from django.apps import AppConfig


class ReportsConfig(AppConfig):
    name = "apps.finance.reports"
    label = "reports"
    verbose_name = "Finance: reports"
