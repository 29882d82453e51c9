"""id.gov.ua as it speaks on the wire: nearly OAuth 2, errors with status 200."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import get_args

import httpx
import pytest
from lxml import etree

from simulators.eid_id_gov_ua import IdGovUaSwitches, Wrong
from tests.integration.simulators.eid_harness import query_of, token_in
from tests.integration.simulators.harness import Simulator, start

BACK = "http://127.0.0.1:8000/pregrada/login/id_gov_ua/callback"
CLIENT = {"client_id": "munihub", "client_secret": "eid-id-gov-ua-secret"}
FIELDS = "lastname,givenname,middlename,drfocode,edrpoucode,unzr,o,isqscd,email,phone"


@pytest.fixture
async def ua() -> AsyncIterator[Simulator]:
    async with start("eid_id_gov_ua") as simulator:
        yield simulator


async def authorize(ua: Simulator, **over: str) -> httpx.Response:
    asked = {"response_type": "code", "client_id": "munihub", "auth_type": "dig_sign,bank_id", "state": "st-1"}
    return await ua.client.get("/", params=asked | {"redirect_uri": BACK} | over)


async def back(ua: Simulator, person: str = "hanna", do: str = "login", level: str = "dig_sign") -> dict[str, str]:
    page = await authorize(ua)
    assert page.status_code == 200, page.text
    form = {"token": token_in(page), "person": person, "do": do, "level": level}
    answer = await ua.client.post("/login", data=form)
    assert answer.status_code == 302
    assert answer.headers["location"].startswith(f"{BACK}?")
    return query_of(answer.headers["location"])


async def token(ua: Simulator, code: str, **over: str) -> dict:
    given = CLIENT | {"grant_type": "authorization_code", "code": code} | over
    answer = await ua.client.post("/get-access-token", params=given)
    assert answer.status_code == 200
    return answer.json()


async def info(ua: Simulator, given: dict, **over: str) -> dict:
    asked = {"access_token": given["access_token"], "user_id": given["user_id"], "fields": FIELDS} | over
    answer = await ua.client.get("/get-user-info", params=asked)
    assert answer.status_code == 200
    return answer.json()


async def person(ua: Simulator, who: str = "hanna", **over: str) -> dict:
    return await info(ua, await token(ua, (await back(ua, who))["code"]), **over)


async def test_a_login(ua: Simulator) -> None:
    page = etree.HTML((await authorize(ua)).text)
    assert [one.get("value") for one in page.iterfind(".//input[@name='level']")] == ["bank_id", "dig_sign"]
    query = await back(ua)
    assert set(query) == {"code", "state"}
    assert query["state"] == "st-1"
    given = await token(ua, query["code"])
    assert set(given) == {"access_token", "token_type", "expires_in", "refresh_token", "user_id"}
    assert await info(ua, given) == {
        "auth_type": "dig_sign",
        "lastname": "Шевчук-Їжакевич",
        "givenname": "Ганна",
        "middlename": "Олексіївна",
        "email": "hanna@citizen.example",
        "phone": "+380501000001",
        "o": "",
        "edrpoucode": "",
        "drfocode": "3184902042",
        "unzr": "19870314-01234",
        "isqscd": "1",
    }
    assert await info(ua, given, fields="drfocode") == {"auth_type": "dig_sign", "drfocode": "3184902042"}


async def test_by_form_as_well(ua: Simulator) -> None:
    form = CLIENT | {"grant_type": "authorization_code", "code": (await back(ua))["code"]}
    given = (await ua.client.post("/get-access-token", data=form)).json()
    answer = await ua.client.post("/get-user-info", data={**given, "fields": "drfocode"})
    assert answer.json()["drfocode"] == "3184902042"


async def test_other_people(ua: Simulator) -> None:
    firm = await person(ua, "yevhen-vodokanal")
    assert (firm["drfocode"], firm["edrpoucode"], firm["o"]) == ("3354303173", "41003212", "КП «Водоканал Їжакове»")
    assert (await person(ua, "solomiia"))["drfocode"] == "СО123456"
    given = await token(ua, (await back(ua, level="bank_id"))["code"])
    assert (await info(ua, given, fields="isqscd")) == {"auth_type": "bank_id", "isqscd": "0"}


async def test_errors_come_with_status_200(ua: Simulator) -> None:
    code = (await back(ua))["code"]
    assert (await token(ua, code, client_secret="guess"))["error"] == "1"
    assert (await token(ua, code, client_id="nobody"))["error"] == "1"
    given = await token(ua, code)
    assert (await token(ua, code))["error"] == "2"
    assert await info(ua, given, user_id="guess") == {"error": "3", "message": "invalid token"}
    assert (await info(ua, given, cert="MIIB"))["error"] == "4"
    late = (await back(ua))["code"]
    ua.clock.move(minutes=6)
    assert (await token(ua, late))["error"] == "2"
    assert (await info(ua, given))["error"] == "3"


async def test_logging_out_says_error_0(ua: Simulator) -> None:
    given = await token(ua, (await back(ua))["code"])
    asked = {"access_token": given["access_token"], "user_id": given["user_id"]}
    answer = await ua.client.get("/get-user-logout", params=asked)
    assert answer.json() == {"error": "0", "error_description": "Дані користувача успішно видалено"}
    assert (await info(ua, given))["error"] == "3"
    assert (await ua.client.get("/get-user-logout", params=asked)).json()["error"] == "5"


async def test_nobody_is_sent_elsewhere(ua: Simulator) -> None:
    for over in (
        {"redirect_uri": "http://thief.example/"},
        {"client_id": "x"},
        {"auth_type": "sms"},
        {"response_type": "x"},
    ):
        answer = await authorize(ua, **over)
        assert (answer.status_code, "location" in answer.headers) == (400, False)
    page = await ua.client.get(
        "/", params={"response_type": "code", "client_id": "munihub", "auth_type": "bank_id", "redirect_uri": BACK}
    )
    form = {"token": token_in(page), "person": "hanna", "level": "dig_sign"}
    assert (await ua.client.post("/login", data=form)).status_code == 400


async def test_every_switch(ua: Simulator) -> None:
    tried = set()

    async def switched(name: str) -> None:
        tried.add(name)
        await ua.switch(wrong=[name])

    given = await token(ua, (await back(ua))["code"])
    await switched("wrong_state")
    assert (await back(ua))["state"] == "another-state"
    await switched("cancelled")
    assert (await back(ua))["error"] == "access_denied"
    await switched("authorize_error")
    assert (await back(ua))["error"] == "server_error"
    await switched("token_error")
    assert (await token(ua, (await back(ua))["code"]))["error"] == "2"
    await switched("no_user_id")
    assert "user_id" not in await token(ua, (await back(ua))["code"])
    await switched("user_info_error")
    assert (await info(ua, given))["error"] == "3"
    await switched("wrong_user")
    assert (await info(ua, given))["lastname"] != "Шевчук-Їжакевич"
    await switched("swapped_codes")
    found = await info(ua, given)
    assert (found["edrpoucode"], found["drfocode"]) == ("3184902042", "")
    await switched("seal")
    found = await info(ua, given)
    assert (found["edrpoucode"], found["drfocode"], found["lastname"], found["unzr"]) == ("41003212", "", "", "")
    await switched("missing_field")
    found = await info(ua, given)
    assert (found["edrpoucode"], found["drfocode"], found["lastname"]) == ("", "", "Шевчук-Їжакевич")
    await switched("unknown_field")
    assert (await info(ua, given))["munihub_new"] == "42"
    await switched("another_way")
    assert (await info(ua, given))["auth_type"] == "sms"
    await switched("encrypted")
    assert await info(ua, given) == {"encryptedUserInfo": "MIIB"}
    await switched("logout_error")
    asked = {"access_token": given["access_token"], "user_id": given["user_id"]}
    assert (await ua.client.get("/get-user-logout", params=asked)).json()["error"] == "5"
    assert tried == set(get_args(Wrong))
    assert [name for name in tried if f"`{name}`" not in (IdGovUaSwitches.__doc__ or "")] == []
    await ua.switch(wrong_schema="renamed")
    assert (await info(ua, given))["drfocode2"] == "3184902042"
    await ua.switch(wrong_schema="mistyped")
    assert (await info(ua, given))["drfocode"] == "не вказано"
    await ua.switch(fault=True)
    assert (await ua.client.get("/get-user-info", params=asked)).status_code == 500
    await ua.switch()
    assert (await person(ua))["drfocode"] == "3184902042"
