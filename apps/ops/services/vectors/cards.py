"""Examples of the card processors with pages of their own."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from django.utils import timezone

from apps.finance.payments.adapters import (
    ccbill_words,
    vendo_sign,
)
from apps.finance.payments.adapters import (
    netbilling as netbilling_adapter,
)
from apps.finance.payments.adapters import (
    segpay as segpay_adapter,
)
from apps.finance.payments.adapters import (
    verotel as verotel_adapter,
)
from apps.finance.payments.adapters.epoch import digest as epoch_digest
from apps.finance.payments.adapters.strict import Number
from apps.ops.services.vectors.entry import Entry, NotUnderstood, text_of

_SHA1_LENGTH = 40
_TRUTHS = frozenset({"1", "true", "yes", "approved"})


def ccbill(entry: Entry) -> list[Any]:
    """MD5 of a price, of a price that renews, or of what the browser brings back."""
    if isinstance(entry.input, str) and not isinstance(entry.input, Number):
        return _of_text(entry)
    fields = entry.fields
    sale = _first(fields, "subscription_id", "subscriptionId", "subscriptionid")
    denial = _first(fields, "denialId", "denial_id", "denialid")
    if sale or denial or "identifier" in fields:
        return [
            ccbill_words.response_digest(
                identifier=sale or denial or fields.get("identifier", ""),
                approved=_is_approved(entry, fields, denial),
                salt=entry.secret,
            )
        ]
    return [_ccbill_price(entry, fields)]


def _is_approved(entry: Entry, fields: Mapping[str, str], denial: str) -> bool:
    """By its own field, by what is named, or by the digit that the algorithm puts in."""
    if "approved" in fields:
        return fields["approved"].lower() in _TRUTHS
    if denial:
        return False
    return entry.says("'1'", "approved") or not entry.says("'0'", "denied", "denial")


def _of_text(entry: Entry) -> list[Any]:
    """The text that is hashed, with its salt or without."""
    text = str(entry.input)
    joined = text if text.endswith(entry.secret) else text + entry.secret
    return [hashlib.md5(joined.encode(), usedforsecurity=False).hexdigest()]


def _ccbill_price(entry: Entry, fields: Mapping[str, str]) -> str:
    price = _first(fields, "formPrice", "initialPrice", "price")
    period = _first(fields, "formPeriod", "initialPeriod", "period")
    code = _first(fields, "currencyCode", "currency_code", "currency")
    code = ccbill_words.CURRENCY_CODES.get(code, code).zfill(3)
    if not price or not period:
        raise NotUnderstood("neither a price nor a sale")
    again = _first(fields, "formRecurringPrice", "recurringPrice", "recurring_price")
    if not again:
        return ccbill_words.form_digest(
            price=price, period=period, currency_code=code, salt=entry.secret
        )
    return ccbill_words.recurring_form_digest(
        price=price,
        period=period,
        recurring_price=again,
        recurring_period=_first(
            fields, "formRecurringPeriod", "recurringPeriod", "recurring_period"
        ),
        rebills=_first(fields, "formRebills", "numRebills", "rebills", "num_rebills"),
        currency_code=code,
        salt=entry.secret,
    )


def segpay(entry: Entry) -> list[Any]:
    """Segpay signs nothing; the mark on an order is ours."""
    fields = entry.fields
    if not {"token", "price", "currency"} <= fields.keys():
        raise NotUnderstood("Segpay signs nothing")
    return [
        segpay_adapter.order_mark(
            token=fields["token"],
            price=fields["price"],
            currency=fields["currency"],
            secret=entry.secret,
        )
    ]


def epoch(entry: Entry) -> list[Any]:
    """``epoch_digest`` of a request or a postback; an address is read as its parameters."""
    fields = _parameters(entry)
    computed = epoch_digest(fields, secret=entry.secret)
    return _compared(entry, computed, fields.get("epoch_digest"))


def vendo(entry: Entry) -> list[Any]:
    """The signature of a text or an address, an address signed, or whether one is valid."""
    if isinstance(entry.input, Mapping):
        url = _first(entry.fields, "url", "data", "address", "path")
        given = entry.fields.get("signature", "")
    else:
        url, given = entry.body, ""
    if isinstance(entry.expected, bool):
        if given:
            return [vendo_sign.hmac_sha1(url, secret=entry.secret) == given]
        return [vendo_sign.is_valid(url, secret=entry.secret, now=timezone.now())]
    expected = str(entry.expected)
    if "signature=" in expected:
        joint = "&" if urlsplit(url).query else "?"
        return [f"{url}{joint}signature={vendo_sign.signature(url, secret=entry.secret)}"]
    if urlsplit(url).scheme:
        return [vendo_sign.signature(url, secret=entry.secret)]
    return [vendo_sign.hmac_sha1(url, secret=entry.secret)]


def verotel(entry: Entry) -> list[Any]:
    """The signature of a request, a postback, an address; also the old one by SHA-1."""
    fields = _parameters(entry)
    given = fields.pop("signature", None)
    shop = _first(entry.more, "shopID", "shop_id", "shopId")
    if shop:
        fields.setdefault("shopID", shop)
    expected = str(given if isinstance(entry.expected, bool) else entry.expected)
    filtered = entry.more.get("filter_to_signed_fields")
    if filtered is None:
        filtered = entry.says("request", "url", "startorder", "status")
    if filtered:
        fields = {name: fields[name] for name in fields if name in verotel_adapter.SIGNED}
    bare = expected.partition("signature=")[2].partition("&")[0] or expected
    computed = verotel_adapter.signature(
        fields,
        secret=entry.secret,
        algorithm="sha1" if len(bare) == _SHA1_LENGTH else "sha256",
    )
    if "signature=" in expected:
        return [expected if computed == bare else computed]
    return _compared(entry, computed, given)


def netbilling(entry: Entry) -> list[Any]:
    """The hash of a form, the proof of a purchase, or both."""
    fields = entry.fields
    names = entry.more.get("hash_fields") or fields.get(netbilling_adapter.HASH_FIELDS, "")
    texts = names.split() if isinstance(names, str) else entry.listed("hash_fields")
    bound = [str(name) for name in texts]
    if not bound or any(name not in fields for name in bound):
        raise NotUnderstood("the bound fields are not all there")
    values = [fields[name] for name in bound]
    request = netbilling_adapter.hash_value(values, integrity_key=entry.secret)
    proof = netbilling_adapter.proof_of_purchase(
        values,
        transaction_id=fields.get("Ecom_Ezic_Response_TransactionID", ""),
        status_code=fields.get("Ecom_Ezic_Response_StatusCode", ""),
        integrity_key=entry.secret,
    )
    if isinstance(entry.expected, Mapping):
        both = {"request": request, "proof_of_purchase": proof}
        if not entry.expected.keys() <= both.keys():
            raise NotUnderstood("it expects more than hash and proof")
        return [{name: both[name] for name in entry.expected}]
    if isinstance(entry.expected, bool):
        return [proof == fields.get(netbilling_adapter.PROOF, "").upper()]
    is_proof = entry.says("proof", "response", "postback") and not entry.says("request:")
    capitals = str(entry.expected) == str(entry.expected).upper()
    return [proof if is_proof or capitals else request]


def _parameters(entry: Entry) -> dict[str, str]:
    """Names and values of an object, an address or a query."""
    if isinstance(entry.input, str) and not isinstance(entry.input, Number):
        query = urlsplit(entry.input).query or entry.input
        return dict(parse_qsl(query, keep_blank_values=True))
    return dict(entry.fields)


def _compared(entry: Entry, computed: str, given: str | None) -> list[Any]:
    """Where the example only says whether a digest is right, say the same."""
    if isinstance(entry.expected, bool):
        return [computed == (given or "").lower()]
    return [computed]


def _first(fields: Mapping[str, Any], *names: str) -> str:
    return next((text_of(fields[name]) for name in names if name in fields), "")
