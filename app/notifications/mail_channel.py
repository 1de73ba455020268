"""Hands mails to the installation's mail server, many over one connection."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.message import EmailMessage
from typing import Final

import aiosmtplib

from app.kernel.settings import Settings
from app.notifications.rules import Verdict
from app.notifications.webhook_channel import SENT, Outcome

SMTP_SECONDS: Final = 10
_PERMANENT: Final = 500


def is_mail_on(settings: Settings) -> bool:
    """Tell whether this installation sends mail at all."""
    return bool(settings.smtp_host and settings.mail_from)


class MailSender:
    """Sends mails over a connection that is opened with the first; a broken one ends with its mail."""

    def __init__(self, settings: Settings) -> None:
        security = settings.smtp_security
        self._server = aiosmtplib.SMTP(
            hostname=settings.smtp_host,
            port=settings.smtp_port,
            username=settings.smtp_user or None,
            password=settings.smtp_password.get_secret_value() or None,
            use_tls=security == "tls",
            start_tls=security == "starttls",
            timeout=SMTP_SECONDS,
        )

    async def send(self, mail: EmailMessage) -> Outcome:
        """Hand a mail over; the server's words are not shown, they may quote the receiver."""
        try:
            if not self._server.is_connected:
                await self._server.connect()
        except (aiosmtplib.SMTPException, OSError) as error:
            return Outcome(Verdict.UNREACHABLE, f"no mail server ({type(error).__name__})")
        try:
            await self._server.send_message(mail)
        except aiosmtplib.SMTPRecipientsRefused as error:
            return _judged(max(one.code for one in error.recipients))
        except aiosmtplib.SMTPResponseException as error:
            return _judged(error.code)
        except (aiosmtplib.SMTPException, OSError) as error:
            await self.close()
            return Outcome(Verdict.UNREACHABLE, f"the mail server broke off ({type(error).__name__})")
        return SENT

    async def close(self) -> None:
        """Leave the server, politely if it still listens."""
        try:
            if self._server.is_connected:
                await self._server.quit()
        except (aiosmtplib.SMTPException, OSError):
            self._server.close()


def _judged(code: int) -> Outcome:
    """Answer what a refusal means: from 500 on it is for good (RFC 5321 §4.2.1)."""
    return Outcome(Verdict.REFUSED if code >= _PERMANENT else Verdict.FAILED, f"SMTP {code}")


@asynccontextmanager
async def mail_sender(settings: Settings) -> AsyncIterator[MailSender]:
    """Open a sender for some mails."""
    sender = MailSender(settings)
    try:
        yield sender
    finally:
        await sender.close()
