"""Calls to a provider of single sign-on: bounded in time and size, and whatever comes back is an answer or `Unavailable`.

What hardly ever changes (discovery and keys) is remembered for a quarter of an hour; keys are asked
for again when a token names one that is not known, but not more often than once a minute.
"""

import asyncio
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import httpx
from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.rfc6749.parameters import prepare_token_request
from authlib.oidc.discovery import get_well_known_url
from pydantic import ValidationError

from app.accounts.oidc_protocol import (
    AnswerRefused,
    Identity,
    KeyMissing,
    ProviderMetadata,
    authorization_url,
    identity_in,
    is_safe_url,
)
from app.kernel.errors import Fault, Refused, Unavailable
from app.kernel.logs import get_logger
from app.kernel.settings import Settings

CALL_SECONDS: Final = 5
MOST_BYTES: Final = 512 * 1024
REMEMBERED: Final = timedelta(minutes=15)
ASKED_AGAIN: Final = timedelta(minutes=1)
OK: Final = 200
SERVER_FAULT: Final = 500
UNAUTHORIZED: Final = 401
logger = get_logger(__name__)


class Provider:
    """The provider that the settings name, as we are its client."""

    def __init__(self, settings: Settings) -> None:
        """Take the settings; nothing is asked of the provider yet.

        Raises:
            Refused: the issuer is neither https nor on this machine, or we have no client id.
        """
        self.issuer, self.client_id = settings.oidc_issuer, settings.oidc_client_id
        self._secret = settings.oidc_client_secret.get_secret_value()
        faults = []
        if not is_safe_url(self.issuer):
            faults.append(
                Fault("RONGQIAO_OIDC_ISSUER", "neither https nor this machine", "Give an https address.")
            )
        if not self.client_id:
            faults.append(
                Fault("RONGQIAO_OIDC_CLIENT_ID", "missing", "Give the id that the provider knows us by.")
            )
        if faults:
            raise Refused("Single sign-on cannot be used with these settings.", faults)
        self._metadata: tuple[datetime, ProviderMetadata] | None = None
        self._keys: tuple[datetime, Mapping[str, Any]] | None = None

    async def metadata(self, *, now: datetime) -> ProviderMetadata:
        """Answer what discovery tells.

        Raises:
            Unavailable: it tells nothing, or nothing that can be used.
        """
        if self._metadata is not None and now - self._metadata[0] < REMEMBERED:
            return self._metadata[1]
        found = await self._document("GET", get_well_known_url(self.issuer, external=True))
        try:
            read = ProviderMetadata.model_validate(found)
        except ValidationError as error:
            raise _unavailable("discovery", f"{error.error_count()} faults") from error
        if read.issuer != self.issuer:
            raise _unavailable("discovery", f"names the issuer {read.issuer[:100]}")
        self._metadata = (now, read)
        return read

    async def where_to_sign_in(
        self, *, redirect_uri: str, state: str, nonce: str, verifier: str, now: datetime
    ) -> str:
        """Answer the address at the provider to which a browser is sent.

        Raises:
            Unavailable: the provider cannot be used.
        """
        metadata = await self.metadata(now=now)
        return authorization_url(
            metadata,
            client_id=self.client_id,
            redirect_uri=redirect_uri,
            state=state,
            nonce=nonce,
            verifier=verifier,
        )

    async def identity_of(
        self, code: str, *, redirect_uri: str, nonce: str, verifier: str, now: datetime
    ) -> Identity:
        """Change an authorization code for whom the provider vouches for.

        Raises:
            AnswerRefused: the code is not taken (anymore), or what it is changed for does not hold.
            Unavailable: the provider cannot be used.
        """
        metadata = await self.metadata(now=now)
        tokens = await self._tokens(metadata, code, redirect_uri=redirect_uri, verifier=verifier)
        id_token, access_token = tokens.get("id_token"), tokens.get("access_token")
        if not isinstance(id_token, str) or not isinstance(access_token, str):
            msg = "no ID token"
            raise AnswerRefused(msg)
        for is_last in (False, True):
            try:
                return identity_in(
                    id_token,
                    await self._key_set(metadata, now=now, is_fresh=is_last),
                    issuer=self.issuer,
                    client_id=self.client_id,
                    nonce=nonce,
                    access_token=access_token,
                    now=now,
                )
            except KeyMissing:
                if is_last:
                    raise
        raise AssertionError

    async def _tokens(
        self, metadata: ProviderMetadata, code: str, *, redirect_uri: str, verifier: str
    ) -> Mapping[str, Any]:
        is_posted = "client_secret_basic" not in metadata.token_endpoint_auth_methods_supported
        method = "none" if not self._secret else "client_secret_post" if is_posted else "client_secret_basic"
        body = prepare_token_request(
            "authorization_code", code=code, redirect_uri=redirect_uri, code_verifier=verifier
        )
        headers = {"accept": "application/json", "content-type": "application/x-www-form-urlencoded"}
        client = ClientAuth(self.client_id, self._secret, method)
        url, headers, body = client.prepare("POST", metadata.token_endpoint, headers, body)
        return await self._document("POST", url, headers=headers, content=body)

    async def _key_set(
        self, metadata: ProviderMetadata, *, now: datetime, is_fresh: bool
    ) -> Mapping[str, Any]:
        age = ASKED_AGAIN if is_fresh else REMEMBERED
        if self._keys is None or now - self._keys[0] >= age:
            self._keys = (now, await self._document("GET", metadata.jwks_uri))
        return self._keys[1]

    async def _document(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, content: str | None = None
    ) -> Mapping[str, Any]:
        """Answer a JSON object that the provider sends.

        Raises:
            AnswerRefused: it refuses what it was sent.
            Unavailable: it is down, slow, or sends something else.
        """
        what = f"{method} {url.partition('?')[0]}"
        try:
            async with (
                asyncio.timeout(CALL_SECONDS),
                httpx.AsyncClient(timeout=CALL_SECONDS) as client,
                client.stream(method, url, headers=headers, content=content) as answer,
            ):
                status, body = answer.status_code, await _bounded(answer)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, OSError, ValueError) as error:
            raise _unavailable(what, type(error).__name__) from error
        if method == "POST" and OK < status < SERVER_FAULT and status != UNAUTHORIZED:
            msg = f"{what} answers {status}"
            raise AnswerRefused(msg)
        if status != OK:
            raise _unavailable(what, f"answers {status}")
        try:
            found = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise _unavailable(what, "answers no JSON") from error
        if not isinstance(found, dict):
            raise _unavailable(what, "answers no JSON object")
        return found


async def _bounded(answer: httpx.Response) -> bytes:
    body = bytearray()
    async for part in answer.aiter_bytes():
        body += part
        if len(body) > MOST_BYTES:
            msg = "more than anybody needs"
            raise ValueError(msg)
    return bytes(body)


def _unavailable(what: str, why: str) -> Unavailable:
    logger.warning("single_sign_on_unavailable", what=what, why=why)
    fault = Fault(
        "RONGQIAO_OIDC_ISSUER", "the provider cannot be used now", "Sign in with a password, or later."
    )
    return Unavailable("Single sign-on is not available now.", [fault])
