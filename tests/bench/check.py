#!/usr/bin/python3
"""The benchmark runs and its figures are figures. How fast is no test: that depends on the machine; tests/bench/README.md records it."""
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from stage import Stage


def positive(item, keys):
    return [f"{key} is {item.get(key)}" for key in keys if not isinstance(item.get(key), (int, float)) or item[key] <= 0]


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
        stage.case(cost["what"], positive(cost, ["nanoseconds", "beside_nanoseconds"]))
    stage.case("a process", positive(figures, ["process_milliseconds", "process_memory_mib"]))
    table = stage.irqlab("bench", "--seconds", "0.01", "osr-291980/dpc-classify")
    stage.case("irqlab bench", None if table.returncode == 0 and "schedules/s" in table.stdout and "fiber switch" in table.stdout else table.stdout)
    stage.finish()


if __name__ == "__main__":
    main()
