"""Which entry books a refund, or a lost dispute: the ledger's recipes, chosen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from apps.core.money import Money
from apps.finance.ledger import postings
from apps.finance.ledger.choices import Bearer
from apps.finance.payments.rules.parts import Part
from apps.finance.payments.rules.refunds import Destination

Funds = Mapping[int, postings.Funds]


class Terms(NamedTuple):
    """By which policy a refund goes back, as it was when it was asked for."""

    platform_fee_returned: bool
    processing_fee_returned: bool
    kept_fees_borne_by: Bearer


def refund_draft(
    *,
    refund_id: int,
    part: Part,
    fan_id: int,
    gateway: str,
    destination: str,
    terms: Terms,
    funds: Funds,
) -> postings.Draft:
    """Return the entry of a refund. A deposit's part has no shares: it comes from the wallet."""
    if not part.sale.shares:
        return postings.deposit_refund(
            refund_id=refund_id,
            fan_id=fan_id,
            gateway=gateway,
            amount=part.amount,
            cluster=part.sale.cluster,
            returned_fee=part.sale.cost if terms.processing_fee_returned else None,
        )
    if destination == Destination.WALLET:
        return postings.refund_to_wallet(
            refund_id=refund_id,
            part=part.sale,
            fan_id=fan_id,
            platform_fee_returned=terms.platform_fee_returned,
            kept_fees_borne_by=terms.kept_fees_borne_by,
            funds=funds,
        )
    return postings.refund_to_card(
        refund_id=refund_id,
        part=part.sale,
        gateway=gateway,
        processing_fee_returned=terms.processing_fee_returned,
        platform_fee_returned=terms.platform_fee_returned,
        kept_fees_borne_by=terms.kept_fees_borne_by,
        funds=funds,
    )


def loss_draft(
    *,
    round_id: int,
    part: Part | None,
    amount: Money,
    whole: Part,
    fan_id: int,
    gateway: str,
    borne_by: Bearer,
    in_wallet: Money,
    funds: Funds,
) -> postings.Draft:
    """Return the entry of a lost dispute about ``amount``, of which ``part`` was still the sale's.

    What the bank takes beyond it was refunded before: it is the platform's loss, as the recipe
    books all that neither shares nor taxes nor fees of the part make up.
    """
    if not whole.sale.shares:
        covered = part.amount if part else Money.zero(amount.currency)
        return postings.deposit_chargeback_lost(
            chargeback_id=round_id,
            fan_id=fan_id,
            gateway=gateway,
            amount=amount,
            in_wallet=min(in_wallet, covered),
            cluster=whole.sale.cluster,
        )
    sale = part.sale if part else whole.sale._replace(shares=(), taxes=())
    return postings.chargeback_lost(
        chargeback_id=round_id,
        part=sale._replace(amount=amount),
        gateway=gateway,
        borne_by=borne_by,
        funds=funds,
    )
