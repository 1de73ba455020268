"""Real servers that receive what is sent: webhook receivers of every sort, and a mail server."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from standardwebhooks import Webhook

SLOW_SECONDS = 0.02


@dataclass
class Receiver:
    """A webhook receiver on this machine; `manner` says how it behaves, and may be changed at any time.

    `ok`; `slow` (a moment later); a status as a number; `hang` (answers nothing until it is stopped); `lie` (200 with endless rubbish);
    `break` (closes in the middle of the answer); `redirect` (to itself).
    """

    manner: str = "ok"
    requests: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0
    url: str = ""
    stopping: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def ids(self) -> list[str]:
        """Answer the ids of the messages that came, in their order."""
        return [headers["webhook-id"] for headers, _body in self.requests]

    def events(self, secret: str) -> list[Any]:
        """Answer what the messages say; each must be signed with the secret, a moment ago."""
        return [Webhook(secret).verify(body, headers) for headers, body in self.requests]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    receiver: Receiver

    def do_POST(self) -> None:
        mine = self.receiver
        length = int(self.headers["content-length"])
        body = self.rfile.read(length)
        if len(body) < length:  # its sender was killed in the middle of it: no message yet
            self.close_connection = True
            return
        with mine.lock:
            mine.requests.append(({key.lower(): value for key, value in self.headers.items()}, body))
            mine.at_once += 1
            mine.most_at_once = max(mine.most_at_once, mine.at_once)
        try:
            self._answer(mine)
        except OSError:
            self.close_connection = True  # the sender has heard enough
        finally:
            with mine.lock:
                mine.at_once -= 1

    def _answer(self, mine: Receiver) -> None:
        if mine.manner == "hang":
            mine.stopping.wait()
            self.close_connection = True
        elif mine.manner == "break":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhal")
            self.close_connection = True
        elif mine.manner == "lie":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Type: image/png\r\n\r\n")
            while not mine.stopping.is_set():
                self.wfile.write(b"rubbish" * 10_000)
            self.close_connection = True
        elif mine.manner == "redirect":
            self._status(307, {"Location": mine.url + "/elsewhere"})
        else:
            mine.stopping.wait(SLOW_SECONDS if mine.manner == "slow" else 0)
            self._status(200 if mine.manner in {"ok", "slow"} else int(mine.manner), {})

    def _status(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_what: Any) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_what: Any) -> None:
        """Say nothing: a sender that was killed is what some tests are about."""


@contextmanager
def receiving(manner: str = "ok") -> Iterator[Receiver]:
    """Run a receiver."""
    found = Receiver(manner)
    handler = type("Handler", (_Handler,), {"receiver": found})
    server = _Server(("127.0.0.1", 0), handler)
    found.url = f"http://127.0.0.1:{server.server_port}/hook"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        found.stopping.set()
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass
class MailServer:
    """A mail server; it refuses receivers as `refusals` say, such as "550 no such mailbox"."""

    mails: list[EmailMessage] = field(default_factory=list)
    envelopes: list[tuple[str | None, list[str]]] = field(default_factory=list)
    refusals: dict[str, str] = field(default_factory=dict)
    port: int = 0

    async def handle_RCPT(  # noqa: N802 - aiosmtpd calls it by this name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address in self.refusals:
            return self.refusals[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - as above
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        assert isinstance(envelope.content, bytes)
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        self.envelopes.append((envelope.mail_from, list(envelope.rcpt_tos)))
        return "250 OK"

    def text(self, place: int = -1) -> str:
        """Answer the text of a mail."""
        content: str = self.mails[place].get_content()
        return content


class _Controller(Controller):
    """Runs the server on a free port, which aiosmtpd would ask for at port 0."""

    def _trigger_server(self) -> None:
        assert isinstance(self.server, asyncio.Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]  # aiosmtpd's own is bare


@contextmanager
def mailing() -> Iterator[MailServer]:
    """Run a mail server."""
    found = MailServer()
    controller = _Controller(found, hostname="127.0.0.1", port=0)
    controller.start()
    found.port = controller.port
    try:
        yield found
    finally:
        controller.stop()


def said(receiver: Receiver) -> str:
    """Answer all that a receiver was sent, as one text."""
    return json.dumps([[headers, body.decode()] for headers, body in receiver.requests], ensure_ascii=False)
