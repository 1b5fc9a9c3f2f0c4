"""/api/v1/reports/."""

from django.urls import path

from apps.finance.reports.api import views

app_name = "reports"
urlpatterns = [
    path("balance-sheet/", views.BalanceSheet.as_view(), name="balance_sheet"),
    path("cash-flow/", views.CashFlow.as_view(), name="cash_flow"),
    path("profit-loss/", views.ProfitAndLoss.as_view(), name="profit_loss"),
    path("trial-balance/", views.TrialBalance.as_view(), name="trial_balance"),
]
