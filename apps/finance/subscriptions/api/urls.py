"""/api/v1/: subscriptions, a creator's subscribers, and who may see what."""

from django.urls import path

from apps.finance.subscriptions.api import changes, entitlements, subscribers, views

app_name = "subscriptions"
_ONE = "subscriptions/<uuid:public_id>/"
urlpatterns = [
    path("subscriptions/", views.Subscriptions.as_view(), name="subscriptions"),
    path("subscriptions/quote/", views.QuoteView.as_view(), name="quote"),
    path("subscriptions/follows/", views.Follows.as_view(), name="follows"),
    path(_ONE, views.OneSubscription.as_view(), name="subscription"),
    path(f"{_ONE}change/", changes.Change.as_view(), name="change"),
    path(f"{_ONE}change/quote/", changes.ChangeQuote.as_view(), name="change_quote"),
    path(f"{_ONE}cancel/", changes.Cancel.as_view(), name="cancel"),
    path(f"{_ONE}uncancel/", changes.Uncancel.as_view(), name="uncancel"),
    path(f"{_ONE}pause/", changes.Pause.as_view(), name="pause"),
    path(f"{_ONE}resume/", changes.Resume.as_view(), name="resume"),
    path(f"{_ONE}payment-method/", changes.PayWith.as_view(), name="pay_with"),
    path("subscribers/", subscribers.Subscribers.as_view(), name="subscribers"),
    path("subscribers/export/", subscribers.SubscribersFile.as_view(), name="subscribers_export"),
    path("entitlements/", entitlements.Entitlements.as_view(), name="entitlements"),
    path("entitlements/<str:thing>/", entitlements.OneEntitlement.as_view(), name="entitlement"),
]
