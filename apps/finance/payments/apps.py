from importlib import import_module

from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    name = "apps.finance.payments"
    label = "payments"
    verbose_name = "Finance: payments"

    def ready(self) -> None:
        import_module("apps.finance.payments.handlers")
