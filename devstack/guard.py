"""Removes throw-away servers when the process that wanted them is gone, however it went.

Run as ``python -m devstack.guard DIRECTORY`` with a pipe as standard input: the pipe closes when
its writer ends, also by kill -9.
"""

import sys
from pathlib import Path

from devstack.servers import Servers

if __name__ == "__main__":
    sys.stdin.read()
    Servers(Path(sys.argv[1]), throwaway=True).delete()
