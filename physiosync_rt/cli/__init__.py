"""The command line: the one room that sees all others and puts them together."""

from __future__ import annotations

import errno
import os
import signal
import sys
from types import FrameType

from physiosync_rt.errors import UserError

__all__ = ["main"]

_INTERRUPTED = 130


def main() -> None:
    """Run ``physiosync``; what a person can fix is one sentence and exit code 2 (3 when lost).

    A polite kill is treated like Ctrl-C: files are finished first.
    """
    signal.signal(signal.SIGTERM, _interrupt)
    # Threads of torch that wait for each other sleep instead of spinning: where other programs use
    # the processor too, spinning makes a step many times slower. Read when torch is loaded.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    # Every process that the program starts, by whatever library, is safe from a person's own
    # models.py or signal.py in the working directory.
    os.environ.setdefault("PYTHONSAFEPATH", "1")
    try:
        # Loading the commands takes a moment in which a person may change their mind.
        from physiosync_rt.cli.app import app

        # By the name that the completion of a shell knows, also as `python -m physiosync_rt`.
        app(prog_name="physiosync")
    except UserError as error:
        sys.stderr.write(f"physiosync: {error}\n")
        sys.exit(error.exit_code)
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG:
            raise
        said = UserError(f"{error.filename}: the path is too long for this system; shorten it")
        sys.stderr.write(f"physiosync: {said}\n")
        sys.exit(said.exit_code)
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
