"""/api/v1/ledger/."""

from django.urls import path

from apps.finance.ledger.api import views

app_name = "ledger"
urlpatterns = [
    path("accounts/", views.Accounts.as_view(), name="accounts"),
    path(
        "accounts/<int:account_id>/statement/", views.AccountStatement.as_view(), name="statement"
    ),
    path("entries/", views.Entries.as_view(), name="entries"),
    path("entries/<int:entry_id>/", views.OneEntry.as_view(), name="entry"),
]
