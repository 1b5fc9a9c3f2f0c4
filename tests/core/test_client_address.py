"""Whose address a request has: what the proxies say, and nothing a caller can write."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import RequestFactory

from apps.core.middleware import ClientAddressHeader, client_ip

ECHO = """
from apps.core.middleware import ClientAddressHeader
def echo(environ, start):
    start("200 OK", [("Content-Type", "text/plain")])
    return [("<" + environ.get("HTTP_X_FORWARDED_FOR", "-") + ">").encode()]
application = ClientAddressHeader(echo, name="ClientAddress")
"""


@pytest.mark.parametrize(
    ("proxies", "header", "expected"),
    [
        (0, "1.1.1.1", "127.0.0.1"),
        (1, "1.1.1.1", "1.1.1.1"),
        (1, "6.6.6.6, 1.1.1.1", "1.1.1.1"),
        (1, "6.6.6.6,1.1.1.1", "1.1.1.1"),  # two headers, as the web server joins them
        (2, "6.6.6.6, 1.1.1.1, 10.0.0.2", "1.1.1.1"),
        (3, "1.1.1.1, 10.0.0.2", "127.0.0.1"),
        (1, "1.1.1.1,", "127.0.0.1"),
        (1, "1.1.1.1 2.2.2.2", "127.0.0.1"),
        (1, "", "127.0.0.1"),
        (1, "2001:db8::1", "2001:db8::1"),
    ],
)
def test_it_is_the_one_the_outermost_proxy_saw(settings, proxies, header, expected):
    settings.TRUSTED_PROXIES = proxies
    request = RequestFactory().get("/", headers={"X-Forwarded-For": header})

    assert client_ip(request) == expected


@pytest.mark.parametrize("name", ["X-Client-Address", "X_Client", ""])
def test_a_header_with_two_spellings_is_refused(name):
    with pytest.raises(ImproperlyConfigured):
        ClientAddressHeader(lambda *_: [], name=name)


@pytest.fixture(scope="module")
def web(tmp_path_factory):
    """The web server of production before an application that tells what it was given."""
    folder = tmp_path_factory.mktemp("web")
    (folder / "echo.py").write_text(ECHO)
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    root = str(Path(__file__).resolve().parents[2])
    process = subprocess.Popen(
        [sys.executable, "-m", "granian", "--interface", "wsgi", "--port", str(port), "--no-ws",
         "echo:application"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": f"{root}:{folder}"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    yield port
    process.terminate()
    process.wait(20)


def ask(port: int, *headers: str) -> str:
    for _ in range(150):
        try:
            connection = socket.create_connection(("127.0.0.1", port), 5)
            break
        except ConnectionRefusedError:
            time.sleep(0.1)
    with connection:
        lines = ["GET / HTTP/1.1", "Host: a", "Connection: close", *headers, "", ""]
        connection.sendall("\r\n".join(lines).encode())
        received = b""
        while part := connection.recv(4096):
            received += part
    found = re.search(rb"<(.*)>", received)
    assert found
    return found[1].decode()


@pytest.mark.parametrize(
    ("headers", "believed"),
    [
        (["ClientAddress: 1.1.1.1"], "1.1.1.1"),
        (["ClientAddress: 1.1.1.1", "X_Forwarded_For: 6.6.6.6"], "1.1.1.1"),
        (["X-Forwarded-For: 6.6.6.6", "clientaddress: 1.1.1.1"], "1.1.1.1"),
        (["ClientAddress: 1.1.1.1", "Client_Address: 6.6.6.6"], "1.1.1.1"),
        (["ClientAddress: 6.6.6.6", "ClientAddress: 1.1.1.1"], "6.6.6.6,1.1.1.1"),
        (["X_Forwarded_For: 6.6.6.6"], ""),
    ],
)
def test_behind_the_web_server_only_the_named_header_counts(web, headers, believed):
    assert ask(web, *headers) == believed
