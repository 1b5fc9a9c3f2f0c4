"""/api/v1/payments/payouts/ and /api/v1/payments/payout-methods/."""

from django.urls import path

from apps.payouts.api import views

app_name = "payouts"
urlpatterns = [
    path("payouts/", views.Payouts.as_view(), name="list"),
    path("payouts/balance/", views.Balance.as_view(), name="balance"),
    path("payouts/<uuid:public_id>/", views.OnePayout.as_view(), name="detail"),
    path("payouts/<uuid:public_id>/cancel/", views.CancelPayout.as_view(), name="cancel"),
    path("payout-methods/", views.PayoutMethods.as_view(), name="methods"),
]
