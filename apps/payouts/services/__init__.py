"""What can be done with a payout: ask, approve, refuse, send, look up, settle by hand."""

from apps.payouts.services.approve import approve_payout
from apps.payouts.services.by_hand import mark_returned, settle_by_hand
from apps.payouts.services.methods import add_method, deactivate_method
from apps.payouts.services.request import request_payout
from apps.payouts.services.resolve import resolve_unknown
from apps.payouts.services.send import send_approved
from apps.payouts.services.stop import cancel_payout, reject_payout

__all__ = [
    "add_method",
    "approve_payout",
    "cancel_payout",
    "deactivate_method",
    "mark_returned",
    "reject_payout",
    "request_payout",
    "resolve_unknown",
    "send_approved",
    "settle_by_hand",
]
