from django.apps import AppConfig


class FxConfig(AppConfig):
    name = "apps.finance.fx"
    label = "fx"
    verbose_name = "Finance: currencies"
