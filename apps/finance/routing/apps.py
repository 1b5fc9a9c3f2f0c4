from django.apps import AppConfig


class RoutingConfig(AppConfig):
    name = "apps.finance.routing"
    label = "routing"
    verbose_name = "Finance: routing"
