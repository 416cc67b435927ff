"""The program. Collecting garbage while modules load takes a quarter of a short run: it waits until they have."""

import gc

gc.disable()

from gradcalc.app import cli  # noqa: E402


def main() -> None:
    """Exits with the code of the command."""
    gc.freeze()  # what was loaded stays: it need not be looked at again, now or at the end
    gc.set_threshold(100_000, 20, 20)
    gc.enable()
    try:
        cli.main()
    finally:
        gc.freeze()


if __name__ == "__main__":
    main()
