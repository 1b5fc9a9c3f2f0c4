"""The words of payments: kinds, methods, states and what may follow what."""

from __future__ import annotations

from django.db.models import TextChoices


class Kind(TextChoices):
    WALLET_DEPOSIT = "WALLET_DEPOSIT", "Wallet deposit"
    TIP = "TIP", "Tip"
    SUBSCRIPTION = "SUBSCRIPTION", "Subscription"
    CONTENT = "CONTENT", "Content"
    MESSAGE = "MESSAGE", "Message"


#: A creator is paid for something. A deposit only moves the payer's own money.
SALES = frozenset(Kind) - {Kind.WALLET_DEPOSIT}


class Occasion(TextChoices):
    """Which charge of a subscription a payment is: each has its own kind of journal entry."""

    NONE = "", "None"
    FIRST = "FIRST", "First period"
    RENEWAL = "RENEWAL", "Renewal"
    TRIAL = "TRIAL", "Paid trial"
    CHANGE = "CHANGE", "Change of plan"


class Method(TextChoices):
    CARD = "CARD", "Card"
    WALLET = "WALLET", "Wallet"
    CRYPTO = "CRYPTO", "Coins"
    BANK_DEBIT = "BANK_DEBIT", "Bank debit"
    # The column holds ten characters, and reporting views stand on it.
    BANK_TRANSFER = "TRANSFER", "Bank transfer"


class Gateway(TextChoices):
    """Processors this platform speaks to."""

    CCBILL = "ccbill", "CCBill"
    SEGPAY = "segpay", "Segpay"
    EPOCH = "epoch", "Epoch"
    VENDO = "vendo", "Vendo"
    VEROTEL = "verotel", "Verotel"
    NETBILLING = "netbilling", "NetBilling"
    COMMERCEGATE = "commercegate", "CommerceGate"
    ADYEN = "adyen", "Adyen"
    RAPYD = "rapyd", "Rapyd"
    NMI = "nmi", "HMS (NMI)"
    BTCPAY = "btcpay", "BTCPay"
    NOWPAYMENTS = "nowpayments", "NOWPayments"
    # No processor: our own bank, by files and statements (apps.finance.debits).
    ACH = "ach", "ACH debit"
    SEPA = "sepa", "SEPA direct debit"
    WIRE = "wire", "Bank transfer"


#: What a gateway's accounts take, where it is not cards.
METHOD_OF = {
    Gateway.BTCPAY: Method.CRYPTO,
    Gateway.NOWPAYMENTS: Method.CRYPTO,
    Gateway.ACH: Method.BANK_DEBIT,
    Gateway.SEPA: Method.BANK_DEBIT,
    Gateway.WIRE: Method.BANK_TRANSFER,
}


def method_of(gateway: str) -> Method:
    """Return what a gateway's accounts take."""
    return METHOD_OF.get(Gateway(gateway), Method.CARD)


def gateways_of(method: str) -> list[Gateway]:
    """Return the gateways whose accounts take a method."""
    return [gateway for gateway in Gateway if method_of(gateway) == method]


class Status(TextChoices):
    CREATED = "CREATED", "Created"
    REQUIRES_ACTION = "REQUIRES_ACTION", "Waits for the payer"
    PROCESSING = "PROCESSING", "Waits for the gateway's word"
    AUTHORISED = "AUTHORISED", "Authorised, not taken yet"
    CAPTURED = "CAPTURED", "Captured"
    FAILED = "FAILED", "Declined"
    CANCELLED = "CANCELLED", "Cancelled"
    EXPIRED = "EXPIRED", "Abandoned"
    UNKNOWN = "UNKNOWN", "Outcome unknown"
    PARTLY_REFUNDED = "PARTLY_REFUNDED", "Partly refunded"
    REFUNDED = "REFUNDED", "Refunded"
    DISPUTED = "DISPUTED", "Disputed"


#: The payer's money was taken, whatever became of it later.
PAID = frozenset({Status.CAPTURED, Status.PARTLY_REFUNDED, Status.REFUNDED, Status.DISPUTED})

#: What may follow what. The gateway's late word overrules a guess of ours, never a capture. After
#: it, refunds and disputes come and go in any order: a refund may bounce, a dispute may be won.
NEXT: dict[Status, frozenset[Status]] = {
    Status.CREATED: frozenset(
        {
            Status.REQUIRES_ACTION,
            Status.PROCESSING,
            Status.CAPTURED,
            Status.FAILED,
            Status.CANCELLED,
            Status.EXPIRED,
        }
    ),
    Status.REQUIRES_ACTION: frozenset(
        {
            Status.PROCESSING,
            Status.AUTHORISED,
            Status.CAPTURED,
            Status.FAILED,
            Status.CANCELLED,
            Status.EXPIRED,
        }
    ),
    Status.PROCESSING: frozenset(
        {
            Status.REQUIRES_ACTION,
            Status.AUTHORISED,
            Status.CAPTURED,
            Status.FAILED,
            Status.CANCELLED,
            Status.UNKNOWN,
        }
    ),
    Status.AUTHORISED: frozenset(
        {Status.CAPTURED, Status.FAILED, Status.CANCELLED, Status.UNKNOWN}
    ),
    Status.FAILED: frozenset({Status.PROCESSING, Status.AUTHORISED, Status.CAPTURED}),
    Status.CANCELLED: frozenset({Status.PROCESSING, Status.AUTHORISED, Status.CAPTURED}),
    Status.EXPIRED: frozenset(
        {
            Status.PROCESSING,
            Status.AUTHORISED,
            Status.CAPTURED,
            Status.FAILED,
            Status.CANCELLED,
        }
    ),
    Status.UNKNOWN: frozenset({Status.CAPTURED, Status.FAILED, Status.CANCELLED}),
    Status.CAPTURED: PAID - {Status.CAPTURED},
    Status.PARTLY_REFUNDED: PAID - {Status.PARTLY_REFUNDED},
    Status.REFUNDED: PAID - {Status.REFUNDED},
    Status.DISPUTED: PAID - {Status.DISPUTED},
}


class AttemptKind(TextChoices):
    HOSTED = "HOSTED", "The gateway's own page"
    FIELDS = "FIELDS", "The gateway's fields in our page"
    STORED = "STORED", "A stored means of payment"


class AttemptStatus(TextChoices):
    CREATED = "CREATED", "Written down, not sent"
    SENT = "SENT", "Being sent"
    WAITING = "WAITING", "Waits for payer or gateway"
    PAID = "PAID", "Paid"
    DECLINED = "DECLINED", "Declined"
    NOT_SENT = "NOT_SENT", "Never reached the gateway"
    UNKNOWN = "UNKNOWN", "Outcome unknown"
    ENDED = "ENDED", "Given up"


#: Nothing more comes of these, unless the gateway says otherwise later.
ATTEMPT_ENDED = frozenset(
    {
        AttemptStatus.PAID,
        AttemptStatus.DECLINED,
        AttemptStatus.NOT_SENT,
        AttemptStatus.ENDED,
    }
)


class WebhookStatus(TextChoices):
    RECEIVED = "RECEIVED", "Waits to be processed"
    PROCESSED = "PROCESSED", "Processed"
    REFUSED = "REFUSED", "Refused: not authentic or not fitting its order"
    PARKED = "PARKED", "Parked: a person must look"
    IGNORED = "IGNORED", "Ignored: nothing to do"
    QUARANTINED = "QUARANTINED", "Quarantined: of an order or account we do not know"


#: What a delivery ends in where a person may have to look.
WEBHOOK_TROUBLE = frozenset(
    {WebhookStatus.REFUSED, WebhookStatus.PARKED, WebhookStatus.QUARANTINED}
)

#: Of these, what waits for a person: a forgery does not.
WEBHOOK_NEEDS_STAFF = frozenset({WebhookStatus.PARKED, WebhookStatus.QUARANTINED})


class CardData(TextChoices):
    """Whether a delivery may hold a card number, and what became of it."""

    NONE = "", "None seen"
    SEALED = "SEALED", "Sealed until it is heard"
    HIDDEN = "HIDDEN", "Hidden: what was sent is not kept as it came"


class NoticeOutcome(TextChoices):
    """What became of one piece of news in a delivery."""

    DONE = "DONE", "Acted on"
    NOTHING = "NOTHING", "Nothing to do"
    PARKED = "PARKED", "A person must look"
    REPEAT = "REPEAT", "Told before"
    REFUSED = "REFUSED", "Does not fit its order"
    QUARANTINED = "QUARANTINED", "Of an unknown order or account"


#: The news that was heard: told again it is a repeat. What was refused or quarantined is not
#: among them, so that a forger cannot take the place of true news.
HEARD = frozenset({NoticeOutcome.DONE, NoticeOutcome.NOTHING, NoticeOutcome.PARKED})
