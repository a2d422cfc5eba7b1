"""The command line: the one room that sees all others and puts them together."""

from __future__ import annotations

import atexit
import errno
import gc
import os
import sys

from physiosync_rt.errors import UserError
from physiosync_rt.utils.end_signals import treat_like_ctrl_c
from physiosync_rt.utils.milestones import milestone
from physiosync_rt.utils.plain_text import plain_text

__all__ = ["main"]

_INTERRUPTED = 130


def main() -> None:
    """Run ``physiosync``; what a person can fix is one sentence and exit code 2 (3 when lost).

    A polite kill and a closed terminal are treated like Ctrl-C: files are finished first.
    """
    treat_like_ctrl_c()
    # Loading torch makes a million objects that stay; to look for garbage among them after every
    # 700 takes a tenth of the time.
    gc.set_threshold(50_000, 10, 50)
    # Files are closed by then; a last look for garbage among torch and Qt takes two seconds.
    atexit.register(gc.freeze)
    # Threads of torch that wait for each other sleep instead of spinning: where other programs use
    # the processor too, spinning makes a step many times slower. Read when torch is loaded.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    # Every process that the program starts, by whatever library, is safe from a person's own
    # models.py or signal.py in the working directory.
    os.environ.setdefault("PYTHONSAFEPATH", "1")
    try:
        # Loading the commands takes a moment in which a person may change their mind.
        from physiosync_rt.cli.app import app

        milestone("command line loaded")
        # By the name that the completion of a shell knows, also as `python -m physiosync_rt`.
        app(prog_name="physiosync")
    except UserError as error:
        lines = map(plain_text, str(error).splitlines())
        sys.stderr.write("physiosync: " + "\n".join(lines) + "\n")
        sys.exit(error.exit_code)
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG:
            raise
        said = UserError(f"{error.filename}: the path is too long for this system; shorten it")
        sys.stderr.write(f"physiosync: {said}\n")
        sys.exit(said.exit_code)
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
