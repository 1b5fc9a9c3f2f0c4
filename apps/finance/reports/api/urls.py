"""/api/v1/reports/."""

from django.urls import path

from apps.finance.reports.api import views

app_name = "reports"
urlpatterns = [
    path("profit-loss/", views.ProfitAndLoss.as_view(), name="profit_loss"),
]
