from django.apps import AppConfig


class EntitlementsConfig(AppConfig):
    name = "apps.finance.entitlements"
    label = "entitlements"
    verbose_name = "Finance: entitlements"
