"""Outgoing webhooks in the console."""

from apps.webhooks.admin.endpoints import EndpointAdmin
from apps.webhooks.admin.sendings import SendingAdmin

__all__ = ["EndpointAdmin", "SendingAdmin"]
