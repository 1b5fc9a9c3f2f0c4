"""The use cases of subscriptions; the only writers of its tables."""

from apps.finance.subscriptions.services.cancel import cancel, uncancel
from apps.finance.subscriptions.services.change import change, withdraw_change
from apps.finance.subscriptions.services.end import end_subscription
from apps.finance.subscriptions.services.first_payment import expire_incomplete
from apps.finance.subscriptions.services.follow import follow
from apps.finance.subscriptions.services.gift_taking import return_gifts, take_gift
from apps.finance.subscriptions.services.gifts import buy_gift, check_gift
from apps.finance.subscriptions.services.means import change_means
from apps.finance.subscriptions.services.pause import pause, resume
from apps.finance.subscriptions.services.plans import (
    Offered,
    archive_plan,
    change_plan,
    create_plan,
)
from apps.finance.subscriptions.services.price_changes import (
    agree_to_price,
    plan_price_change,
    refuse_price,
    tell_price_changes,
    withdraw_price_change,
)
from apps.finance.subscriptions.services.prices import set_price, withdraw_price
from apps.finance.subscriptions.services.promotions import (
    create_promotion,
    end_promotion,
    redeem,
    release_redemption,
)
from apps.finance.subscriptions.services.reminders import remind_due
from apps.finance.subscriptions.services.retry import retry_now
from apps.finance.subscriptions.services.statement import restate_terms
from apps.finance.subscriptions.services.stops import stop_gateways
from apps.finance.subscriptions.services.subscribe import subscribe
from apps.finance.subscriptions.services.tick import bill_due
from apps.finance.subscriptions.services.trials import claim_trial, release_trial

__all__ = [
    "Offered",
    "agree_to_price",
    "archive_plan",
    "bill_due",
    "buy_gift",
    "cancel",
    "change",
    "change_means",
    "change_plan",
    "check_gift",
    "claim_trial",
    "create_plan",
    "create_promotion",
    "end_promotion",
    "end_subscription",
    "expire_incomplete",
    "follow",
    "pause",
    "plan_price_change",
    "redeem",
    "refuse_price",
    "release_redemption",
    "release_trial",
    "remind_due",
    "restate_terms",
    "resume",
    "retry_now",
    "return_gifts",
    "set_price",
    "stop_gateways",
    "subscribe",
    "take_gift",
    "tell_price_changes",
    "uncancel",
    "withdraw_change",
    "withdraw_price",
    "withdraw_price_change",
]
