from django.apps import AppConfig


class MonitoringConfig(AppConfig):
    name = "apps.finance.monitoring"
    label = "monitoring"
    verbose_name = "Finance: monitoring of MIDs"
