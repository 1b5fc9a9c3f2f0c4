"""How each processor's settlement report is read: ready where its columns are public.

``source`` says where the columns are from. What is a ``template`` names columns as the processor's
own interfaces do, for reports nobody here has seen: compare the first real file's headings, change
the mapping, and only then trust the account. A heading that is not there refuses the file.
"""

from __future__ import annotations

from typing import Any, NamedTuple


class Ready(NamedTuple):
    """A source of statements to begin with. ``compares`` as in ``choices.Compares``."""

    title: str
    owner: str
    format: str
    mapping: dict[str, Any]
    compares: str
    source: str
    is_template: bool = True


_STAMP = "%Y-%m-%d %H:%M:%S"
_ZULU = "%Y-%m-%dT%H:%M:%S%z"
_NO_REPORT = "No description of the report's columns is public."

READY = {
    "ccbill": Ready(
        "CCBill DataLink",
        "ccbill",
        "ccbill-datalink",
        {"date_format": _STAMP},
        "GROSS",
        "Two sets of columns seen in public client code; they are set per account. For the older"
        ' set: {"rows": {"NEW": {"reference": 3, "booked_on": 4, "amount": 17}}}.',
        is_template=False,
    ),
    "adyen": Ready(
        "Adyen settlement details",
        "adyen",
        "csv",
        {
            "columns": {
                "booked_on": "Creation Date",
                "credit": "Net Credit (NC)",
                "debit": "Net Debit (NC)",
                "fee": [
                    "Commission (NC)",
                    "Markup (NC)",
                    "Scheme Fees (NC)",
                    "Interchange (NC)",
                ],
                "currency": "Net Currency",
                "reference": "Psp Reference",
                "counterparty": "Merchant Account",
                "type": "Type",
                "text": "Modification Reference",
            },
            "date_format": _STAMP,
        },
        "GROSS",
        "Adyen's description of the settlement detail report. Invoices, reserves and payouts are"
        " lines of their own.",
        is_template=False,
    ),
    "segpay": Ready(
        "Segpay transactions",
        "segpay",
        "csv",
        {
            "columns": {
                "booked_on": "transtime",
                "amount": "price",
                "currency": "currencycode",
                "reference": "tranid",
                "type": "trantype",
                "text": "relatedtranid",
            },
            "date_format": "%m/%d/%Y %I:%M:%S %p",
            "negative_types": ["charge", "refund", "credit"],
        },
        "GROSS",
        f"{_NO_REPORT} The names are those of Segpay's postbacks.",
    ),
    "epoch": Ready(
        "Epoch DataPlus",
        "epoch",
        "csv",
        {
            "columns": {
                "booked_on": "ets_transaction_date",
                "amount": "ets_transaction_amount",
                "currency": "ets_currency",
                "reference": "ets_transaction_id",
                "type": "ets_transaction_type",
                "text": "ets_ref_trans_ids",
            },
            "date_format": _STAMP,
            "negative_types": ["C", "D", "X", "K", "A", "R"],
        },
        "GROSS",
        "Names of DataPlus rows; the settlement statement is a download of the portal.",
    ),
    "vendo": Ready(
        "Vendo reconciliation",
        "vendo",
        "csv",
        {
            "columns": {
                "booked_on": "dateTime",
                "amount": "amount",
                "currency": "currency",
                "reference": "transaction id",
                "type": "type",
                "text": "merchantReference",
            },
            "date_format": _STAMP,
            "negative_types": ["30"],
        },
        "GROSS",
        "The names are those of the XML of the vendor's own tests; the CSV's are not public.",
    ),
    "verotel": Ready(
        "Verotel Control Center",
        "verotel",
        "csv",
        {
            "columns": {
                "booked_on": "date",
                "amount": "amount",
                "currency": "currency",
                "reference": "saleID",
                "type": "event",
            },
            "negative_types": ["credit", "chargeback"],
        },
        "GROSS",
        f"{_NO_REPORT} The names are those of Verotel's postbacks.",
    ),
    "netbilling": Ready(
        "NetBilling transaction report",
        "netbilling",
        "csv",
        {
            "columns": {
                "booked_on": "trans_date",
                "amount": "amount",
                "reference": "trans_id",
                "type": "trans_type",
            },
            "date_format": _STAMP,
            "negative_types": ["R", "refund"],
        },
        "GROSS",
        f"{_NO_REPORT} Chargebacks come by mail, and are not in it.",
    ),
    "commercegate": Ready(
        "CommerceGate orders",
        "commercegate",
        "csv",
        {
            "columns": {
                "booked_on": "transactionDate",
                "amount": "amount",
                "currency": "currency",
                "reference": "transactionId",
                "type": "transactionType",
            },
            "date_format": _STAMP,
            "negative_types": ["REFUND", "CHARGEBACK"],
        },
        "GROSS",
        f"{_NO_REPORT} The names are those of its callbacks.",
    ),
    "rapyd": Ready(
        "Rapyd balance",
        "rapyd",
        "csv",
        {
            "columns": {
                "booked_on": "created_at",
                "amount": "amount",
                "fee": "fee",
                "currency": "currency",
                "reference": "id",
                "type": "type",
                "text": "merchant_reference_id",
            },
            "date_format": _ZULU,
            "amount_is": "GROSS",
            "negative_types": ["refund", "dispute", "payout", "reserve"],
        },
        "GROSS",
        f"{_NO_REPORT} The names are those of Rapyd's payments.",
    ),
    "nmi": Ready(
        "HMS (NMI) transactions",
        "nmi",
        "csv",
        {
            "columns": {
                "booked_on": "date",
                "amount": "amount",
                "reference": "transaction_id",
                "type": "action_type",
                "text": "batch_id",
            },
            "date_format": "%Y%m%d%H%M%S",
            "negative_types": ["refund", "credit", "chargeback"],
            "skipped_types": ["auth", "capture", "void", "validate"],
        },
        "GROSS",
        "The names are those of the Query API. HMS's fees and reserve are on its monthly statement"
        " alone: book them with the bank's line.",
    ),
    "btcpay": Ready(
        "BTCPay payments",
        "btcpay",
        "csv",
        {
            "columns": {
                "booked_on": "ReceivedDate",
                "amount": "InvoiceFiatAmount",
                "currency": "InvoiceCurrency",
                "reference": "InvoiceId",
                "type": "InvoiceStatus",
                "text": "OrderId",
            },
            "date_format": _STAMP,
            "skipped_types": ["new", "expired", "invalid"],
        },
        "NET",
        "From memory: the server's export differs between versions. The server is ours and takes"
        " no fee; what miners take is not in it.",
    ),
    "nowpayments": Ready(
        "NOWPayments payments",
        "nowpayments",
        "csv",
        {
            "columns": {
                "booked_on": "updated_at",
                "amount": "price_amount",
                "currency": "price_currency",
                "reference": "payment_id",
                "type": "payment_status",
                "text": "order_id",
            },
            "date_format": "%Y-%m-%dT%H:%M:%S.%f%z",
            "skipped_types": ["waiting", "confirming", "failed", "expired", "cancelled"],
        },
        "GROSS",
        "The names are those of its payments. Its fee is taken in coins before they are sent:"
        " book it with the payout.",
    ),
}
