"""What the platform knows of a disputed payment, in chapters."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.db.models import Count, Max, Min, Sum
from django.utils.module_loading import import_string

from apps.audit import selectors as audit
from apps.core.money import Money
from apps.finance.payments.choices import PAID
from apps.finance.payments.models import Dispute, Transaction
from apps.finance.payments.rules.evidence import Section, moment

#: What an app above adds in settings.EVIDENCE_PROVIDERS: the payment's id in, chapters out.
Provider = Callable[[int], list[Section]]
_EARLIER = 10
_HISTORY = 60


def sections_of(dispute: Dispute) -> list[Section]:
    """
    Return the chapters of an evidence pack: receipt, purchase, the payer's earlier payments to
    the creator, what the gateway told, history; then what higher apps know (what was delivered
    and opened, messages, terms accepted).
    """
    payment = Transaction.objects.select_related(
        "cluster", "payer__user", "payee", "merchant_account"
    ).get(pk=dispute.transaction_id)
    sections = [
        _case(dispute),
        _receipt(payment),
        _purchase(payment),
        _customer(payment),
        _earlier(payment),
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
        ("On the card statement", account.descriptor if account else "none: paid from a wallet"),
        ("Gateway's reference", payment.gateway_reference or "none"),
        ("Refunded since", str(payment.refunded)),
    ]
    return Section("Receipt", rows)


def _what(payment: Transaction) -> str:
    kind = payment.get_kind_display()
    return f"{kind} to @{payment.payee.handle}" if payment.payee else kind


def _purchase(payment: Transaction) -> Section:
    started = (
        audit.records(
            subject_type="payments.transaction",
            subject_id=str(payment.pk),
            action="payments.started",
        )
        .order_by("id")
        .first()
    )
    address = started.ip if started and started.ip else "not recorded"
    rows = [
        ("Internet address of the order", address),
        (
            "Place of the payer, and how it is known",
            ", ".join(payment.place_proofs) or "not asked",
        ),
        *[
            (
                f"Attempt {attempt.number}",
                f"{attempt.get_status_display()} at {attempt.gateway}, "
                f"{moment(attempt.started_at)} {attempt.reference}".strip(),
            )
            for attempt in payment.attempts.order_by("number")[:20]
        ],
    ]
    return Section("The purchase", rows)


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


def _earlier(payment: Transaction) -> Section:
    """Earlier payments that nobody disputed show who the payer is (Visa CE 3.0 asks for two)."""
    undisputed = Transaction.objects.filter(
        payer=payment.payer_id,
        payee=payment.payee_id,
        status__in=sorted(PAID - {"DISPUTED"}),
        currency=payment.currency,
        captured_at__lt=payment.captured_at or payment.created_at,
    )
    sums = undisputed.aggregate(
        n=Count("id"), total=Sum("amount_minor"), first=Min("captured_at"), last=Max("captured_at")
    )
    total = Money(sums["total"] or 0, payment.currency)
    newest = undisputed.order_by("-captured_at", "-id").select_related("merchant_account")
    rows = [
        (
            moment(earlier.captured_at),
            str(earlier.amount),
            earlier.get_method_display(),
            earlier.gateway_reference,
        )
        for earlier in newest[:_EARLIER]
    ]
    return Section(
        "Earlier payments of this customer to the same seller, none disputed",
        rows,
        headings=("Paid", "Amount", "Method", "Gateway's reference"),
        note=f"{sums['n']} payments of {total} from {moment(sums['first'])} "
        f"to {moment(sums['last'])}."
        if sums["n"]
        else "",
        empty="This was the first payment to this seller.",
    )


def _told(payment: Transaction) -> Section:
    deliveries = payment.webhooks.order_by("id").values_list("received_at", "event_type", "status")
    return Section(
        "What the gateway told us",
        [(moment(at), kind, status.capitalize()) for at, kind, status in deliveries[:_HISTORY]],
        headings=("Received", "News", "State"),
    )


def _history(payment: Transaction) -> Section:
    events = payment.history.order_by("id").values_list("at", "to_status", "reason")[:_HISTORY]
    return Section(
        "History of the payment",
        [(moment(at), status.replace("_", " ").capitalize(), why) for at, status, why in events],
        headings=("When", "State", "What happened"),
    )
