"""What the current request, task or command carries along: its id, and where it came from."""

from __future__ import annotations

from contextvars import ContextVar

request_id: ContextVar[str] = ContextVar("request_id", default="")
#: The address of the caller; empty for tasks, commands and unix sockets.
client_address: ContextVar[str] = ContextVar("client_address", default="")
#: What the caller's browser calls itself: anybody can write anything there.
client_agent: ContextVar[str] = ContextVar("client_agent", default="")
