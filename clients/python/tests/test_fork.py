"""os.fork(): a child has connections of its own, and ends nothing of its parent's."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import bowshot

# Both processes end by themselves, whatever waits for what.
PRELUDE = """
import os, signal, sys, time, traceback
import bowshot
SECONDS_MAX = 60
signal.alarm(SECONDS_MAX)
path = sys.argv[1]

def fork(work):
    child = os.fork()
    if child == 0:
        signal.alarm(SECONDS_MAX)
        code = 1
        try:
            work()
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    return child

def wait(child):
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status == 0, f"the child ended with {status}"

def refuses(call, said):
    try:
        call()
    except bowshot.Error as error:
        assert said in str(error), error
    else:
        raise AssertionError("no error")
"""


def run(script: str, path: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(Path(bowshot.__file__).parents[1])}
    command = [sys.executable, "-W", "ignore", "-c", PRELUDE + script, path]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


CLIENT = """
with bowshot.serve({"people": path}, quiet=True) as server:
    for client in (server.connect(), bowshot.connect(server.url)):
        def ask(first):
            for at in range(100):
                offset = first + at % 9
                rows = client["people"].select("id").rows(offset=offset, limit=1).to_dicts()
                assert rows == [{"id": offset + 1}], (offset, rows)

        ask(0)  # a connection is kept
        child = fork(lambda: ask(9))
        ask(0)
        wait(child)
"""


def test_a_client_in_a_child_has_connections_of_its_own(sources: dict[str, str]) -> None:
    run(CLIENT, sources["people"])


STREAM = """
with bowshot.serve({"flights": path}, quiet=True) as server, server.connect() as client:
    stop = bowshot.Stop()
    batches = client["flights"].stream(stop=stop)
    rows = batches.next_batch().num_rows

    def child():
        def read():
            while batches.next_batch() is not None:
                pass

        refuses(read, "fork")
        batches.close()
        stop.request()
        assert client["flights"].count().item() > 0
        client.close()

    wait(fork(child))
    while (batch := batches.next_batch()) is not None:
        rows += batch.num_rows
    assert rows == client["flights"].count().item()
"""


def test_a_stream_is_of_the_process_that_asked(sources: dict[str, str]) -> None:
    run(STREAM, sources["flights"])


ASYNC = """
import asyncio
with bowshot.serve({"people": path}, quiet=True) as server:
    near = next(a for a in server.addresses if a.startswith("unix:"))
    client = bowshot.connect_async(near, calls=1)

    async def ask():
        assert await client["people"].count().item() == 18

    asyncio.run(ask())
    child = fork(lambda: asyncio.run(ask()))
    asyncio.run(ask())
    wait(child)
    asyncio.run(client.close())
"""


def test_an_async_client_in_a_child_has_threads_of_its_own(sources: dict[str, str]) -> None:
    run(ASYNC, sources["people"])


SERVER = """
from pathlib import Path
server = bowshot.serve({"people": path, "frame": {"x": [1, 2]}}, quiet=True)
folder = Path(server._folder.name)

def all_is_there():
    assert (folder / "socket").exists(), "the folder is gone"
    assert server.is_running(), "the server was stopped"
    with server.connect() as client:
        assert client["people"].count().item() == 18
        assert client["frame"].count().item() == 2

def child():
    all_is_there()
    with server:
        pass
    server.stop()
    all_is_there()

wait(fork(child))
all_is_there()
leaving = os.fork()
if leaving == 0:
    signal.alarm(SECONDS_MAX)
    with server:
        sys.exit()  # through the block's end and all exit handlers
wait(leaving)
all_is_there()
dropping = os.fork()
if dropping == 0:
    signal.alarm(SECONDS_MAX)
    del server
    os._exit(not (folder / "socket").exists())
wait(dropping)
all_is_there()
server.stop()
assert not server.is_running()
assert not folder.exists()
"""


def test_a_child_ends_no_server_of_its_parents(sources: dict[str, str]) -> None:
    run(SERVER, sources["people"])


LEFT = """
server = bowshot.serve({"people": path}, quiet=True)
ready, go = os.pipe()
child = os.fork()
if child == 0:
    signal.alarm(SECONDS_MAX)
    os.close(go)
    os.read(ready, 1)  # until the parent has ended
    client = bowshot.connect(server.url, retries=0)
    while True:
        try:
            client.server_version()
        except bowshot.ConnectionFailedError:
            print("ended", server.is_running(), flush=True)
            os._exit(0)
        time.sleep(0.01)
print(server._folder.name, flush=True)
"""


def test_a_server_ends_with_its_parent_though_a_child_lives(sources: dict[str, str]) -> None:
    folder, said = run(LEFT, sources["people"]).splitlines()
    assert said == "ended False"
    assert not Path(folder).exists()


CORE = """
from pathlib import Path
core = bowshot.Core({"flights": path, "frame": {"x": [1, 2]}})
folder = Path(core._folder.name)
expected = core["flights"].count().item()
stop = bowshot.Stop()
batches = core["flights"].stream(stop=stop)
rows = batches.next_batch().num_rows

def child():
    for call in (
        core["flights"].count().item,
        core["flights"].rows(limit=1).via("parquet").to_arrow,
        core["flights"].info,
        batches.next_batch,
        lambda: core.publish("y", {"x": [1]}),
        lambda: core.remove("frame"),
        lambda: core.pointer,
    ):
        refuses(call, "after the fork")
    batches.close()
    stop.request()
    core.close()
    core.close()

wait(fork(child))
leaving = os.fork()
if leaving == 0:
    signal.alarm(SECONDS_MAX)
    with core:
        sys.exit()
wait(leaving)
dropping = os.fork()
if dropping == 0:
    signal.alarm(SECONDS_MAX)
    del batches, core
    sys.exit()
wait(dropping)
assert folder.exists()
while (batch := batches.next_batch()) is not None:
    rows += batch.num_rows
assert rows == expected == core["flights"].count().item()
assert core["frame"].rows().to_dict() == {"x": [1, 2]}
core.close()
assert not folder.exists()
"""


def test_a_core_is_of_the_process_that_made_it(sources: dict[str, str]) -> None:
    run(CORE, sources["flights"])


DROPPED = """
import gc
core = bowshot.Core({"flights": path})
flights = core["flights"]
for query in (
    flights,
    flights.filter("delay > 0"),
    flights.compute(z="delay * 2").filter("z > 3"),
    flights.order("delay"),
):
    batches = query.rows().stream()
    rows = batches.next_batch().num_rows

    def child():
        global batches
        batches = None  # whose query has threads, of which none is in this process
        gc.collect()

    wait(fork(child))
    while (batch := batches.next_batch()) is not None:
        rows += batch.num_rows
    assert rows == query.count().item()
core.close()
"""


def test_a_child_may_drop_the_streams_of_a_core(sources: dict[str, str]) -> None:
    run(DROPPED, sources["flights"])


NEW_CORE = """
def ask():
    with bowshot.Core({"people": path}) as core:
        assert core["people"].count().item() == 18
        assert core["people"].filter("id > 3").order("-id").rows().to_arrow().num_rows == 15

with bowshot.Core({"people": path}) as core:
    child = fork(ask)
    assert core["people"].count().item() == 18
    wait(child)
ask()
wait(fork(ask))
"""


def test_a_core_is_made_after_the_fork(sources: dict[str, str]) -> None:
    run(NEW_CORE, sources["people"])
