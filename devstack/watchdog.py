"""Ends what ``make run`` started when that is gone without a word, as by kill -9.

Run as ``python -m devstack.watchdog [DIRECTORY]`` with a pipe as standard input: it gets the
numbers of process groups, a line each, and "done" when there is nothing left to do. The pipe
closes when its writer ends, whatever ended it.
"""

from __future__ import annotations

import sys
from pathlib import Path

from devstack.processes import stop_groups
from devstack.servers import Servers


def main() -> None:
    """Wait for the end of the pipe; then stop the groups and the servers of the directory."""
    groups = []
    for line in sys.stdin:
        if line.strip() == "done":
            return
        groups.append(int(line))
    stop_groups(groups)
    for directory in sys.argv[1:]:
        Servers(Path(directory)).down()


if __name__ == "__main__":
    main()
