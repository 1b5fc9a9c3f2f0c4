"""What kind of file it is, by its first bytes: banks name files as they like."""

from __future__ import annotations

import re
from typing import BinaryIO

from apps.finance.debits.choices import Format

_ENOUGH = 4096
_BODIES = (
    (re.compile(rb"<(?:\w+:)?CstmrPmtStsRpt[\s>]"), Format.PAIN002),
    (re.compile(rb"<(?:\w+:)?BkToCstmrStmt[\s>]"), Format.CAMT053),
)


def format_of(file: BinaryIO) -> Format | None:
    """Return the format, or None; the file stands at its beginning afterwards."""
    file.seek(0)
    first = file.read(_ENOUGH)
    file.seek(0)
    if first.startswith(b"101"):
        return Format.NACHA
    return next((kind for pattern, kind in _BODIES if pattern.search(first)), None)
