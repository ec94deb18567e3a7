#!/usr/bin/python3
"""Campaigns: irqlab explore --out and irqlab merge, killed, cut in shards, interrupted, damaged; and the examples for many machines."""
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from stage import Stage

import examples

HERE = pathlib.Path(__file__).resolve().parent
SCENARIO = HERE / "scenarios/two.json"
KILLS_MAX = 40


class Campaigns:
    def __init__(self, stage):
        self.stage = stage
        self.scenario = SCENARIO
        self.folder = stage.work / "campaign"
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()

    def explore(self, *words, **options):
        return self.stage.irqlab("explore", "--color", "never", *words, **options)

    def out(self, name):
        return self.folder / name

    def held(self, folder):
        """What a folder holds, without what differs from time to time."""
        run = self.explore("--report", folder, "--json")
        try:
            scenarios = json.loads(run.stdout)["scenarios"]
        except (ValueError, KeyError):
            return {"error": run.stdout + run.stderr}
        return [{key: value for key, value in scenario.items() if key != "seconds"} for scenario in scenarios]

    def reference(self, policy, schedules):
        """An uninterrupted campaign of one worker, made once."""
        folder = self.out(f"whole-{policy}-{schedules}")
        if not folder.exists():
            self.explore("-q", "-j", 1, "--policy", policy, "--schedules", schedules, "--out", folder, SCENARIO)
        return self.held(folder)

    def same(self, name, folder, wanted):
        held = self.held(folder)
        return self.stage.case(name, None if held == wanted else [f"wanted {json.dumps(wanted)[:1500]}", f"has    {json.dumps(held)[:1500]}"])

    def says(self, name, run, exit_code, text):
        said = run.stdout + run.stderr
        problems = [] if run.returncode == exit_code else [f"exit code {run.returncode}, not {exit_code}"]
        problems += [] if text in said else [f"does not say: {text}"]
        return self.stage.case(name, [*problems, *said.splitlines()[-8:]] if problems else None)


def only_log(folder):
    return next(folder.glob("*.jsonl"))


# ---- what is found depends on nothing but the numbers ----


def parts_cases(campaigns):
    for policy, schedules in [("random", 6000), ("portfolio", 1500), ("exhaustive", 100000)]:
        wanted = campaigns.reference(policy, schedules)
        campaigns.stage.case(f"{policy}: something was run", None if isinstance(wanted, list) and wanted[0]["schedules"] > 15 else str(wanted))
        out = campaigns.out(f"jobs-{policy}")
        campaigns.explore("-q", "-j", 3, "--policy", policy, "--schedules", schedules, "--out", out, SCENARIO)
        campaigns.same(f"{policy}: three workers find what one finds", out, wanted)
        shards = campaigns.out(f"shards-{policy}")
        counts = []
        for shard in (3, 1, 2):
            run = campaigns.explore("-j", 1, "--json", "--policy", policy, "--schedules", schedules, "--shard", f"{shard}/3", "--out", shards, SCENARIO)
            counts.append(json.loads(run.stdout)["scenarios"][0]["schedules"])
        total = wanted[0]["schedules"]
        campaigns.stage.case(f"{policy}: shards repeat nothing", None if sum(counts) == total and min(counts) > 0 else f"{counts} of {total}")
        joined = campaigns.out(f"joined-{policy}")
        run = campaigns.stage.irqlab("merge", joined, shards)
        campaigns.stage.case(f"{policy}: ... and miss nothing", run.stdout if "not there" in run.stdout or "more than once" in run.stdout else None)
        campaigns.same(f"{policy}: shards joined are the whole", joined, wanted)


def one_part_case(campaigns):
    """A systematic policy that cannot split what it searches is given to one worker, and repeats nothing."""
    run = campaigns.explore("--json", "-j", 3, "--policy", "faults", "--schedules", 10000, "osr-291980/corrected")
    one = json.loads(run.stdout)["scenarios"][0]
    is_right = one["exhausted"] and one["jobs"] == 1 and one["schedules"] == one["behaviours"]["once"] > 1
    campaigns.stage.case("faults: each thing fails once", None if is_right else run.stdout)
    run = campaigns.explore("--policy", "faults", "--shard", "1/2", "osr-291980/dpc-classify")
    campaigns.says("faults: no shards", run, 2, "cannot be cut in more shards than 1")
    run = campaigns.explore("--json", "-j", 3, "--policy", "dpor", "--schedules", 100000, SCENARIO)
    one = json.loads(run.stdout)["scenarios"][0]
    alone = campaigns.explore("--json", "-j", 1, "--policy", "dpor", "--schedules", 100000, SCENARIO)
    is_right = one["exhausted"] and one["jobs"] == 1 and one["schedules"] == json.loads(alone.stdout)["scenarios"][0]["schedules"]
    campaigns.stage.case("dpor: one worker repeats nothing", None if is_right and "not cut in parts" in str(one["notes"]) else run.stdout)
    run = campaigns.explore("--policy", "dpor", "--shard", "1/2", SCENARIO)
    campaigns.says("dpor: no shards", run, 2, "cannot be cut in more shards than 1")


def goes_on_cases(campaigns):
    out = campaigns.out("goes-on")
    for schedules in (700, 5000, 6000):
        run = campaigns.explore("-q", "--policy", "random", "--schedules", schedules, "--out", out, SCENARIO)
    campaigns.same("a campaign that goes on is as if it had never stopped", out, campaigns.reference("random", 6000))
    campaigns.says("... and says what it did now", run, 1, "6,000 schedules, 1,000 of them now")
    run = campaigns.explore("-q", "--schedules", 6100, "--out", out)
    campaigns.says("without a scenario the folder's go on", run, 1, "6,100 schedules, 100 of them now")
    run = campaigns.explore("-q", "--policy", "random", "--schedules", 6000, "--out", out, SCENARIO)
    campaigns.says("nothing is left to do", run, 1, "6,100 schedules, 0 of them now")


# ---- killed ----


def start(campaigns, *words):
    return subprocess.Popen([campaigns.stage.program, "explore", *map(str, words)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            env=campaigns.stage.environment, start_new_session=True, text=True)


def kill_cases(campaigns, policy, schedules):
    """kill -9 at random instants, again and again; the last one may come to its end."""
    out, draw, kills = campaigns.out(f"killed-{policy}"), random.Random(7), 0
    words = ["-q", "-j", "2", "--policy", policy, "--schedules", schedules, "--out", out, SCENARIO]
    while kills < KILLS_MAX:
        process = start(campaigns, *words)
        try:
            process.communicate(timeout=draw.choice([0.02, 0.05, 0.1, 0.15, 0.2, 0.3]) * draw.random() + 0.03)
            break
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            kills += 1
    run = campaigns.explore(*words)
    campaigns.says(f"{policy}: killed {kills} times, then not", run, 1, "schedules")
    campaigns.same(f"{policy}: killed {kills} times it comes to the same", out, campaigns.reference(policy, schedules))
    left = sorted(path.name for path in out.iterdir() if ".ring" in path.name)
    campaigns.stage.case(f"{policy}: nothing is left beside the log", left)


def recovered_case(campaigns):
    """What a worker had run and nobody had recorded is not run again."""
    out = campaigns.out("recovered")
    process = start(campaigns, "-q", "-j", 1, "--policy", "random", "--for", "1h", "--out", out, SCENARIO)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and not (out.exists() and any('"ran"' in path.read_text() for path in out.glob("*.jsonl"))):
        time.sleep(0.02)
    time.sleep(0.2)
    process.kill()
    process.communicate()
    before = campaigns.held(out)
    run = campaigns.explore("-q", "--policy", "random", "--schedules", 1, "--out", out, SCENARIO)
    campaigns.says("what a killed worker had run is recovered", run, 1, "that a killed irqlab had run and not yet recorded")
    after = campaigns.held(out)
    campaigns.stage.case("... and counts", None if after[0]["schedules"] > before[0]["schedules"] else f"{before} {after}")


def worker_kill_case(campaigns):
    """A worker alone is killed: another takes its place."""
    schedules, out = 60000, campaigns.out("worker-killed")
    process = start(campaigns, "-q", "-j", 2, "--policy", "random", "--schedules", schedules, "--out", out, SCENARIO)
    killed = 0
    for _ in range(200):
        time.sleep(0.02)
        children = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children")
        workers = children.read_text().split() if process.poll() is None and children.exists() else []
        if process.poll() is not None or killed == 3:
            break
        if workers:
            try:
                os.kill(int(workers[killed % len(workers)]), signal.SIGKILL)
                killed += 1
                time.sleep(0.05)
            except ProcessLookupError:
                pass
    process.communicate(timeout=120)
    campaigns.stage.case("workers that are killed are replaced", None if killed and process.returncode == 1 else f"killed {killed}, exit {process.returncode}")
    campaigns.same("... and nothing is lost", out, campaigns.reference("random", schedules))


def interrupt_cases(campaigns):
    for name, number in [("Ctrl-C", signal.SIGINT), ("a batch system's SIGTERM", signal.SIGTERM)]:
        out = campaigns.out(f"interrupted-{number}")
        process = start(campaigns, "-j", 2, "--policy", "random", "--for", "1h", "--out", out, SCENARIO)
        time.sleep(1)
        process.send_signal(number)
        said, _ = process.communicate(timeout=20)
        held = campaigns.held(out)
        problems = [] if process.returncode == 130 else [f"exit code {process.returncode}"]
        problems += [] if "interrupted" in said and f"irqlab explore --out {out} goes on" in said else [said]
        problems += [] if isinstance(held, list) and held[0]["schedules"] > 100 else [str(held)]
        campaigns.stage.case(f"{name} ends it with all saved", problems)


# ---- folders that are not as they should be ----


def torn_cases(campaigns):
    wanted = campaigns.reference("random", 6000)
    for name, change in [("a torn end", lambda text: text[:-7]), ("half a record", lambda text: text + b'{"ran":[{"bl'),
                         ("zeros of a power cut", lambda text: text + b"\0" * 4096), ("a last record that is gone", lambda text: text[: text.rindex(b"\n", 0, -1) + 1])]:
        out = campaigns.out(f"torn-{len(name)}")
        shutil.copytree(campaigns.out("whole-random-6000"), out)
        log = only_log(out)
        log.write_bytes(change(log.read_bytes()))
        run = campaigns.explore("-q", "--policy", "random", "--schedules", 6000, "--out", out, SCENARIO)
        if "gone" not in name:
            campaigns.says(f"{name} is told", run, 1, "torn record, which was dropped")
        campaigns.same(f"{name} costs nothing", out, wanted)


def refused(campaigns, name, change, text, words=(), exit_code=2):
    out = campaigns.out("refused")
    shutil.rmtree(out, ignore_errors=True)
    shutil.copytree(campaigns.out("whole-random-6000"), out)
    log = only_log(out)
    change(log)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    run = campaigns.explore("-q", "--schedules", 6000, "--out", out, *(words or ["--policy", "random", SCENARIO]))
    campaigns.says(name, run, exit_code, text)
    after = {path.name: path.read_bytes() for path in out.iterdir()}
    campaigns.stage.case(f"... {name}: nothing is touched", None if before == after else f"{sorted(before)} {sorted(after)}")


def flip(at):
    def change(log):
        data = bytearray(log.read_bytes())
        data[at if at >= 0 else len(data) + at] ^= 1
        log.write_bytes(bytes(data))
    return change


def line_drop(log):
    lines = log.read_bytes().splitlines(keepends=True)
    log.write_bytes(b"".join(lines[:1] + lines[2:]))


def damaged_cases(campaigns):
    changed = campaigns.out("two.json")
    changed.write_text(SCENARIO.read_text().replace("Two threads", "Three threads"))
    refused(campaigns, "a damaged first record", flip(30), "this campaign's first record is damaged; nothing was touched")
    refused(campaigns, "another format", lambda log: log.write_bytes(log.read_bytes().replace(b'"irqlab_campaign":1', b'"irqlab_campaign":9', 1)),
            "this campaign is of format 9, made by irqlab ")
    refused(campaigns, "a damaged record in the middle", flip(1500), "is damaged")
    refused(campaigns, "a damaged last record", flip(-40), "is damaged")
    refused(campaigns, "a record that is missing", line_drop, "is damaged")
    refused(campaigns, "a file that is something else", lambda log: log.write_text("Dear diary\n"), "this is no campaign of irqlab")
    refused(campaigns, "another seed", lambda log: None, "seed 1, not seed 2", ["--policy", "random", "--seed", "2", SCENARIO])
    refused(campaigns, "another policy", lambda log: None, "policy random, not policy pct", ["--policy", "pct", SCENARIO])
    refused(campaigns, "another scenario of that name", lambda log: None, "not scenario file", ["--policy", "random", changed])
    run = campaigns.explore("--schedules", 10, "--out", "/proc/nowhere", SCENARIO)
    campaigns.says("a folder that cannot be made", run, 3, "--out /proc/nowhere")
    out = campaigns.out("busy")
    process = start(campaigns, "-q", "-j", 1, "--policy", "random", "--for", "1h", "--out", out, SCENARIO)
    while not list(out.glob("*.jsonl")) or not only_log(out).stat().st_size:
        time.sleep(0.02)
    run = campaigns.explore("-q", "--policy", "random", "--schedules", 10, "--out", out, SCENARIO)
    campaigns.says("two at a time", run, 2, "another irqlab explore is at work")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)


def merge_cases(campaigns):
    whole, shards = campaigns.out("whole-random-6000"), campaigns.out("shards-random")
    other, one = campaigns.out("other"), campaigns.out("one")
    campaigns.explore("-q", "--policy", "random", "--seed", 2, "--schedules", 100, "--out", other, SCENARIO)
    one.mkdir()
    shutil.copy(next(shards.glob("*.1-of-3.jsonl")), one)
    merge = campaigns.stage.irqlab
    run = merge("merge", campaigns.out("m1"), one)
    campaigns.says("shards that are missing are told", run, 1, "of 3 shards these are not there: 2, 3")
    campaigns.stage.case("... and schedules", None if "were not run, the first of them 64" in run.stdout else run.stdout)
    run = merge("merge", campaigns.out("m1"), shards)
    campaigns.says("they can be added later", run, 1, "explored 6,000 schedules")
    campaigns.same("... and that is the whole", campaigns.out("m1"), campaigns.reference("random", 6000))
    run = merge("merge", campaigns.out("m2"), whole, shards)
    campaigns.says("what was run twice is told", run, 1, "6,000 schedules run more than once, and counted once")
    campaigns.same("... and counted once", campaigns.out("m2"), campaigns.reference("random", 6000))
    run = merge("merge", campaigns.out("m3"), whole, other)
    campaigns.says("what does not belong together", run, 2, "it does not belong to the others, which are about seed 1, not seed 2")
    campaigns.stage.case("... nothing is written", "m3 is there" if campaigns.out("m3").exists() else None)
    campaigns.says("a folder without a campaign", merge("merge", campaigns.out("m3"), HERE), 2, "there is no campaign")
    campaigns.says("a folder that is not there", merge("merge", campaigns.out("m3"), "/nonexistent"), 2, "/nonexistent")
    run = campaigns.explore("-q", "--policy", "random", "--schedules", 7000, "--out", campaigns.out("m1"), SCENARIO)
    campaigns.says("a joined campaign goes on", run, 1, "7,000 schedules, 1,000 of them now")


# ---- ends ----


def end_cases(campaigns):
    run = campaigns.explore("--policy", "random", "--until-found", SCENARIO)
    campaigns.says("--until-found", run, 1, ": found")
    run = campaigns.explore("--policy", "random", "--until-saturated", "osr-291980/dpc-classify")
    campaigns.says("--until-saturated; all as expected", run, 0, ": saturated")
    begin = time.monotonic()
    run = campaigns.explore("--policy", "random", "--for", "1s", SCENARIO)
    campaigns.says("--for", run, 1, ": time is up")
    campaigns.stage.case("... is about that long", None if time.monotonic() - begin < 15 else f"{time.monotonic() - begin} s")
    run = campaigns.explore("--for", "1h", "/nonexistent.json")
    campaigns.says("a scenario that is not there", run, 2, "no such file")
    line = next(line for line in campaigns.explore("--policy", "random", "--schedules", 200, SCENARIO).stdout.splitlines() if "irqlab replay" in line and ":2cda" in line)
    run = campaigns.stage.irqlab(*line.split()[1:])
    campaigns.says("its lines replay", run, 0, "the same each time")


def main():
    stage = Stage(__doc__)
    campaigns = Campaigns(stage)
    parts_cases(campaigns)
    one_part_case(campaigns)
    goes_on_cases(campaigns)
    kill_cases(campaigns, "random", 60000)
    kill_cases(campaigns, "portfolio", 6000)
    recovered_case(campaigns)
    worker_kill_case(campaigns)
    interrupt_cases(campaigns)
    torn_cases(campaigns)
    damaged_cases(campaigns)
    merge_cases(campaigns)
    end_cases(campaigns)
    examples.cases(campaigns)
    stage.finish()


if __name__ == "__main__":
    main()
