"""Connections that know where they may go, when they must end and whether anything was sent."""

from __future__ import annotations

import ipaddress
import socket
import ssl
import time
from collections.abc import Iterable
from typing import Any

import httpcore
from django.conf import settings

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Refused(httpcore.ConnectError):
    """The name resolves to an address this platform must not call."""


class DeadlinePassed(httpcore.TimeoutException):
    """The whole call has used up its time."""


def is_allowed(address: str) -> bool:
    """Test if outgoing calls may reach ``address``.

    Only global unicast addresses are: private, loopback, link-local (169.254.169.254 is where
    clouds keep machine credentials), shared (RFC 6598), reserved and multicast ones are not,
    also not wrapped in IPv6 (mapped, 6to4, NAT64), unless ``HTTP_ALLOWED_PRIVATE_NETWORKS``
    names their network.
    """
    found = ipaddress.ip_address(address.partition("%")[0])
    networks = [ipaddress.ip_network(given) for given in settings.HTTP_ALLOWED_PRIVATE_NETWORKS]
    if any(found in network for network in networks):
        return True
    return all(one.is_global and not one.is_multicast for one in _all_meanings(found))


def _all_meanings(address: Address) -> list[Address]:
    """List an address and the IPv4 one it may carry inside."""
    if isinstance(address, ipaddress.IPv4Address):
        return [address]
    meanings: list[Address] = [address]
    meanings += [inner for inner in (address.ipv4_mapped, address.sixtofour) if inner]
    if address in ipaddress.ip_network("64:ff9b::/96"):
        meanings.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return meanings


class Call:
    """What one attempt may still do: its deadline, and whether a byte of it has left."""

    def __init__(self, total_seconds: float) -> None:
        self.ends = time.monotonic() + total_seconds
        self.sent = False

    def within(self, timeout: float | None) -> float:
        """Return the shorter of ``timeout`` and what is left of the whole call, in seconds."""
        left = self.ends - time.monotonic()
        if left <= 0:
            raise DeadlinePassed("the call's time is over")
        return left if timeout is None else min(timeout, left)


class GuardedStream(httpcore.NetworkStream):
    """A socket whose every wait ends with the call's deadline."""

    def __init__(self, stream: httpcore.NetworkStream, call: Call) -> None:
        self._stream = stream
        self._call = call

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._call.within(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        timeout = self._call.within(timeout)
        self._call.sent = True  # from here on the other side may have seen the request
        self._stream.write(buffer, timeout)

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        secured = self._stream.start_tls(ssl_context, server_hostname, self._call.within(timeout))
        return GuardedStream(secured, self._call)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class GuardedBackend(httpcore.NetworkBackend):
    """Resolves a name once, refuses forbidden addresses and connects to what it has checked.

    Checking and connecting use the same answer of the resolver, so a name that changes its
    address in between (DNS rebinding) gains nothing; Host header, SNI and certificate check
    still use the name. The resolver's own time limit is the operating system's.
    """

    def __init__(self, call: Call) -> None:
        self._call = call
        self._tcp = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        failure: Exception = httpcore.ConnectError("the name has no address")
        for address in _resolve(host, port):
            try:
                stream = self._tcp.connect_tcp(
                    address, port, self._call.within(timeout), local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return GuardedStream(stream, self._call)
        raise failure


def _resolve(host: str, port: int) -> list[str]:
    try:
        answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise httpcore.ConnectError(str(error)) from error
    addresses = list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in answers))
    if not all(is_allowed(address) for address in addresses):
        raise Refused("the name resolves to a forbidden address")
    return addresses
