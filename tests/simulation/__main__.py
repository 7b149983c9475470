"""Many worlds or one, an audit line at the end, and an exit code that says whether everything held.

python -m tests.simulation --seeds 2000            # worlds 0 to 1999
python -m tests.simulation --seed 1042             # one world again, with the end of its trace
python -m tests.simulation --tasks 100000          # large worlds until so many tasks have lived
"""

import argparse
import sys
from collections.abc import Iterator
from itertools import count, islice
from multiprocessing import Pool
from typing import TextIO

from tests.simulation.audit import Audit
from tests.simulation.story import Report, tell
from tests.simulation.world import Settings
from tests.template.loading import ROOT

RUNS_OF_A_LARGE_WORLD = 60
BATCH = 64
TAIL = 80


def main(arguments: list[str] | None = None) -> int:
    """0 if everything held, 1 if something did not."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=1_000, help="how many worlds")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--seed", type=int, help="this world only, with its trace")
    parser.add_argument("--runs", type=int, help="runs of each world; the seed's by default")
    parser.add_argument("--tasks", type=int, help="go on until so many tasks have lived, in large worlds")
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args(arguments)
    sys.path.insert(0, str(ROOT / "functions"))
    if given.seed is not None:
        return _one(given.seed, Settings(runs=given.runs))
    runs = given.runs or (RUNS_OF_A_LARGE_WORLD if given.tasks else None)
    seeds = count(given.first) if given.tasks else iter(range(given.first, given.first + given.seeds))
    return _many(seeds, Settings(runs=runs), given.tasks, given.processes)


def _one(seed: int, settings: Settings) -> int:
    report = tell(seed, settings, tail=TAIL)
    _show(report)
    return 0 if report.is_clean else 1


def _many(seeds: Iterator[int], settings: Settings, tasks: int | None, processes: int) -> int:
    audit = Audit()
    with Pool(processes) as pool:
        while tasks is None or audit.tasks < tasks:
            work = [(seed, settings) for seed in islice(seeds, BATCH)]
            if not work:
                break
            for report in pool.imap_unordered(_told, work, chunksize=4):
                if audit.is_clean and not report.is_clean:
                    _show(tell(report.seed, settings, tail=TAIL))
                    _say(f"again: --seed {report.seed}{f' --runs {settings.runs}' if settings.runs else ''}")
                audit.add(report)
            _say(audit.progress, sys.stderr)
    _say(audit.line)
    return 0 if audit.is_clean else 1


def _told(work: tuple[int, Settings]) -> Report:
    return tell(*work)


def _show(report: Report) -> None:
    _say("\n".join([*report.trace, f"seed={report.seed} {report.violation or 'holds'}"]))


def _say(text: str, where: TextIO = sys.stdout) -> None:
    where.write(f"{text}\n")
    where.flush()


if __name__ == "__main__":
    sys.exit(main())
