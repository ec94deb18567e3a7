#!/usr/bin/python3
"""Policies against bugs: how many schedules each policy of a search needs until each bug of the library shows.

    tests/matrix/check.py [--update]

A bug is a scenario that expects a bug check, a finding or an odd end in *some* schedule. Without --update only the portfolio (what `irqlab
explore` takes by itself) runs, with one seed: it must find every bug, and scenarios/MATRIX.md must have a row for each. --update runs every policy
with several seeds, some minutes, and writes that table.
"""
import os
import re
import statistics
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from stage import ROOT, Stage, is_bug, library_files, library_name

TABLE = ROOT / "scenarios/MATRIX.md"
SCHEDULES = 2000  # a policy that has not found it by then has not found it
SILENT_SCHEDULES = 200
SEEDS = (1, 1001, 2001)
SMOKE_POLICY = "portfolio"
SYSTEMATIC = ("exhaustive", "dpor", "faults")  # draw nothing: a second seed would be the first again
ALONE = ("timed",)  # runs one schedule


def first_found(outcome):
    """Schedules run until the first that did not come out clean; None: there was none."""
    numbers = [bucket["first"] + 1 for bucket in outcome["outcomes"] if bucket["result"] != "clean"]
    return min(numbers) if numbers else None


def is_of_failures(path):
    """Does the bug show only where something fails?"""
    return re.search(r'"kind":\s*"faults"', path.read_text()) is not None


def search(stage, policy, seed, files):
    """{name: schedules to the first bug, or None}, what went wrong."""
    words = ["--policy", policy, "--schedules", SCHEDULES]
    words += ["--seed", seed] if seed is not None else []
    failing = [path for path in files if is_of_failures(path)]
    others = [path for path in files if path not in failing]
    outcomes, errors = {}, []
    for vary, group in ((["--vary", "allocation,status"], failing), ([], others)):
        if not group:  # without files it would be the whole library
            continue
        ran, error = stage.library(*words, *vary, *[path.relative_to(ROOT) for path in group])
        outcomes.update(ran)
        errors += [error] if error else []
    for name, outcome in outcomes.items():
        if outcome["status"] not in ("as expected", "not as expected"):
            errors.append(f"{name}: {outcome['status']}: {outcome['why']}")
    return {name: first_found(outcome) for name, outcome in outcomes.items()}, errors


def policies(stage):
    """(name, whether it draws) of those that explore, in the order of `irqlab list policies`."""
    names = [line.split()[0] for line in stage.irqlab("list", "policies").stdout.splitlines() if line.strip()]
    return [(name, name not in SYSTEMATIC) for name in names if name not in ALONE]


def cell(found):
    numbers = [number for number in found if number is not None]
    if not numbers:
        return "-"
    mean = statistics.mean(numbers)
    text = f"{mean:.0f}" if mean >= 10 or mean == int(mean) else f"{mean:.1f}"
    return text if len(numbers) == len(found) else f"{text} ({len(numbers)}/{len(found)})"


def worst(header, rows):
    """Where the portfolio is furthest from the best of those that draw, as a sentence: of rows of cells."""
    drawing = [policy for policy in header if policy not in SYSTEMATIC and policy != SMOKE_POLICY]
    ratios = []
    for name, cells in rows:
        of = {policy: cell for policy, cell in zip(header, cells)}
        best, policy = min((float(of[policy]), policy) for policy in drawing if re.fullmatch(r"[\d.]+", of[policy]))
        mine = of[SMOKE_POLICY]
        if not re.fullmatch(r"[\d.]+", mine):
            return f"The portfolio does not always find {name}, and {policy} does."
        ratios.append((float(mine) / best, name, mine, policy, of[policy]))
    ratio, name, mine, policy, best = max(ratios)
    within = sum(item[0] <= 3 for item in ratios)
    return f"The portfolio is at its worst on {name}: {mine} for {policy}'s {best}, {ratio:.1f} times; it is within 3 times the best on {within} of {len(ratios)}."


def table_write(stage, files):
    names = [library_name(str(path)) for path in files]
    chosen = policies(stage)
    found = {name: [] for name in names}
    for policy, draws in chosen:
        columns = [search(stage, policy, seed, files) for seed in (SEEDS if draws else (None,))]
        for _, error in columns:
            stage.case(f"{policy} runs", error)
        for name in names:
            found[name].append(cell([column.get(name) for column, _ in columns]))
    lines = ["# Policies against bugs", "",
             f"Schedules that each policy needed until the bug showed: the mean of seeds {', '.join(map(str, SEEDS))} (systematic policies draw nothing and run",
             f"once); `(1/3)`: one of three seeds found it within {SCHEDULES:,} schedules; `-`: none did. 1 is the natural schedule, which every search runs first.",
             "`irqlab list policies` says what each is. Written by `./irqlab test --update matrix`.", "",
             "| bug | " + " | ".join(policy for policy, _ in chosen) + " |", "|---|" + "---:|" * len(chosen)]
    lines += [f"| [{name}]({name}.json) | " + " | ".join(found[name]) + " |" for name in names]
    lines += ["", worst([policy for policy, _ in chosen], [(name, found[name]) for name in names])]
    TABLE.write_text("\n".join(lines) + "\n")


def is_good(path):
    """Is it a driver without mistakes: a rule's good twin, a bug's corrected one?"""
    return path.name.startswith(("good-", "corrected", "c-corrected", "fixed"))


def silence(stage):
    """A driver without mistakes is told none, data races among them, whoever chooses the schedule: what the file expects of its own schedules is not asked here."""
    files = [path for path in library_files() if is_good(path)]
    own, error = stage.library(*[path.relative_to(ROOT) for path in files])
    stage.case("the good twins run as they are", error)
    outcomes, error = stage.library("--races", "--policy", SMOKE_POLICY, "--schedules", SILENT_SCHEDULES, *[path.relative_to(ROOT) for path in files])
    stage.case("the good twins run under the portfolio", error)
    for name, outcome in outcomes.items():
        natural = {bucket["result"] for bucket in own[name]["outcomes"]} if name in own else set()
        odd = [bucket for bucket in outcome["outcomes"] if bucket["result"] != "clean" and bucket["result"] not in natural]
        stage.case(f"{name} is silent", [f"{bucket['result']}: {bucket['schedule'][:300]}" for bucket in odd])


def rows_kept():
    return re.findall(r"^\| \[([^]]+)\]", TABLE.read_text(), re.MULTILINE) if TABLE.exists() else []


def main():
    stage = Stage(__doc__)
    files = [path for path in library_files() if is_bug(path)]
    if stage.arguments.update:
        table_write(stage, files)
    found, error = search(stage, SMOKE_POLICY, 1, files)
    stage.case("the portfolio runs", error)
    kept = rows_kept()
    for path in files:
        name = library_name(str(path))
        stage.case(f"{name} is found", None if found.get(name) else f"not within {SCHEDULES} schedules of the {SMOKE_POLICY}")
        stage.case(f"{name} is in the table", None if name in kept else "write it anew: ./irqlab test --update matrix")
    silence(stage)
    gone = [name for name in kept if name not in {library_name(str(path)) for path in files}]
    stage.case("the table has no other rows", gone)
    stage.finish()


main()
