"""Bank debits, reached as the platform reaches them."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from typing import Any

from apps.clusters.models import Cluster
from apps.core.money import Money
from apps.finance.debits import services as debits
from apps.finance.debits.choices import AccountKind, Format
from apps.finance.debits.models import DebitFile
from apps.finance.payments.models import FeeSchedule
from tests.factories.payments import MerchantAccountFactory

CREDENTIALS = {
    "ach": {
        "immediate_destination": "231380104",
        "destination_name": "Federal Reserve Bank",
        "immediate_origin": "0121042882",
        "origin_name": "My Bank Name",
        "company_name": "Fanz Example",
        "company_id": "1210428820",
        "odfi": "12104288",
    },
    "sepa": {
        "creditor_name": "Fanz Example GmbH",
        "creditor_id": "DE98ZZZ09999999999",
        "iban": "DE89370400440532013000",
        "bic": "COBADEFFXXX",
    },
    "wire": {
        "holder": "Fanz Example GmbH",
        "iban": "DE89370400440532013000",
        "bic": "COBADEFFXXX",
    },
}
#: Thursday 15 January 2026, 17:00 in New York; the bank's cut-off is at 16:30.
EVENING = datetime(2026, 1, 15, 22, 0, tzinfo=UTC)
IBAN = "NL91ABNA0417164300"


def a_bank(kind: str, **traits: Any) -> Any:
    """Our account for a scheme on boyfanz, with rates of 1 %."""
    cluster = Cluster.objects.get(slug="boyfanz")
    method = "TRANSFER" if kind == "wire" else "BANK_DEBIT"
    FeeSchedule.objects.get_or_create(
        kind="WALLET_DEPOSIT",
        method=method,
        defaults={
            "platform_bps": 0,
            "processing_bps": 100,
            "effective_from": datetime(2020, 1, 1, tzinfo=UTC),
        },
    )
    return MerchantAccountFactory.create(
        **{
            "cluster": cluster, "gateway": kind, "account_number": f"our-{kind}",
            "currency": "USD" if kind == "ach" else "EUR", "most_minor": 1_000_00, **traits,
        }
    )  # fmt: skip


def a_mandate(profile: Any, bank: Any, *, now: datetime, account: str = "12345678") -> Any:
    signature = debits.Signature(
        "203.0.113.9", "I allow FANZ to debit my account", "micro-deposits"
    )
    if bank.gateway == "ach":
        return debits.sign_ach(
            profile=profile, merchant_account_id=bank.pk, holder="Ada Byron",
            routing="231380104", account=account, kind=AccountKind.CHECKING,
            signature=signature, now=now,
        )  # fmt: skip
    return debits.sign_sepa(
        profile=profile, merchant_account_id=bank.pk, holder="Ada Byron", iban=IBAN,
        signature=signature, now=now,
    )  # fmt: skip


def a_debit(mandate: Any, amount: str = "50.00", *, now: datetime, key: str = "d1") -> Any:
    currency = "USD" if mandate.scheme == "ACH" else "EUR"
    return debits.collect(
        mandate_public_id=mandate.public_id, profile=mandate.profile,
        amount=Money.of(amount, currency), idempotency_key=key, now=now,
    )  # fmt: skip


def a_file(bank: Any, staff: Any, *, now: datetime) -> DebitFile:
    """The file of the last cut-off, approved by two people and taken by a third."""
    file = debits.make_file(account_id=bank.pk, gateway=bank.gateway, now=now)
    assert file is not None
    for _ in range(2):
        debits.approve_file(file_id=file.pk, by=staff("finance"), reason="", now=now)
    debits.take_file(file_id=file.pk, by=staff("finance"), now=now)
    file.refresh_from_db()
    return file


def told(bank: Any, body: bytes, staff: Any, *, format_name: Format, now: datetime) -> Any:
    """A file of the bank's, uploaded and acted on."""
    received = debits.receive_bank_file(
        account_id=bank.pk, gateway=bank.gateway, format_name=format_name,
        file=io.BytesIO(body), name="bank.txt", by=staff("finance"), now=now,
    )  # fmt: skip
    debits.apply_waiting(now=now)
    return received


def ach_addendum(kind: str, code: str, trace: str, data: str = "") -> str:
    if kind == "98":
        return f"798{code}{trace}{'':6}23138010{data:29}{'':15}231380100000001"
    return f"799{code}{trace}{'':6}23138010{data:44}231380100000001"


def ach_file(kind: str, code: str, trace: str, *, cents: int = 5000, data: str = "") -> bytes:
    """A file as the bank writes it, with one return (99) or notification of change (98)."""
    cents = 0 if kind == "98" else cents
    lines = [
        f"101 1210428820231380104260116083{'0'}A094101{'My Bank':23}{'Fed':23}{'':8}",
        f"5220{'Fanz Example':16}{'':20}1210428820WEBDEPOSIT   {'':6}260116   1231380100000001",
        f"626231380104{'12345678':17}{cents:010d}{'':15}{'Ada Byron':22}  1231380100000001",
        ach_addendum(kind, code, trace, data),
        f"8220000002{23138010:010d}{cents:012d}{0:012d}1210428820{'':25}231380100000001",
        f"9000001000001{2:08d}{23138010:010d}{cents:012d}{0:012d}{'':39}",
    ]
    return ("\n".join(lines) + "\n").encode()


def pain002(reference: str, code: str, amount: str = "50.00") -> bytes:
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.03"><CstmrPmtStsRpt>
<GrpHdr><MsgId>S1</MsgId></GrpHdr>
<OrgnlGrpInfAndSts><OrgnlMsgId>M1</OrgnlMsgId><GrpSts>PART</GrpSts></OrgnlGrpInfAndSts>
<OrgnlPmtInfAndSts><TxInfAndSts><OrgnlEndToEndId>{reference}</OrgnlEndToEndId>
<TxSts>RJCT</TxSts><StsRsnInf><Rsn><Cd>{code}</Cd></Rsn></StsRsnInf>
<OrgnlTxRef><Amt><InstdAmt Ccy="EUR">{amount}</InstdAmt></Amt></OrgnlTxRef></TxInfAndSts>
</OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>""".encode()


def camt053(*entries: str, iban: str = "DE89370400440532013000") -> bytes:
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt>
<GrpHdr><MsgId>C1</MsgId></GrpHdr><Stmt><Id>1</Id><Acct><Id><IBAN>{iban}</IBAN></Id></Acct>
{"".join(entries)}</Stmt></BkToCstmrStmt></Document>""".encode()


def an_entry(
    amount: str, *, way: str = "CRDT", reference: str = "NOTPROVIDED", said: str = "",
    code: str = "", own: str = "B1", currency: str = "EUR",
) -> str:  # fmt: skip
    back = f"<RtrInf><Rsn><Cd>{code}</Cd></Rsn></RtrInf>" if code else ""
    return (
        f'<Ntry><Amt Ccy="{currency}">{amount}</Amt><CdtDbtInd>{way}</CdtDbtInd><Sts><Cd>BOOK</Cd>'
        f"</Sts><AcctSvcrRef>{own}</AcctSvcrRef><NtryDtls><TxDtls><Refs><EndToEndId>{reference}"
        f'</EndToEndId></Refs><Amt Ccy="{currency}">{amount}</Amt><RmtInf><Ustrd>{said}</Ustrd>'
        f"</RmtInf>{back}</TxDtls></NtryDtls></Ntry>"
    )


def days(count: int) -> timedelta:
    return timedelta(days=count)
