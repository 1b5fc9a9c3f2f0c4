"""/api/v1/: things for sale, purchases and goals."""

from django.urls import path

from apps.finance.purchases.api import goals, items, views

app_name = "purchases"
urlpatterns = [
    path("items/", items.Items.as_view(), name="items"),
    path("items/<uuid:public_id>/", items.OneItem.as_view(), name="item"),
    path("items/<uuid:public_id>/archive/", items.Archive.as_view(), name="archive_item"),
    path("purchases/", views.Purchases.as_view(), name="purchases"),
    path("purchases/<uuid:public_id>/", views.OnePurchase.as_view(), name="purchase"),
    path("goals/", goals.Goals.as_view(), name="goals"),
    path("goals/<uuid:public_id>/", goals.OneGoal.as_view(), name="goal"),
    path("goals/<uuid:public_id>/close/", goals.Close.as_view(), name="close_goal"),
    path("goals/<uuid:public_id>/tips/", goals.Tips.as_view(), name="goal_tips"),
]
