"""Which addresses front ends may give."""

from __future__ import annotations

from urllib.parse import urlsplit

from apps.webhooks import errors

MOST = 500


def check_address(url: str, *, plain_http: bool) -> None:
    """
    Answer only if a message may be sent there; private addresses are refused when it is sent.

    :raises BadAddress: not https, no host, with a user or a fragment, or overlong
    """
    try:
        parts = urlsplit(url)
        fits = parts.scheme == "https" or (plain_http and parts.scheme == "http")
        has_host = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError as error:
        raise errors.BadAddress(url=url[:100]) from error
    odd = parts.username or parts.password or parts.fragment or not url.isprintable() or " " in url
    if not fits or not has_host or odd or len(url) > MOST:
        raise errors.BadAddress(url=url[:100])
