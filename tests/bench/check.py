#!/usr/bin/python3
"""The benchmark runs and its figures are figures. How fast is no test: that depends on the machine; tests/bench/README.md records it."""
import json
import os
import sys
from pathlib import Path

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from stage import Stage


def positive(item, keys):
    return [f"{key} is {item.get(key)}" for key in keys if not isinstance(item.get(key), (int, float)) or item[key] <= 0]


FOLDER = Path(__file__).resolve().parent / "programs" / "bugs"
# Found by nobody in so few schedules.
RARE = {"safe_stack"}
SCHEDULES_MAX = 3000
PROGRAMS = sorted(str(path) for path in FOLDER.glob("*.json") if path.stem not in RARE)


def policies_check(stage):
    """Each program's mistake is found by the portfolio, within many more schedules than it needs."""
    run = stage.irqlab("bench", "--policies", "--policy", "portfolio", "--seeds", "1", "--schedules", str(SCHEDULES_MAX), "--json", *PROGRAMS)
    if not stage.case("irqlab bench --policies --json", None if run.returncode == 0 else run.stderr):
        return
    for row in json.loads(run.stdout)["programs"]:
        stage.case(f"bugs/{row['program']}", None if row["policies"]["portfolio"]["found"] == 1 else f"not in {SCHEDULES_MAX} schedules")


def shrink_check(stage):
    """What a search finds becomes short, and it is proved."""
    run = stage.irqlab("bench", "--shrink", "--seeds", "2", "--json", str(FOLDER / "deadlock01.json"), "drivers/lost-wakeup/bug")
    if not stage.case("irqlab bench --shrink --json", None if run.returncode == 0 else run.stderr):
        return
    for row in json.loads(run.stdout):
        stage.case(f"shrink {row['scenario']}", None if row["failures"] == row["proved"] == 2 and row["preemptions"] <= 1 else str(row))


def main():
    stage = Stage(__doc__)
    run = stage.irqlab("bench", "--seconds", "0.01", "--json")
    if not stage.case("irqlab bench --json", None if run.returncode == 0 else run.stderr):
        stage.finish()
    figures = json.loads(run.stdout)
    for scenario in figures["scenarios"]:
        stage.case(scenario["scenario"], positive(scenario, ["schedules_per_second", "steps_per_schedule", "nanoseconds_per_step",
                                                             "start_milliseconds", "state_bytes", "restore_microseconds"]))
    for cost in figures["costs"]:
        stage.case(cost["what"], positive(cost, ["nanoseconds", *(["beside_nanoseconds"] if cost["beside"] else [])]))
    stage.case("a process", positive(figures, ["process_milliseconds", "process_memory_mib"]))
    table = stage.irqlab("bench", "--seconds", "0.01", "osr-291980/dpc-classify")
    stage.case("irqlab bench", None if table.returncode == 0 and "schedules/s" in table.stdout and "fiber switch" in table.stdout else table.stdout)
    policies_check(stage)
    shrink_check(stage)
    stage.finish()


if __name__ == "__main__":
    main()
