"""`python -m physiosync_rt.doctor`: all checks; with ``--qt`` Qt alone, silent when well."""

from __future__ import annotations

import sys

from rich.console import Console

from physiosync_rt.doctor import check_all, check_qt, show


def main() -> int:
    """Run the checks; the exit code is 1 when one of them failed."""
    if "--qt" in sys.argv[1:]:
        finding = check_qt()
        if finding.status == "bad":
            sys.stderr.write(f"No dashboard here: {finding.found}. {finding.fix}\n")
        return int(finding.status == "bad")
    findings = check_all()
    show(findings, Console())
    return int(any(finding.status == "bad" for finding in findings))


if __name__ == "__main__":
    sys.exit(main())
