"""Shapes of the API of plans, prices and promotions."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.core.api.fields import MoneyField
from apps.core.money import Money
from apps.finance.subscriptions.choices import Alignment, Audience, Discount
from apps.finance.subscriptions.models import Plan, PriceChange, Promotion
from apps.finance.subscriptions.rules import offers
from apps.finance.subscriptions.selectors import PriceOffered
from apps.finance.subscriptions.selectors.plans import PlanOwned

MONTHS = "1, 3, 6, 12 or 24; 0: once, for life."


class Saving(serializers.Serializer[Any]):
    amount = MoneyField()
    percent = serializers.IntegerField(help_text="Whole hundredths, rounded down.")


class PromotionBrief(serializers.ModelSerializer[Promotion]):
    id = serializers.UUIDField(source="public_id")

    class Meta:
        model = Promotion
        fields = ["id", "name", "periods", "ends_at"]
        read_only_fields = fields


class OfferedPrice(serializers.Serializer[PriceOffered]):
    """A price as a fan may have it now."""

    id = serializers.UUIDField(source="price.public_id")
    months = serializers.IntegerField(source="price.months", help_text=MONTHS)
    amount = MoneyField(source="price.amount")
    saves = serializers.SerializerMethodField(help_text="Against as many single months.")
    promotion = PromotionBrief(allow_null=True)
    first = MoneyField(allow_null=True, help_text="The first period under the promotion.")
    trial_days = serializers.IntegerField()
    trial = MoneyField(allow_null=True, help_text="null: the trial is free, or there is none.")

    @extend_schema_field(Saving(allow_null=True))
    def get_saves(self, row: Any) -> dict[str, Any] | None:
        if row.saves is None:
            return None
        return dict(Saving({"amount": row.saves[0], "percent": row.saves[1]}).data)


class PlanWords(serializers.ModelSerializer[Plan]):
    id = serializers.UUIDField(source="public_id")
    creator = serializers.CharField(source="creator.handle")
    benefits = serializers.ListField(child=serializers.CharField())

    class Meta:
        model = Plan
        fields = [
            "id", "creator", "name", "description", "tier", "benefits", "is_free", "alignment",
            "trial_days",
        ]  # fmt: skip
        read_only_fields = fields


class OfferedPlan(serializers.Serializer[Any]):
    """A plan as a fan may have it now: open prices only."""

    plan = PlanWords()
    prices = OfferedPrice(many=True)


class ChangeOutput(serializers.ModelSerializer[PriceChange]):
    old = MoneyField(source="old.amount")
    new = MoneyField(source="new.amount")
    plan = serializers.UUIDField(source="old.plan.public_id")
    months = serializers.IntegerField(source="old.months")

    class Meta:
        model = PriceChange
        fields = [
            "id", "plan", "months", "old", "new", "effective_at", "needs_consent", "reason",
            "created_at", "told_at", "withdrawn_at",
        ]  # fmt: skip
        read_only_fields = fields


class OwnPrice(serializers.Serializer[Any]):
    id = serializers.UUIDField(source="price.public_id")
    months = serializers.IntegerField(source="price.months", help_text=MONTHS)
    amount = MoneyField(source="price.amount")
    since = serializers.DateTimeField(source="price.created_at")
    replaced_at = serializers.DateTimeField(source="price.replaced_at", allow_null=True)
    subscribers = serializers.IntegerField()


class OwnPlan(PlanWords):
    """A creator's own plan, with what it brings."""

    class Meta(PlanWords.Meta):
        fields = [*PlanWords.Meta.fields, "status", "created_at", "archived_at"]
        read_only_fields = fields


class OwnPlanOutput(serializers.Serializer[PlanOwned]):
    plan = OwnPlan()
    trial = serializers.SerializerMethodField(help_text="null: free, or there is none.")
    prices = OwnPrice(many=True, help_text="Open to newcomers.")
    old_prices = OwnPrice(many=True, help_text="Replaced, and still paid by somebody.")
    subscribers = serializers.IntegerField()
    monthly = MoneyField(
        allow_null=True, help_text="Of paying subscribers, before promotions, fees and tax."
    )

    @extend_schema_field(MoneyField(allow_null=True))
    def get_trial(self, row: PlanOwned) -> dict[str, str] | None:
        if not row.plan.trial_minor or not row.prices:
            return None
        amount = Money(row.plan.trial_minor, row.prices[0].price.currency)
        return MoneyField().to_representation(amount)


class OwnPromotion(serializers.ModelSerializer[Promotion]):
    id = serializers.UUIDField(source="public_id")
    plan = serializers.UUIDField(source="plan.public_id", default=None, allow_null=True)
    amount = serializers.SerializerMethodField()

    class Meta:
        model = Promotion
        fields = [
            "id", "name", "code", "discount", "percent_bps", "amount", "periods", "plan", "months",
            "audience", "starts_at", "ends_at", "most", "redeemed", "status", "created_at",
        ]  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(MoneyField(allow_null=True))
    def get_amount(self, row: Promotion) -> dict[str, str] | None:
        if row.discount != Discount.AMOUNT:
            return None
        return MoneyField().to_representation(Money(row.amount_minor, row.currency))


# --- What is asked ------------------------------------------------------------------------------
class PlansQuery(serializers.Serializer[Any]):
    creator = serializers.CharField(
        max_length=40, default="", help_text="Whose offers; empty: my own plans, with figures."
    )


class PriceInput(serializers.Serializer[Any]):
    months = serializers.ChoiceField(choices=[(n, n) for n in offers.MONTHS], help_text=MONTHS)
    amount = MoneyField()


class WordsInput(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=offers.NAME_MAX)
    description = serializers.CharField(
        max_length=offers.DESCRIPTION_MAX, default="", allow_blank=True
    )
    benefits = serializers.ListField(
        child=serializers.CharField(max_length=offers.BENEFIT_MAX),
        max_length=offers.BENEFITS_MAX,
        default=list,
    )


class PlanInput(WordsInput):
    tier = serializers.IntegerField(min_value=1, max_value=offers.TIER_MAX, default=1)
    is_free = serializers.BooleanField(default=False)
    alignment = serializers.ChoiceField(
        choices=Alignment.choices, default=Alignment.ANNIVERSARY.value
    )
    trial_days = serializers.IntegerField(min_value=0, max_value=offers.TRIAL_DAYS_MAX, default=0)
    trial = MoneyField(default=None, allow_null=True, help_text="null: the trial is free.")
    prices = PriceInput(many=True, default=list)


class ChangePlannedInput(serializers.Serializer[Any]):
    price = serializers.UUIDField(help_text="A replaced price; its subscribers get the open one.")
    effective_at = serializers.DateTimeField()
    reason = serializers.CharField(max_length=offers.REASON_MAX, default="", allow_blank=True)


class ToldOutput(serializers.Serializer[Any]):
    fan = serializers.CharField(source="subscription.fan.handle")
    mailed_at = serializers.DateTimeField()
    pays_from = serializers.DateTimeField()
    must_agree = serializers.BooleanField()


class PreviewOutput(serializers.Serializer[Any]):
    old = MoneyField(source="old.amount")
    new = MoneyField(source="new.amount")
    effective_at = serializers.DateTimeField()
    told_from = serializers.DateTimeField()
    told = serializers.IntegerField(help_text="Subscribers who are told and pay the new price.")
    must_agree = serializers.IntegerField(help_text="Of them: who must say yes to stay.")
    leaving = serializers.IntegerField(help_text="Cancelled already; not told.")
    by_gateway = serializers.IntegerField(help_text="Keep the old price: their gateway charges.")
    first = ToldOutput(many=True)


class PromotionInput(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=offers.NAME_MAX)
    code = serializers.CharField(max_length=offers.CODE_MAX, default="", allow_blank=True)
    discount = serializers.ChoiceField(choices=Discount.choices)
    percent_bps = serializers.IntegerField(min_value=0, max_value=10_000, default=0)
    amount = MoneyField(default=None, allow_null=True)
    periods = serializers.IntegerField(
        min_value=0, max_value=offers.PROMOTION_PERIODS_MAX, default=1, help_text="0: all."
    )
    plan = serializers.UUIDField(default=None, allow_null=True)
    months = serializers.ChoiceField(
        choices=[(n, n) for n in offers.MONTHS], default=None, allow_null=True
    )
    audience = serializers.ChoiceField(choices=Audience.choices, default=Audience.ALL.value)
    starts_at = serializers.DateTimeField(default=None, allow_null=True)
    ends_at = serializers.DateTimeField(default=None, allow_null=True)
    most = serializers.IntegerField(
        min_value=1, max_value=offers.PROMOTION_MOST, default=None, allow_null=True
    )


class AnswerInput(serializers.Serializer[Any]):
    agree = serializers.BooleanField()
