"""What proves a sender: an address, a password, a digest."""

from __future__ import annotations

import base64
import binascii
import hmac
import ipaddress
from collections.abc import Mapping

from apps.finance.payments.adapters.base import Delivery, NotAuthentic


def same(expected: str, given: str) -> bool:
    """Say whether two texts are equal, in a time that does not depend on where they differ."""
    return hmac.compare_digest(
        expected.encode("utf-8", "replace"), given.encode("utf-8", "replace")
    )


def check_network(remote_ip: str, allowed: str) -> None:
    """
    Check the sender's address against networks, written with commas between.

    :raises NotAuthentic: it lies in none of them, or there are none
    """
    try:
        address = ipaddress.ip_address(remote_ip)
    except ValueError as error:
        raise NotAuthentic("no sender address") from error
    networks = [ipaddress.ip_network(each.strip()) for each in allowed.split(",") if each.strip()]
    if not any(address in network for network in networks):
        raise NotAuthentic("sent from an address that is not the gateway's")


def check_basic(headers: Mapping[str, str], *, username: str, password: str) -> None:
    """
    Check HTTP Basic (RFC 7617).

    :raises NotAuthentic: none, another, or unreadable
    """
    scheme, _, given = header(headers, "Authorization").partition(" ")
    try:
        decoded = base64.b64decode(given.strip(), validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise NotAuthentic("no user and password that can be read") from error
    if scheme.lower() != "basic" or not same(f"{username}:{password}", decoded):
        raise NotAuthentic("a wrong user or password")


def header(headers: Mapping[str, str], name: str) -> str:
    """Return a header whatever the case of its name; empty when it is missing."""
    wanted = name.lower()
    return next((value for given, value in headers.items() if given.lower() == wanted), "")


def check_any(delivery: Delivery, config: Mapping[str, str]) -> None:
    """
    Check what an unsigned scheme can be checked by: its networks, and a password if one is set.

    :raises NotAuthentic: one of them is wrong
    """
    check_network(delivery.remote_ip, config["webhook_networks"])
    if config.get("postback_password"):
        check_basic(
            delivery.headers,
            username=config.get("postback_username", ""),
            password=config["postback_password"],
        )
