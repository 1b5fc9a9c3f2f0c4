"""/api/v1/payments/transactions, tips, deposits, quote and health."""

from django.urls import path

from apps.finance.payments.api import views

app_name = "payments"
urlpatterns = [
    path("transactions/", views.Transactions.as_view(), name="transactions"),
    path("transactions/<uuid:public_id>/", views.OneTransaction.as_view(), name="transaction"),
    path("tips/", views.Tips.as_view(), name="tips"),
    path("deposits/", views.Deposits.as_view(), name="deposits"),
    path("quote/", views.QuoteView.as_view(), name="quote"),
    path("health/", views.Health.as_view(), name="health"),
]
