"""Answers that are kept, so that a request which is sent twice does nothing twice."""

import hashlib
import re
from typing import Final

from fastapi import Request, Response

from app.kernel.clock import utc_now
from app.kernel.database import AsyncSession, IntegrityError
from app.kernel.errors import Conflict, Fault, Refused
from app.kernel.form_fields import ONCE, form_fields, only
from app.kernel.tables import IdempotencyRecord

MOST_KEY_CHARACTERS: Final = 120
_BOUNDARY: Final = re.compile(r"""^multipart/form-data;.*\bboundary="?([^\s";]+)""", re.IGNORECASE)


async def key_of(request: Request) -> str | None:
    """Answer by what a request is known again: its header, or a page's form.

    Raises:
        Refused: the key is not usable.
    """
    key = request.headers.get("idempotency-key") or await _once_of(request)
    if key is not None and (not key.isprintable() or not 1 <= len(key) <= MOST_KEY_CHARACTERS):
        raise Refused(
            "The idempotency key is not usable.",
            [Fault("header.Idempotency-Key", "not 1 to 120 printable characters", "Send a UUID.")],
        )
    return key


async def _once_of(request: Request) -> str | None:
    """Answer what makes a page's form one of its own: a second click, or going back, does nothing twice."""
    return only(form_fields(request.headers.get("content-type", ""), await request.body()), ONCE)


async def request_hash(request: Request) -> str:
    """Answer the hash of what is asked; a form's boundary is chosen anew by each sender and does not count."""
    body = await request.body()
    boundary = _BOUNDARY.search(request.headers.get("content-type", ""))
    if boundary is not None:
        body = body.replace(boundary[1].encode(), b"")
    digest = hashlib.sha256(f"{request.method} {request.url.path}?{request.url.query}\n".encode())
    digest.update(body)
    return digest.hexdigest()


async def keep_answer(
    session: AsyncSession, request: Request, response: Response, viewer_key: str, key: str, digest: str
) -> None:
    """Store an answer with what it created.

    Raises:
        Conflict: another request with the same key was answered meanwhile.
    """
    session.add(
        IdempotencyRecord(
            viewer_key=viewer_key,
            key=key,
            route=request.url.path[:200],
            request_hash=digest,
            status=response.status_code,
            media_type=response.headers.get("content-type", "application/json"),
            etag=response.headers.get("etag"),
            location=response.headers.get("location"),
            body=bytes(response.body),
            created_at=utc_now(),
        )
    )
    try:
        await session.flush()
    except IntegrityError as error:
        raise Conflict(
            "A request with this idempotency key is under way; ask again for its answer.",
            [Fault("header.Idempotency-Key", "in use by a request under way", "Send it again.")],
        ) from error


def replayed(known: IdempotencyRecord, digest: str) -> Response:
    """Answer once more what was answered.

    Raises:
        Conflict: the key was used for another request.
    """
    if known.request_hash != digest:
        raise Conflict(
            "This idempotency key was used for another request.",
            [Fault("header.Idempotency-Key", "used with another body", "Choose a new key.")],
        )
    headers = {"idempotency-replayed": "true", "content-type": known.media_type}
    headers |= {"etag": known.etag} if known.etag else {}
    headers |= {"location": known.location} if known.location else {}
    return Response(known.body, status_code=known.status, headers=headers)
