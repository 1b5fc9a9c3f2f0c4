"""``python -m tests.mutation [--only WORDS] [--sample N] [--list]``: seed faults, see who notices.

Each fault goes into a copy of the tree; the tests that should notice run there on servers of
their own. Ends with 1 if a fault that is not explained (explained.txt) survives.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from devstack.throwaway import throwaway_servers
from tests.mutation import guards, recipes
from tests.mutation.faults import Fault

ROOT = Path(__file__).resolve().parents[2]
EXPLAINED = Path(__file__).with_name("explained.txt")
REPORT = ROOT / "build" / "mutation.json"
TIMEOUT_SECONDS = 300
#: All tests of all faults, once, at the beginning.
PATIENCE_SECONDS = 1800
LAST_WORDS = 20
#: pytest's exit codes: tests failed; it was interrupted by an error while collecting.
NOTICED = {1, 2}
PYTEST = ("-q", "-x", "-p", "no:randomly", "-p", "no:cacheprovider", "-m", "not slow", "--tb=no")


def main() -> int:
    asked = _arguments()
    chosen = _chosen(asked)
    if asked.list:
        for fault in chosen:
            text = (ROOT / fault.path).read_text()
            print(f"{fault.key(text)}  {fault.operator}  {fault.path}:{fault.line(text)}")
        return 0
    with _copy() as tree, throwaway_servers() as servers:
        environment = {**os.environ, **servers.environment}
        _must_be_green(tree, environment, chosen)
        outcomes = [_tried(tree, environment, fault) for fault in chosen]
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps(outcomes, indent=2) + "\n")
    counts = Counter(outcome["outcome"] for outcome in outcomes)
    print(", ".join(f"{count} {what}" for what, count in sorted(counts.items())))
    return int(bool(counts["SURVIVED"]))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument(
        "--only", default="", help="words that key, operator or path contain, by commas"
    )
    parser.add_argument("--sample", type=int, default=0, help="so many of them, always the same")
    parser.add_argument("--seed", type=int, default=1, help="which sample")
    parser.add_argument("--list", action="store_true", help="list the faults, try none")
    return parser.parse_args()


def _chosen(asked: argparse.Namespace) -> list[Fault]:
    words = [word for word in asked.only.split(",") if word]
    every = []
    for fault in (*recipes.faults(ROOT), *guards.faults(ROOT)):
        said = f"{fault.key((ROOT / fault.path).read_text())} {fault.operator} {fault.path}"
        if not words or any(word in said for word in words):
            every.append(fault)
    if not asked.sample or asked.sample >= len(every):
        return every
    places = sorted(random.Random(asked.seed).sample(range(len(every)), asked.sample))  # noqa: S311
    return [every[place] for place in places]


@contextmanager
def _copy() -> Iterator[Path]:
    """Copy what git knows or would add; the copy is gone afterwards."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607
        check=True,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    with tempfile.TemporaryDirectory(prefix="fanz-mutation-") as folder:
        tree = Path(folder)
        for name in filter(None, listed.stdout.split("\0")):
            if (ROOT / name).is_file():
                (tree / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(ROOT / name, tree / name)
        yield tree


def _must_be_green(tree: Path, environment: dict[str, str], chosen: list[Fault]) -> None:
    """Run the tests without a fault: red ones would notice everything.

    It also leaves a database for the faults that do not touch SQL.
    """
    patterns = list(dict.fromkeys(pattern for fault in chosen for pattern in fault.tests))
    code, said = _pytest(tree, environment, tuple(patterns), fresh=True, timeout=PATIENCE_SECONDS)
    if code:
        last = "\n".join(said.splitlines()[-LAST_WORDS:])
        raise SystemExit(
            f"{last}\nThe tests are red without any fault (pytest ended with {code})."
        )


def _tried(tree: Path, environment: dict[str, str], fault: Fault) -> dict[str, object]:
    text = (ROOT / fault.path).read_text()
    began = time.monotonic()
    is_sql = fault.path.endswith(".sql")
    (tree / fault.path).write_text(fault.applied(text))
    try:
        code, _ = _pytest(tree, environment, fault.tests, fresh=is_sql)
    finally:
        (tree / fault.path).write_text(text)
    key = fault.key(text)
    outcome = "killed" if code in NOTICED else _survived(key)
    print(
        f"{outcome:<10} {key}  {fault.operator}  {fault.path}:{fault.line(text)}"
        f"  {time.monotonic() - began:.0f} s",
        flush=True,
    )
    if outcome == "SURVIVED":
        print(fault.diff(text), flush=True)
    return {"key": key, "operator": fault.operator, "path": fault.path, "outcome": outcome,
            "diff": fault.diff(text)}  # fmt: skip


def _survived(key: str) -> str:
    explained = {line.split()[0] for line in EXPLAINED.read_text().splitlines() if line.strip()}
    return "explained" if key in explained else "SURVIVED"


def _pytest(
    tree: Path,
    environment: dict[str, str],
    patterns: tuple[str, ...],
    *,
    fresh: bool,
    timeout: int = TIMEOUT_SECONDS,
) -> tuple[int, str]:
    """Run the tests in the copy; a run that never ends counts as failed."""
    files = [str(file) for pattern in patterns for file in sorted(tree.glob(pattern))]
    # A fault in SQL is in the schema: it needs a database of its own, gone afterwards.
    database = "--create-db" if fresh else "--reuse-db"
    command = [sys.executable, "-m", "pytest", *PYTEST, database, *dict.fromkeys(files)]
    try:
        result = subprocess.run(
            command,
            check=False,
            cwd=tree,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout,
        )
    except subprocess.TimeoutExpired:
        return 1, "it never ended"
    return result.returncode, result.stdout


if __name__ == "__main__":
    sys.exit(main())
