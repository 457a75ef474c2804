"""The webhook: issued orders posted to one URL, signed as Standard Webhooks 1.0 asks.

Whatever the receiver does costs little: 15 s, 64 KiB, no redirect, no way into a private
network. A polite "200" with an error in its body is a failure.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx
import msgspec
import standardwebhooks

from fraud_guard.adapters.addresses import Resolve, choose, resolve
from fraud_guard.adapters.senders import NotDelivered
from fraud_guard.errors import ConfigurationError
from fraud_guard.ports import Now, OutboxItem

TIMEOUT_S = 15.0
MAX_PAYLOAD_BYTES = 20_000
MAX_ANSWER_BYTES = 64 * 1024
MIN_SECRET_BYTES = 24
_THROTTLED = (429, 502, 503, 504)


class Webhook:
    """The sender of the channel `webhook`. Raises ConfigurationError for an unusable URL or secret.

    `secrets` are `whsec_…`, newest first; every message is signed with each, so that the
    receiver can change over. After a 410 nothing more is posted until a restart.
    """

    most = 16

    def __init__(
        self, url: str, secrets: Sequence[str], now_ms: Now, *, allow_private: bool = False,
        timeout_s: float = TIMEOUT_S, resolver: Resolve = resolve,
    ) -> None:  # fmt: skip
        self._url = _checked(url, allow_private=allow_private)
        self._signers = [_signer(secret) for secret in secrets]
        if not self._signers:
            raise ConfigurationError("webhook_secrets is empty; set FG_WEBHOOK_SECRETS to at least one whsec_… secret")
        self._now_ms, self._allow_private, self._timeout_s, self._resolve = now_ms, allow_private, timeout_s, resolver
        self._tls = ssl.create_default_context()
        self._gone = False

    async def send(self, item: OutboxItem) -> None:
        """Post one message. Raises NotDelivered."""
        if self._gone:
            raise NotDelivered("the receiver answered 410 Gone before; mend FG_WEBHOOK_URL and restart", for_good=True)
        if len(item.payload) >= MAX_PAYLOAD_BYTES:
            raise NotDelivered(f"{len(item.payload)} bytes are too many for a webhook", for_good=True)
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._post(item)
        except TimeoutError:
            raise NotDelivered(f"no answer within {self._timeout_s:g} s") from None
        except httpx.HTTPError as error:
            raise NotDelivered(f"{type(error).__name__}: {error}") from None

    async def _post(self, item: OutboxItem) -> None:
        host, port = self._url.host, self._url.port or (443 if self._url.scheme == "https" else 80)
        address = await choose(host, port, self._resolve, allow_private=self._allow_private)
        url = self._url.copy_with(host=address)  # pinned: no second look-up can lead elsewhere
        client = httpx.AsyncClient(verify=self._tls, timeout=self._timeout_s, trust_env=False, follow_redirects=False)
        async with client, client.stream(
            "POST", url, content=item.payload, headers=self._headers(item), extensions={"sni_hostname": host}
        ) as answer:
            self._check_status(answer)
            _check_body(await _read(answer))

    def _headers(self, item: OutboxItem) -> dict[str, str]:
        now = datetime.fromtimestamp(self._now_ms() // 1000, UTC)
        text = item.payload.decode()
        return {
            "host": self._url.netloc.decode("ascii"),
            "content-type": "application/json",
            "accept-encoding": "identity",
            "user-agent": "fraud-guard",
            "webhook-id": item.message_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": " ".join(signer.sign(item.message_id, now, text) for signer in self._signers),
        }

    def _check_status(self, answer: httpx.Response) -> None:
        status = answer.status_code
        if status == 410:
            self._gone = True
            raise NotDelivered("410 Gone: the receiver wants no more", for_good=True)
        if status in _THROTTLED:
            raise NotDelivered(f"status {status}", pause_ms=self._pause_ms(answer.headers.get("retry-after", "")))
        if not answer.is_success:
            raise NotDelivered(f"status {status}" + ("; redirects are not followed" if answer.is_redirect else ""))

    def _pause_ms(self, retry_after: str) -> int:
        """Retry-After as seconds or as a date; 0 when it is neither."""
        if retry_after.isascii() and retry_after.isdigit():
            return int(retry_after[:9]) * 1000
        try:
            return max(0, int(parsedate_to_datetime(retry_after).timestamp() * 1000) - self._now_ms())
        except ValueError:
            return 0


async def _read(answer: httpx.Response) -> bytes:
    """The answer's first MAX_ANSWER_BYTES + 1 bytes."""
    body = bytearray()
    async for part in answer.aiter_raw(8_192):
        body += part
        if len(body) > MAX_ANSWER_BYTES:
            break
    return bytes(body[: MAX_ANSWER_BYTES + 1])


def _check_body(body: bytes) -> None:
    if not body.lstrip().startswith(b"{"):
        return
    if len(body) > MAX_ANSWER_BYTES:
        raise NotDelivered(f"the answer is a JSON text of more than {MAX_ANSWER_BYTES} bytes, which is not read")
    try:
        said = msgspec.json.decode(body, type=dict[str, object])
    except msgspec.DecodeError:
        return
    if said.get("error") or said.get("errcode") not in (None, 0, "0", "") or said.get("ok") is False:
        raise NotDelivered("the status is good, but the body tells of an error")


def _checked(url: str, *, allow_private: bool) -> httpx.URL:
    try:
        found = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise ConfigurationError(f"webhook_url: {error}; give an https:// URL") from None
    if found.scheme != "https" and not (allow_private and found.scheme == "http"):
        raise ConfigurationError("webhook_url must begin with https:// (http:// only inside a private network)")
    if not found.host or found.userinfo:
        raise ConfigurationError("webhook_url needs a host and may hold no password; messages are signed instead")
    return found


def _signer(secret: str) -> standardwebhooks.Webhook:
    try:
        raw = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        raw = b""
    if len(raw) < MIN_SECRET_BYTES:
        raise ConfigurationError(
            f"a webhook secret is whsec_ and at least {MIN_SECRET_BYTES} random bytes in base64; "
            'make one with: echo "whsec_$(openssl rand -base64 32)"'
        )
    return standardwebhooks.Webhook(raw)
