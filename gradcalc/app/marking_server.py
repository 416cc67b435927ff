"""The process that marks: it is asked in lines of JSON, and answers a line for each item.

It is started for those that mark many answers (`marking_client.py`). An answer that takes too long
or ends this process ends nothing else.
"""

from __future__ import annotations

import json
import os
import sys
from threading import Thread
from typing import Any, NoReturn

from gradcalc.app.worker import OUT_OF_MEMORY, deadline, default_signals, limit_memory, watch

HELLO = "ready"


def main() -> NoReturn:
    """Serve until nobody asks any more."""
    default_signals()
    limit_memory()
    Thread(target=watch, args=(os.getppid(),), daemon=True).start()
    sys.setrecursionlimit(max(sys.getrecursionlimit(), 5_000))
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    try:
        from gradcalc.grading.work import Work

        _say(out, HELLO)
        work = Work()
        for line in sys.stdin.buffer:
            request = json.loads(line)
            for item in request["items"]:
                with deadline(request["seconds"]):
                    said = attempt(work, request, item)
                _say(out, said)
    except MemoryError:
        os._exit(OUT_OF_MEMORY)
    except BrokenPipeError:
        os._exit(0)
    os._exit(0)


def _say(out: Any, text: str) -> None:
    out.write(text.encode("utf-8", "surrogatepass") + b"\n")
    out.flush()


def attempt(work: Any, request: dict[str, Any], item: Any) -> str:
    """What is said of an item, in one line of JSON. A bug is one of the program, and costs nobody
    points.
    """
    try:
        return json.dumps(answer(work, request, item), ensure_ascii=False)
    except MemoryError:
        raise
    except Exception as error:
        reason = f"{type(error).__name__}: {error}".splitlines()[0][:200]
        return json.dumps({"lost": f"this is a bug in gradcalc ({reason})"})


def answer(work: Any, request: dict[str, Any], item: Any) -> Any:
    """The answer to an item of a request."""
    ready = work.exercise(request["file"], request["text"], request["policy"])
    match request["what"]:
        case "mark":
            from gradcalc.render.marks_json import answer as record

            return record(ready.mark(request["question"], item, request["tries"]))
        case "follow":
            question, mine, group = item
            return ready.follows(question, mine, group)
        case "order":
            return ready.order()
    raise ValueError(request["what"])
