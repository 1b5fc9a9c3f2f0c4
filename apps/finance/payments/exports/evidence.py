"""An evidence pack as a PDF that screen readers and people can read (PDF/UA, ISO 14289-1)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.template.loader import render_to_string

from apps.finance.payments import errors
from apps.finance.payments.rules.evidence import Section, moment

try:
    from weasyprint import CSS, HTML
except OSError:  # Pango, a library of the system: without it all but this page works
    CSS = HTML = None

_LOOK = """
@page { size: A4; margin: 18mm 16mm 20mm;
        @bottom-right { content: counter(page) " / " counter(pages); font-size: 8pt;
                        font-family: "DejaVu Sans", "Liberation Sans", sans-serif } }
body { font-family: "DejaVu Sans", "Liberation Sans", sans-serif; font-size: 9pt;
       line-height: 1.4; color: #111 }
h1 { font-size: 16pt; margin: 0 0 2mm }
h2 { font-size: 11.5pt; margin: 7mm 0 1.5mm; border-bottom: 0.3mm solid #888;
     break-after: avoid }
p { margin: 0 0 2mm }
p.note { color: #333; break-after: avoid }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; vertical-align: top; padding: 1mm 3mm 1mm 0;
         border-bottom: 0.1mm solid #bbb; overflow-wrap: anywhere }
th[scope=row] { width: 45mm; font-weight: normal; color: #333 }
tr { break-inside: avoid }
"""


def can_write() -> bool:
    """Test if this machine has what PDFs are written with."""
    return HTML is not None


def evidence_pdf(
    *, title: str, subtitle: str, statement: str, sections: Sequence[Section], made_at: datetime
) -> bytes:
    """
    Return the pack: tagged, with a title and a language. Nothing is fetched to make it.

    :raises PdfUnavailable: this machine has no Pango
    """
    if not can_write():
        raise errors.PdfUnavailable()
    page = render_to_string(
        "payments/evidence.html",
        {
            "title": title,
            "subtitle": subtitle,
            "statement": statement,
            "sections": sections,
            "made": moment(made_at),
        },
    )
    document = HTML(string=page, url_fetcher=_fetch_nothing)
    written = document.write_pdf(
        stylesheets=[CSS(string=_LOOK, url_fetcher=_fetch_nothing)], pdf_variant="pdf/ua-1"
    )
    return bytes(written or b"")


def _fetch_nothing(url: str, *_: Any, **__: Any) -> Any:
    raise ValueError(f"an evidence pack fetches nothing: {url[:100]}")
