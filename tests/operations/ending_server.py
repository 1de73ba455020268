"""A server process for tests: takes requests whose ends the test can tell apart, until it is told to end.

Prints its port; `/slow` is answered after the server has begun to close, `/endless` never, `/ready` as /readyz is.
"""

import asyncio
import socket
import sys
from collections.abc import AsyncIterator

import uvicorn
from fastapi import FastAPI, Response
from fastapi.responses import StreamingResponse
from starlette.middleware import Middleware

from app.kernel.admission import Admission
from app.kernel.draining import Drain
from app.kernel.envelope import Bounds, RequestEnvelope
from app.kernel.serving import DrainingServer, server_options
from app.kernel.settings import Settings
from app.kernel.shedding import Places, Shedding

SETTINGS = Settings(port=0, shutdown_seconds=int(sys.argv[2]))
drain = Drain()
app = FastAPI(
    middleware=[
        Middleware(RequestEnvelope, Bounds.of(SETTINGS, counts_strangers=False)),
        Middleware(Shedding),
    ]
)
app.state.drain, app.state.room = drain, Places(Admission(8, 8, 2.0), 2.0)


@app.get("/ready")
async def ready() -> Response:
    return Response(status_code=503 if drain.is_draining else 200)


@app.get("/slow")
async def slow() -> str:
    while not drain.is_closing:  # noqa: ASYNC110 - the drain tells streams only
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.2)
    return "answered"


@app.post("/endless")
async def endless() -> None:
    await asyncio.Event().wait()


@app.get("/events")
async def events() -> StreamingResponse:
    async def told() -> AsyncIterator[str]:
        yield "data: 1\n\n"
        await asyncio.Event().wait()

    return StreamingResponse(told(), media_type="text/event-stream")


if __name__ == "__main__":
    listening = socket.create_server(("127.0.0.1", 0))
    print(listening.getsockname()[1], flush=True)  # noqa: T201 - for the test to read
    config = uvicorn.Config(app, **server_options(SETTINGS) | {"log_level": "critical"})
    DrainingServer(config, drain, float(sys.argv[1])).run(sockets=[listening])
