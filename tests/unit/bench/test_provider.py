"""The server with hidden limits of bench/run adaptive keeps them."""

import smtplib
import socket
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from bench.provider import Limits, Provider, Servers  # noqa: E402


@pytest.fixture
def servers():
    made = Servers()
    yield made
    made.stop()


def mail_codes(provider, count):
    with smtplib.SMTP("127.0.0.1", provider.port) as client:
        client.ehlo()
        codes = []
        for _ in range(count):
            codes.append(client.mail("a@shop.test")[0])
            client.rset()
        return codes


@pytest.mark.parametrize("limits", [Limits(ip_rate=0.001, burst_s=2000),
                                    Limits(site_rate=0.001, burst_s=2000)])
def test_a_bucket_that_is_empty_refuses(servers, limits):
    provider = servers.add(Provider(limits))
    assert mail_codes(provider, 4) == [250, 250, 450, 450]
    assert provider.sums(0, 10_000) == (4, 2, 2)


def test_a_limit_changes_when_its_time_has_come(servers):
    provider = servers.add(Provider(Limits(ip_rate=0.001, burst_s=2000), [(0, {"ip_rate": 0})]))
    assert mail_codes(provider, 4) == [250] * 4


def test_a_pause_is_kept_and_attempts_in_it_are_counted(servers):
    provider = servers.add(Provider(Limits(ip_rate=0.001, burst_s=1000, pause_s=1000)))
    assert mail_codes(provider, 4) == [250, 450, 450, 450]
    assert provider.forbidden == 2


def test_messages_of_a_connection_are_counted(servers):
    provider = servers.add(Provider(Limits(messages=2)))
    assert mail_codes(provider, 2) == [250, 250]
    with smtplib.SMTP("127.0.0.1", provider.port) as client:
        client.ehlo()
        for _ in range(2):
            client.mail("a@shop.test")
            client.rset()
        assert client.mail("a@shop.test")[0] == 421


def test_connections_over_the_limit_are_refused(servers):
    provider = servers.add(Provider(Limits(connections=1)))
    with socket.create_connection(("127.0.0.1", provider.port), 60) as first:
        assert first.recv(100).startswith(b"220")
        with socket.create_connection(("127.0.0.1", provider.port), 60) as second:
            assert second.recv(100).startswith(b"421")
    assert provider.connections_refused == 1
