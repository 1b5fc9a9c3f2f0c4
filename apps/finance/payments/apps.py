from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    name = "apps.finance.payments"
    label = "payments"
    verbose_name = "Finance: payments"
