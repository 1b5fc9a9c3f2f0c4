"""/api/v1/reports/."""

from django.urls import path

from apps.finance.reports.api import paying, people, views

app_name = "reports"
urlpatterns = [
    path("analytics/", people.Analytics.as_view(), name="analytics"),
    path("balance-sheet/", views.BalanceSheet.as_view(), name="balance_sheet"),
    path("cash-flow/", views.CashFlow.as_view(), name="cash_flow"),
    path("creator-statement/", people.CreatorStatements.as_view(), name="creator_statement"),
    path("general-ledger/", views.GeneralLedger.as_view(), name="general_ledger"),
    path("payments/", paying.Paying.as_view(), name="payments"),
    path("profit-loss/", views.ProfitAndLoss.as_view(), name="profit_loss"),
    path("trial-balance/", views.TrialBalance.as_view(), name="trial_balance"),
]
