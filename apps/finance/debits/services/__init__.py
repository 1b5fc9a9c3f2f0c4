"""The use cases of bank payments; the only writers of its tables."""

from apps.finance.debits.services.apply import apply_waiting, settle_item, try_again
from apps.finance.debits.services.collect import collect, settle_due
from apps.finance.debits.services.fans import (
    Consent,
    PayerAccount,
    open_mandate,
    open_transfer,
)
from apps.finance.debits.services.fetch import fetch_files, settle_found
from apps.finance.debits.services.files import make_file, make_files
from apps.finance.debits.services.hand_over import (
    approve_file,
    refuse_file,
    release_copy,
    take_file,
)
from apps.finance.debits.services.mandates import (
    Signature,
    prove_accounts,
    revoke_by_staff,
    revoke_mandate,
    sign_ach,
    sign_sepa,
)
from apps.finance.debits.services.measure import measure_returns
from apps.finance.debits.services.receive import LARGEST_FILE, receive_bank_file
from apps.finance.debits.services.send import confirm_copy, send_files
from apps.finance.debits.services.transfers import (
    Announced,
    announce_transfer,
    expire_transfers,
)

__all__ = [
    "LARGEST_FILE",
    "Announced",
    "Consent",
    "PayerAccount",
    "Signature",
    "announce_transfer",
    "apply_waiting",
    "approve_file",
    "collect",
    "confirm_copy",
    "expire_transfers",
    "fetch_files",
    "make_file",
    "make_files",
    "measure_returns",
    "open_mandate",
    "open_transfer",
    "prove_accounts",
    "receive_bank_file",
    "refuse_file",
    "release_copy",
    "revoke_by_staff",
    "revoke_mandate",
    "send_files",
    "settle_due",
    "settle_found",
    "settle_item",
    "sign_ach",
    "sign_sepa",
    "take_file",
    "try_again",
]
