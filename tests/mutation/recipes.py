"""Faults in the recipes of apps/finance/ledger/postings: what a tired developer might write."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.mutation.faults import Fault

FOLDER = "apps/finance/ledger/postings"
#: They hold no recipe: data for the worked examples, names, the shape of a draft.
NOT_RECIPES = {"__init__.py", "examples.py", "draft.py"}
#: Pure first: they notice in a second what the books would notice in ten.
TESTS = (
    "tests/finance/ledger/test_postings_*.py",
    "tests/finance/ledger/test_chart.py",
    "tests/finance/ledger/test_random_events.py",
)
SIDES = {"debit": "credit", "credit": "debit"}
ARITHMETIC = {ast.Add: "-", ast.Sub: "+", ast.Mult: "//", ast.FloorDiv: "*", ast.Mod: "//"}
COMPARED = {ast.Lt: "<=", ast.LtE: "<", ast.Gt: ">=", ast.GtE: ">", ast.Eq: "!=", ast.NotEq: "=="}
#: An account that could be taken for it. Both take the same arguments.
ACCOUNTS = {
    "wallet": "creator_payable",
    "store_credit": "wallet",
    "creator_payable": "wallet",
    "creator_reserve": "creator_payable",
    "due_from_creator": "creator_payable",
    "processor_clearing": "processor_reserve",
    "processor_reserve": "processor_clearing",
    "disputed": "processor_clearing",
    "sales_tax": "tax_withheld",
    "tax_withheld": "sales_tax",
    "PLATFORM_REVENUE": "PROCESSING_COSTS",
    "PROCESSING_COSTS": "PAYOUT_COSTS",
    "PAYOUT_COSTS": "PROCESSING_COSTS",
    "PROCESSOR_FEES_PAYABLE": "PAYOUTS_IN_TRANSIT",
    "PAYOUTS_IN_TRANSIT": "PROCESSOR_FEES_PAYABLE",
}


def faults(root: Path) -> Iterator[Fault]:
    """Yield the faults of every recipe, file by file."""
    for file in sorted((root / FOLDER).glob("*.py")):
        if file.name in NOT_RECIPES:
            continue
        text = file.read_text()
        source = _Source(f"{FOLDER}/{file.name}", text)
        for node in ast.walk(ast.parse(text)):
            yield from source.faults_of(node)


class _Source:
    """One file, and its faults."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text
        self.begins = [0]
        for line in text.splitlines(keepends=True):
            self.begins.append(self.begins[-1] + len(line.encode()))
        self.accounts = {name for name in ACCOUNTS if name in text}

    def faults_of(self, node: ast.AST) -> Iterator[Fault]:
        if isinstance(node, ast.Call):
            yield from self._call(node)
        elif isinstance(node, ast.Attribute) and _is_name(node.value, "EntryKind"):
            yield self._fault("wrong kind", node, f"EntryKind.{_other_kind(node.attr)}")
        elif isinstance(node, ast.JoinedStr):
            yield from self._source(node)
        elif isinstance(node, ast.BinOp) and type(node.op) in ARITHMETIC:
            left, right = self._text(node.left), self._text(node.right)
            wrong = f"{left} {ARITHMETIC[type(node.op)]} {right}"
            yield self._fault("wrong arithmetic", node, wrong)
        elif isinstance(node, ast.Compare) and type(node.ops[0]) in COMPARED:
            left, right = self._text(node.left), self._text(node.comparators[0])
            wrong = f"{left} {COMPARED[type(node.ops[0])]} {right}"
            yield self._fault("wrong comparison", node, wrong)
        elif isinstance(node, ast.Constant) and type(node.value) is int and self._counts(node):
            yield self._fault("off by one", node, str(node.value + 1))

    def _counts(self, node: ast.Constant) -> bool:
        """Test if a number matters to the books: the size of a cache does not."""
        return "lru_cache" not in self.text.splitlines()[node.lineno - 1]

    def _call(self, node: ast.Call) -> Iterator[Fault]:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name in SIDES:
            yield self._fault("swapped side", node.func, SIDES[name])
            if node.args:
                yield from self._wrong_account(node.args[0])
        for arg in node.args:
            if name == "draft_of" and (_is_movement(arg) or isinstance(arg, ast.Starred)):
                yield self._dropped(arg)

    def _wrong_account(self, account: ast.expr) -> Iterator[Fault]:
        named = account.func if isinstance(account, ast.Call) else account
        if isinstance(named, ast.Name) and (other := ACCOUNTS.get(named.id)):
            # Brought along, as this file may not import it.
            module = "apps.finance.ledger.postings.accounts"
            yield self._fault(
                "wrong account", named, f"__import__({module!r}, fromlist=['x']).{other}"
            )

    def _source(self, node: ast.JoinedStr) -> Iterator[Fault]:
        """Forget what tells one event from another, and one step of it from the next."""
        words = [p.value for p in node.values if isinstance(p, ast.Constant)]
        parts = [p for p in node.values if isinstance(p, ast.FormattedValue)]
        if not any(":" in str(word) for word in words):
            return
        for part in parts:
            asked = f"{{{self._text(part.value)}}}"
            text = self._text(node)
            if asked in text:
                yield self._fault("wrong source", node, text.replace(asked, "", 1))
        *_, last = node.values
        if isinstance(last, ast.Constant):
            text = self._text(node)
            cut = len(str(last.value)) + 1
            yield self._fault("wrong source", node, text[:-cut] + text[-1])

    def _dropped(self, arg: ast.expr) -> Fault:
        fault = self._fault("dropped movement", arg, "")
        after = self.text[fault.end :]
        comma = len(after) - len(after.lstrip(" \n,"))
        return fault._replace(end=fault.end + comma) if after.lstrip()[:1] == "," else fault

    def _fault(self, operator: str, node: ast.expr, new: str) -> Fault:
        start, end = self._span(node)
        return Fault(operator, self.path, start, end, new, TESTS)

    def _text(self, node: ast.expr) -> str:
        start, end = self._span(node)
        return self.text[start:end]

    def _span(self, node: ast.expr) -> tuple[int, int]:
        return (
            self._offset(node.lineno, node.col_offset),
            self._offset(node.end_lineno or node.lineno, node.end_col_offset or 0),
        )

    def _offset(self, line: int, column: int) -> int:
        """Turn a line and its column in bytes into a place in the text."""
        return len(self.text.encode()[: self.begins[line - 1] + column].decode())


def _is_name(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _is_movement(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in SIDES


def _other_kind(kind: str) -> str:
    return "TIP_CARD" if kind != "TIP_CARD" else "WALLET_DEPOSIT"
