#!/usr/bin/python3
"""What goes wrong around a driver: drivers without mistakes survive it, each kind of choice has a bug that only it shows, and a fault is found again when
the driver's source has moved.

    tests/faults/check.py [--build DIR]
"""
import json
import os
import pathlib
import re
import shutil
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from stage import ROOT, Stage, library_files, library_name, without_comments

HERE = pathlib.Path(__file__).resolve().parent
SCHEDULES = 400  # of the portfolio, with all that can vary
POLICY = "portfolio"

# Scenarios that by their purpose cannot be silent when something fails, each with the reason; `irqlab run --faults NAME` shows what they come to.
# There is none: a reason has to be a good one.
NOT_SILENT = {}


# ---- silence ----

def is_silent(path):
    """Does the scenario promise that nothing is found in any schedule?"""
    expect = json.loads(without_comments(path.read_text())).get("expect", {})
    return not expect or any(item == "clean" or item == {"outcome": "clean"} for item in expect.get("always", []))


def documents(text):
    """JSON documents one behind the other."""
    decoder, at = json.JSONDecoder(), 0
    while at < len(text):
        document, at = decoder.raw_decode(text, at)
        at += len(text[at:]) - len(text[at:].lstrip())
        yield document


def named(failed):
    return " and ".join(f"{one['function']} in {one['place']} fails with {one['with']}" for one in failed)


def faults_case(stage, files):
    """Each call that can fail fails once, then every two."""
    run = stage.irqlab("run", "--fault-pairs", "--json", *files)
    try:
        told = {library_name(document["scenario"]): document for document in documents(run.stdout)}
    except (ValueError, KeyError):
        stage.case("irqlab run --fault-pairs --json", f"exit code {run.returncode}, no JSON: {(run.stderr or run.stdout)[-1000:]}")
        return
    for path in files:
        name = library_name(str(path))
        document = told.get(name)
        if document is None:
            stage.case(f"{name}: faults", "it was not run")
            continue
        trouble = [f"{one['result']} when {named(one['failed'])}{' while drivers load' if one['while_loading'] else ''}"
                   for one in document["runs"] if one["trouble"]]
        if not document["complete"]:
            trouble.append("not everything was tried")
        if name in NOT_SILENT:
            stage.case(f"{name}: faults", None if trouble else f"it is silent now, and said not to be: {NOT_SILENT[name]}")
        else:
            stage.case(f"{name}: faults", trouble)
    some = sum(document["failed_once"] for document in told.values())
    stage.case("there are places that fail", None if some > 300 else f"only {some}")


def vary_case(stage, files):
    """Everything varies. Who promises events besides may lose them where all are held up for long: that is no trouble here."""
    outcomes, error = stage.library("--vary", "all", "--policy", POLICY, "--schedules", SCHEDULES, *files)
    stage.case("irqlab run --vary all", error)
    for path in files:
        name = library_name(str(path))
        outcome = outcomes.get(name)
        if outcome is None:
            stage.case(f"{name}: vary", "it was not run")
            continue
        odd = [bucket for bucket in outcome["outcomes"] if bucket["result"] != "clean"]
        stage.case(f"{name}: vary", [f"{bucket['result']}: {bucket['schedule'][:300]}" for bucket in odd])


def library_case(stage):
    """By their own policies nothing unexpected comes when all varies, of the scenarios with mistakes either."""
    outcomes, error = stage.library("--vary", "all", "scenarios")
    stage.case("irqlab run --vary all scenarios", error)
    for name, outcome in outcomes.items():
        stage.case(f"{name}: vary, its own policy", None if outcome["status"] == "as expected" else f"{outcome['status']}: {outcome['why']}")


# ---- what is asked where more varies than the scenario says ----

UNCHECKED = "gBlock[0] = gBlock[0] + 1"
CHECKED = {"if": "gBlock != NULL", "then": ["gBlock[0] = 1", "gCount++"]}
BESIDE = [  # what it does with its block, what is expected, whether that is so when there is no memory
    (UNCHECKED, {"always": ["clean"]}, False),
    (UNCHECKED, {"never": ["any bug check"]}, False),
    (UNCHECKED, {"always": ["quiet"]}, False),
    (UNCHECKED, None, False),
    (UNCHECKED, {"sometimes": ["clean", "data-race"]}, True),  # it is about a mistake: more that comes of it is no news
    (CHECKED, {"always": ["clean", {"global": "fw.gCount", "is": 1}]}, True),  # what happens is said of its own choices
    (CHECKED, {"always": ["clean"], "sometimes": [{"global": "fw.gCount", "is": 7}]}, True),
    (CHECKED, {"always": [{"global": "fw.gCount", "is": 0}, "clean"]}, False),  # not even in the natural schedule
]


def beside_case(stage):
    for number, (step, expect, is_as_expected) in enumerate(BESIDE):
        take = "gBlock = ExAllocatePool2(POOL_FLAG_NON_PAGED, 64, 'kclB')"
        scenario = {"irqlab": 1, "title": "a driver that takes memory", "traffic": [{"at": "1ms", "dpc": "fw.OnTimer"}],
                    "drivers": {"fw": {"globals": {"gBlock": "PLONG", "gCount": "LONG"}, "OnTimer": {"as": "KDEFERRED_ROUTINE", "do": [take, step]}}}}
        scenario |= {"expect": expect} if expect else {}
        file = stage.work / f"beside-{number}.json"
        file.write_text(json.dumps(scenario))
        run = stage.irqlab("run", "--policy", "random", "--schedules", 50, "--vary", "allocation", file)
        stage.case(f"beside the scenario: {expect}", None if run.returncode == (0 if is_as_expected else 1) else
                   f"exit code {run.returncode}: {run.stdout[:1500]}{run.stderr[:500]}")


# ---- kinds of choices: each has a bug that only it shows ----

KINDS_PAGE = ROOT / "scenarios/README.md"
KIND_SCHEDULES = 2000
# Kinds that every search answers: what is left where this one is not.
WITHOUT = {"step": ["--policy", "timed"], "interrupt": ["--policy", "timed"], "clock": ["--policy", "random"],
           "access": ["--policy", "exhaustive", "--delays", "2"]}


def kinds_rows():
    """(kind, scenario, how it shows) of the table in the README of the library."""
    return re.findall(r"^\| `([a-z]+)` \| [^|]+ \| `([^`]+)` \| ([^|]+) \|$", KINDS_PAGE.read_text(), re.MULTILINE)


def shows(outcome, how):
    return any(how in bucket["result"] or any(how in finding["rule"] for finding in bucket["findings"]) for bucket in outcome["outcomes"])


def without_kind(stage, kind, path):
    """The scenario, all else as it was: a file of its own where a kind that only some ask is to be left alone."""
    if kind in WITHOUT:
        return path
    scenario = json.loads(without_comments(path.read_text()))
    vary = scenario["policy"].pop("vary", [])
    scenario["policy"]["vary"] = [one for one in ([vary] if isinstance(vary, str) else vary) if one != kind]
    scenario["policy"] = {"kind": "random", "schedules": KIND_SCHEDULES, "vary": scenario["policy"]["vary"]}
    scenario["machine"] = {key: value for key, value in scenario.get("machine", {}).items() if key != "paging"}
    scenario.pop("expect")
    scenario["expect"] = {"sometimes": ["quiet", "any finding", "any bug check"]}  # nothing is asked, nothing ends the search early
    folder = stage.work / "kinds"
    folder.mkdir(exist_ok=True)
    file = folder / f"{kind}.json"
    file.write_text(json.dumps(scenario, indent=1))
    return file


def kinds_case(stage):
    rows = kinds_rows()
    stage.case("the table of kinds is there", None if len(rows) >= 13 else f"{len(rows)} rows in {KINDS_PAGE.name}")
    known = {line.split()[0] for line in stage.irqlab("run", "--what-can-vary", "seeds/osr-291980/corrected").stdout.splitlines()[2:]
             if not line.startswith("       ")}
    stage.case("kinds of a scenario are in the table", sorted(known - {kind for kind, _, _ in rows}))
    for kind, name, how in rows:
        path = ROOT / f"scenarios/{name}.json"
        vary = ["--vary", kind] if kind not in WITHOUT else []
        found, error = stage.library("--policy", POLICY, "--schedules", KIND_SCHEDULES, *vary, path)
        one = next(iter(found.values()), None)
        stage.case(f"{kind}: {name} is found", error or (None if one and shows(one, how) else f"no {how} in {KIND_SCHEDULES} schedules"))
        file = without_kind(stage, kind, path)
        left, error = stage.library(*WITHOUT.get(kind, []), "--schedules", KIND_SCHEDULES, file)
        one = next(iter(left.values()), None)
        stage.case(f"{kind}: {name} needs it", error or (f"{how} comes without it" if one is None or shows(one, how) else None))


# ---- faults of a driver that has moved ----

def moved_sources():
    """(name, text) of the driver, its lines at other places each time."""
    text = (HERE / "moved.c").read_text()
    parts = re.split(r"^//MARK .*\n", text, flags=re.MULTILINE)
    assert len(parts) == 5, "moved.c has four marks"
    yield "as it is", "".join(parts)
    yield "lines added", "".join(part + "\n/* A comment\n * of some\n * lines. */\n\n" for part in parts)
    yield "functions in another order", parts[0] + parts[1] + parts[3] + parts[4] + parts[2]
    yield "on one line", "".join(parts[:2]) + " ".join(line for line in parts[2].splitlines()) + "\n" + "".join(parts[3:])


def moved_scenario(folder, source, compiler, extra):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "driver.c").write_text(source)
    driver = {"source": "driver.c"} | ({"compiler": compiler} if compiler else {})
    scenario = {"irqlab": 1, "title": "a driver that has moved", "drivers": {"fw": driver},
                "traffic": [{"at": "1ms", "dpc": "fw.OnPacket"}, {"at": "2ms", "dpc": "fw.OnTimer"}, {"at": "3ms", "dpc": "fw.OnTimer"}]} | extra
    path = folder / "scenario.json"
    path.write_text(json.dumps(scenario, indent=1))
    return path


NAMED = {"faults": [{"fail": "ExAllocatePool2", "in": "fw.OnTimer", "nth": 4}],
         "expect": {"always": [{"bugcheck": "0xD1"}, {"finding": "null-access", "where": "fw.OnTimer", "count": 1},
                               {"global": "fw.gCount", "is": 2}]}}  # the first OnTimer came through


def moved_faults(stage, path):
    """What systematic faults come to: [(function, on_path, result, line without the image's name)]."""
    run = stage.irqlab("run", "--faults", "--json", path)
    try:
        document = next(documents(run.stdout))
    except (ValueError, StopIteration):
        return [], f"exit code {run.returncode}: {(run.stderr or run.stdout)[-1000:]}"
    rows = []
    for one in document["runs"]:
        line = re.sub(r"^v1:[^:]*", "v1:*", one["schedule"] or "")
        rows.append((tuple((fault["function"], fault["on_path"]) for fault in one["failed"]), one["result"], line))
    return rows, None


def moved_case(stage):
    folder = stage.work / "moved"
    shutil.rmtree(folder, ignore_errors=True)
    compilers = [name for name in ("gcc", "clang") if shutil.which(name)]
    base, lines = None, {}
    for compiler in compilers:
        for number, (name, source) in enumerate(moved_sources()):
            what = f"{compiler}, {name}"
            place = folder / f"{compiler}-{number}"
            path = moved_scenario(place / "named", source, compiler, NAMED)
            run = stage.irqlab("run", "--color", "never", path)
            stage.case(f"the named call fails: {what}", None if run.returncode == 0 else (run.stderr or run.stdout)[-1500:])
            path = moved_scenario(place / "systematic", source, compiler, {})
            rows, error = moved_faults(stage, path)
            if not stage.case(f"systematic faults: {what}", error):
                continue
            lines[what] = (path, rows)
            base = base or rows
            stage.case(f"the same calls fail, by the same lines: {what}",
                       None if rows == base else [f"- {one}" for one in base] + [f"+ {one}" for one in rows])
    stage.case("a call that fails is unchecked", None if base and any("0xD1" in result for _, result, _ in base) else f"no bug check: {base}")
    for what, (path, rows) in lines.items():
        for _, result, line in base or []:
            if "0xD1" not in result:
                continue
            run = stage.irqlab("replay", "--color", "never", path, line.replace("v1:*", "v1:-", 1))
            stage.case(f"the line comes to the same: {what}", None if "null-access" in run.stdout else (run.stdout + run.stderr)[-1500:])


def main():
    stage = Stage(__doc__)
    files = [path.relative_to(ROOT) for path in library_files() if is_silent(path)]
    faults_case(stage, files)
    vary_case(stage, files)
    library_case(stage)
    beside_case(stage)
    kinds_case(stage)
    moved_case(stage)
    unknown = sorted(set(NOT_SILENT) - {library_name(str(path)) for path in files})
    stage.case("exceptions name scenarios", unknown)
    stage.finish()


main()
