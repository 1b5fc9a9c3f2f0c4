"""Shapes of the API of subscriptions and entitlements."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.core.api.fields import MoneyField
from apps.core.money import Money
from apps.finance.payments.api.serializers import BUYER_COUNTRY, NextAction, PayByInput
from apps.finance.payments.choices import Method
from apps.finance.subscriptions import selectors
from apps.finance.subscriptions.models import Period, Plan, Price, Subscription, SubscriptionEvent
from apps.finance.subscriptions.selectors import dues

METHODS = [pair for pair in Method.choices if pair[0] in {Method.WALLET, Method.CARD}]
ZONE = "IANA: where the days of its periods begin."


class PlanBrief(serializers.ModelSerializer[Plan]):
    id = serializers.UUIDField(source="public_id")

    class Meta:
        model = Plan
        fields = ["id", "name", "tier"]
        read_only_fields = fields


class PriceBrief(serializers.ModelSerializer[Price]):
    id = serializers.UUIDField(source="public_id")
    amount = MoneyField()

    class Meta:
        model = Price
        fields = ["id", "months", "amount"]
        read_only_fields = fields


class NextCharge(serializers.Serializer[Any]):
    amount = MoneyField(help_text="The price, before tax that comes on top.")
    at = serializers.DateTimeField()


class PlannedChange(serializers.Serializer[Any]):
    plan = PlanBrief(allow_null=True)
    price = PriceBrief(allow_null=True)


class PastDueOutput(serializers.Serializer[Any]):
    """What became of the last charge, and what follows by itself."""

    reason = serializers.CharField()
    failed_at = serializers.DateTimeField()
    next_try_at = serializers.DateTimeField(allow_null=True, help_text="null: none by itself.")
    ends_at = serializers.DateTimeField(
        allow_null=True, help_text="Where no try follows: it ends then if nothing is paid."
    )
    is_tried_now = serializers.BooleanField(help_text="A charge is under way, or about to be.")
    transaction = serializers.UUIDField(
        source="payment.public_id", default=None, allow_null=True,
        help_text="A payment that goes on once its payer confirms it.",
    )  # fmt: skip
    may_retry = serializers.BooleanField(
        help_text="The same way can be tried again now; else pay another way."
    )


class SubscriptionOutput(serializers.ModelSerializer[Subscription]):
    """``access_until``: past due, access goes on until then; later than that it has ended."""

    id = serializers.UUIDField(source="public_id")
    creator = serializers.CharField(source="creator.handle")
    plan = PlanBrief()
    price = PriceBrief(allow_null=True)
    amount = serializers.SerializerMethodField(help_text="Full price of a period.")
    next_charge = serializers.SerializerMethodField(help_text="null: nothing will be charged.")
    past_due = serializers.SerializerMethodField(help_text="null: no charge has failed.")
    planned_change = serializers.SerializerMethodField()
    payment_method = serializers.UUIDField(source="means.public_id", default=None, allow_null=True)
    promotion = serializers.CharField(source="promotion.name", default=None, allow_null=True)

    class Meta:
        model = Subscription
        fields = [
            "id", "creator", "state", "plan", "price", "amount", "months", "renews_by",
            "payment_method", "promotion", "promotion_left", "current_from", "current_until",
            "access_until", "next_charge", "past_due", "planned_change", "trial_ends_at",
            "cancel_at_end", "cancelled_at", "paused_at", "resumes_at", "consent", "created_at",
            "started_at", "ended_at", "end_reason",
        ]  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(MoneyField(allow_null=True))
    def get_amount(self, row: Subscription) -> dict[str, str] | None:
        return _written(row.amount if row.currency else None)

    @extend_schema_field(NextCharge(allow_null=True))
    def get_next_charge(self, row: Subscription) -> dict[str, Any] | None:
        coming = dues.next_charge_of(row, now=timezone.now())
        if coming is None:
            return None
        return dict(NextCharge({"amount": coming[0], "at": coming[1]}).data)

    @extend_schema_field(PastDueOutput(allow_null=True))
    def get_past_due(self, row: Subscription) -> dict[str, Any] | None:
        failed = dues.past_due_of(row, now=timezone.now())
        return None if failed is None else dict(PastDueOutput(failed).data)

    @extend_schema_field(PlannedChange(allow_null=True))
    def get_planned_change(self, row: Subscription) -> dict[str, Any] | None:
        if row.next_price_id is None:
            return None
        return dict(PlannedChange({"plan": row.next_plan, "price": row.next_price}).data)


class HistoryLine(serializers.ModelSerializer[SubscriptionEvent]):
    by = serializers.SerializerMethodField(help_text="YOU, CREATOR, SUPPORT or PLATFORM.")

    class Meta:
        model = SubscriptionEvent
        fields = ["what", "from_state", "to_state", "at", "by"]
        read_only_fields = fields

    def get_by(self, row: SubscriptionEvent) -> str:
        return selectors.who_did(row, self.context["subscription"])


class PeriodOutput(serializers.ModelSerializer[Period]):
    amount = serializers.SerializerMethodField()
    transaction = serializers.UUIDField(
        source="transaction.public_id", default=None, allow_null=True
    )

    class Meta:
        model = Period
        fields = [
            "number", "kind", "state", "from_at", "until_at", "amount", "paid_at", "transaction",
        ]  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(MoneyField(allow_null=True))
    def get_amount(self, row: Period) -> dict[str, str] | None:
        return _written(row.amount if row.currency else None)


class OneSubscriptionOutput(serializers.Serializer[Any]):
    subscription = SubscriptionOutput()
    periods = PeriodOutput(many=True)
    history = HistoryLine(many=True)


class SubscribedOutput(serializers.Serializer[Any]):
    """
    ``next_action``: how its first payment goes on; null: there is nothing to do, or the terms are
    no more the quote's. Then another account takes the payment, and the card statement shows
    another text: show ``terms``, and go on at the transaction's ``checkout/``.
    """

    subscription = SubscriptionOutput()
    terms = serializers.CharField(help_text="As they are kept.")
    terms_hash = serializers.CharField(help_text="Their SHA-256; not the one sent: show them.")
    transaction = serializers.UUIDField(allow_null=True)
    next_action = NextAction(allow_null=True)


# --- What is asked ------------------------------------------------------------------------------
class QuoteQuery(serializers.Serializer[Any]):
    price = serializers.UUIDField()
    method = serializers.ChoiceField(choices=METHODS, default=Method.WALLET.value)
    code = serializers.CharField(max_length=30, default="", allow_blank=True)
    buyer_country = serializers.CharField(max_length=6, default="", help_text=BUYER_COUNTRY)
    payment_method = serializers.UUIDField(
        default=None, allow_null=True, help_text="A stored means that would pay."
    )
    timezone = serializers.CharField(max_length=40, default="UTC", help_text=ZONE)


class SubscribeInput(PayByInput):
    price = serializers.UUIDField()
    method = serializers.ChoiceField(choices=METHODS)
    code = serializers.CharField(max_length=30, default="", allow_blank=True)
    terms_hash = serializers.CharField(
        max_length=64, help_text="Of the terms that were shown: the quote's."
    )
    total = MoneyField(help_text="What was shown as due today; another price is refused.")
    buyer_country = serializers.CharField(max_length=6, default="", help_text=BUYER_COUNTRY)
    timezone = serializers.CharField(max_length=40, default="UTC", help_text=ZONE)


class FollowInput(serializers.Serializer[Any]):
    plan = serializers.UUIDField(help_text="A free plan.")


class CancelInput(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=200, default="", allow_blank=True)


class PauseInput(serializers.Serializer[Any]):
    until = serializers.DateTimeField()
    at_once = serializers.BooleanField(
        default=False,
        help_text="Rest from now on: what is paid and not used comes back as time.",
    )


class GoOnInput(serializers.Serializer[Any]):
    total = MoneyField(
        required=False, help_text="What the quote showed as charged now; left out: nothing is."
    )


class PaysWith(serializers.Serializer[Any]):
    wallet = serializers.BooleanField(default=False)
    payment_method = serializers.UUIDField(default=None, allow_null=True)


class PayWithInput(GoOnInput, PaysWith):
    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["wallet"] == (attrs["payment_method"] is not None):
            raise serializers.ValidationError("Name the wallet or a stored means.", code="one")
        return attrs


class ChangeQuery(serializers.Serializer[Any]):
    price = serializers.UUIDField()


class ChangeInput(ChangeQuery):
    token = serializers.CharField(max_length=100, help_text="Of the quote that was agreed to.")


# --- Subscribers --------------------------------------------------------------------------------
class SubscriberOutput(serializers.ModelSerializer[Subscription]):
    """A subscriber, as the creator may see one."""

    id = serializers.UUIDField(source="public_id")
    fan = serializers.CharField(source="fan.handle")
    plan = PlanBrief()
    amount = serializers.SerializerMethodField(help_text="Full price of a period.")
    earned = serializers.SerializerMethodField(help_text="After fees and refunds, so far.")

    class Meta:
        model = Subscription
        fields = [
            "id", "fan", "state", "plan", "amount", "months", "cancel_at_end", "current_until",
            "started_at", "ended_at", "end_reason", "earned",
        ]  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(MoneyField(allow_null=True))
    def get_amount(self, row: Subscription) -> dict[str, str] | None:
        return _written(row.amount if row.currency else None)

    @extend_schema_field(MoneyField(allow_null=True))
    def get_earned(self, row: Subscription) -> dict[str, str] | None:
        return _written(selectors.earned_by(row))


class EndInput(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=200, help_text="Staff read it; the fan does not.")


def _written(amount: Money | None) -> dict[str, str] | None:
    return None if amount is None else MoneyField().to_representation(amount)
