"""The table is whole: every route has its row, every row its route, and the document says the same."""

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute, iter_route_contexts

from hub.authorisation import HEADER, OPERATIONS, STAFF_SCOPES, Audience, Role, scopes_of
from hub.cities.logins import TAKEN_BY_LOGIN
from hub.kernel.assurance import Assurance
from hub.settings import PROJECT
from portal_api import authorisation
from portal_api.openapi import operation_id
from portal_api.push.door import _back_office
from portal_api.requests import _citizen, _staff
from tests.support.openapi import APP, DOCUMENT

ROUTES = list(authorisation.operations(APP))
ENFORCED_BY = {Audience.CITIZEN: _citizen, Audience.STAFF: _staff, Audience.MACHINE: _back_office}


def without_a_row(app: FastAPI) -> set[str]:
    return {
        f"{method} {path} ({name})" for name, method, path in authorisation.operations(app) if name not in OPERATIONS
    }


def test_every_route_has_a_row():
    assert without_a_row(APP) == set(), "add each to hub.authorisation.OPERATIONS, then run `make authorisation`"


def test_a_route_without_a_row_would_be_found():
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, generate_unique_id_function=operation_id)
    router = APIRouter()
    router.add_api_route("/secrets", lambda: "all of them", methods=["GET"], name="tell_everything")
    app.include_router(router, prefix="/{city}/v1")
    assert without_a_row(app) == {"GET /{city}/v1/secrets (tell_everything)"}


def test_no_eid_is_called_like_a_page_of_the_login():
    segments = {path.split("/")[3] for _, _, path in ROUTES if path.startswith("/{city}/login/")} - {"{eid}"}
    as_a_slug = {one for one in segments if "." not in one}
    assert as_a_slug == TAKEN_BY_LOGIN


def test_every_row_has_a_route():
    assert set(OPERATIONS) - {name for name, _, _ in ROUTES} == set()


def test_no_two_handlers_share_a_name():
    """Or one of them would be let in by the other's rule."""
    named: dict[str, set[object]] = {}
    for one in iter_route_contexts(APP.routes):
        named.setdefault(one.name, set()).add(one.endpoint)
    assert {name: found for name, found in named.items() if len(found) > 1} == {}


def test_every_row_is_enforced_by_the_dependency_of_its_audience():
    found = {}
    for one in iter_route_contexts(APP.routes):
        if isinstance(one.original_route, APIRoute) and one.name in OPERATIONS:
            found[one.name] = {dependency.call for dependency in one.original_route.dependant.dependencies}
    wanted = {name: ENFORCED_BY[rule.audience] for name, rule in OPERATIONS.items() if rule.audience in ENFORCED_BY}
    assert {name for name, enforcer in wanted.items() if enforcer not in found.get(name, {enforcer})} == set()
    assert found.keys() >= {"read_account", "list_drift", "push_events"}


def test_rows_are_consistent():
    for name, rule in OPERATIONS.items():
        if rule.audience is Audience.ANYONE:
            assert rule.why, f"{name} needs no token: why?"
            assert (rule.scope, rule.assurance, rule.roles) == ("", None, frozenset()), name
        else:
            assert rule.scope, name
        assert bool(rule.roles) == (rule.audience is Audience.STAFF), name
        assert not rule.acting_for or rule.audience is Audience.CITIZEN, name
        if rule.audience is Audience.STAFF:
            assert rule.assurance == Assurance.SUBSTANTIAL, f"{name}: staff are never let in by a password alone"
            assert Role.ADMINISTRATOR in rule.roles, name


def test_scopes_belong_to_one_audience():
    """A front end that may ask for a citizen's scope can never open a door of staff by it."""
    owners: dict[str, set[Audience]] = {}
    for rule in OPERATIONS.values():
        if rule.scope:
            owners.setdefault(rule.scope, set()).add(rule.audience)
    assert {scope: who for scope, who in owners.items() if len(who) > 1} == {}


def test_scopes_of_roles():
    assert set(scopes_of(Audience.STAFF, [Role.ADMINISTRATOR])) == set(STAFF_SCOPES)
    assert scopes_of(Audience.STAFF, [Role.SUPPORT]) == ("messages",)
    assert "messages" not in scopes_of(Audience.STAFF, [Role.CLERK])
    assert scopes_of(Audience.STAFF, []) == ()


def test_the_document_says_what_the_table_says():
    for name, method, path in ROUTES:
        operation = DOCUMENT["paths"].get(path, {}).get(method.lower())
        if operation is None:
            continue
        rule = OPERATIONS[name]
        tokens = [] if rule.audience is Audience.ANYONE else [{"bearer": [rule.scope]}]
        if rule.audience is Audience.MACHINE:
            tokens = [{"push": []}, *tokens]
        if rule.audience is not Audience.ANYONE:
            assert operation.get("security", []) == tokens, name
        headers = [one["name"] for one in operation.get("parameters", []) if one["in"] == "header"]
        assert (HEADER in headers) == rule.acting_for, name


def test_the_printed_table_is_up_to_date():
    written = (PROJECT / "docs" / "authorisation.md").read_text("utf-8")
    assert written == authorisation.printed(APP), "run `make authorisation`"
