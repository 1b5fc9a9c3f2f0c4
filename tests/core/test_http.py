"""The one HTTP client, against servers that misbehave on real sockets."""

from __future__ import annotations

import socket
import time

import pytest
from django.db import transaction
from structlog.testing import capture_logs

from apps.core import http, network
from tests.core.misbehaving import answers, drips, resets, serving, status, stays_silent


@pytest.fixture(autouse=True)
def _fresh_breakers():
    http.reset_breakers()
    yield
    http.reset_breakers()


def client(**options):
    return http.Client(service="test", **options)


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


class TestAnswers:
    def test_a_whole_answer_is_returned(self):
        with serving(answers()) as server:
            answer = client().request("POST", f"{server.url}/pay?a=1", data={"amount": "5.00"})

        assert (answer.status, answer.text, answer.headers["x-seen"]) == (200, "ok", "yes")
        assert server.requests[0].startswith(b"POST /pay?a=1 HTTP/1.1\r\n")
        assert server.requests[0].endswith(b"\r\n\r\namount=5.00")

    @pytest.mark.parametrize("code", [302, 404, 500, 503])
    def test_an_answer_is_returned_whatever_its_status(self, code):
        with serving(status(code)) as server:
            assert client().request("GET", server.url).status == code

        assert len(server.requests) == 1

    def test_bytes_are_sent_as_they_are(self):
        with serving(answers()) as server:
            client().request("POST", server.url, data=b"<xml/>")

        assert server.requests[0].endswith(b"\r\n\r\n<xml/>")


class TestNotSent:
    def test_a_refused_connection_was_surely_not_sent(self):
        with pytest.raises(http.NotSent):
            client().request("POST", f"http://127.0.0.1:{closed_port()}/")

    def test_an_unknown_name_was_surely_not_sent(self, monkeypatch):
        def unknown(*_args, **_options):
            raise socket.gaierror(socket.EAI_NONAME, "unknown")

        monkeypatch.setattr(socket, "getaddrinfo", unknown)

        with pytest.raises(http.NotSent):
            client().request("POST", "https://no-such-name.example/")

    def test_a_failed_tls_handshake_was_surely_not_sent(self):
        with serving(answers(b"not tls")) as server, pytest.raises(http.NotSent):
            client().request("POST", f"https://127.0.0.1:{server.port}/")

    def test_nothing_is_called_inside_a_transaction(self, db):
        with serving(answers()) as server:
            with transaction.atomic(), pytest.raises(RuntimeError, match="transaction"):
                client().request("GET", server.url)

            assert server.requests == []


class TestOutcomeUnknown:
    @pytest.mark.parametrize(
        "behaviour",
        [
            resets,
            lambda connection: connection.close(),
            answers(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"),
            answers(b"not http at all\r\n\r\n"),
        ],
        ids=["reset", "closed", "half answer", "no http"],
    )
    def test_after_sending_anything_but_a_whole_answer_is_unknown(self, behaviour):
        with serving(behaviour) as server, pytest.raises(http.OutcomeUnknown):
            client().request("POST", server.url, data={"a": "b"})

        assert len(server.requests) == 1

    def test_a_silent_server_is_unknown_after_the_read_timeout(self):
        with serving(stays_silent) as server, pytest.raises(http.OutcomeUnknown):
            client(timeout=http.Timeout(read=0.2)).request("POST", server.url)

        assert len(server.requests) == 1

    def test_a_dripping_server_is_cut_off_at_the_deadline_of_the_whole_call(self):
        started = time.monotonic()

        with serving(drips) as server, pytest.raises(http.OutcomeUnknown):
            client(timeout=0.4).request("GET", server.url)

        assert time.monotonic() - started < 2

    def test_a_huge_answer_is_not_read_to_its_end(self):
        huge = b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + b"x" * 5000

        with serving(answers(huge)) as server, pytest.raises(http.AnswerTooLarge):
            client(max_bytes=1000).request("GET", server.url)


class TestRetry:
    def test_a_call_that_may_be_repeated_is(self):
        with serving(resets, status(503), answers()) as server:
            assert client().request("GET", server.url, retry=True).text == "ok"

        assert len(server.requests) == 3

    def test_a_call_is_never_repeated_unasked(self):
        with serving(resets, answers()) as server:
            with pytest.raises(http.OutcomeUnknown):
                client().request("POST", server.url)

            assert len(server.requests) == 1

    def test_the_last_answer_is_returned_when_the_tries_are_used_up(self):
        with serving(status(503), status(503), status(502)) as server:
            assert client().request("GET", server.url, retry=True).status == 502


class TestCircuit:
    def test_five_failures_in_a_row_stop_calls_to_that_service_only(self):
        dead = f"http://127.0.0.1:{closed_port()}/"
        for _ in range(5):
            with pytest.raises(http.NotSent):
                client().request("GET", dead)

        with serving(answers()) as server:
            with pytest.raises(http.CircuitOpen):
                client().request("GET", server.url)
            assert http.Client(service="other").request("GET", server.url).status == 200

            assert len(server.requests) == 1

    def test_a_service_is_tried_again_after_a_while(self, monkeypatch):
        for _ in range(5):
            with pytest.raises(http.NotSent):
                client().request("GET", f"http://127.0.0.1:{closed_port()}/")
        monkeypatch.setattr(http, "SECONDS_OPEN", 0)
        monkeypatch.setattr(http._breakers["test"]._circuit, "_reset_timeout", 0)

        with serving(answers(), answers()) as server:
            assert client().request("GET", server.url).status == 200
            assert client().request("GET", server.url).status == 200

    def test_refusals_of_a_request_do_not_count(self):
        with serving(*[status(422)] * 6) as server:
            for _ in range(6):
                assert client().request("GET", server.url).status == 422


class TestAddresses:
    @pytest.mark.parametrize(
        "address",
        [
            "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0",  # noqa: S104
            "100.64.0.1", "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1%eth0", "fd00::1",
            "ff02::1", "::ffff:127.0.0.1", "2002:7f00:1::", "64:ff9b::7f00:1",
        ],
    )  # fmt: skip
    def test_no_address_of_our_own_network_is_called(self, settings, address):
        settings.HTTP_ALLOWED_PRIVATE_NETWORKS = []

        assert not network.is_allowed(address)

    @pytest.mark.parametrize("address", ["64.38.212.1", "2606:4700::1111"])
    def test_public_addresses_are(self, settings, address):
        settings.HTTP_ALLOWED_PRIVATE_NETWORKS = []

        assert network.is_allowed(address)

    def test_a_name_that_points_inside_is_refused_before_anything_is_sent(self, settings):
        settings.HTTP_ALLOWED_PRIVATE_NETWORKS = []

        with serving(answers()) as server:
            with pytest.raises(http.ForbiddenAddress):
                client().request("GET", f"http://localhost:{server.port}/")
            with pytest.raises(http.ForbiddenAddress):
                client().request("GET", f"http://2130706433:{server.port}/")

            assert server.requests == []

    def test_one_forbidden_address_among_good_ones_is_enough(self, settings, monkeypatch):
        settings.HTTP_ALLOWED_PRIVATE_NETWORKS = []
        monkeypatch.setattr(
            socket,
            "getaddrinfo",
            lambda *_args, **_options: [
                (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("64.38.212.1", 80)),
                (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.1", 80)),
            ],
        )

        with pytest.raises(http.ForbiddenAddress):
            client().request("GET", "http://mixed.example/")

    def test_the_name_is_resolved_once_and_its_checked_address_called(self, monkeypatch):
        resolver, asked = socket.getaddrinfo, []

        def once_good_then_bad(host, *args, **options):
            asked.append(host)
            if host == "rebinding.example":
                host = "127.0.0.1" if asked.count(host) == 1 else "10.0.0.1"
            return resolver(host, *args, **options)

        monkeypatch.setattr(socket, "getaddrinfo", once_good_then_bad)

        with serving(answers()) as server:
            client().request("GET", f"http://rebinding.example:{server.port}/")

        assert asked.count("rebinding.example") == 1
        assert b"Host: rebinding.example:" in server.requests[0]

    def test_a_redirect_is_an_answer_and_not_followed(self):
        moved = b"HTTP/1.1 302 X\r\nLocation: http://10.0.0.1/\r\nContent-Length: 0\r\n\r\n"

        with serving(answers(moved)) as server:
            assert client().request("GET", server.url).status == 302

    def test_only_http_is_spoken(self):
        with pytest.raises(http.ForbiddenAddress):
            client().request("GET", "file:///etc/passwd")

    @pytest.mark.parametrize(
        "url", ["https://256.1.1.1/", "https://xn--/", "https://xn--a.com/", "https:///path"]
    )
    def test_what_is_no_address_is_refused_as_a_forbidden_one(self, url):
        with pytest.raises(http.ForbiddenAddress):
            client().request("POST", url, data=b"{}")


def test_the_log_names_the_call_but_neither_query_nor_body():
    with serving(answers()) as server, capture_logs() as logged:
        client().request("POST", f"{server.url}/pay?password=hunter2", data={"salt": "s3cret"})

    (entry,) = [entry for entry in logged if entry["event"] == "http.call"]
    assert (entry["service"], entry["path"], entry["status"]) == ("test", "/pay", 200)
    assert "hunter2" not in str(logged)
    assert "s3cret" not in str(logged)
