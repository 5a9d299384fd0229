"""Times live reads over HTTP, many at once, of a server in another process that takes 50 ms for each. Prints JSON."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

RECORDS, AT_ONCE, SECONDS = 1000, 50, 0.05
_TIMES = 5
_RECORD = json.dumps({"id": 1, "title": "A record", "state": "open", "body": "word " * 400}).encode()
_ANSWER = (
    b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nETag: "1"\r\n'
    b"Content-Length: %d\r\n\r\n%b" % (len(_RECORD), _RECORD)
)


def main() -> None:
    from agentctl.connectors.rest.http import Endpoint, Request
    from agentctl.connectors.rest.http.client import Client
    from agentctl.connectors.rest.http.decode import decoded

    with subprocess.Popen([sys.executable, __file__, "serve"], stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout
            endpoint = Endpoint.at(f"http://127.0.0.1:{int(server.stdout.readline())}", environ={})
            walls, cpus = [], []
            for _ in range(_TIMES + 1):
                client = Client(endpoint)       # a new one: nothing is held, no connection is open

                def read(number: int, client: Client = client) -> None:
                    request = Request(method="GET", path=f"/records/{number}", deadline=30)
                    assert decoded(request, client.send(request, "token"))

                with ThreadPoolExecutor(AT_ONCE) as threads:
                    began, used = time.perf_counter(), time.process_time()
                    list(threads.map(read, range(RECORDS)))
                    walls.append(time.perf_counter() - began)
                    cpus.append((time.process_time() - used) / RECORDS)
                client.close()
        finally:
            server.kill()
    print(json.dumps({"wall": walls[1:], "cpu": cpus[1:], "least": -(-RECORDS // AT_ONCE) * SECONDS}))


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while await reader.readuntil(b"\r\n\r\n"):
            await asyncio.sleep(SECONDS)
            writer.write(_ANSWER)
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def serve() -> None:
    server = await asyncio.start_server(answer, "127.0.0.1", 0, backlog=AT_ONCE * 2)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if sys.argv[1:] == ["serve"]:
    asyncio.run(serve())
else:
    main()
