"""What the platform knows of a disputed payment, in chapters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Count, Max, Min, Sum
from django.utils.module_loading import import_string

from apps.audit import selectors as audit
from apps.core.money import Money
from apps.finance.payments.choices import PAID
from apps.finance.payments.models import Dispute, Transaction
from apps.finance.payments.rules.evidence import RECEIPT_MAILED, Section, moment, receipt_key
from apps.finance.risk.selectors.subjects import assessment_of
from apps.notifications import selectors as notifications

#: What an app above adds in settings.EVIDENCE_PROVIDERS: the payment's id in, chapters out.
Provider = Callable[[int], list[Section]]
_EARLIER = 10
_HISTORY = 60
_DEEDS = 15


@dataclass(frozen=True, slots=True)
class _Order:
    """Where an order came from."""

    ip: str = ""
    browser: str = ""


def sections_of(dispute: Dispute) -> list[Section]:
    """
    Return the chapters of an evidence pack: receipt, purchase, account and its use, the payer's
    earlier payments to the creator, what the gateway told, history; then what higher apps know
    (what was delivered and opened, messages, terms accepted).
    """
    payment = Transaction.objects.select_related(
        "cluster", "payer__user", "payee", "merchant_account"
    ).get(pk=dispute.transaction_id)
    order = _orders([payment.pk]).get(payment.pk, _Order())
    sections = [
        _case(dispute),
        _receipt(payment),
        _purchase(payment, order),
        _customer(payment),
        _activity(payment, order),
        _earlier(payment, order),
        _told(payment),
        _history(payment),
    ]
    for path in settings.EVIDENCE_PROVIDERS:
        provider: Provider = import_string(path)
        sections += provider(payment.pk)
    return sections


def _case(dispute: Dispute) -> Section:
    return Section(
        "The dispute",
        [
            ("Case", dispute.reference),
            ("Amount", str(dispute.amount)),
            ("Reason", f"{dispute.reason_code} {dispute.reason}".strip() or "not told"),
            ("Opened", moment(dispute.opened_at)),
            ("Answer due", moment(dispute.due_at)),
        ],
    )


def _receipt(payment: Transaction) -> Section:
    account = payment.merchant_account
    rows = [
        ("Payment", str(payment.public_id)),
        ("Site", payment.cluster.name),
        ("What was bought", _what(payment)),
        ("Amount", str(payment.amount)),
        ("Tax in it", f"{payment.tax} {payment.tax_place}" if payment.tax_minor else "none"),
        ("Ordered", moment(payment.created_at)),
        ("Paid", moment(payment.captured_at)),
        ("Receipt mailed", _mailed(payment)),
        ("On the card statement", account.descriptor if account else "none: paid from a wallet"),
        ("Gateway's reference", payment.gateway_reference or "none"),
        ("Refunded since", str(payment.refunded)),
    ]
    if payment.message:
        rows.insert(3, ("The customer's words with it", payment.message))
    return Section("Receipt", rows)


def _mailed(payment: Transaction) -> str:
    """By the history, or by the mail of whoever sold it (a subscription's receipt)."""
    line = payment.history.filter(reason=RECEIPT_MAILED).order_by("id").first()
    at = line.at if line else notifications.sent_at(receipt_key(payment.pk))
    return f"{moment(at)}, to {payment.payer.user.email}" if at else "none of its own"


def _what(payment: Transaction) -> str:
    kind = payment.get_kind_display()
    return f"{kind} to @{payment.payee.handle}" if payment.payee else kind


def _purchase(payment: Transaction, order: _Order) -> Section:
    rows = [
        ("Internet address of the order", order.ip or "not recorded"),
        ("Browser of the order", order.browser or "not recorded"),
        (
            "Place of the payer, and how it is known",
            ", ".join(payment.place_proofs) or "not asked",
        ),
        *_weighed(payment),
        *[
            (
                f"Attempt {attempt.number}",
                f"{attempt.get_status_display()} at {attempt.get_gateway_display()}, "
                f"{moment(attempt.started_at)} {attempt.reference}".strip(),
            )
            for attempt in payment.attempts.order_by("number")[:20]
        ],
    ]
    return Section("The purchase", rows)


def _weighed(payment: Transaction) -> list[tuple[str, str]]:
    """What the rules against fraud saw before the payment was let through."""
    found = assessment_of(f"transaction:{payment.public_id}")
    if found is None:
        return []
    countries = {
        "Country of the card": found.facts.get("country_card"),
        "Country of the internet address": found.facts.get("country_ip"),
        "Country the payer named": found.facts.get("country_place"),
    }
    return [
        *[(label, country) for label, country in countries.items() if country],
        ("Checked against fraud", f"{found.get_outcome_display()}, score {found.score}"),
    ]


def _customer(payment: Transaction) -> Section:
    user = payment.payer.user
    return Section(
        "The customer's account",
        [
            ("Account", f"@{payment.payer.handle}"),
            ("E-mail", user.email),
            ("Customer since", moment(user.date_joined)),
            ("Last signed in", moment(user.last_login)),
        ],
        note="The account is open only to its holder, after sign-in.",
    )


def _activity(payment: Transaction, order: _Order) -> Section:
    """What was done from the account, and from where: before the order and after it."""
    deeds = audit.records(actor_id=payment.payer.user_id)
    newest = deeds.filter(at__gte=payment.created_at).order_by("id")[:_DEEDS]
    before = deeds.filter(at__lt=payment.created_at)[:_DEEDS]
    rows = [
        (
            moment(deed.at),
            _words(deed.action),
            deed.ip or "not recorded",
            "yes" if order.ip and deed.ip == order.ip else "",
        )
        for deed in [*reversed(before), *newest]
    ]
    return Section(
        "Use of the account around the order",
        rows,
        headings=("When", "What", "Internet address", "As the order's"),
        note="From the platform's audit record, which is sealed and cannot be edited.",
    )


def _words(action: str) -> str:
    app, _, deed = action.partition(".")
    return f"{app.capitalize()}: {deed.replace('_', ' ')}"


def _earlier(payment: Transaction, order: _Order) -> Section:
    """Earlier payments that nobody disputed show who the payer is (Visa CE 3.0 asks for two)."""
    undisputed = Transaction.objects.filter(
        payer=payment.payer_id,
        payee=payment.payee_id,
        status__in=sorted(PAID - {"DISPUTED"}),
        currency=payment.currency,
        captured_at__lt=payment.captured_at or payment.created_at,
        disputes__isnull=True,
        fraud_reports__isnull=True,
    )
    sums = undisputed.aggregate(
        n=Count("id"), total=Sum("amount_minor"), first=Min("captured_at"), last=Max("captured_at")
    )
    total = Money(sums["total"] or 0, payment.currency)
    newest = list(undisputed.order_by("-captured_at", "-id")[:_EARLIER])
    orders = _orders([earlier.pk for earlier in newest])
    rows = [
        (
            moment(earlier.captured_at),
            str(earlier.amount),
            earlier.get_method_display(),
            earlier.gateway_reference,
            _compared(orders.get(earlier.pk, _Order()), order),
        )
        for earlier in newest
    ]
    number = "1 payment" if sums["n"] == 1 else f"{sums['n']} payments"
    return Section(
        "Earlier payments of this customer to the same seller, none disputed",
        rows,
        headings=("Paid", "Amount", "Method", "Gateway's reference", "As this order"),
        note=f"{number} of {total} from {moment(sums['first'])} to {moment(sums['last'])}."
        if sums["n"]
        else "",
        empty="This was the first payment to this seller.",
    )


def _compared(earlier: _Order, order: _Order) -> str:
    same = ["account"]
    if order.ip and earlier.ip == order.ip:
        same.append("internet address")
    if order.browser and earlier.browser == order.browser:
        same.append("browser")
    return ", ".join(same)


def _orders(payment_ids: Sequence[int]) -> dict[int, _Order]:
    """Return where payments were ordered from, in one query."""
    found = audit.records(subject_type="payments.transaction", action="payments.started").filter(
        subject_id__in=[str(each) for each in payment_ids]
    )
    return {
        int(record.subject_id): _Order(record.ip or "", str(record.facts.get("browser", "")))
        for record in found
    }


def _told(payment: Transaction) -> Section:
    deliveries = payment.webhooks.order_by("id").values_list("received_at", "event_type", "status")
    return Section(
        "What the gateway told us",
        [(moment(at), kind, status.capitalize()) for at, kind, status in deliveries[:_HISTORY]],
        empty="It has sent nothing about this payment.",
        headings=("Received", "News", "State"),
    )


def _history(payment: Transaction) -> Section:
    events = payment.history.order_by("id").values_list("at", "to_status", "reason")[:_HISTORY]
    return Section(
        "History of the payment",
        [(moment(at), status.replace("_", " ").capitalize(), why) for at, status, why in events],
        headings=("When", "State", "What happened"),
    )
