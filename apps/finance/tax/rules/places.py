"""Where a fan is, and how well that is proved."""

from __future__ import annotations

from dataclasses import dataclass

from apps.finance.tax import errors
from apps.finance.tax.choices import Proof
from apps.finance.tax.rules.countries import COUNTRIES, country_of, is_place


@dataclass(frozen=True, slots=True)
class Buyer:
    """What is known of a buyer's place: chosen by the buyer, seen in the request."""

    declared: str = ""
    seen: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """A decided place. ``proofs`` are kept with the sale: ``("DECLARED:DE", "ADDRESS:DE")``."""

    code: str
    proofs: tuple[str, ...]

    @property
    def is_agreed(self) -> bool:
        return agree(self.proofs)


def place_of(buyer: Buyer) -> Place:
    """Decide a buyer's place.

    What the buyer chose counts where the request comes from the same country, or from nowhere we
    know. Where the two differ the country seen counts: choosing another costs nothing, so a
    choice alone must not lower the tax. Such a sale is kept with proofs that do not agree, and the
    list of them is for staff.

    :raises PlaceMissing: nothing is known
    :raises PlaceUnknown: what was chosen is no place
    """
    if buyer.declared and not is_place(buyer.declared):
        raise errors.PlaceUnknown(place=buyer.declared[:10])
    seen = buyer.seen if buyer.seen in COUNTRIES else ""
    proofs = tuple(
        f"{proof.value}:{code}"
        for proof, code in ((Proof.DECLARED, buyer.declared), (Proof.ADDRESS, seen))
        if code
    )
    if not proofs:
        raise errors.PlaceMissing()
    if not seen or country_of(buyer.declared) == seen:
        return Place(buyer.declared, proofs)
    return Place(seen, proofs)


def agree(proofs: tuple[str, ...]) -> bool:
    """Test if there are two proofs or more, all of one country (282/2011, article 24b(d))."""
    countries = {country_of(proof.partition(":")[2]) for proof in proofs}
    return len(proofs) > 1 and len(countries) == 1
