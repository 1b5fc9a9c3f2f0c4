"""Where coins can be sent: Bitcoin, Ethereum and TRON addresses, checked by their own sums.

Sources: BIP-173 and BIP-350 (bech32 for witness version 0, bech32m above), base58check as in
Bitcoin Core, EIP-55 (mixed case as a sum, over Keccak-256). An address says nothing of the
network a token is sent over: that must always be asked for beside it.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_BECH32_SUM, _BECH32M_SUM = 1, 0x2BC830A3
_GENERATORS = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_HRP = {"bc": "main", "tb": "test", "bcrt": "test"}
_TO_KEY, _TO_SCRIPT, _TRON = "key", "script", "tron"
#: Version byte: chain, and what the twenty bytes name.
_VERSIONS = {
    0x00: ("main", _TO_KEY),
    0x05: ("main", _TO_SCRIPT),
    0x6F: ("test", _TO_KEY),
    0xC4: ("test", _TO_SCRIPT),
    0x41: ("tron", _TRON),
}
_HASH_LENGTH, _SUM_LENGTH, _LONGEST = 20, 4, 90
_ETHEREUM = re.compile(r"0[xX]([0-9a-fA-F]{40})", re.ASCII)


class NotAnAddress(Exception):
    """It is none, or was mistyped. Its text says which check failed."""


@dataclass(frozen=True, slots=True)
class Address:
    """``script`` is what a Bitcoin output is locked with, in hex; ``payload`` the bytes named.

    ``checked``: it carries a sum that fits. An Ethereum address in one case carries none.
    """

    chain: str
    payload: str
    script: str = ""
    checked: bool = True


def read_bitcoin(text: str) -> Address:
    """
    Read an address of the main or a test chain, in any of its forms.

    :raises NotAnAddress: it is none
    """
    if text.lower().startswith(tuple(f"{hrp}1" for hrp in _HRP)):
        return _segwit(text)
    version, payload = _base58check(text)
    chain, names = _VERSIONS.get(version, ("", ""))
    if chain not in {"main", "test"}:
        raise NotAnAddress("an unknown version")
    key = payload.hex()
    script = f"76a914{key}88ac" if names == _TO_KEY else f"a914{key}87"
    return Address(chain, key, script)


def read_tron(text: str) -> Address:
    """
    Read a TRON address (base58check, version 0x41).

    :raises NotAnAddress: it is none
    """
    version, payload = _base58check(text)
    if _VERSIONS.get(version, ("", ""))[1] != _TRON:
        raise NotAnAddress("not a TRON address")
    return Address("tron", f"{version:02x}{payload.hex()}")


def read_ethereum(text: str) -> Address:
    """
    Read an Ethereum address. In mixed case its sum must fit; in one case it has none, so a
    person should confirm it (``checked`` is False).

    :raises NotAnAddress: it is none, or its sum is wrong
    """
    found = _ETHEREUM.fullmatch(text)
    if found is None:
        raise NotAnAddress("not forty hexadecimal digits after 0x")
    digits = found[1]
    if digits in {digits.lower(), digits.upper()}:
        return Address("ethereum", digits.lower(), checked=False)
    if digits != eip55(digits):
        raise NotAnAddress("the capitals do not fit: mistyped")
    return Address("ethereum", digits.lower())


def eip55(digits: str) -> str:
    """Return forty hexadecimal digits with the capitals that are their sum."""
    plain = digits.lower()
    sums = keccak256(plain.encode()).hex()
    return "".join(
        sign.upper() if int(nibble, 16) > 7 else sign  # noqa: PLR2004 (the upper half)
        for sign, nibble in zip(plain, sums, strict=False)
    )


def _segwit(text: str) -> Address:
    hrp, data, total = _bech32(text)
    version, program = data[0] if data else -1, _regroup(data[1:])
    if not 0 <= version <= 16:  # noqa: PLR2004 (BIP-141)
        raise NotAnAddress("an unknown witness version")
    if not 2 <= len(program) <= 40:  # noqa: PLR2004 (BIP-141)
        raise NotAnAddress("a witness program of a wrong length")
    if version == 0 and len(program) not in {20, 32}:
        raise NotAnAddress("a version 0 program of a wrong length")
    if total != (_BECH32_SUM if version == 0 else _BECH32M_SUM):
        raise NotAnAddress("the sum of the other form, or mistyped")
    opcode = version + 0x50 if version else 0
    script = f"{opcode:02x}{len(program):02x}{program.hex()}"
    return Address(_HRP[hrp], program.hex(), script)


def _bech32(text: str) -> tuple[str, list[int], int]:
    if text not in {text.lower(), text.upper()} or len(text) > _LONGEST:
        raise NotAnAddress("mixed case, or too long")
    hrp, _, rest = text.lower().rpartition("1")
    if hrp not in _HRP or len(rest) <= 6 or set(rest) - set(_BECH32):  # noqa: PLR2004 (the sum)
        raise NotAnAddress("another network, too short, or a sign that is none")
    values = [_BECH32.index(sign) for sign in rest]
    total = _polymod([ord(c) >> 5 for c in hrp] + [0] + [ord(c) & 31 for c in hrp] + values)
    return hrp, values[:-6], total


def _polymod(values: list[int]) -> int:
    total = 1
    for value in values:
        top = total >> 25
        total = (total & 0x1FFFFFF) << 5 ^ value
        for i, generator in enumerate(_GENERATORS):
            total ^= generator if top >> i & 1 else 0
    return total


def _regroup(fives: list[int]) -> bytes:
    """From groups of five bits to bytes; what is left over must be short and zero."""
    bits = "".join(f"{value:05b}" for value in fives)
    left = bits[len(bits) // 8 * 8 :]
    if len(left) > 4 or "1" in left:  # noqa: PLR2004 (less than a group)
        raise NotAnAddress("bits left over")
    return bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits) - len(left), 8))


def _base58check(text: str) -> tuple[int, bytes]:
    if not text or len(text) > _LONGEST or set(text) - set(_BASE58):
        raise NotAnAddress("a sign that is none of base58")
    number = 0
    for sign in text:
        number = number * 58 + _BASE58.index(sign)
    zeros = len(text) - len(text.lstrip("1"))
    raw = b"\0" * zeros + number.to_bytes((number.bit_length() + 7) // 8, "big")
    body, given = raw[:-_SUM_LENGTH], raw[-_SUM_LENGTH:]
    total = hashlib.sha256(hashlib.sha256(body).digest()).digest()[:_SUM_LENGTH]
    if len(body) != 1 + _HASH_LENGTH or given != total:
        raise NotAnAddress("a wrong length or sum: mistyped")
    return body[0], body[1:]


# --- Keccak-256 as Ethereum uses it: SHA-3's permutation, with the padding of before FIPS 202 ---
_RATE, _LANES, _MASK = 136, 25, (1 << 64) - 1
_ROUNDS = (
    0x0000000000000001, 0x0000000000008082, 0x800000000000808A, 0x8000000080008000,
    0x000000000000808B, 0x0000000080000001, 0x8000000080008081, 0x8000000000008009,
    0x000000000000008A, 0x0000000000000088, 0x0000000080008009, 0x000000008000000A,
    0x000000008000808B, 0x800000000000008B, 0x8000000000008089, 0x8000000000008003,
    0x8000000000008002, 0x8000000000000080, 0x000000000000800A, 0x800000008000000A,
    0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
)  # fmt: skip


def keccak256(data: bytes) -> bytes:
    """Return the Keccak-256 digest (not SHA3-256: the padding differs)."""
    padded = bytearray(data) + b"\x01" + bytes(-(len(data) + 1) % _RATE)
    padded[-1] |= 0x80
    lanes = [0] * _LANES
    for start in range(0, len(padded), _RATE):
        for i in range(_RATE // 8):
            at = start + 8 * i
            lanes[i] ^= int.from_bytes(padded[at : at + 8], "little")
        lanes = _permute(lanes)
    return b"".join(lane.to_bytes(8, "little") for lane in lanes[:4])


def _permute(lanes: list[int]) -> list[int]:
    for constant in _ROUNDS:
        parity = [
            lanes[x] ^ lanes[x + 5] ^ lanes[x + 10] ^ lanes[x + 15] ^ lanes[x + 20]
            for x in range(5)
        ]
        mixed = [
            lanes[i] ^ parity[(i % 5 + 4) % 5] ^ _turn(parity[(i % 5 + 1) % 5], 1)
            for i in range(_LANES)
        ]
        moved = [0] * _LANES
        x, y, current = 1, 0, mixed[1]
        moved[0] = mixed[0]
        for step in range(24):
            x, y = y, (2 * x + 3 * y) % 5
            turned = _turn(current, (step + 1) * (step + 2) // 2 % 64)
            current = mixed[x + 5 * y]
            moved[x + 5 * y] = turned
        lanes = [
            moved[i] ^ (~moved[i - i % 5 + (i + 1) % 5] & _MASK & moved[i - i % 5 + (i + 2) % 5])
            for i in range(_LANES)
        ]
        lanes[0] ^= constant
    return lanes


def _turn(lane: int, by: int) -> int:
    return (lane << by | lane >> (64 - by)) & _MASK if by else lane
