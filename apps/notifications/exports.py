"""What a mail says: its subject line, its text, its HTML, and the links below it."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django.core import signing
from django.template.loader import select_template
from django.urls import reverse
from django.utils import formats

from apps.clusters import selectors as clusters
from apps.notifications import errors
from apps.notifications.rules.kinds import Kind, kind_of
from apps.notifications.rules.letters import Written

if TYPE_CHECKING:
    from apps.clusters.models import Cluster

_SALT = "notifications.unsubscribe"
SUBJECT_LENGTH = 200
#: Characters of a line of text.
WIDTH = 90


def write(*, kind: str, context: Mapping[str, Any], brand: Cluster, user_id: int) -> Written:
    """
    Return a mail as its templates say it today, a brand's own before everybody's.

    :raises KindUnknown: there is no such kind
    :raises TemplateDoesNotExist: it has no text
    """
    found = kind_of(kind)
    url = "" if found.is_required else unsubscribe_url(user_id=user_id, kind=kind, brand=brand)
    origin = clusters.origin_of(brand)
    told = {
        **dict.fromkeys(found.may, ""),
        **context,
        "brand": brand,
        "brand_url": f"{origin}/",
        "preferences_url": origin + reverse("notifications:preferences"),
        "support": clusters.support_address_of(brand),
        "kind": found,
        "unsubscribe_url": url,
        "subject": subject_of(found, context, brand.name),
    }
    text, html = (_rendered(found, brand, ending, told) for ending in ("txt", "html"))
    return Written(told["subject"], _tidied(text), html, url)


def subject_of(kind: Kind, context: Mapping[str, Any], brand: str) -> str:
    """Return the subject line, the brand before it."""
    shown = {name: _word(name, value) for name, value in context.items()}
    line = f"[{brand}] {kind.subject.format_map(shown)}"
    return " ".join(line.split())[:SUBJECT_LENGTH]


def day_text(value: str) -> str:
    """Return an ISO day as "1 February 2026", with the time where there is one; else as it is."""
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return value
    if len(value) > len("2026-01-01") and moment.tzinfo:
        moment = moment.astimezone(UTC)
    day = formats.date_format(moment, "j F Y")
    return day if len(value) <= len("2026-01-01") else f"{day}, {moment:%H:%M} UTC"


def unsubscribe_url(*, user_id: int, kind: str, brand: Cluster) -> str:
    """Return the address that turns a kind off, for one person, without signing in."""
    token = signing.dumps([user_id, kind, brand.pk], salt=_SALT)
    return clusters.origin_of(brand) + reverse("notifications:unsubscribe", args=[token])


def read_token(token: str, brand: Cluster) -> tuple[int, str]:
    """
    Return the person and the kind of such an address. It holds for ever, as old mail is kept.

    :raises BadLink: it is not signed by us, or is another brand's
    """
    try:
        user_id, kind, cluster_id = signing.loads(token, salt=_SALT)
    except (signing.BadSignature, ValueError) as error:
        raise errors.BadLink from error
    if cluster_id != brand.pk:
        raise errors.BadLink
    return user_id, kind


def _tidied(text: str) -> str:
    """Break long lines, but none with an address, and leave one empty line where many are."""
    lines: list[str] = []
    for line in text.strip().splitlines():
        if len(line) <= WIDTH or "://" in line:
            lines.append(line)
        else:
            lines += textwrap.wrap(line, WIDTH)
    kept = [line for i, line in enumerate(lines) if line.strip() or lines[i - 1].strip()]
    return "\n".join(kept) + "\n"


def _word(name: str, value: Any) -> str:
    return day_text(value) if name.endswith("_on") and isinstance(value, str) else str(value)


def _rendered(kind: Kind, brand: Cluster, ending: str, told: dict[str, Any]) -> str:
    names = [f"emails/{brand.slug}/{kind.path}.{ending}", f"emails/{kind.path}.{ending}"]
    page: str = select_template(names).render(told)
    return page
