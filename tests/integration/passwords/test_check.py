"""Logging in by a password: who gets in, what the others learn, and how fast one may guess."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from hub.kernel.errors import InvalidRequest, LoginRefused, NotReady, TooManyRequests
from hub.passwords.hashing import AT_ONCE, MOST_WAITING, Hasher
from hub.passwords.model import Factor
from hub.staff import service as staff
from hub.staff.model import Grant, Role
from tests.integration.passwords.conftest import ADDRESS, PASSWORD, Passwords


async def test_a_first_password_is_readable_valid_fourteen_days_and_must_be_changed(passwords, clock):
    issued = await passwords.issue()
    assert issued.expires_at == clock.now() + timedelta(days=14)
    assert [len(part) for part in issued.username.split("-")] == [4, 4]
    assert [len(part) for part in issued.password.split("-")] == [4, 4, 4, 4]
    assert not set(issued.username + issued.password) & set("0o1il")
    login = await passwords.check(issued, f" {issued.password.upper().replace('-', ' ')} ")
    assert (login.login_id, login.staff_id, login.must_change, login.factors) == (issued.account_id, None, True, ())
    await passwords.service.change(passwords.city, issued.account_id, PASSWORD)
    again = await passwords.check(issued)
    assert (again.subject_id, again.must_change) == (login.subject_id, False)


async def test_nothing_secret_is_stored_or_shown(passwords):
    issued = await passwords.issue()
    rows = await passwords.rows("select * from password_accounts")
    assert issued.password not in repr(issued)
    assert b"argon2" not in rows[0]["hash"]
    assert rows[0]["username"] == issued.username.replace("-", "")


async def test_a_first_password_expires(passwords, clock):
    issued = await passwords.issue()
    clock.move(timedelta(days=14) - timedelta(seconds=1))
    assert (await passwords.check(issued, issued.password)).must_change
    clock.move(timedelta(seconds=1))
    with pytest.raises(LoginRefused) as refused:
        await passwords.check(issued, issued.password)
    assert refused.value.reason == "expired"
    # Whoever does not know it is not told that it has expired.
    with pytest.raises(LoginRefused) as refused:
        await passwords.check(issued, "wrong")
    assert refused.value.reason == "failed"


async def test_a_first_password_is_used_in_one_browser_until_it_is_changed(passwords):
    issued = await passwords.issue()
    login = await passwords.check(issued, issued.password)
    for browser in (None, "a" * 43):
        with pytest.raises(LoginRefused) as refused:
            await passwords.check(issued, issued.password, browser=browser)
        assert refused.value.reason == "replayed"
    # The tab was closed: she goes on in the same browser.
    assert (await passwords.check(issued, issued.password, browser=login.browser)).browser == login.browser
    await passwords.service.change(passwords.city, issued.account_id, PASSWORD, browser=login.browser)
    with pytest.raises(LoginRefused) as refused:
        await passwords.check(issued, issued.password, browser=login.browser)
    assert refused.value.reason == "failed"


async def test_a_password_that_is_replaced_while_it_is_compared_logs_nobody_in(passwords, clock, monkeypatch):
    """Comparing waits in a queue, which a flood of guesses makes long."""
    issued = await passwords.person()
    verify = passwords.service.hasher.verify

    async def late(stored, password):
        right = await verify(stored, password)
        monkeypatch.setattr(passwords.service.hasher, "verify", verify)
        clock.move(timedelta(seconds=1))
        await passwords.service.change(passwords.city, issued.account_id, "kiša pada na Trakošćan")
        return right

    monkeypatch.setattr(passwords.service.hasher, "verify", late)
    with pytest.raises(LoginRefused) as refused:
        await passwords.check(issued)
    assert refused.value.reason == "failed"
    assert (await passwords.check(issued, "kiša pada na Trakošćan")).login_id == issued.account_id


async def test_of_two_who_use_a_first_password_at_once_one_gets_in(passwords):
    issued = await passwords.issue()
    results = await asyncio.gather(
        *(passwords.check(issued, issued.password, address=f"192.0.2.{n}") for n in range(4)), return_exceptions=True
    )
    assert sorted(getattr(one, "reason", "in") for one in results) == ["in", "replayed", "replayed", "replayed"]


async def test_a_name_nobody_has_costs_the_same_work_and_gets_the_same_words(passwords):
    issued = await passwords.person()
    hasher = passwords.service.hasher
    told = []
    for username, password in (
        (issued.username, "wrong password of hers"),
        ("zzzz-zzzz", "wrong password of hers"),
        ("zzzz-zzzz", "x" * 300),
        (issued.username, "x" * 300),
        (issued.username, ""),
    ):
        before = hasher.verifications
        with pytest.raises(LoginRefused) as refused:
            await passwords.service.check(passwords.city, username, password, f"198.51.100.{len(told)}")
        told.append((str(refused.value), refused.value.reason, hasher.verifications - before))
    assert set(told) == {("The user name or the password is wrong.", "failed", 1)}


async def test_names_that_exist_and_names_that_do_not_are_slowed_alike(passwords, clock):
    issued = await passwords.person()
    waits = {issued.username: [], "zzzz-zzzz": []}
    for number, (username, seen) in enumerate(waits.items()):
        for _ in range(8):
            try:
                await passwords.service.check(passwords.city, username, "wrong", f"203.0.113.{number}")
            except TooManyRequests as error:
                seen.append(error.retry_after)
            except LoginRefused:
                seen.append(0)
    assert waits[issued.username] == waits["zzzz-zzzz"] == [0, 0, 0, 0, 1, 1, 1, 1]


async def test_delays_grow_and_decay_and_an_attempt_that_must_wait_costs_nothing(passwords, clock):
    issued = await passwords.person()
    waited = []
    for _ in range(14):
        while True:
            try:
                await passwords.check(issued, "wrong")
            except TooManyRequests as error:
                waited.append(error.retry_after)
                clock.move(timedelta(seconds=error.retry_after))
            except LoginRefused:
                break
    assert waited == [1, 2, 4, 8, 16, 32, 64, 127, 249, 482]
    # The right password waits as a wrong one does …
    before = passwords.service.hasher.verifications
    with pytest.raises(TooManyRequests):
        await passwords.check(issued)
    assert passwords.service.hasher.verifications == before
    # … gets in afterwards, and then nothing is held against her here.
    clock.move(timedelta(hours=1))
    await passwords.check(issued)
    for _ in range(3):
        with pytest.raises(LoginRefused):
            await passwords.check(issued, "wrong")


async def test_guesses_of_others_do_not_lock_out_a_known_browser_nor_another_network(passwords, clock):
    issued = await passwords.person()
    known = (await passwords.check(issued)).browser
    for number in range(40):
        with pytest.raises((LoginRefused, TooManyRequests)):
            await passwords.check(issued, "wrong", address=f"198.51.100.{number}")
    with pytest.raises(TooManyRequests):
        await passwords.check(issued)
    login = await passwords.check(issued, browser=known)
    assert (login.login_id, login.browser) == (issued.account_id, known)


async def test_one_network_alone_does_not_close_an_account(passwords, clock):
    """A day of guessing from one address as fast as it is let."""
    issued = await passwords.person()
    guessed = 0
    end = clock.now() + timedelta(days=1)
    while clock.now() < end:
        try:
            await passwords.check(issued, "wrong", address="198.51.100.1")
        except TooManyRequests as error:
            clock.move(timedelta(seconds=error.retry_after))
        except LoginRefused:
            guessed += 1
    assert 30 < guessed < 45
    assert (await passwords.check(issued)).login_id == issued.account_id


async def test_a_known_browser_is_slowed_by_itself_and_is_known_for_its_own_account_only(passwords):
    ana, iva = await passwords.person(), await passwords.person("Iva Kos")
    known = (await passwords.check(ana)).browser
    for _ in range(6):
        with pytest.raises(LoginRefused):
            await passwords.check(ana, "wrong", browser=known)
    with pytest.raises(TooManyRequests):
        await passwords.check(ana, browser=known)
    for _ in range(4):
        with pytest.raises(LoginRefused):
            await passwords.check(iva, "wrong", browser=known)
    with pytest.raises(TooManyRequests):
        await passwords.check(iva, browser=known)


async def test_guesses_at_once_are_counted_before_they_are_judged(passwords):
    issued = await passwords.person()
    results = await asyncio.gather(*(passwords.check(issued, f"wrong {n}") for n in range(20)), return_exceptions=True)
    kinds = [type(one).__name__ for one in results]
    assert (kinds.count("LoginRefused"), kinds.count("TooManyRequests")) == (4, 16)


async def test_a_network_that_tries_many_names_is_slowed(passwords):
    outcomes = []
    for number in range(40):
        try:
            await passwords.service.check(passwords.city, f"name{number}", "wrong", f"2001:db8::{number:x}")
        except (LoginRefused, TooManyRequests) as error:
            outcomes.append(type(error).__name__)
    assert outcomes.count("LoginRefused") == 31
    # Another /64 is another network.
    with pytest.raises(LoginRefused):
        await passwords.service.check(passwords.city, "name", "wrong", "2001:db8:0:1::1")


async def test_too_many_at_once_are_told_to_come_again(passwords):
    issued = await passwords.person()
    calls = [
        passwords.service.check(passwords.city, issued.username, "x", f"10.0.{n}.1", None)
        for n in range(AT_ONCE + MOST_WAITING)
    ]
    hasher = passwords.service.hasher
    hasher._asked = AT_ONCE + MOST_WAITING
    with pytest.raises(NotReady):
        await calls[0]
    hasher._asked = 0
    with pytest.raises(LoginRefused):
        await calls[1]
    assert hasher._asked == 0
    for call in calls[2:]:
        call.close()


async def test_hashes_are_renewed_when_their_parameters_change(passwords):
    issued = await passwords.person()
    before = (await passwords.rows("select hash from password_accounts"))[0]["hash"]
    passwords.service.hasher = Hasher(time_cost=2, memory_cost=8, parallelism=1)
    await passwords.check(issued)
    after = (await passwords.rows("select hash from password_accounts"))[0]["hash"]
    assert before != after
    await passwords.check(issued)
    assert (await passwords.rows("select hash from password_accounts"))[0]["hash"] == after


def test_parameters_are_argon2id_with_three_passes_of_64_mib_and_four_lanes():
    hasher = Hasher()
    try:
        assert hasher._argon2.hash("x").startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    finally:
        hasher.close()


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("zelena jabuka", "too_short"),
        ("x" * 257, "too_long"),
        ("ﬃ" * 100, "too_long"),  # three letters each as NFKC
        ("zelena jabuka \x00pada", "unreadable"),
        ("password1234567", "too_common"),
        ("Lozinka-lozinka-2026!", "too_common"),
        ("qwertyuiopasdfg", "too_common"),
        ("123456789012345", "too_common"),
        ("aaaaaaaaaaaaaaaaaaaa", "too_common"),
        ("7h7h7h7h7h7h7h7h7h", "too_common"),
        ("ŠćrbačićAna1984", "too_common"),
        ("Grad Pregrada 2026", "too_common"),
        ("йцукенгшщзхїфівапролджє", "too_common"),
    ],
)
async def test_what_a_password_must_not_be(passwords, password, why):
    issued = await passwords.person()
    with pytest.raises(InvalidRequest) as refused:
        await passwords.service.change(passwords.city, issued.account_id, password)
    assert refused.value.field == why
    await passwords.check(issued)


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery staple",
        "jabukapadablizustabla",
        "384729104857261",
        "дощ іде над Озерним 7",
        "密码" * 4 + "很长很长很长很长的",
    ],
)
async def test_what_a_password_may_be(passwords, password):
    issued = await passwords.person()
    await passwords.service.change(passwords.city, issued.account_id, password)
    await passwords.check(issued, password)


async def test_the_same_letters_written_otherwise_are_the_same_password(passwords):
    issued = await passwords.person()
    await passwords.service.change(passwords.city, issued.account_id, "čaša žute vode ﬁne")
    await passwords.check(issued, "čaša žute vode fine")


async def test_a_new_password_is_another_one(passwords):
    issued = await passwords.issue()
    for password in (issued.password, issued.password.replace("-", " ")):
        with pytest.raises(InvalidRequest) as refused:
            await passwords.service.change(passwords.city, issued.account_id, password)
        assert refused.value.field == "unchanged"


async def test_where_a_second_factor_always_follows_a_password_may_be_shorter(api):
    passwords = Passwords(api, api.hub.towns.by_slug["vzorov"].city)
    issued = await passwords.issue()
    with pytest.raises(InvalidRequest):
        await passwords.service.change(passwords.city, issued.account_id, "jablko pada")
    await passwords.service.change(passwords.city, issued.account_id, "jablko padá!")
    assert (await passwords.check(issued, "jablko padá!")).factors == ()


async def test_a_password_of_one_town_opens_no_other(api, passwords):
    issued = await passwords.person()
    other = api.hub.towns.by_slug["vzorov"].city
    with pytest.raises(LoginRefused):
        await passwords.service.check(other, issued.username, PASSWORD, ADDRESS)


async def test_staff_log_in_while_they_are_on_the_staff(api, passwords, clock):
    city = passwords.city
    async with api.hub.database.identity(city.id) as connection:
        staff_id = await staff.add(connection, city, "Petra Novak", [Grant(Role.CLERK)], by="test", now=clock.now())
    issued = await passwords.issue(staff_id=staff_id)
    await passwords.service.change(city, issued.account_id, PASSWORD[:12])
    login = await passwords.check(issued, PASSWORD[:12])
    assert (login.staff_id, login.subject_id, login.factors) == (staff_id, None, ())
    async with api.hub.database.identity(city.id) as connection:
        await staff.end(connection, city.id, staff_id, by="test", why="left", now=clock.now())
    with pytest.raises(LoginRefused) as refused:
        await passwords.check(issued, PASSWORD[:12])
    assert refused.value.reason == "failed"
    assert Factor.TOTP.method == "otp"


async def test_a_guess_that_began_a_little_before_another_does_not_wait_for_it(passwords, clock):
    """Two processes, or two requests of one, read the clock before they wait for each other in the database."""
    issued = await passwords.person()
    await passwords.check(issued)
    clock.move(-timedelta(milliseconds=5))
    assert (await passwords.check(issued)).login_id == issued.account_id
