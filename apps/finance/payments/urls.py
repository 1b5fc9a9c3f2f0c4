"""/webhooks/: processors call these, by any host."""

from django.urls import path

from apps.finance.payments import views

app_name = "webhooks"
urlpatterns = [path("<slug:gateway>/<str:token>/", views.webhook, name="webhook")]
