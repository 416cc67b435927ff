"""Where answers are marked: on this machine by joblib, on many by dask or ray. The work is the
same, and so are its results, which come in the order of the requests.
"""

from __future__ import annotations

import logging
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from importlib import import_module
from typing import Any, TypeAlias

from gradcalc.app.marking_client import SERVER, CannotStart, work
from gradcalc.language.errors import GradcalcError, Problem

AHEAD = 4  # requests for each worker that wait for it
AGAIN = 8  # times that workers are started anew before an answer comes

Requests: TypeAlias = "Sequence[Callable[[], dict[str, Any]]]"
Run: TypeAlias = Callable[[Requests], Iterator[list[str]]]


@contextmanager
def workers(backend: str, jobs: int, address: str | None = None) -> Iterator[Run]:
    """A function from requests, made when they are needed, to what is said of their items, in
    order. The workers end when it is left. Raises GradcalcError where a library is missing.
    """
    start = {"joblib": _joblib, "dask": _dask, "ray": _ray}[backend]
    with ExitStack() as stack:
        stack.callback(SERVER.kill)
        try:
            if backend == "joblib" and jobs == 1:
                yield lambda requests: (work(make()) for make in requests)
            else:
                yield start(jobs, address, stack)
        except CannotStart as error:
            hint = "what was marked is kept; the same command goes on from there"
            raise GradcalcError(Problem("workers", str(error), None, hint)) from None


def _library(name: str, backend: str) -> Any:
    try:
        return import_module(name)
    except ImportError:
        wanted = name if backend == "joblib" else f"gradcalc[{backend}]"
        message = f"--backend {backend} needs {name}, which is not installed"
        raise GradcalcError(Problem("missing", message, None, f"pip install '{wanted}'")) from None


def _joblib(jobs: int, address: str | None, stack: ExitStack) -> Run:
    joblib = _library("joblib", "joblib")
    executor = _library("joblib.externals.loky", "joblib")
    broken: Any = executor.process_executor.TerminatedWorkerError
    stack.callback(lambda: executor.get_reusable_executor().shutdown(wait=True, kill_workers=True))
    main = os.getpid()

    def run(requests: Requests) -> Iterator[list[str]]:
        done = failed = 0
        while done < len(requests):
            parallel = joblib.Parallel(jobs, backend="loky", return_as="generator", batch_size=1)
            try:
                for said in parallel(joblib.delayed(work)(r(), main) for r in requests[done:]):
                    done, failed = done + 1, 0
                    yield said
            except broken:  # a worker was killed from outside
                failed += 1
                if failed == AGAIN:
                    message = "the processes that mark are ended from outside; is memory short?"
                    raise CannotStart(message) from None

    return run


def _windowed(
    requests: Requests,
    jobs: int,
    submit: Callable[[dict[str, Any]], Any],
    get: Callable[[Any], Any],
) -> Iterator[list[str]]:
    """A few requests ahead of the results, so that neither fills the memory."""
    waiting: deque[Any] = deque()
    for make in requests:
        waiting.append(submit(make()))
        if len(waiting) >= AHEAD * jobs:
            yield get(waiting.popleft())
    while waiting:
        yield get(waiting.popleft())


def _dask(jobs: int, address: str | None, stack: ExitStack) -> Run:
    distributed = _library("dask.distributed", "dask")
    if address is None:
        cluster = stack.enter_context(
            distributed.LocalCluster(
                n_workers=jobs, threads_per_worker=1, dashboard_address=None, silence_logs=50
            )
        )
        client = stack.enter_context(distributed.Client(cluster))
    else:
        client = stack.enter_context(distributed.Client(address))
        jobs = max(jobs, len(client.scheduler_info()["workers"]))
    return lambda requests: _windowed(
        requests, jobs, lambda r: client.submit(work, r, pure=False), lambda f: f.result()
    )


def _ray(jobs: int, address: str | None, stack: ExitStack) -> Run:
    ray = _library("ray", "ray")
    options: dict[str, Any] = {"address": address} if address else {"num_cpus": jobs}
    quiet = {"log_to_driver": False, "logging_level": logging.ERROR}
    ray.init(include_dashboard=None if address else False, **quiet, **options)
    stack.callback(ray.shutdown)
    remote = ray.remote(num_cpus=1, max_retries=2)(work)
    if address:
        jobs = max(jobs, int(ray.cluster_resources().get("CPU", jobs)))
    return lambda requests: _windowed(requests, jobs, remote.remote, ray.get)
