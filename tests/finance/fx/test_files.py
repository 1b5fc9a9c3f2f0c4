"""Rates come from their source's file: read row by row, all or none, harmless to repeat."""

from datetime import date
from decimal import Decimal
from fractions import Fraction
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from apps.audit.models import AuditRecord
from apps.core.errors import DomainError
from apps.finance.fx import errors, selectors
from apps.finance.fx import services as fx
from apps.finance.fx.models import ExchangeRate

pytestmark = pytest.mark.django_db

#: As ecb.europa.eu gives eurofxref.csv (one day, words for months, a comma at the end).
DAILY = """Date, USD, JPY, BGN, GBP, AUD, CAD,
09 January 2026, 1.1642, 183.55, 1.9558, 0.86795, 1.7401, 1.6147,
"""
#: As it gives eurofxref-hist.csv (newest first, N/A for what was not quoted).
HISTORY = """Date,USD,JPY,BGN,CYP,GBP,
2026-01-09,1.1642,183.55,1.9558,N/A,0.86795,
2026-01-08,1.1675,182.90,1.9558,N/A,N/A,
"""
XML = """<?xml version="1.0" encoding="UTF-8"?>
<gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01"
 xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref">
 <gesmes:subject>Reference rates</gesmes:subject>
 <gesmes:Sender><gesmes:name>European Central Bank</gesmes:name></gesmes:Sender>
 <Cube>
  <Cube time='2026-01-09'>
   <Cube currency='USD' rate='1.1642'/><Cube currency='BGN' rate='1.9558'/>
   <Cube currency='JPY' rate='183.55'/>
  </Cube>
  <Cube time='2026-01-08'><Cube currency='USD' rate='1.1675'/></Cube>
 </Cube>
</gesmes:Envelope>
"""
PLAIN = """on,base,quote,rate
2026-01-09,BTC,USD,97012.34
2026-01-09,ETH,USD,3100.1
2026-01-09,DOGE,USD,0.14
"""


@pytest.fixture
def imported(tmp_path, now):
    def load(text, source="ECB", name="rates", **changes):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        asked = {"path": path, "source": source, "by": None, "reason": "daily", "now": now}
        return fx.import_rates(**{**asked, **changes})

    return load


def kept():
    rows = ExchangeRate.objects.order_by("on", "base", "quote")
    return [(str(row.on), f"{row.base}/{row.quote}", row.rate) for row in rows]


def test_the_daily_file_of_the_ecb_is_read(imported):
    assert imported(DAILY) == (5, 5)
    rate = selectors.rate_on(base="EUR", quote="JPY", on=date(2026, 1, 9))
    assert (rate.ratio, rate.sources) == (Fraction("183.55"), ("ECB",))
    assert AuditRecord.objects.get(action="fx.rates_imported").facts == {
        "file": "rates", "read": 5, "recorded": 5,
    }  # fmt: skip


def test_its_history_is_read_without_what_was_not_quoted(imported):
    assert imported(HISTORY) == (5, 5)
    assert kept() == [
        ("2026-01-08", "EUR/JPY", Decimal("182.9")),
        ("2026-01-08", "EUR/USD", Decimal("1.1675")),
        ("2026-01-09", "EUR/GBP", Decimal("0.86795")),
        ("2026-01-09", "EUR/JPY", Decimal("183.55")),
        ("2026-01-09", "EUR/USD", Decimal("1.1642")),
    ]


def test_its_xml_is_read(imported):
    assert imported(XML) == (3, 3)
    assert kept() == [
        ("2026-01-08", "EUR/USD", Decimal("1.1675")),
        ("2026-01-09", "EUR/JPY", Decimal("183.55")),
        ("2026-01-09", "EUR/USD", Decimal("1.1642")),
    ]


def test_crypto_assets_come_from_a_named_source(imported):
    assert imported(PLAIN, source="KRAKEN") == (2, 2)
    rate = selectors.rate_on(base="BTC", quote="USD", on=date(2026, 1, 9))
    assert (rate.ratio, rate.sources) == (Fraction("97012.34"), ("KRAKEN",))


def test_importing_again_records_nothing(imported):
    imported(HISTORY)
    assert imported(HISTORY) == (5, 0)
    assert imported(DAILY) == (5, 2)  # AUD and CAD are new
    assert ExchangeRate.objects.count() == 7


def test_what_its_source_corrects_is_kept_beside_what_it_said_before(imported):
    imported(HISTORY)
    assert imported(HISTORY.replace("1.1642", "1.1624")) == (5, 1)
    assert selectors.rate_on(base="EUR", quote="USD", on=date(2026, 1, 9)).ratio == Fraction(
        "1.1624"
    )
    assert ExchangeRate.objects.filter(quote="USD", on=date(2026, 1, 9)).count() == 2


def test_a_persons_correction_stands_when_the_same_file_comes_again(imported, now, finance):
    imported(HISTORY)
    fx.record_rate(
        base="EUR", quote="USD", on=date(2026, 1, 9), rate=Decimal("1.1624"), by=finance,
        reason="the ECB published a correction", now=now,
    )  # fmt: skip
    imported(HISTORY)
    assert selectors.rate_on(base="EUR", quote="USD", on=date(2026, 1, 9)).sources == ("MANUAL",)


@pytest.mark.parametrize(
    ("text", "source", "error"),
    [
        ("", "ECB", errors.SourceMismatch),
        ("hello", "KRAKEN", errors.FileUnreadable),
        ("<a/>", "KRAKEN", errors.FileUnreadable),
        (HISTORY.replace("182.90", "many"), "ECB", errors.FileUnreadable),
        (HISTORY.replace("182.90", "1e999"), "ECB", errors.RateNotPositive),
        (HISTORY.replace("182.90", "0"), "ECB", errors.RateNotPositive),
        (HISTORY.replace("182.90", "-1"), "ECB", errors.RateNotPositive),
        (HISTORY.replace("182.90", "NaN"), "ECB", errors.RateNotPositive),
        (HISTORY.replace("2026-01-08", "2026-02-30"), "ECB", errors.FileUnreadable),
        (HISTORY.replace("2026-01-08", "2026-02-08"), "ECB", errors.RateInTheFuture),
        (HISTORY + "2026-01-07,1.16", "ECB", errors.FileUnreadable),
        (XML.replace("</Cube>\n</g", "</g"), "ECB", errors.FileUnreadable),
        (XML.replace("rate='183.55'", ""), "ECB", errors.FileUnreadable),
        (XML.replace("?>", "?><!DOCTYPE x [<!ENTITY e 'e'>]>", 1), "ECB", errors.FileUnreadable),
        (PLAIN.replace("BTC,USD", "USD,BTC"), "KRAKEN", errors.WrongWayRound),
        (PLAIN, "kraken", errors.SourceMalformed),
        (PLAIN, "ECB", errors.SourceMismatch),
        (HISTORY, "KRAKEN", errors.SourceMismatch),
        ("on,base,quote,rate\n", "KRAKEN", errors.FileUnreadable),
    ],
)
def test_a_bad_file_is_refused_and_nothing_of_it_is_kept(imported, text, source, error):
    with pytest.raises(error):
        imported(text, source=source)
    assert kept() == []
    assert not AuditRecord.objects.exists()


def test_a_file_of_other_bytes_is_refused(tmp_path, now):
    path = tmp_path / "rates"
    path.write_bytes(b"Date,\xff\xfe")
    with pytest.raises(errors.FileUnreadable):
        fx.import_rates(path=path, source="ECB", by=None, reason="", now=now)


def test_the_command_says_what_it_did(tmp_path):
    path = tmp_path / "eurofxref-hist.csv"
    path.write_text(HISTORY)
    out = StringIO()
    call_command("import_rates", str(path), stdout=out)
    assert out.getvalue() == "5 rates read, 5 of them new or corrected.\n"


def test_the_command_says_where_a_file_is_wrong(tmp_path):
    path = tmp_path / "eurofxref-hist.csv"
    path.write_text(HISTORY.replace("182.90", "many"))
    with pytest.raises(CommandError, match=r"line: 3.*Nothing was recorded") as refusal:
        call_command("import_rates", str(path))
    assert isinstance(refusal.value.__cause__, DomainError)
    assert kept() == []
