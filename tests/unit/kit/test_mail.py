"""Mail over a real SMTP server: TLS or nothing, login, refusals that pass and those that stay."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from pydantic import SecretStr

from hub.kernel.errors import ConfigurationError, RemoteGarbage, RemoteRefused, RemoteTimeout, RemoteUnavailable
from hub.kit import mail as mail_module
from hub.kit.mail import Mail, Mailer, MailSettings, is_address
from tests.support.certificates import Authority
from tests.support.http_server import serve
from tests.support.mail_server import mail_server

MAIL = Mail(
    to="it@pregrada.hr",
    subject="Pregrada:\nFinancijska kartica šuti",
    text="Čeka od 14:05.\n\nŠto učiniti: ništa.\n",
    message_id="abc",
    at=datetime(2026, 11, 21, 10, 0, tzinfo=UTC),
    language="hr",
)


def mailer(url: str, password: str = "open sesame", **more) -> Mailer:
    settings = MailSettings.of(url, sender="munihub@pregrada.hr", **more)
    return Mailer(settings, secret={"smtp-password": SecretStr(password)}.__getitem__)


@pytest.fixture(scope="module")
def authority(tmp_path_factory) -> Authority:
    return Authority(tmp_path_factory.mktemp("mail"))


@pytest.fixture(scope="module")
def contexts(authority):
    import ssl

    issued = authority.issue("mail.test")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(issued.certificate, issued.key)
    return context


async def test_starttls_with_a_login(authority, contexts):
    async with mail_server(starttls=contexts, login=True) as server:
        url = f"smtp://127.0.0.1:{server.port}"
        await mailer(url, user="hub", authorities=authority.file).send(MAIL)
        with pytest.raises(RemoteRefused, match="login with 535"):
            await mailer(url, password="guess", user="hub", authorities=authority.file).send(MAIL)
        # A certificate of somebody unknown: the password has not left.
        with pytest.raises(RemoteRefused, match="cannot be trusted"):
            await mailer(url, user="hub").send(MAIL)
    (got,) = server.mails
    assert (server.secure, set(server.users), server.recipients) == ([True], {"hub"}, ["it@pregrada.hr"])
    assert got["Subject"] == "Pregrada: Financijska kartica šuti"
    assert (got["From"], got["To"], got["Message-ID"]) == ("munihub@pregrada.hr", "it@pregrada.hr", "<abc@pregrada.hr>")
    assert (got["Auto-Submitted"], got["Date"]) == ("auto-generated", "Sat, 21 Nov 2026 10:00:00 +0000")
    assert got.get_content().replace("\r\n", "\n") == MAIL.text


async def test_tls_from_the_first_byte_and_a_server_without_starttls(authority, contexts):
    async with mail_server(tls=contexts) as server:
        await mailer(f"smtps://127.0.0.1:{server.port}", authorities=authority.file).send(MAIL)
    assert (len(server.mails), server.secure) == (1, [True])
    async with mail_server() as plain:
        with pytest.raises(RemoteRefused, match="no STARTTLS"):
            await mailer(f"smtp://127.0.0.1:{plain.port}").send(MAIL)
        assert plain.mails == []
        await mailer(f"smtp+plain://127.0.0.1:{plain.port}").send(MAIL)
        assert plain.secure == [False]


async def test_what_the_server_puts_off_and_what_it_refuses():
    async with mail_server() as server:
        one = mailer(f"smtp+plain://127.0.0.1:{server.port}")
        for refusal, error in (
            ("451 later", RemoteUnavailable),
            ("554 never", RemoteRefused),
            ("RCPT 450 greylisted", RemoteUnavailable),
            ("RCPT 550 nobody", RemoteRefused),
        ):
            server.refusals = [refusal]
            with pytest.raises(error, match=refusal.removeprefix("RCPT ")[:3]) as caught:
                await one.send(MAIL)
            assert "pregrada.hr" not in str(caught.value)
    with pytest.raises(RemoteUnavailable):
        await one.send(MAIL)


async def test_a_server_that_speaks_something_else_or_nothing(monkeypatch):
    monkeypatch.setattr(mail_module, "_TOTAL_SECONDS", 0.3)

    async def handle(_):
        raise AssertionError

    async with serve(handle) as silent:  # waits for a request, and SMTP waits for a greeting
        with pytest.raises(RemoteTimeout):
            await mailer(silent.url.replace("http:", "smtp+plain:")).send(MAIL)


async def test_garbage():
    import asyncio

    async def garbage(reader, writer):
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()
        writer.close()

    listener = await asyncio.start_server(garbage, "127.0.0.1", 0)
    async with listener:
        port = listener.sockets[0].getsockname()[1]
        with pytest.raises((RemoteGarbage, RemoteUnavailable, RemoteRefused)):
            await mailer(f"smtp+plain://127.0.0.1:{port}").send(MAIL)


@pytest.mark.parametrize(
    ("url", "more", "key"),
    [
        ("http://mail.test", {}, "MUNIHUB_SMTP_URL"),
        ("smtp://", {}, "MUNIHUB_SMTP_URL"),
        ("smtp://mail.test:x", {}, "MUNIHUB_SMTP_URL"),
        ("smtp://hub:hunter2@mail.test", {}, "MUNIHUB_SMTP_URL"),
        ("smtp+plain://mail.test", {"user": "hub"}, "MUNIHUB_SMTP_USER"),
        ("smtp://mail.test", {"sender": "nobody"}, "MUNIHUB_SMTP_FROM"),
    ],
)
def test_settings_that_cannot_be(url, more, key):
    with pytest.raises(ConfigurationError) as caught:
        MailSettings.of(url, **{"sender": "munihub@pregrada.hr", **more})
    assert caught.value.key == key
    assert "hunter2" not in str(caught.value)


def test_ports_and_addresses():
    ports = [MailSettings.of(f"{one}://mail.test", sender="a@b.hr").port for one in ("smtp", "smtps", "smtp+plain")]
    assert ports == [587, 465, 25]
    for bad in ("a", "a@b", "a b@c.hr", "a@b.hr\nBcc: x@y.hr", "a@b@c.hr", "@b.hr", "ž@b.hr", "<a@b.hr>"):
        assert not is_address(bad)
    assert is_address("it.odjel+hub@pregrada.hr")
