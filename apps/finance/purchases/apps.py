from importlib import import_module

from django.apps import AppConfig


class PurchasesConfig(AppConfig):
    name = "apps.finance.purchases"
    label = "purchases"
    verbose_name = "Finance: purchases"

    def ready(self) -> None:
        import_module("apps.finance.purchases.handlers")
