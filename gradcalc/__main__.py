"""The program. Collecting garbage while modules load takes a quarter of a short run: it waits
until they have.
"""

import gc
import os
import signal

gc.disable()
if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # Ctrl-C while modules load
    signal.signal(signal.SIGINT, lambda *_: os._exit(130))

from gradcalc.app import cli  # noqa: E402


def main() -> None:
    """Exits with the code of the command."""
    if signal.getsignal(signal.SIGINT) not in (signal.SIG_IGN, signal.SIG_DFL):
        signal.signal(signal.SIGINT, signal.default_int_handler)
    gc.freeze()  # what was loaded stays: it need not be looked at again, now or at the end
    gc.set_threshold(100_000, 20, 20)
    gc.enable()
    try:
        cli.main()
    finally:
        gc.freeze()


if __name__ == "__main__":
    main()
