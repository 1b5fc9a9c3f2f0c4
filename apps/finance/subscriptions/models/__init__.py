from apps.finance.subscriptions.models.dunning import (
    BillingFailure,
    BillingRun,
    DunningPolicy,
    DunningTry,
)
from apps.finance.subscriptions.models.facts import (
    Cohort,
    DailyFact,
    DailyTake,
    FactsMark,
    MrrMove,
)
from apps.finance.subscriptions.models.plan import Plan, Price, PriceChange
from apps.finance.subscriptions.models.promotion import Gift, Promotion, Redemption, TrialUse
from apps.finance.subscriptions.models.subscription import (
    PastDue,
    Period,
    Subscription,
    SubscriptionEvent,
)

__all__ = [
    "BillingFailure",
    "BillingRun",
    "Cohort",
    "DailyFact",
    "DailyTake",
    "DunningPolicy",
    "DunningTry",
    "FactsMark",
    "Gift",
    "MrrMove",
    "PastDue",
    "Period",
    "Plan",
    "Price",
    "PriceChange",
    "Promotion",
    "Redemption",
    "Subscription",
    "SubscriptionEvent",
    "TrialUse",
]
