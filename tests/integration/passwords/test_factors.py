"""Second factors: each code, challenge and recovery code once, and what a login by them is worth."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest

from hub.kernel.assurance import Assurance
from hub.kernel.errors import Conflict, LoginRefused, NotFound, TooManyRequests
from hub.passwords.passkeys import possible_at
from hub.passwords.second_factors import Shown
from tests.integration.passwords.authenticator import Authenticator

ADDRESS = "http://localhost:8000/pregrada"
LOW, SUBSTANTIAL = Assurance.LOW, Assurance.SUBSTANTIAL


async def enrol(passwords, issued, binds=SUBSTANTIAL):
    """A TOTP app of the account, and its recovery codes."""
    factors = passwords.api.hub.second_factors
    begun = await factors.begin_totp(
        passwords.city.id, issued.account_id, issuer="Grad Pregrada", username=issued.username, binds=binds
    )
    totp = pyotp.TOTP(begun.secret)
    code = totp.at(passwords.api.clock.now())
    codes = await factors.confirm_totp(passwords.city.id, issued.account_id, begun.factor_id, code, binds=binds)
    return totp, codes


async def refused(call, reason):
    with pytest.raises(LoginRefused) as error:
        await call
    assert error.value.reason == reason


async def test_a_secret_is_shown_until_its_first_code_and_kept_sealed(passwords):
    issued = await passwords.person()
    factors, city_id = passwords.api.hub.second_factors, passwords.city.id
    asked = {"issuer": "Grad Pregrada", "username": issued.username, "binds": LOW}
    begun = await factors.begin_totp(city_id, issued.account_id, **asked)
    assert await factors.begin_totp(city_id, issued.account_id, **asked, again=begun.factor_id) == begun
    uri = urlsplit(begun.uri)
    assert (uri.scheme, uri.netloc) == ("otpauth", "totp")
    assert parse_qs(uri.query) == {"secret": [begun.secret], "issuer": ["Grad Pregrada"]}
    assert await factors.of(city_id, issued.account_id) == []
    assert (await passwords.check(issued)).factors == ()
    stored = (await passwords.rows("select secret from second_factors"))[0]["secret"]
    assert begun.secret.encode() not in stored
    await refused(factors.confirm_totp(city_id, issued.account_id, begun.factor_id, "000000", binds=LOW), "failed")
    code = pyotp.TOTP(begun.secret).at(passwords.api.clock.now())
    codes = await factors.confirm_totp(city_id, issued.account_id, begun.factor_id, code, binds=LOW)
    assert len(set(codes)) == 10
    assert {len(one) for one in codes} == {14}
    assert (await passwords.check(issued)).factors == ("totp",)
    with pytest.raises(NotFound):
        await factors.confirm_totp(city_id, issued.account_id, begun.factor_id, code, binds=LOW)


async def test_what_was_begun_in_a_surer_login_is_not_finished_in_a_less_sure_one(passwords):
    issued = await passwords.person()
    factors, city_id = passwords.api.hub.second_factors, passwords.city.id
    asked = {"issuer": "x", "username": issued.username}
    begun = await factors.begin_totp(city_id, issued.account_id, **asked, binds=SUBSTANTIAL)
    code = pyotp.TOTP(begun.secret).at(passwords.api.clock.now())
    with pytest.raises(NotFound):
        await factors.confirm_totp(city_id, issued.account_id, begun.factor_id, code, binds=LOW)
    again = await factors.begin_totp(city_id, issued.account_id, **asked, binds=LOW)
    assert again.secret != begun.secret


async def test_a_time_step_is_used_once(passwords, clock):
    issued = await passwords.person()
    factors, city_id = passwords.api.hub.second_factors, passwords.city.id
    totp, _ = await enrol(passwords, issued)
    # The code it was set up with is used, too.
    await refused(factors.check(city_id, issued.account_id, totp.at(clock.now())), "replayed")
    clock.move(timedelta(seconds=30))
    code = totp.at(clock.now())
    assert await factors.check(city_id, issued.account_id, f"{code[:3]} {code[3:]}") == Shown("otp", SUBSTANTIAL)
    await refused(factors.check(city_id, issued.account_id, code), "replayed")
    # Nor one from before it, though it would still be in its time.
    await refused(factors.check(city_id, issued.account_id, totp.at(clock.now() - timedelta(seconds=30))), "replayed")
    assert await factors.check(city_id, issued.account_id, totp.at(clock.now() + timedelta(seconds=30)))
    clock.move(timedelta(minutes=5))
    for off in (-60, 60):
        wrong = totp.at(clock.now() + timedelta(seconds=off))
        await refused(factors.check(city_id, issued.account_id, wrong), "failed")


async def test_guessing_codes_is_slowed_and_the_right_one_waits_too(passwords, clock):
    issued = await passwords.person()
    factors, city_id = passwords.api.hub.second_factors, passwords.city.id
    totp, _ = await enrol(passwords, issued)
    clock.move(timedelta(minutes=1))
    for _ in range(6):
        await refused(factors.check(city_id, issued.account_id, "000000"), "failed")
    with pytest.raises(TooManyRequests) as slowed:
        await factors.check(city_id, issued.account_id, totp.at(clock.now()))
    clock.move(timedelta(seconds=slowed.value.retry_after))
    assert await factors.check(city_id, issued.account_id, totp.at(clock.now())) == Shown("otp", SUBSTANTIAL)


async def test_a_recovery_code_is_good_once_and_void_with_new_ones(passwords, clock):
    issued = await passwords.person()
    factors, city_id = passwords.api.hub.second_factors, passwords.city.id
    _, codes = await enrol(passwords, issued, LOW)
    stored = await passwords.rows("select hash from recovery_codes")
    assert all(code.encode() not in row["hash"] for row in stored for code in codes)
    assert await factors.check(city_id, issued.account_id, codes[3].upper()) == Shown("otp", LOW)
    await refused(factors.check(city_id, issued.account_id, codes[3]), "failed")
    assert await factors.codes_left(city_id, issued.account_id) == 9
    renewed = await factors.new_recovery_codes(city_id, issued.account_id, binds=LOW)
    await refused(factors.check(city_id, issued.account_id, codes[4]), "failed")
    assert await factors.check(city_id, issued.account_id, renewed[0]) == Shown("otp", LOW)


async def test_codes_and_factors_of_one_account_are_nobody_elses(passwords, clock):
    ana, iva = await passwords.person(), await passwords.person("Iva Kos")
    factors, city_id = passwords.api.hub.second_factors, passwords.city.id
    totp, codes = await enrol(passwords, ana)
    await enrol(passwords, iva)
    clock.move(timedelta(seconds=30))
    await refused(factors.check(city_id, iva.account_id, codes[0]), "failed")
    await refused(factors.check(city_id, iva.account_id, totp.at(clock.now())), "failed")
    (hers,) = await factors.of(city_id, ana.account_id)
    with pytest.raises(NotFound):
        await factors.remove(city_id, iva.account_id, hers.factor_id, needed=False)
    await factors.remove(city_id, ana.account_id, hers.factor_id, needed=False)
    assert await factors.codes_left(city_id, ana.account_id) == 0
    assert (await passwords.check(ana)).factors == ()


# ── Passkeys ─────────────────────────────────────────────────────────────────────────────────────


async def register(passwords, issued, authenticator, **changes):
    passkeys, city_id = passwords.api.hub.passkeys, passwords.city.id
    options = await passkeys.begin_registration(
        city_id, ADDRESS, issued.account_id, town="Grad Pregrada", username=issued.username
    )
    answer = authenticator.create(options, **changes)
    return await passkeys.register(city_id, ADDRESS, issued.account_id, answer, name="Moj ključ", binds=SUBSTANTIAL)


async def test_a_passkey_is_registered_and_logs_in(passwords):
    issued = await passwords.person()
    passkeys, city_id = passwords.api.hub.passkeys, passwords.city.id
    options = json.loads(
        await passkeys.begin_registration(city_id, ADDRESS, issued.account_id, town="Grad", username="k7mp-3xqn")
    )
    assert options["rp"] == {"name": "Grad", "id": "localhost"}
    assert options["authenticatorSelection"]["userVerification"] == "required"
    assert options["attestation"] == "none"
    key = Authenticator()
    assert len(await register(passwords, issued, key)) == 10
    assert (await passwords.check(issued)).factors == ("passkey",)
    options = await passkeys.begin_login(city_id, ADDRESS, issued.account_id)
    assert json.loads(options)["userVerification"] == "required"
    assert await passkeys.check(city_id, ADDRESS, issued.account_id, key.get(options)) == Shown("hwk", SUBSTANTIAL)
    with pytest.raises(Conflict):
        await register(passwords, issued, key)


async def test_a_challenge_is_answered_once_in_time_by_the_account_it_was_for(passwords, clock):
    ana, iva = await passwords.person(), await passwords.person("Iva Kos")
    passkeys, city_id = passwords.api.hub.passkeys, passwords.city.id
    # An authenticator that does not count, so that nothing but the challenge can tell a replay.
    key, hers = Authenticator(counts=False), Authenticator(counts=False)
    await register(passwords, ana, key)
    await register(passwords, iva, hers)
    options = await passkeys.begin_login(city_id, ADDRESS, ana.account_id)
    answer = key.get(options)
    assert await passkeys.check(city_id, ADDRESS, ana.account_id, answer)
    await refused(passkeys.check(city_id, ADDRESS, ana.account_id, answer), "replayed")
    # A wrong answer uses the challenge up.
    options = await passkeys.begin_login(city_id, ADDRESS, ana.account_id)
    await refused(passkeys.check(city_id, ADDRESS, ana.account_id, key.get(options, signature=b"wrong")), "failed")
    await refused(passkeys.check(city_id, ADDRESS, ana.account_id, key.get(options)), "replayed")
    options = await passkeys.begin_login(city_id, ADDRESS, ana.account_id)
    clock.move(timedelta(minutes=5))
    await refused(passkeys.check(city_id, ADDRESS, ana.account_id, key.get(options)), "replayed")
    # Another one's challenge, one nobody set, and one that was set for registering.
    options = await passkeys.begin_login(city_id, ADDRESS, ana.account_id)
    await refused(passkeys.check(city_id, ADDRESS, iva.account_id, hers.get(options)), "replayed")
    await refused(passkeys.check(city_id, ADDRESS, ana.account_id, key.get(options, challenge="AAAA")), "replayed")
    registering = json.loads(
        await passkeys.begin_registration(city_id, ADDRESS, ana.account_id, town="x", username="x")
    )
    answer = key.get(options, challenge=registering["challenge"])
    await refused(passkeys.check(city_id, ADDRESS, ana.account_id, answer), "replayed")


@pytest.mark.parametrize(
    "changes",
    [
        {"origin": "https://moja-pregrada.example"},
        {"origin": "http://localhost:8001"},
        {"rp_id": "example"},
        {"type": "webauthn.create"},
        {"signature": bytes(70)},
    ],
)
async def test_a_wrong_answer_is_refused(passwords, changes):
    issued = await passwords.person()
    passkeys, city_id = passwords.api.hub.passkeys, passwords.city.id
    key = Authenticator()
    await register(passwords, issued, key)
    options = await passkeys.begin_login(city_id, ADDRESS, issued.account_id)
    await refused(passkeys.check(city_id, ADDRESS, issued.account_id, key.get(options, **changes)), "failed")


@pytest.mark.parametrize(
    "changes", [{"origin": "https://moja-pregrada.example"}, {"rp_id": "example"}, {"type": "webauthn.get"}]
)
async def test_a_wrong_registration_is_refused(passwords, changes):
    issued = await passwords.person()
    await refused(register(passwords, issued, Authenticator(), **changes), "failed")
    assert (await passwords.check(issued)).factors == ()


async def test_the_user_must_be_verified_the_key_the_accounts_and_the_count_must_grow(passwords):
    issued = await passwords.person()
    passkeys, city_id = passwords.api.hub.passkeys, passwords.city.id
    await refused(register(passwords, issued, Authenticator(verifies_user=False)), "failed")
    key = Authenticator()
    await register(passwords, issued, key)
    for change in ({"verifies_user": False}, {"count": 0}, {"credential_id": b"other"}):
        kept = {name: getattr(key, name) for name in change}
        for name, value in change.items():
            setattr(key, name, value)
        options = await passkeys.begin_login(city_id, ADDRESS, issued.account_id)
        await refused(passkeys.check(city_id, ADDRESS, issued.account_id, key.get(options)), "failed")
        for name, value in kept.items():
            setattr(key, name, value)
    key.count = 5
    options = await passkeys.begin_login(city_id, ADDRESS, issued.account_id)
    assert await passkeys.check(city_id, ADDRESS, issued.account_id, key.get(options))


@pytest.mark.parametrize("answer", ["", "{}", "[]", '{"response":{"clientDataJSON":"e30"}}', "x" * 40_000, "[" * 5000])
async def test_what_is_no_answer_is_refused(passwords, answer):
    issued = await passwords.person()
    passkeys = passwords.api.hub.passkeys
    await refused(passkeys.check(passwords.city.id, ADDRESS, issued.account_id, answer), "malformed")


def test_browsers_have_passkeys_for_hosts_with_a_name():
    assert [possible_at(one) for one in ("https://moja.pregrada.hr", "http://localhost:8000/pregrada")] == [True, True]
    assert not any(map(possible_at, ("http://127.0.0.1:8000/pregrada", "http://moja.pregrada.hr", "https://[::1]:1/x")))


async def test_of_two_factors_removed_at_once_one_stays_where_one_is_needed(passwords):
    issued = await passwords.person()
    factors, city_id = passwords.api.hub.second_factors, passwords.city.id
    for _ in range(2):
        await enrol(passwords, issued)
    first, second = await factors.of(city_id, issued.account_id)
    done = await asyncio.gather(
        *(factors.remove(city_id, issued.account_id, one.factor_id, needed=True) for one in (first, second)),
        return_exceptions=True,
    )
    assert sorted(type(one).__name__ for one in done) == ["Conflict", "NoneType"]
    (left,) = await factors.of(city_id, issued.account_id)
    await factors.remove(city_id, issued.account_id, left.factor_id, needed=False)
    assert await factors.codes_left(city_id, issued.account_id) == 0
