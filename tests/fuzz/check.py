#!/usr/bin/python3
"""The smoke form of fuzzing: every target with its files and a number of mutations of them, always the same ones."""
import concurrent.futures
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from stage import ROOT, Stage

LIBRARY = ["scenarios/seeds", "scenarios/rules", "tests/loader/good"]
SCENARIOS = ["osr-291980/two-callers", "osr-291980/corrected", "kb2664888/every-path", "kb2664888/network-stalled"]

# target, mutations, files, scenario
RUNS = [
    ("load", 30000, LIBRARY, None),
    ("run", 3000, LIBRARY, None),
    ("schedule", 100000, ["tests/fuzz/corpus/schedule"], None),
    *[("choices", 1000, ["tests/fuzz/corpus/choices"], scenario) for scenario in SCENARIOS],
]


def target_run(stage, index, target, count, files, scenario):
    folder = stage.work / f"fuzz-{index}"  # where an input that brings it down is left
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    environment = {**stage.environment, "FUZZ_SCENARIO": str(ROOT / f"scenarios/seeds/{scenario}.json")}
    program = stage.build / f"tests/fuzz/fuzz_{target}"
    command = [program, "-n", str(count), *[str(ROOT / file) for file in files if (ROOT / file).exists()]]
    try:
        run = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, errors="replace", timeout=600)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if run.returncode != 0:
        return [f"exit code {run.returncode}", *(run.stdout + run.stderr).splitlines()[-30:], f"{program} -n 0 {folder}/fuzz-crash"]
    return None


def main():
    stage = Stage(__doc__)
    runs = [run for run in RUNS if run[3] is None or (ROOT / f"scenarios/seeds/{run[3]}.json").exists()]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = pool.map(lambda run: target_run(stage, run[0], *run[1]), enumerate(runs))
        for (target, count, _, scenario), problems in zip(runs, results):
            stage.case(f"{target}: {count} inputs{' of ' + scenario if scenario else ''}", problems)
    stage.finish()


if __name__ == "__main__":
    main()
