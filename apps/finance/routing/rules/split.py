"""Shares of the traffic without a die: who gets a payment follows from the payment's own name."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence


def drawn_order(subject: str, weights: Sequence[int]) -> list[int]:
    """Return the places of ``weights`` in the order in which they are drawn for ``subject``.

    The first is place i in ``weights[i] / sum(weights)`` of all subjects, the next is drawn in
    the same way from those left. Weights of zero come last, in their own order. The same subject
    and weights always give the same, so a replay does, and a few changed weights move few.
    """
    left = [place for place, weight in enumerate(weights) if weight > 0]
    order: list[int] = []
    while left:
        point = _point(subject, len(order)) % sum(weights[place] for place in left)
        for place in left:
            point -= weights[place]
            if point < 0:
                order.append(place)
                left.remove(place)
                break
    return order + [place for place, weight in enumerate(weights) if weight <= 0]


def _point(subject: str, draw: int) -> int:
    """64 bits: against them the bias of the remainder is nothing for any weight we take."""
    return int.from_bytes(hashlib.sha256(f"{draw}|{subject}".encode()).digest()[:8], "big")
