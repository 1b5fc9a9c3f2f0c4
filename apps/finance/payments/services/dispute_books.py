"""Disputes in the books: rounds are opened and decided as the news of a case say."""

from __future__ import annotations

from datetime import datetime

from apps.core import events
from apps.core.db import joins_transaction
from apps.core.money import Money
from apps.finance.ledger import postings
from apps.finance.ledger import selectors as ledger_selectors
from apps.finance.ledger import services as ledger
from apps.finance.ledger.choices import Bearer
from apps.finance.payments.events import DisputeClosed, PaymentDisputed
from apps.finance.payments.models import (
    Dispute,
    DisputeRound,
    Refund,
    Reserve,
    Transaction,
)
from apps.finance.payments.rules import parts
from apps.finance.payments.rules.disputes import ENDED, UNDECIDED, Case, News, Stage, Word, read
from apps.finance.payments.rules.drafts import Funds, loss_draft
from apps.finance.payments.rules.parts import Part
from apps.finance.payments.rules.refunds import NOT_SENT, Policy, RefundState
from apps.finance.payments.selectors.given_back import (
    funds_of,
    left_of,
    live_minor,
    policy_of,
    room_of,
    whole_of,
)
from apps.finance.payments.services.debts import recover_debt
from apps.finance.payments.services.move import mark_dispute_closed, mark_disputed
from apps.finance.payments.services.refund_books import post_taking_back, reverse_entry
from apps.finance.payments.services.refund_moves import move_refund
from apps.finance.payments.services.taxes import record_taxes_back

_TAKEN_BACK = "The bank took the money before it was sent"


@joins_transaction
def follow(dispute: Dispute, transaction: Transaction, *, now: datetime) -> None:
    """
    Read all news of a case and bring its stage, the books and the payment's state to them.

    Payment and case are locked. Following twice changes nothing. Rounds only grow and go on: the
    one thing that is ever taken back is a loss, when the bank gives the money back after all.
    """
    case = read(news_of(dispute))
    books = _books_of(dispute, transaction, now)
    for number, wanted in enumerate(case.rounds, 1):
        minor = wanted.amount_minor or dispute.amount_minor
        round_ = books.opened(number, minor)
        if wanted.decision:
            books.decided(round_, wanted.decision)
    cover_again(transaction, now=now)
    _restate(dispute, transaction, case, now)


@joins_transaction
def cover_again(
    transaction: Transaction, *, now: datetime, going_back: Money | None = None
) -> None:
    """
    Bring what banks took of the sale itself to what live refunds leave of it.

    Call it when a refund of a locked payment failed or was undone: what it leaves free is not
    there to be refunded again while a bank has the money; and before one is written down that
    went back for sure (``going_back``). The case opened first covers first, so the order of the
    news does not matter. A loss that is booked already is booked anew. Again: no change.
    """
    free = transaction.amount_minor - live_minor(transaction)
    free -= going_back.minor if going_back else 0
    rounds = DisputeRound.objects.select_for_update().filter(dispute__transaction=transaction)
    changes = []
    for round_ in rounds.exclude(decision="WON").order_by("id"):
        covered = max(min(round_.amount_minor, free), 0)
        free -= covered
        if covered != round_.covered_minor:
            changes.append((round_, covered))
    for round_, covered in sorted(changes, key=lambda one: one[1] - one[0].covered_minor):
        if round_.decision:
            _books_of(round_.dispute, transaction, now).undo_loss(round_)
        round_.covered_minor = covered
        round_.save()
    for round_, _ in changes:
        _books_of(round_.dispute, transaction, now).go_on(round_)


def _books_of(dispute: Dispute, transaction: Transaction, now: datetime) -> _Books:
    policy = policy_of(
        cluster_id=transaction.cluster_id, currency=transaction.currency, at=dispute.opened_at
    )
    return _Books(dispute, transaction, policy, now)


def news_of(dispute: Dispute) -> list[News]:
    """Return all that was said of a case, in the order of its arrival."""
    history = dispute.history.exclude(word=Word.NOTE).order_by("id")
    return [
        News(Word(event.word), event.happened_at, event.again, event.amount_minor)
        for event in history
    ]


class _Books:
    """The entries of one case."""

    def __init__(
        self, dispute: Dispute, transaction: Transaction, policy: Policy, now: datetime
    ) -> None:
        self.dispute = dispute
        self.transaction = transaction
        self.policy = policy
        self.now = now
        self.gateway = transaction.gateway
        self.cluster = transaction.cluster.slug

    def opened(self, number: int, minor: int) -> DisputeRound:
        """The bank took the money: it is disputed, the fee is due, the share is kept back."""
        found = DisputeRound.objects.filter(dispute=self.dispute, number=number).first()
        if found is not None:
            return found
        self._stop_refunds()
        round_ = DisputeRound.objects.create(
            dispute=self.dispute,
            number=number,
            amount_minor=minor,
            covered_minor=min(minor, room_of(self.transaction).minor),
            fee_minor=self.policy.chargeback_fee_minor,
            opened_at=self.now,
        )
        ledger.post(
            postings.chargeback_opened(
                chargeback_id=round_.pk,
                gateway=self.gateway,
                amount=self._money(minor),
                cluster=self.cluster,
            ),
            now=self.now,
        )
        self._fee(round_)
        if self.policy.hold_share:
            self._hold(round_)
        return round_

    def decided(self, round_: DisputeRound, decision: str) -> None:
        """The bank decided; only a loss can still turn into a win."""
        if round_.decision == decision:
            return
        if round_.decision:
            self.undo_loss(round_)
        self._let_go(round_)
        round_.decided_at = self.now
        round_.decision = decision
        if decision == "WON":
            round_.covered_minor = 0
            ledger.post(
                postings.chargeback_won(
                    chargeback_id=round_.pk,
                    gateway=self.gateway,
                    amount=self._money(round_.amount_minor),
                    cluster=self.cluster,
                ),
                now=self.now,
            )
        else:
            room = room_of(self.transaction).minor + round_.covered_minor
            round_.covered_minor = min(round_.amount_minor, room)
            self._lose(round_)
        round_.save()
        self._recover()

    def go_on(self, round_: DisputeRound) -> None:
        """Keep the share back, or book the loss anew, as ``cover_again`` found another cover."""
        if not round_.decision:
            if self.policy.hold_share and not Reserve.objects.filter(round=round_).exists():
                self._hold(round_)
            return
        self._lose(round_)
        round_.save()
        self._recover()

    def _recover(self) -> None:
        if creator := self.transaction.payee_id:
            recover_debt(
                creator_id=creator,
                currency=self.transaction.currency,
                cluster=self.cluster,
                now=self.now,
            )

    def _lose(self, round_: DisputeRound) -> None:
        """Undo what is still the sale's of it; the rest was refunded: the platform's loss."""
        round_.losses += 1
        source = _lost(round_)
        whole = whole_of(self.transaction)
        left = left_of(self.transaction, whole)
        covered = self._money(round_.covered_minor)
        part = parts.taken(left, covered) if covered else None
        wallet = postings.wallet(self.transaction.payer_id)

        def draft(funds: Funds) -> postings.Draft:
            return loss_draft(
                round_id=round_.pk,
                part=part,
                amount=self._money(round_.amount_minor),
                whole=whole,
                fan_id=self.transaction.payer_id,
                gateway=self.gateway,
                borne_by=self.policy.loss_borne_by,
                in_wallet=ledger_selectors.available_of(wallet, self.transaction.currency),
                funds=funds,
            )._replace(source=source)

        post_taking_back(draft, part or Part(whole.sale._replace(shares=()), ()), now=self.now)
        if part is None:
            return
        round_.part = parts.as_json(part)
        record_taxes_back(
            self.transaction,
            source=source,
            taxes=[tax.amount for tax in part.sale.taxes],
            bases=part.bases,
            now=self.now,
        )

    def undo_loss(self, round_: DisputeRound) -> None:
        """Take the entry and the tax of a loss back: it is none, or one of another sum."""
        round_.losses = max(round_.losses, 1)  # rows from before losses were counted
        reverse_entry(_lost(round_), reason="The loss is none, or another", now=self.now)
        if round_.part:
            record_taxes_back(
                self.transaction,
                source=f"{_lost(round_)}:undone",
                taxes=[self._money(-minor) for _, minor in round_.part["taxes"]],
                bases=[self._money(-minor) for minor in round_.part["bases"]],
                now=self.now,
            )
        round_.part = {}

    def _fee(self, round_: DisputeRound) -> None:
        if not round_.fee_minor:
            return
        fee = self._money(round_.fee_minor)
        creator = self.transaction.payee_id
        if self.policy.chargeback_fee_borne_by == Bearer.PLATFORM:
            creator = None

        def draft(funds: Funds) -> postings.Draft:
            return postings.chargeback_fee(
                chargeback_id=round_.pk,
                fee=fee,
                cluster=self.cluster,
                creator_id=creator,
                funds=funds.get(creator) if creator else None,
            )

        whole = whole_of(self.transaction)
        part = whole if creator else Part(whole.sale._replace(shares=()), ())
        post_taking_back(draft, part, now=self.now)

    def _hold(self, round_: DisputeRound) -> None:
        """Keep back what the creator still has of the disputed share."""
        creator = self.transaction.payee_id
        if creator is None or not round_.covered_minor:
            return
        left = left_of(self.transaction, whole_of(self.transaction))
        part = parts.taken(left, self._money(round_.covered_minor))
        share = sum(
            (share.amount for share in part.sale.shares), Money.zero(self.transaction.currency)
        )
        has = funds_of([creator], self.transaction.currency)[creator].payable
        held = min(share, has)
        if not held:
            return
        reserve = Reserve.objects.create(
            round=round_,
            creator_id=creator,
            amount_minor=held.minor,
            currency=held.currency,
            held_at=self.now,
        )
        ledger.post(
            postings.reserve_held(
                reserve_id=reserve.pk, creator_id=creator, amount=held, cluster=self.cluster
            ),
            now=self.now,
        )

    def _let_go(self, round_: DisputeRound) -> None:
        """Give the share back that was kept; a loss then takes it from there."""
        reserve = Reserve.objects.filter(round=round_, released_at__isnull=True).first()
        if reserve is None:
            return
        reserve.released_at = self.now
        reserve.save(update_fields=["released_at"])
        ledger.post(
            postings.reserve_released(
                reserve_id=reserve.pk,
                creator_id=reserve.creator_id,
                amount=reserve.amount,
                cluster=self.cluster,
            ),
            now=self.now,
        )

    def _stop_refunds(self) -> None:
        """What is not sent yet would go back twice."""
        unsent = Refund.objects.select_for_update().filter(
            transaction=self.transaction, state__in=NOT_SENT
        )
        for refund in unsent.order_by("id"):
            if refund.hold_id is not None:
                ledger.release_hold(hold_id=refund.hold_id, now=self.now)
                refund.hold_id = None
            refund.failure_code, refund.failure_reason = "disputed", _TAKEN_BACK
            move_refund(refund, RefundState.FAILED, now=self.now, reason=_TAKEN_BACK)

    def _money(self, minor: int) -> Money:
        return Money(minor, self.transaction.currency)


def _lost(round_: DisputeRound) -> str:
    """Return the source of the newest entry of a loss; one that was undone keeps its own."""
    again = f":{round_.losses}" if round_.losses > 1 else ""
    return f"chargeback:{round_.pk}:lost{again}"


def _restate(dispute: Dispute, transaction: Transaction, case: Case, now: datetime) -> None:
    before, stage = dispute.stage, case.stage or Stage(dispute.stage)
    dispute.stage = stage
    dispute.ended_at = (dispute.ended_at or now) if stage in ENDED else None
    dispute.save()
    reason = f"Dispute {dispute.reference}: {stage.label.lower()}"[:200]
    if _money_is_away(transaction):
        mark_disputed(transaction=transaction, now=now, reason=reason)
    else:
        mark_dispute_closed(transaction=transaction, now=now, reason=reason)
    if stage != before or dispute.history.count() == 1:
        _publish(dispute, transaction)


def _money_is_away(transaction: Transaction) -> bool:
    """Test if a bank has taken money of the payment that it did not give back."""
    away = {*UNDECIDED, Stage.LOST, Stage.ACCEPTED}
    return Dispute.objects.filter(transaction=transaction, stage__in=away).exists()


def _publish(dispute: Dispute, transaction: Transaction) -> None:
    cluster = transaction.cluster.slug
    if dispute.stage in ENDED:
        events.publish(
            DisputeClosed(
                transaction_id=transaction.pk,
                dispute_id=dispute.pk,
                cluster=cluster,
                outcome=dispute.stage,
                amount_minor=dispute.amount_minor,
                currency=dispute.currency,
                subject=transaction.subject,
                occasion=transaction.occasion,
            )
        )
        return
    events.publish(
        PaymentDisputed(
            transaction_id=transaction.pk,
            dispute_id=dispute.pk,
            cluster=cluster,
            stage=dispute.stage,
            payer_id=transaction.payer_id,
            payee_id=transaction.payee_id,
            amount_minor=dispute.amount_minor,
            currency=dispute.currency,
            subject=transaction.subject,
            occasion=transaction.occasion,
        )
    )
