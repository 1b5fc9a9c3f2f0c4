"""/api/v1/: subscriptions, a creator's subscribers, and who may see what."""

from django.urls import path

from apps.finance.subscriptions.api import (
    analytics,
    changes,
    entitlements,
    gifts,
    plans,
    promotions,
    subscribers,
    views,
)

app_name = "subscriptions"
_ONE = "subscriptions/<uuid:public_id>/"
urlpatterns = [
    path("subscriptions/", views.Subscriptions.as_view(), name="subscriptions"),
    path("subscriptions/quote/", views.QuoteView.as_view(), name="quote"),
    path("subscriptions/analytics/", analytics.Figures.as_view(), name="analytics"),
    path("subscriptions/follows/", views.Follows.as_view(), name="follows"),
    path(_ONE, views.OneSubscription.as_view(), name="subscription"),
    path(f"{_ONE}change/", changes.Change.as_view(), name="change"),
    path(f"{_ONE}change/quote/", changes.ChangeQuote.as_view(), name="change_quote"),
    path(f"{_ONE}cancel/", changes.Cancel.as_view(), name="cancel"),
    path(f"{_ONE}uncancel/", changes.Uncancel.as_view(), name="uncancel"),
    path(f"{_ONE}pause/", changes.Pause.as_view(), name="pause"),
    path(f"{_ONE}resume/", changes.Resume.as_view(), name="resume"),
    path(f"{_ONE}retry/", changes.Retry.as_view(), name="retry"),
    path(f"{_ONE}charge/", changes.GoOnQuote.as_view(), name="go_on_quote"),
    path(f"{_ONE}payment-method/", changes.PayWith.as_view(), name="pay_with"),
    path(f"{_ONE}price/", plans.AnswerPrice.as_view(), name="answer_price"),
    path("plans/", plans.Plans.as_view(), name="plans"),
    path("plans/price-changes/", plans.PriceChanges.as_view(), name="price_changes"),
    path("plans/price-changes/preview/", plans.PreviewChange.as_view(), name="preview_change"),
    path(
        "plans/price-changes/<int:change_id>/withdraw/",
        plans.WithdrawChange.as_view(),
        name="withdraw_price_change",
    ),
    path("plans/<uuid:public_id>/", plans.OnePlan.as_view(), name="plan"),
    path("plans/<uuid:public_id>/archive/", plans.ArchivePlan.as_view(), name="archive_plan"),
    path("plans/<uuid:public_id>/prices/", plans.PlanPrices.as_view(), name="plan_prices"),
    path(
        "plans/<uuid:public_id>/prices/<uuid:price_id>/withdraw/",
        plans.WithdrawPrice.as_view(),
        name="withdraw_price",
    ),
    path("gifts/", gifts.Gifts.as_view(), name="gifts"),
    path("gifts/received/", gifts.GiftsReceived.as_view(), name="gifts_received"),
    path("gifts/take/", gifts.TakeGift.as_view(), name="take_gift"),
    path("gifts/<uuid:public_id>/", gifts.OneGift.as_view(), name="gift"),
    path("promotions/", promotions.Promotions.as_view(), name="promotions"),
    path("promotions/<uuid:public_id>/", promotions.OnePromotion.as_view(), name="promotion"),
    path(
        "promotions/<uuid:public_id>/end/",
        promotions.EndPromotion.as_view(),
        name="end_promotion",
    ),
    path("subscribers/", subscribers.Subscribers.as_view(), name="subscribers"),
    path("subscribers/export/", subscribers.SubscribersFile.as_view(), name="subscribers_export"),
    path(
        "subscribers/<uuid:public_id>/end/",
        subscribers.EndSubscriber.as_view(),
        name="end_subscriber",
    ),
    path("entitlements/", entitlements.Entitlements.as_view(), name="entitlements"),
    path("entitlements/<str:thing>/", entitlements.OneEntitlement.as_view(), name="entitlement"),
]
