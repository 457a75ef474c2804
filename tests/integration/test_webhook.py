"""The webhook against a real HTTP receiver on the loopback, well-behaved or hostile."""

from __future__ import annotations

import asyncio
import base64
import ipaddress
import ssl
import time
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import standardwebhooks
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from fraud_guard.adapters.addresses import choose, is_public
from fraud_guard.adapters.senders import (
    HOUR_MS,
    LONGEST_PAUSE_MS,
    MINUTE_MS,
    RETRY_AFTER_MS,
    NotDelivered,
    local_retry_at,
    retry_at,
)
from fraud_guard.adapters.webhook import MAX_ANSWER_BYTES, Webhook
from fraud_guard.errors import ConfigurationError
from fraud_guard.ports import OutboxItem
from tests.integration.receiver import Receiver

NEW, OLD = ("whsec_" + base64.b64encode(bytes([i]) * 32).decode() for i in (1, 2))
BODY = '{"type":"order.issued","reasons_zh":["线索"]}'.encode()


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def item(payload: bytes = BODY) -> OutboxItem:
    return OutboxItem(1, "5b2f6c1e-0000-5000-8000-000000000001", "webhook", "north", payload, 0, 1)


def hook(url: str, **given: object) -> Webhook:
    return Webhook(url, [NEW, OLD], now_ms, **{"allow_private": True, **given})


def post(url: str, **given: object) -> None:
    asyncio.run(hook(url, **given).send(item()))


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver().running() as running:
        yield running


def test_a_message_is_signed_with_both_secrets(receiver: Receiver) -> None:
    """The receiver can verify the message with the new secret and with the one being retired."""
    post(receiver.url("/ok"))
    (posted,) = receiver.posted
    assert posted.body == BODY
    assert posted.headers["webhook-id"] == item().message_id
    for secret in (NEW, OLD):
        headers = {k.lower(): v for k, v in posted.headers.items()}
        assert standardwebhooks.Webhook(secret).verify(posted.body, headers)


@pytest.mark.parametrize("answer", [b"", b"ok", b'{"ok":true}', b'{"errcode":0,"errmsg":"ok"}', b'{"error":null}', b"{broken"])
def test_a_good_answer_is_a_delivery(receiver: Receiver, answer: bytes) -> None:
    """A 2xx whose body tells of no error counts as delivered."""
    receiver.answers["/ok"] = (200, {"content-type": "application/json"}, answer)
    post(receiver.url("/ok"))


@pytest.mark.parametrize("answer", [b'{"ok":false}', b'{"errcode":310000}', b' {"error":{"code":4}}', b'{"x":"' + b"y" * 70_000])
def test_a_polite_refusal_is_a_failure(receiver: Receiver, answer: bytes) -> None:
    """A 200 whose JSON body tells of an error, or is too long to be read, is not delivered."""
    receiver.answers["/ok"] = (200, {}, answer)
    with pytest.raises(NotDelivered, match=r"body tells of an error|more than"):
        post(receiver.url("/ok"))


def test_a_redirect_is_not_followed(receiver: Receiver) -> None:
    """A redirect is a failure and leads nowhere."""
    receiver.answers["/away"] = (307, {"location": receiver.url("/ok")}, b"")
    with pytest.raises(NotDelivered, match="redirects are not followed"):
        post(receiver.url("/away"))
    assert [p.path for p in receiver.posted] == ["/away"]


def test_throttling_is_honoured(receiver: Receiver) -> None:
    """Retry-After, as seconds or as a date, lengthens the pause but not beyond a day."""
    for value, low, high in (("7", 7_000, 7_000), ("Thu, 01 Jan 1970 00:00:00 GMT", 0, 0), ("soon", 0, 0), ("9" * 30, LONGEST_PAUSE_MS, 10**12)):
        receiver.answers["/busy"] = (429, {"retry-after": value}, b"")
        with pytest.raises(NotDelivered) as told:
            post(receiver.url("/busy"))
        assert low <= told.value.pause_ms <= high
        at_ms = retry_at(0, told.value, 0)
        assert at_ms is not None and at_ms <= LONGEST_PAUSE_MS


def test_gone_means_no_more(receiver: Receiver) -> None:
    """After a 410 nothing is posted any more, and messages are set aside for good."""
    receiver.answers["/gone"] = (410, {}, b"")
    one = hook(receiver.url("/gone"))
    for _ in range(2):
        with pytest.raises(NotDelivered) as told:
            asyncio.run(one.send(item()))
        assert told.value.for_good
    assert len(receiver.posted) == 1


def test_a_silent_receiver_is_left(receiver: Receiver) -> None:
    """A receiver that does not answer in time is a failure."""
    with pytest.raises(NotDelivered, match="no answer within"):
        post(receiver.url("/slow"), timeout_s=0.2)


def test_an_endless_answer_is_cut_off(receiver: Receiver) -> None:
    """Of an answer without end no more than 64 KiB are read."""
    with pytest.raises(NotDelivered, match=str(MAX_ANSWER_BYTES)):
        post(receiver.url("/endless"))


def test_a_closed_port_is_a_failure(receiver: Receiver) -> None:
    """A refused connection is not delivered, with the reason."""
    with pytest.raises(NotDelivered, match="ConnectError"):
        post("http://127.0.0.1:9/ok")


def test_the_private_network_is_refused(receiver: Receiver) -> None:
    """Unless it is allowed, no name that leads into a private network is connected to."""

    async def to_loopback(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    with pytest.raises(NotDelivered, match="private network"):
        post(f"https://example.org:{receiver.port}/ok", allow_private=False, resolver=to_loopback)
    assert receiver.posted == []


def test_a_name_is_resolved_once(receiver: Receiver) -> None:
    """The address that was checked is the one connected to, and the receiver sees the name."""
    asked = []

    async def once(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    post(receiver.url("/ok", host="station.example"), resolver=once)
    assert asked == ["station.example"]
    assert receiver.posted[0].headers["host"] == f"station.example:{receiver.port}"


def certificate(folder: Path, name: str) -> Path:
    """A self-signed certificate for a name, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(subject, subject, key.public_key(), 1, now - timedelta(days=1), now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, SHA256())
    )
    file = folder / "station.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(made.public_bytes(Encoding.PEM) + private)
    return file


@pytest.mark.parametrize(("name", "delivered"), [("station.example", 1), ("other.example", 0)])
def test_the_certificate_is_that_of_the_name(name: str, delivered: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over https the pinned address must still show a trusted certificate of the URL's name."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate(tmp_path, name))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "station.pem"))

    async def resolver(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    with Receiver(tls).running() as receiver:
        with nullcontext() if delivered else pytest.raises(NotDelivered, match="CERTIFICATE_VERIFY_FAILED"):
            post(f"https://station.example:{receiver.port}/ok", resolver=resolver)
        assert len(receiver.posted) == delivered


@pytest.mark.parametrize("found", [["8.8.8.8", "10.0.0.1"], []])
def test_one_private_address_is_enough(found: list[str]) -> None:
    """A name with any private address, or with none at all, is refused."""

    async def resolver(host: str, port: int) -> list[str]:
        return found

    with pytest.raises(NotDelivered):
        asyncio.run(choose("station.example", 443, resolver, allow_private=False))


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1", "::1", "fe80::1",
     "fc00::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "ff02::1", "255.255.255.255"],
)  # fmt: skip
def test_addresses_that_are_not_public(address: str) -> None:
    """Private, local, shared, multicast and wrapped private addresses are not public."""
    assert not is_public(ipaddress.ip_address(address))


def test_public_addresses() -> None:
    """Ordinary addresses of both kinds are public."""
    assert is_public(ipaddress.ip_address("8.8.8.8")) and is_public(ipaddress.ip_address("2400:3200::1"))


def test_a_large_payload_is_set_aside(receiver: Receiver) -> None:
    """A payload of 20 kB or more is never posted."""
    with pytest.raises(NotDelivered) as told:
        asyncio.run(hook(receiver.url("/ok")).send(item(b"x" * 20_000)))
    assert told.value.for_good and receiver.posted == []


@pytest.mark.parametrize(
    ("url", "secrets"),
    [("http://example.org/x", [NEW]), ("https://", [NEW]), ("https://u:p@example.org/", [NEW]), ("https://example.org/", []),
     ("https://example.org/", ["whsec_c2hvcnQ="]), ("https://example.org/", ["whsec_???"]), ("ftp://example.org/", [NEW])],
)  # fmt: skip
def test_an_unusable_setting_is_refused(url: str, secrets: list[str]) -> None:
    """Plain http, passwords in the URL, and missing or weak secrets are refused at the start."""
    with pytest.raises(ConfigurationError, match="webhook"):
        Webhook(url, secrets, now_ms)


def test_the_retry_schedule() -> None:
    """Retries follow Standard Webhooks, 75 h 35 min in all; then the message is set aside. Our own channels never give up."""
    failure = NotDelivered("no")
    assert sum(RETRY_AFTER_MS) == 75 * HOUR_MS + 35 * MINUTE_MS + 5_000
    assert [retry_at(n, failure, 100) for n in (0, 1)] == [5_100, 300_100]
    assert retry_at(len(RETRY_AFTER_MS), failure, 0) is None
    assert retry_at(0, NotDelivered("no", pause_ms=60_000), 0) == 60_000
    assert [local_retry_at(n, 0) for n in (0, 1, 5, 6, 999)] == [1_000, 2_000, 32_000, 60_000, 60_000]
