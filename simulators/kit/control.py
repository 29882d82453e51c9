"""The control door of a simulator: its switches, its data and its pushes, under `/_control`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import httpx
from pydantic import BaseModel, ValidationError
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from simulators.kit.push import Pusher, PushOrder
from simulators.kit.store import Refused, Store
from simulators.kit.switches import CONTROL, Misbehaving, Switchboard
from simulators.kit.writes import Ledger

_Model = TypeVar("_Model", bound=BaseModel)


def simulator(
    *,
    routes: Sequence[BaseRoute],
    board: Switchboard,
    stores: Mapping[str, Store],
    pusher: Pusher | None = None,
    ledger: Ledger | None = None,
) -> Starlette:
    """The application of a simulator: its own `routes` behind the switches of `board`, and the control door.

    `stores` are reachable as `/_control/<name>`, the `ledger` of one that does things as `/_control/writes`.
    """
    door = _Control(board, stores, pusher, ledger)
    writes = [Route(f"{CONTROL}/writes", ledger.door, methods=["GET", "POST"])] if ledger else []
    return Starlette(
        routes=[
            *routes,
            Route(CONTROL, door.switches, methods=["GET", "POST"]),
            Route(f"{CONTROL}/reset", door.reset, methods=["POST"]),
            Route(f"{CONTROL}/push", door.push, methods=["POST"]),
            *writes,
            Route(f"{CONTROL}/{{store}}", door.collection, methods=["GET", "POST"]),
            Route(f"{CONTROL}/{{store}}/{{key:path}}", door.item, methods=["GET", "DELETE"]),
        ],
        middleware=[Middleware(Misbehaving, board=board)],
        exception_handlers={
            Refused: _refused,
            ValidationError: _refused,
            json.JSONDecodeError: _refused,
            httpx.HTTPError: _unreachable,
        },
    )


class _Control:
    def __init__(
        self, board: Switchboard, stores: Mapping[str, Store], pusher: Pusher | None, ledger: Ledger | None
    ) -> None:
        self._board = board
        self._stores = stores
        self._pusher = pusher
        self._ledger = ledger

    async def switches(self, request: Request) -> Response:
        if request.method == "POST":
            self._board.switches = await _body(request, self._board.model)
        return JSONResponse(self._board.state())

    async def reset(self, _: Request) -> Response:
        self._board.switches = self._board.model()
        for store in self._stores.values():
            store.reset()
        if self._ledger is not None:
            self._ledger.reset()
        return JSONResponse(self._board.state())

    async def push(self, request: Request) -> Response:
        if self._pusher is None:
            raise Refused("this back office does not push")
        return JSONResponse(await self._pusher.send(await _body(request, PushOrder)))

    async def collection(self, request: Request) -> Response:
        store = self._store(request)
        if request.method == "GET":
            return JSONResponse(store.items())
        changes = json.loads(await request.body())
        if not isinstance(changes, dict):
            raise Refused("send one item as a JSON object")
        return JSONResponse(store.put(changes).data)

    async def item(self, request: Request) -> Response:
        store, key = self._store(request), request.path_params["key"]
        if request.method == "DELETE":
            return JSONResponse(store.remove(key).data)
        return JSONResponse([state.data for state in store.states(key)])

    def _store(self, request: Request) -> Store:
        name = request.path_params["store"]
        if name not in self._stores:
            raise Refused(f"there is no {name!r} here; there are: {', '.join(self._stores)}")
        return self._stores[name]


async def _body(request: Request, model: type[_Model]) -> _Model:
    return model.model_validate_json(await request.body() or b"{}")


async def _refused(_: Request, error: Exception) -> Response:
    problems: Any = error.errors(include_url=False) if isinstance(error, ValidationError) else str(error)
    return JSONResponse({"refused": problems}, status_code=422)


async def _unreachable(_: Request, error: Exception) -> Response:
    return JSONResponse({"refused": f"the hub cannot be reached: {error!r}"}, status_code=502)
