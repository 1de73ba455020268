"""Tests of the proxy, without any database: what it passes on, holds and breaks."""

import socket
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.chaos.proxy import Proxy

HELD_SECONDS = 0.2


class _Echo(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        while piece := self.request.recv(100):
            self.request.sendall(piece.upper())


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Echo) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        with Proxy(("127.0.0.1", server.server_address[1])) as made:
            yield made
        server.shutdown()


def asked(client: socket.socket, text: bytes) -> bytes:
    client.sendall(text)
    return client.recv(100)


def test_what_is_sent_arrives_and_a_cut_breaks_it_off(proxy: Proxy) -> None:
    with closing(socket.create_connection(("127.0.0.1", proxy.port), 5)) as client:
        assert asked(client, b"hello") == b"HELLO"
        assert proxy.cut() == 1
        with pytest.raises(ConnectionError):
            asked(client, b"x")
    with closing(socket.create_connection(("127.0.0.1", proxy.port), 5)) as client:
        assert asked(client, b"again") == b"AGAIN", "whoever comes anew is served"


def test_what_is_stalled_arrives_once_it_is_let_through(proxy: Proxy) -> None:
    with closing(socket.create_connection(("127.0.0.1", proxy.port), 5)) as client:
        proxy.stall()
        began = time.monotonic()
        threading.Timer(HELD_SECONDS, proxy.let_through).start()
        assert (asked(client, b"held"), time.monotonic() - began >= HELD_SECONDS) == (b"HELD", True)
