"""/api/v1/payments/bank/: mandates, debits and transfers."""

from django.urls import path

from apps.finance.debits.api import views

app_name = "debits"
urlpatterns = [
    path("ways/", views.Ways.as_view(), name="ways"),
    path("mandates/", views.Mandates.as_view(), name="mandates"),
    path("mandates/<uuid:public_id>/", views.OneMandate.as_view(), name="mandate"),
    path("mandates/<uuid:public_id>/revoke/", views.RevokeMandate.as_view(), name="revoke"),
    path("debits/", views.Debits.as_view(), name="debits"),
    path("debits/<uuid:public_id>/", views.OneDebit.as_view(), name="debit"),
    path("transfers/", views.Transfers.as_view(), name="transfers"),
    path("transfers/<uuid:public_id>/", views.OneTransfer.as_view(), name="transfer"),
]
