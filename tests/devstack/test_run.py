"""What `make run` starts ends with it, and nothing else does."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from devstack.processes import commands
from tests.devstack.test_servers import ROOT, lives, wait_until

#: As `make run`, but with commands that need no servers; the first prints the numbers of all.
OWNER = """
import os, sys, tempfile, time
from pathlib import Path
from devstack.processes import Processes, watched
with tempfile.TemporaryFile("w") as lock, watched(lock, None) as watchdog:
    given = {"one": "sleep 600", "two": "sleep 600"}
    given |= dict(pair.split("=") for pair in sys.argv[1:])
    try:
        with Processes(given, os.environ, watchdog) as running:
            print(*running.pids, flush=True)
            print("ended:", running.ended(), flush=True)
    except KeyboardInterrupt:
        print("stopped", flush=True)
"""


def owner(*more: str) -> tuple[subprocess.Popen[str], list[int]]:
    process = subprocess.Popen(
        [sys.executable, "-c", OWNER, *more],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout
    return process, [int(number) for number in process.stdout.readline().split()]


def rest_of(process: subprocess.Popen[str]) -> str:
    """Return what it says until it ends; ``communicate`` would miss what is buffered already."""
    assert process.stdout
    said = str(process.stdout.read())
    process.stdout.close()
    process.wait(timeout=30)
    return said


@pytest.fixture
def bystander() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    yield process
    process.kill()
    process.wait()


@pytest.mark.slow
class TestEnding:
    def test_ctrl_c_stops_everything_started_also_what_does_not_listen(self, bystander):
        process, started = owner("deaf=sh -c 'trap : TERM; sleep 600 & while :; do wait; done'")

        os.killpg(process.pid, signal.SIGINT)
        said = rest_of(process)

        assert said.splitlines()[-1] == "stopped"
        assert len(started) == 3
        assert not any(lives(pid) for pid in started)
        assert bystander.poll() is None

    @pytest.mark.parametrize("group", [False, True])
    def test_killed_outright_its_watchdog_stops_everything(self, bystander, group):
        process, started = owner()

        (os.killpg if group else os.kill)(process.pid, signal.SIGKILL)
        process.wait()

        assert wait_until(lambda: not any(lives(pid) for pid in started))
        assert bystander.poll() is None
        rest_of(process)

    def test_one_that_ends_by_itself_takes_the_others_along(self):
        process, started = owner("brief=true")

        said = rest_of(process)

        assert "ended: brief" in said.splitlines()
        assert not any(lives(pid) for pid in started)


def test_reads_the_commands_of_the_procfile():
    found = commands(("web", "sandbox"))

    assert list(found) == ["web", "sandbox"]
    assert found["sandbox"].startswith("python -m sandbox --port ")


@pytest.mark.parametrize("taken", ["PORT", "SANDBOX_PORT"])
def test_a_port_in_use_is_named_and_nothing_is_left_behind(taken, tmp_path):
    with socket.socket() as other, socket.socket() as free:
        for each in (other, free):
            each.bind(("127.0.0.1", 0))
        used, unused = (str(each.getsockname()[1]) for each in (other, free))
        free.close()
        ports = {"PORT": unused, "SANDBOX_PORT": unused, taken: used}

        run = subprocess.run(
            [sys.executable, "-m", "devstack.run"],
            cwd=ROOT,
            env={**os.environ, **ports, "DEVSTACK_DIRECTORY": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    assert run.returncode == 1
    assert f"Port {used} is in use" in run.stderr
    assert "Traceback" not in run.stderr
    assert not (tmp_path / "pg").exists()
