"""How allauth is made to fit: secrets encrypted, mails named for the brand, tokens watched."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.headless.tokens.strategies.jwt import JWTTokenStrategy, internal
from allauth.mfa.adapter import DefaultMFAAdapter
from django.core.cache import cache
from django.http import HttpRequest

from apps.core import sealing


class AccountAdapter(DefaultAccountAdapter):
    """Mails speak as the brand the person is on."""

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        cluster = getattr(self.request, "cluster", None)
        if cluster is not None:
            site = SimpleNamespace(name=cluster.name, domain=self.request.get_host())
            context = {**context, "current_site": site}
        super().send_mail(template_prefix, email, context)

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Count wrong passwords by account and address, so that no stranger locks an owner out.

        Wrong codes are counted by the same setting under a key of allauth's own: by person.
        """
        key = super()._get_login_attempts_cache_key(request, **credentials)
        return f"{key}:{self.get_client_ip(request)}"

    def format_email_subject(self, subject: str) -> str:
        cluster = getattr(self.request, "cluster", None)
        return f"[{cluster.name}] {subject}" if cluster else str(subject)


class MFAAdapter(DefaultMFAAdapter):
    """TOTP secrets and recovery seeds are encrypted at rest (allauth keeps them in clear).

    FIELD_ENCRYPTION_KEY may name several keys, newest first: the first encrypts, all decrypt.
    """

    def encrypt(self, text: str) -> str:
        return sealing.seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        return sealing.unseal(encrypted_text)


class TokenStrategy(JWTTokenStrategy):
    """A refresh token works once; a second use ends the session it came from.

    Somebody who uses a spent token has a copy of it (RFC 9700 4.14.2): thief or owner,
    both must sign in again. Spending is one atomic step, so two uses at once are one.
    """

    def refresh_token(self, refresh_token: str) -> tuple[str, str] | None:
        payload = internal.decode_token(refresh_token, "refresh")
        if payload is None:
            return None
        left = max(1, int(payload["exp"] - time.time()))
        is_first_use = cache.add(f"accounts:refresh:{payload['jti']}", 1, timeout=left)
        pair = super().refresh_token(refresh_token) if is_first_use else None
        if pair is None and (session := internal.get_token_session(payload)):
            session.flush()
        return pair
