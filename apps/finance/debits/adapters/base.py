"""What every format of the bank's files is read into."""

from __future__ import annotations

from typing import NamedTuple
from xml.etree.ElementTree import Element

from apps.finance.debits.choices import ItemKind


class News(NamedTuple):
    """One piece of news. ``identity`` is the bank's; the amount is in the smallest unit."""

    kind: ItemKind
    identity: str
    reference: str
    code: str = ""
    amount_minor: int | None = None
    currency: str = ""
    text: str = ""
    #: Corrected account data of a notification of change: to be sealed.
    data: str = ""


def name_of(element: Element) -> str:
    """Return the tag without the version's namespace."""
    return str(element.tag).rpartition("}")[2]


def children_of(element: Element | None, name: str) -> list[Element]:
    return [] if element is None else [one for one in element if name_of(one) == name]


def child_of(element: Element | None, *path: str) -> Element | None:
    for name in path:
        element = next(iter(children_of(element, name)), None)
    return element


def text_of(element: Element | None, *path: str) -> str:
    found = child_of(element, *path)
    return (found.text or "").strip() if found is not None else ""
