"""/api/v1/payments/: transactions and how they go on, stored means, quote and health."""

from django.urls import path

from apps.finance.payments.api import given_back, going_on, methods, spending, views

app_name = "payments"
urlpatterns = [
    path("transactions/", views.Transactions.as_view(), name="transactions"),
    path("transactions/export/", methods.Export.as_view(), name="export"),
    path("transactions/<uuid:public_id>/", views.OneTransaction.as_view(), name="transaction"),
    path("transactions/<uuid:public_id>/checkout/", going_on.Checkout.as_view(), name="checkout"),
    path("transactions/<uuid:public_id>/charge/", going_on.Charge.as_view(), name="charge"),
    path("transactions/<uuid:public_id>/receipt/", methods.Receipt.as_view(), name="receipt"),
    path("payment-methods/", methods.PaymentMethods.as_view(), name="payment_methods"),
    path(
        "payment-methods/<uuid:public_id>/",
        methods.OnePaymentMethod.as_view(),
        name="payment_method",
    ),
    path(
        "payment-methods/<uuid:public_id>/default/",
        methods.DefaultPaymentMethod.as_view(),
        name="default_payment_method",
    ),
    path("refunds/", given_back.Refunds.as_view(), name="refunds"),
    path("disputes/", given_back.Disputes.as_view(), name="disputes"),
    path("tips/", views.Tips.as_view(), name="tips"),
    path("deposits/", views.Deposits.as_view(), name="deposits"),
    path("spending-limits/", spending.SpendingLimits.as_view(), name="spending_limits"),
    path("quote/", views.QuoteView.as_view(), name="quote"),
    path("health/", views.Health.as_view(), name="health"),
]
