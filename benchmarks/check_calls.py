"""How long `opro check` takes where every answer has to be asked for, and what ten thousand cases take.

    python benchmarks/check_calls.py [--runs 3]

First table: 500 cases, 32 at a time, against a server on loopback that answers after 50 ms, beside a bare loop of the
same calls of litellm in a process of its own. Seconds are medians of the runs; from each process those of the same
process with one case are taken off, which are its start-up, the import of litellm for the most part. The ratio is taken
in the same round. Second table: the model `echo`, which asks nobody, so that what is left is our own work.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import statistics
import sys
import tempfile
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import yaml
from aiohttp import web
from check_cached import run

LATENCY = 0.05
AT_ONCE = 32
CASES = 500

BARE = f"""
import asyncio, os, sys
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
import litellm

async def main(base, count):
    gate = asyncio.Semaphore({AT_ONCE})
    async def one(number):
        said = (("system", "Answer a or b."), ("user", f"ticket {{number}}"))
        messages = [{{"role": role, "content": text}} for role, text in said]
        async with gate:
            await litellm.acompletion(model="openai/m", messages=messages, api_base=base, api_key="none", temperature=0)
    await asyncio.gather(*map(one, range(count)))

asyncio.run(main(sys.argv[1], int(sys.argv[2])))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3)
    runs = parser.parse_args().runs
    ours, theirs = zip(*_asked(runs), strict=True)
    ratio = statistics.median(one / other for one, other in zip(ours, theirs, strict=True))
    print(f"{'asked':>6} {'seconds':>8} {'bare':>8} {'ratio':>6}")
    print(f"{CASES:>6} {statistics.median(ours):>8.2f} {statistics.median(theirs):>8.2f} {ratio:>6.2f}")
    print(f"\n{'echo':>6} {'seconds':>8} {'MB':>6}")
    for count in (1_000, 10_000):
        with tempfile.TemporaryDirectory() as folder:
            command = [*_check(_suite(Path(folder), count, model="echo")), "--no-cache"]
            found = [run(command) for _ in range(runs)]
        seconds, megabytes = statistics.median(one for one, _ in found), max(each for _, each in found)
        print(f"{count:>6} {seconds:>8.2f} {megabytes:>6.0f}")


def _asked(runs: int) -> list[tuple[float, float]]:
    """Seconds of ours and of the bare loop without their start-up, in each round."""
    here, there = multiprocessing.Pipe()
    server = multiprocessing.Process(target=_serve, args=(there,), daemon=True)
    server.start()
    base = f"http://127.0.0.1:{here.recv()}/v1"
    with tempfile.TemporaryDirectory() as folder:
        params = {"temperature": 0, "api_base": base}
        one, many = (
            _check(_suite(Path(folder) / str(count), count, model="openai/m", params=params)) for count in (1, CASES)
        )
        more = ["--no-cache", f"--concurrency={AT_ONCE}"]
        bare = [sys.executable, "-c", BARE, base]
        rounds = [
            (
                run([*many, *more])[0] - run([*one, *more])[0],
                run([*bare, str(CASES)])[0] - run([*bare, "1"])[0],
            )
            for _ in range(runs)
        ]
    server.terminate()
    return rounds


def _check(suite: Path) -> list[str]:
    return [sys.executable, "-m", "opro_action", "check", str(suite)]


def _suite(root: Path, count: int, **fields: Any) -> Path:
    listed = [{"id": f"c{i}", "input": f"ticket {i}", "expected": "a"} for i in range(count)]
    cases = {"prompt": "../prompts/p.md", "scorers": "contains", "cases": listed}
    path = root / "evals" / "s.yaml"
    for file, text in ((root / "prompts" / "p.md", "Answer a or b.\n"), (path, yaml.safe_dump({**cases, **fields}))):
        file.parent.mkdir(parents=True)
        file.write_text(text)
    return path


def _serve(pipe: Connection) -> None:
    """A server in a process of its own, which sends its port first."""

    async def answer(request: web.Request) -> web.Response:
        await request.read()
        await asyncio.sleep(LATENCY)
        message = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "a"}}
        usage = {"prompt_tokens": 9, "completion_tokens": 1, "total_tokens": 10}
        return web.json_response({"id": "x", "object": "chat.completion", "created": 0, "model": "m",
                                  "choices": [message], "usage": usage})  # fmt: skip

    async def serve() -> None:
        app = web.Application()
        app.router.add_post("/v1/chat/completions", answer)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        pipe.send(runner.addresses[0][1])
        await asyncio.Event().wait()

    asyncio.run(serve())


if __name__ == "__main__":
    main()
