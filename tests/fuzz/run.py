"""Damage inputs of every kind, read them, and say what became of them.

Run as ``python -m fuzz.run`` with ``tests`` on the path, or as ``make fuzz``. A case is a seed's
name and a number; the same case is the same file on every computer with the same seeds.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from random import Random
from typing import Any

from fuzz.mutations import Damage, damage
from fuzz.readers import differences, notes_of, read
from fuzz.sandbox import in_child
from fuzz.seeds import Seed, make_seeds
from fuzz.unknowable import reason_for

GOOD = ("same", "refused", "noted", "unknowable")
BAD = ("silent", "traceback", "hang", "memory", "crash", "code")

_INSPECTED_SHARE = 0.25


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one case."""

    seed: str
    number: int
    outcome: str
    what: str
    detail: str

    def __str__(self) -> str:
        return f"{self.outcome}: {self.seed} {self.number}: {self.what}: {self.detail}"

    @property
    def family(self) -> str:
        """Format that the figures are counted by."""
        return self.seed.partition("-")[0]


class Fuzzer:
    """Seeds, read once and undamaged, and a folder for damaged copies."""

    def __init__(self, folder: Path, *, real: bool = True) -> None:
        self.folder = folder
        seeds = make_seeds(folder / "seeds", real=real)
        self.seeds = {seed.name: seed for seed in seeds}
        self._undamaged = {seed.name: read(seed.kind, seed.path, inspect=True) for seed in seeds}

    def cases(self, n: int, only: str = "", first: int = 0) -> list[tuple[str, int]]:
        """Return ``n`` cases, evenly over the seeds (whose names begin with ``only``).

        They are numbered from ``first`` on, for each seed.
        """
        names = [name for name in self.seeds if name.startswith(only)]
        return [(names[k % len(names)], first + k // len(names)) for k in range(n)]

    def run(self, case: tuple[str, int]) -> Result:
        """Damage one input and read it."""
        name, number = case
        seed = self.seeds[name]
        place = Path(tempfile.mkdtemp(dir=self.folder))
        try:
            path, done, rng = self.write(seed, number, place)
            inspect = rng.random() < _INSPECTED_SHARE
            found = in_child(lambda: self._compare(seed, path, done, inspect))
        finally:
            shutil.rmtree(place)
        what = ", then ".join(f"{each.what} in {each.site}" for each in done)
        return Result(name, number, str(found["outcome"]), what, str(found["detail"]))

    def write(self, seed: Seed, number: int, place: Path) -> tuple[Path, list[Damage], Random]:
        """Write a damaged copy; return its path, what was done, and the state of chance."""
        rng = Random(f"{seed.name} {number}")
        root = seed.path if seed.path.is_dir() else seed.path.parent
        copy = place / root.name
        shutil.copytree(root, copy, copy_function=os.link)
        target = rng.choice(seed.targets)
        content = target.read_bytes()
        done: list[Damage] = []
        for _ in range(rng.choice((1, 1, 1, 1, 2))):
            try:
                done.append(damage(seed.syntax, target.name, content, rng))
            except (ValueError, IndexError, TypeError, KeyError, RecursionError):
                # What was damaged once may have no structure to damage again.
                break
            content = done[-1].content
        damaged = copy / target.relative_to(root)
        damaged.unlink()
        damaged.write_bytes(content)
        return copy / seed.path.relative_to(root), done, rng

    def _compare(self, seed: Seed, path: Path, done: list[Damage], inspect: bool) -> dict[str, Any]:
        before = self._undamaged[seed.name]
        warnings.simplefilter("ignore")
        after = read(seed.kind, path, inspect=inspect)
        differs = sorted(differences(before, after))
        if not differs:
            return {"outcome": "same", "detail": ""}
        new = sorted(notes_of(after) - notes_of(before))
        if new:
            return {"outcome": "noted", "detail": new[0]}
        sites = [each.site for each in done]
        reasons = {each: reason_for(seed.family, sites, each) for each in differs}
        silent = [each for each, reason in reasons.items() if not reason]
        if silent:
            return {"outcome": "silent", "detail": f"another {', '.join(silent)}"}
        return {"outcome": "unknowable", "detail": "; ".join(sorted(set(reasons.values())))}


def run_all(fuzzer: Fuzzer, cases: Sequence[tuple[str, int]], jobs: int) -> Iterator[Result]:
    """Run cases in processes that share what the parent has loaded."""
    if jobs == 1:
        yield from map(fuzzer.run, cases)
        return
    # Only what is loaded before the fork is shared: the workers get nothing but names.
    globals()["_shared"] = fuzzer
    with ProcessPoolExecutor(jobs, mp_context=get_context("fork")) as pool:
        yield from pool.map(_run_shared, cases, chunksize=4)


def _run_shared(case: tuple[str, int]) -> Result:
    fuzzer: Fuzzer = globals()["_shared"]
    return fuzzer.run(case)


def table(results: Sequence[Result]) -> str:
    """Return the figures by format and outcome."""
    counts = Counter((result.family, result.outcome) for result in results)
    families = list(dict.fromkeys(result.family for result in results))
    outcomes = [each for each in (*GOOD, *BAD) if each in GOOD or any(
        counts[family, each] for family in families)]  # fmt: skip
    lines = ["".join([f"{'format':<14}", *(f"{each:>12}" for each in ("cases", *outcomes))])]
    for family in (*families, "all"):
        own = [
            sum(counts[f, each] for f in (families if family == "all" else [family]))
            for each in outcomes
        ]
        lines.append("".join([f"{family:<14}", *(f"{n:>12,}" for n in (sum(own), *own))]))
    return "\n".join(lines)


def main() -> int:
    """Run from the command line; 1 where a case ended badly."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=4200)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", default="", help="seeds whose names begin so")
    parser.add_argument("--first", type=int, default=0, help="number of the first case of a seed")
    parser.add_argument("--case", type=int, help="one number of one seed")
    parser.add_argument("--keep", type=Path, help="folder for the inputs that ended badly")
    parser.add_argument("--reasons", action="store_true", help="print why what is unknowable is")
    options = parser.parse_args()
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        fuzzer = Fuzzer(Path(folder))
        cases = fuzzer.cases(options.cases, options.only, options.first)
        if options.case is not None:
            cases = [(name, options.case) for name in fuzzer.seeds if name.startswith(options.only)]
        results = []
        for result in run_all(fuzzer, cases, options.jobs):
            results.append(result)
            if result.outcome in BAD or options.case is not None:
                print(result, flush=True)
                if options.keep:
                    place = options.keep / f"{result.seed}-{result.number}"
                    place.mkdir(parents=True, exist_ok=True)
                    fuzzer.write(fuzzer.seeds[result.seed], result.number, place)
    print(table(results))
    if options.reasons:
        for reason, n in Counter(r.detail for r in results if r.outcome == "unknowable").items():
            print(f"unknowable, {n}: {reason}")
    bad = sum(result.outcome in BAD for result in results)
    print(f"{len(results):,} cases in {time.monotonic() - started:.0f} s, {bad} ended badly")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
