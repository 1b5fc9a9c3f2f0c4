"""``manage.py ledger_roots``: the roots of the hash chain, to be kept outside the database.

``--json`` prints one object a line; ``--compare FILE`` reads such a file back and exits 1 when the
chain no longer has one of its roots.
"""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from itertools import islice
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from apps.finance.ledger.selectors import chain

#: Roots compared in one query.
BATCH = 1000


class Command(BaseCommand):
    help = "Print the roots of the hash chain, or compare kept ones with it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object a line")
        parser.add_argument("--after", type=int, default=0, help="only blocks after this number")
        parser.add_argument("--compare", type=Path, help="a file that --json wrote")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["compare"]:
            self._compare(options["compare"])
            return
        for root in chain.roots(after=options["after"]):
            self.stdout.write(
                json.dumps(root._asdict())
                if options["json"]
                else f"{root.number:>10} {root.last_id:>12} {root.hash}"
            )

    def _compare(self, kept: Path) -> None:
        compared, wrong = 0, 0
        with kept.open(encoding="utf-8") as lines:
            roots = (chain.Root(**json.loads(line)) for line in lines)
            while batch := list(islice(roots, BATCH)):
                compared += len(batch)
                for what in chain.contradicted(batch):
                    wrong += 1
                    self.stdout.write(f"NOT TRUE: {what}")
        self.stdout.write(f"{compared} roots compared, {wrong} differ.")
        if wrong:
            sys.exit(1)
