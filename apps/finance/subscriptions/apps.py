from importlib import import_module

from django.apps import AppConfig


class SubscriptionsConfig(AppConfig):
    name = "apps.finance.subscriptions"
    label = "subscriptions"

    def ready(self) -> None:
        import_module("apps.finance.subscriptions.handlers")
