#!/usr/bin/python3
"""The promise, proved: the same guest image and the same schedule give the same hash, whoever built irqlab and wherever it runs.

The library is run by builds of gcc and clang with -O0 and -O2, and by one of them in other surroundings: twice, without address space
randomization, in other locales, time zones and environments, with memory perturbed, as another user, from another folder, alone and beside
others. All must come to the same buckets with the same counts, schedules and hashes. Then the schedule of every bucket is replayed, by two builds.
What the portfolio finds of the library's bugs is found and replayed by all four; and where driver code itself is built by another compiler, a
schedule that preempts at calls only still comes to the same.
"""
import concurrent.futures
import os
import re
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from stage import ROOT, Stage, built, is_bug, is_compiled, library_files, library_name

SCHEDULES = 12  # of scenarios with a random policy
SEARCHED = 150  # schedules of the portfolio, of each bug
BUILDS = [  # name, compiler, options; the build under test is gcc -O2 as a rule, and is compared with all
    ("gcc-O0", "gcc", ["-Doptimization=0"]),
    ("gcc-O2", "gcc", ["-Doptimization=2"]),
    ("clang-O0", "clang", ["-Doptimization=0"]),
    ("clang-O2", "clang", ["-Doptimization=2"]),
]


def results(outcomes):
    """What must be the same of each scenario."""
    kept = {}
    for name, outcome in outcomes.items():
        lines = [f"{outcome['status']}: {outcome['result']}"]
        if outcome["status"] in ("bad input", "crashed"):
            lines.append(str(outcome["why"]))
        else:
            lines.append(f"{outcome['schedules']} schedules{', all there are' if outcome['exhausted'] else ''}, hash {outcome.get('hash', '-')}")
        lines += [f"{one['count']} x {one['result']}: {one['hash']} {one['schedule']}" for one in outcome["outcomes"]]
        kept[name] = lines
    return kept


def compare(stage, what, base, outcomes, error):
    """One case a scenario."""
    if not stage.case(f"{what}: the library runs", error):
        return
    other = results(outcomes)
    for name, lines in base.items():
        now = other.get(name)
        if now is None:
            stage.case(f"{what}: {name}", "it was not run")
        elif now != lines:
            changed = [pair for pair in zip(lines + [""] * len(now), now + [""] * len(lines)) if pair[0] != pair[1]]
            stage.case(f"{what}: {name}", [line for old, new in changed[:4] for line in (f"- {old}", f"+ {new}")])
        else:
            stage.case(f"{what}: {name}", None)


def can(*command):
    try:
        return subprocess.run(command, capture_output=True, timeout=60).returncode == 0
    except OSError:
        return False


def locales():
    """Locales that this machine has, beside those that exist nowhere."""
    listed = subprocess.run(["locale", "-a"], capture_output=True, text=True).stdout.split() if shutil.which("locale") else []
    return [name for name in ("C", "C.UTF-8", "de_DE.UTF-8", "tr_TR.UTF-8", "xx_YY.UTF-8") if name.lower().replace("-", "") in
            [one.lower().replace("-", "") for one in listed] or name in ("C", "C.UTF-8", "xx_YY.UTF-8")]


def surroundings(stage):
    """(what, options of Stage.library) of each; notes what this machine does not allow."""
    environment = stage.environment
    yield "a second time", {}
    if can("setarch", "-R", "true"):
        yield "without address space randomization", {"prefix": ["setarch", "-R"]}
    else:
        stage.note("setarch -R is not allowed here: not run without address space randomization")
    for name in locales():
        yield f"locale {name}", {"env": {**environment, "LC_ALL": name, "LANG": name, "LANGUAGE": "de", "TZ": "Asia/Kathmandu"}}
    yield "an empty environment", {"env": {"XDG_CACHE_HOME": environment["XDG_CACHE_HOME"]}}
    yield "a full environment", {"env": {**environment, **{f"FILLER_{i}": "x" * 1000 for i in range(100)}}}
    yield "memory perturbed", {"env": {**environment, "MALLOC_PERTURB_": "165", "MALLOC_ARENA_MAX": "1"}}
    yield "a cache of its own", {"env": {**environment, "XDG_CACHE_HOME": str(stage.work / "cache-again")}}
    yield "from another folder", {"cwd": "/"}
    yield "one job", {"jobs": 1}
    yield "seven jobs", {"jobs": 7}
    if os.geteuid() == 0:
        prefix = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"]
        if can(*prefix, "test", "-r", str(ROOT / "scenarios/schema.json")) and can(*prefix, "test", "-x", str(stage.program)):
            folder = stage.work / "cache-nobody"
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            folder.chmod(0o777)
            yield "another user", {"prefix": prefix, "env": {**environment, "XDG_CACHE_HOME": str(folder), "HOME": "/nonexistent"}}
        else:
            stage.note("this folder is closed to the user nobody: not run as another user")


def library(stage, jobs=2, **options):
    return stage.library("--schedules", SCHEDULES, "--jobs", jobs, ROOT / "scenarios", **options)


def replay(stage, program, file, bucket):
    run = stage.irqlab("replay", "--color", "never", "--times", 2, file, bucket["schedule"], program=program)
    if run.returncode not in (0, 1):  # 1: what the scenario always expects is not in that schedule
        return f"exit code {run.returncode}: {run.stderr.strip()[-1000:]}"
    if f" {bucket['hash']}, the same each time" not in run.stdout:
        found = [line.strip() for line in run.stdout.splitlines() if line.startswith("  hash:")]
        return f"recorded with hash {bucket['hash']}, replayed: {' '.join(found)}"
    return "choices of the line do not exist in the replay" if "misfit:" in run.stdout else None


def search(stage, **options):
    """What the portfolio comes to over the bugs of the library."""
    files = [path for path in library_files() if is_bug(path)]
    return stage.library("--policy", "portfolio", "--schedules", SEARCHED, "--jobs", 2, *files, **options)


def replays(stage, programs, outcomes):
    """The schedule of every bucket again, by each of the programs."""
    buckets = [(name, outcome["file"], bucket) for name, outcome in outcomes.items() for bucket in outcome["outcomes"]]
    replayed = [(what, program, *bucket) for what, program in programs.items() for bucket in buckets]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for (what, _, name, _, bucket), problem in zip(replayed, pool.map(lambda one: replay(stage, one[1], one[3], one[4]), replayed)):
            stage.case(f"{what}: replay {library_name(name)} {bucket['schedule'][:80]}", problem)


def other_compiler(stage, outcomes):
    """The same schedules with the drivers built by clang: those without a preemption at a memory access, which are where the compiler put them."""
    folder = stage.work / "other-compiler"
    shutil.rmtree(folder, ignore_errors=True)
    for name, outcome in outcomes.items():
        path = ROOT / "scenarios" / f"{name}.json"
        if not is_compiled(path):
            continue
        copy = folder / name / path.name
        shutil.copytree(path.parent, copy.parent)
        copy.write_text(re.sub(r'("source"\s*:\s*\[?\s*"[^"]*\.c")', r'"compiler": "clang", \1', copy.read_text()))
        for bucket in outcome["outcomes"]:
            if re.search(r"\.m\d", bucket["schedule"]):
                continue
            run = stage.irqlab("replay", "--color", "never", copy, bucket["schedule"])
            wanted = bucket["result"].split(" (")[0].split(", ")
            problem = [] if all(word in run.stdout for word in wanted) else [f"{bucket['result']} with gcc's; with clang's:", *(run.stdout + run.stderr).splitlines()[:4]]
            stage.case(f"{name}, built by clang: {bucket['schedule'][:80]}", problem)


def main():
    stage = Stage(__doc__)
    shutil.rmtree(stage.work / "cache-again", ignore_errors=True)
    base_outcomes, error = library(stage)
    if not stage.case("the library runs", error):
        stage.finish()
    base = results(base_outcomes)
    for what, options in surroundings(stage):
        begin = time.monotonic()
        compare(stage, what, base, *library(stage, **options))
        if stage.arguments.verbose:
            print(f"{what}: {time.monotonic() - begin:.1f} s")
    programs = {"this build": stage.program}
    for name, compiler, options in BUILDS:
        folder, error = built(stage, name, compiler, ["-Ddebug=false", *options], "program")
        if stage.case(f"{name}: builds", error):
            programs[name] = folder / "reports/cli/irqlab"
            compare(stage, name, base, *library(stage, program=programs[name]))
    replays(stage, {what: programs[what] for what in ("this build", "clang-O2") if what in programs}, base_outcomes)
    found_outcomes, error = search(stage)
    stage.case("the portfolio runs", error)
    found = results(found_outcomes)
    for what in programs:
        compare(stage, f"{what}, portfolio", found, *search(stage, program=programs[what]))
    replays(stage, programs, found_outcomes)
    if shutil.which("clang"):
        other_compiler(stage, found_outcomes)
    stage.finish()


if __name__ == "__main__":
    main()
