"""Providers of single sign-on to test with: a real one in a process of its own, and one that says what it is told to."""

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from joserfc import jwt
from joserfc.jwk import RSAKey

from app.kernel.clock import utc_now

STARTED_WITHIN = 60


def free_port() -> int:
    """Answer a port on which nobody listens just now."""
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        port: int = opened.getsockname()[1]
        return port


@contextmanager
def real_provider() -> Iterator[str]:
    """Run a provider in a process of its own; answer its issuer."""
    port = free_port()
    command = [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "--port", str(port)]
    command += ["--user-claims", json.dumps({"sub": "330", "name": "王芳"}), "--require-nonce", "true"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        issuer = f"http://127.0.0.1:{port}"
        try:
            _wait_for(issuer, process)
            yield issuer
        finally:
            process.terminate()


def _wait_for(issuer: str, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(STARTED_WITHIN * 10):
        try:
            httpx.get(f"{issuer}/.well-known/openid-configuration")
        except httpx.TransportError:
            assert process.poll() is None, "the provider did not start"
            time.sleep(0.1)
        else:
            return
    msg = "the provider does not answer"
    raise AssertionError(msg)


@dataclass
class Puppet:
    """A provider that says what it is told to; `answers` are status and body (or JSON) by path."""

    issuer: str
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "1"}))
    answers: dict[str, tuple[int, Any]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    hold: threading.Event = field(default_factory=threading.Event)

    def behave(self, **metadata: Any) -> None:
        """Answer discovery and keys as a provider should, but for some metadata."""
        self.hold.set()
        self.answers["/.well-known/openid-configuration"] = (
            200,
            {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/jwks",
            }
            | metadata,
        )
        self.answers["/jwks"] = (200, {"keys": [self.key.as_dict(private=False)]})

    def vouch(self, location: str, **changes: Any) -> None:
        """Answer the token request of a journey that began by sending a browser to `location`."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
        at = int(utc_now().timestamp())
        claims = {
            "iss": self.issuer, "sub": "330", "aud": asked["client_id"], "exp": at + 60, "iat": at,
            "nonce": asked["nonce"],
        } | changes  # fmt: skip
        token = jwt.encode({"alg": "RS256", "kid": str(self.key.kid)}, claims, self.key)
        self.answers["/token"] = (
            200,
            {"access_token": "a", "token_type": "Bearer", "id_token": token},
        )


@contextmanager
def puppet_provider() -> Iterator[Puppet]:
    """Serve a puppet from a thread."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
            sent = {name: values[0] for name, values in parse_qs(body).items()}
            puppet.asked.append((self.headers.get("authorization", ""), sent))
            self._answer()

        def _answer(self) -> None:
            puppet.hold.wait(10)
            status, said = puppet.answers.get(self.path.partition("?")[0], (404, "nothing here"))
            body = said if isinstance(said, bytes) else json.dumps(said).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            try:
                self.wfile.write(body)
            except (BrokenPipeError, ConnectionResetError):  # who asked did not wait
                self.close_connection = True

        def log_message(self, *_told: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        puppet = Puppet(f"http://127.0.0.1:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield puppet
        finally:
            puppet.hold.set()
            server.shutdown()
            thread.join()
