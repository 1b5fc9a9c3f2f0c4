from django.apps import AppConfig


class TaxConfig(AppConfig):
    name = "apps.finance.tax"
    label = "tax"
    verbose_name = "Finance: tax"
