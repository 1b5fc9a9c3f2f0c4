"""``python -m devstack.manage ARGS``: manage.py against what `make run` keeps running."""

from __future__ import annotations

import os
import sys

from devstack.run import ROOT, environment, run_directory
from devstack.servers import Servers
from devstack.throwaway import given_by_environment


def main() -> None:
    """Become manage.py with the environment of this checkout's development servers."""
    directory = run_directory()
    env = environment(int(os.environ.get("PORT") or 8000), directory)
    if not given_by_environment():
        if not (directory / "valkey.sock").exists():
            sys.exit("Nothing is running here: start it with `make run` first.")
        env |= Servers(directory).environment
    os.chdir(ROOT)
    os.execve(sys.executable, [sys.executable, "manage.py", *sys.argv[1:]], env)  # noqa: S606


if __name__ == "__main__":
    main()
