"""The use cases of payments; the only writers of its tables."""

from apps.finance.payments.services.abandon import cancel_payment
from apps.finance.payments.services.charge import OneTime, charge
from apps.finance.payments.services.checkout import Visit, checkout_url, open_checkout
from apps.finance.payments.services.fees import set_fee
from apps.finance.payments.services.intruders import record_wrong_token
from apps.finance.payments.services.merchant_check import check_merchant_account
from apps.finance.payments.services.merchants import (
    agree_to_change,
    open_merchant_account,
    propose_change,
    set_merchant_terms,
    switch_off_merchant_account,
    withdraw_change,
)
from apps.finance.payments.services.methods import prefer_means, remove_means
from apps.finance.payments.services.purchase import Purchase, Renews
from apps.finance.payments.services.receipts import (
    hand_over_receipts,
    note_mailed_receipt,
    queue_receipt,
)
from apps.finance.payments.services.renewals import book_gateway_renewal, stop_gateway_renewals
from apps.finance.payments.services.replay import ignore_webhook, park_webhook, replay_webhook
from apps.finance.payments.services.resolve import look_up_now, resolve_stale
from apps.finance.payments.services.retention import empty_webhooks
from apps.finance.payments.services.returning import record_return
from apps.finance.payments.services.reviewed import go_on_after_review
from apps.finance.payments.services.sell import sell_from_wallet, tip_from_wallet
from apps.finance.payments.services.sell_batch import Refused, Sold, WalletSale
from apps.finance.payments.services.sell_many import sell_many_from_wallet
from apps.finance.payments.services.settle import settle_unknown
from apps.finance.payments.services.spending import set_spending_limit
from apps.finance.payments.services.start import start_card_tip, start_deposit, start_sale
from apps.finance.payments.services.stored import charge_stored, give_up_waiting
from apps.finance.payments.services.way import PayBy
from apps.finance.payments.services.webhooks import process_webhooks, receive_webhook

__all__ = [
    "OneTime",
    "PayBy",
    "Purchase",
    "Refused",
    "Renews",
    "Sold",
    "Visit",
    "WalletSale",
    "agree_to_change",
    "book_gateway_renewal",
    "cancel_payment",
    "charge",
    "charge_stored",
    "check_merchant_account",
    "checkout_url",
    "empty_webhooks",
    "give_up_waiting",
    "go_on_after_review",
    "hand_over_receipts",
    "ignore_webhook",
    "look_up_now",
    "note_mailed_receipt",
    "open_checkout",
    "open_merchant_account",
    "park_webhook",
    "prefer_means",
    "process_webhooks",
    "propose_change",
    "queue_receipt",
    "receive_webhook",
    "record_return",
    "record_wrong_token",
    "remove_means",
    "replay_webhook",
    "resolve_stale",
    "sell_from_wallet",
    "sell_many_from_wallet",
    "set_fee",
    "set_merchant_terms",
    "set_spending_limit",
    "settle_unknown",
    "start_card_tip",
    "start_deposit",
    "start_sale",
    "stop_gateway_renewals",
    "switch_off_merchant_account",
    "tip_from_wallet",
    "withdraw_change",
]
