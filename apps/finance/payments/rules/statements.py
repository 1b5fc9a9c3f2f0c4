"""Which of our texts a line of a card statement is.

Banks write them as they like: in capitals, without marks, cut off, with a place behind.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from itertools import takewhile

#: Shorter, what was typed says nothing.
LEAST = 5
#: Cut off and with a place behind, so much of its beginning must be there.
_LEAST_BEGINNING = 8

_SITE = re.compile(r"[A-Z0-9][A-Z0-9-]*\.[A-Z]{2,}", re.ASCII)
_PHONE = re.compile(r"[0-9](?:[ ()+./-]{0,2}[0-9]){6,}", re.ASCII)


def says_who(descriptor: str) -> bool:
    """Test if a text for statements carries a site's address or a telephone number, as networks
    want of subscription merchants (Mastercard's rules; R-SUB-08)."""
    return bool(_SITE.search(descriptor.upper()) or _PHONE.search(descriptor))


def plain(text: str) -> str:
    """Return its letters and figures, in capitals."""
    return "".join(each for each in text.upper() if each.isalnum())


def best_matches(typed: str, descriptors: Collection[str]) -> set[str]:
    """Return the descriptors that a line is most likely of; none where nothing fits."""
    wanted = plain(typed)
    if len(wanted) < LEAST:
        return set()
    fits = {each: _fit(wanted, plain(each)) for each in descriptors}
    most = max(fits.values(), default=0)
    return {each for each, fit in fits.items() if fit == most and fit > 0}


def _fit(typed: str, descriptor: str) -> int:
    """Return how much of the descriptor is in what was typed, in characters."""
    if typed in descriptor:
        return len(typed)
    if len(descriptor) >= LEAST and descriptor in typed:
        return len(descriptor)
    same = takewhile(lambda pair: pair[0] == pair[1], zip(typed, descriptor, strict=False))
    beginning = len(list(same))
    return beginning if beginning >= _LEAST_BEGINNING else 0
