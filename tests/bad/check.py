#!/usr/bin/python3
"""Bad input, named: what irqlab says of each kind, and that a good scenario beside it keeps its result.

    tests/bad/check.py

Three tables: files.txt, scenarios that differ from a good one in one mistake; the drivers of drivers/, compiled; and here what no table can
hold. Each is run together with a good scenario, by the program: one line on what is wrong, and the exit code. The tables of tests/loader, which
hold the loader to every single message, go through the program as well, all in one run.
"""
import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from stage import ROOT, Stage

HERE = ROOT / "tests/bad"
GOOD = {"irqlab": 1, "title": "good", "machine": {"cpus": 1}, "drivers": {"fw": {"globals": {"gCount": "LONG = 0"}, "OnDpc": ["gCount++"]}},
        "traffic": [{"at": "1ms", "dpc": "fw.OnDpc"}], "expect": {"always": ["clean", {"global": "fw.gCount", "is": 1}]}}
HOST_SECONDS_MAX = 30  # of one bad input, on a slow and busy machine

# name, what the file holds, what is said of it (FILE stands for its path)
BYTES = [
    ("100 MB of [", lambda: b"[" * 100_000_000, "FILE: larger than 16 MiB; a scenario is not that large"),
    ("16 MiB of [", lambda: b"[" * (1 << 24), "FILE:1:65: nested more than 64 deep"),
    ("deep objects", lambda: b'{"a":' * 5000, "FILE:1:321: nested more than 64 deep"),
    ("nothing", lambda: b"", 'FILE:1:1: nothing is in this file; expected a scenario: { "irqlab": 1, ... }'),
    ("a byte that is none of UTF-8", lambda: b'{"irqlab": 1, "title": "\xff"}', "FILE:1:25: the byte 0xff is not UTF-8"),
    ("zero bytes", lambda: bytes(1000), None),
    ("UTF-16", lambda: json.dumps(GOOD).encode("utf-16"), None),
    ("an ELF file", lambda: pathlib.Path("/bin/true").read_bytes(), None),
    ("a number of a million digits", lambda: b'{"irqlab": ' + b"1" * 1_000_000 + b"}", None),
    ("a string of 8 MB", lambda: b'{"irqlab": 1, "title": "t", "' + b"x" * (8 << 20) + b'": 1}', None),
    ("a million keys", lambda: b"{" + b",".join(b'"k%d":1' % i for i in range(1_000_000)) + b"}", None),
    ("a million values", lambda: b'{"irqlab": 1, "title": "t", "traffic": [' + b",".join([b"1"] * 1_000_000) + b"]}", None),
]


def special_files(folder):
    """name, what is said of it: things in a file system that are no scenario."""
    def made(name, make):
        path = folder / f"{name}.json"
        make(path)
        return path

    yield "a missing file", folder / "missing.json", "FILE: no such file, and no scenario of that name in the library"
    yield "a dangling link", made("dangling", lambda path: path.symlink_to("nowhere.json")), "FILE: a symbolic link to a file that does not exist"
    yield "a link to itself", made("itself", lambda path: path.symlink_to("itself.json")), "FILE: Too many levels of symbolic links"
    yield "a FIFO", made("fifo", os.mkfifo), "FILE: not a regular file; expected a scenario file"
    yield "a device", pathlib.Path("/dev/zero"), "FILE: not a regular file; expected a scenario file"
    yield "a file behind a file", folder / "good.json/x.json", "FILE: no such file, and no scenario of that name in the library"
    yield "an overlong name", folder / ("x" * 300 + ".json"), "FILE: no such file, and no scenario of that name in the library"


def run_beside_good(stage, path, good, prefix=()):
    """What is said of the file when it runs beside the good one: (its line without its head, exit code, problems)."""
    begin = time.monotonic()
    try:
        run = subprocess.run([*prefix, stage.program, "run", "--jobs", "1", "--timeout", str(HOST_SECONDS_MAX), str(path), str(good)], cwd=path.parent
                             if path.parent.is_dir() else ROOT, capture_output=True, text=True, errors="replace", env=stage.environment,
                             stdin=subprocess.DEVNULL, timeout=2 * HOST_SECONDS_MAX)
    except subprocess.TimeoutExpired:
        return "", 0, ["irqlab did not end"]
    problems = []
    if time.monotonic() - begin > HOST_SECONDS_MAX:
        problems.append(f"it took {time.monotonic() - begin:.0f} s")
    if not re.search(r"^  ok   \S*good +clean +as expected", run.stdout, re.MULTILINE):
        problems += ["the good scenario beside it lost its result:", *run.stdout.splitlines()[:10], *run.stderr.splitlines()[:10]]
    match = re.search(r"^  (?:NOT |ok  ) (\S+) +(.*(?:\n(?!  (?:NOT |ok  ) |  \d+ scenario).*)*)", run.stdout, re.MULTILINE)
    return (match[2] if match else run.stdout + run.stderr), run.returncode, problems


def bad_file_problems(stage, path, good, expected, prefix=()):
    said, exit_code, problems = run_beside_good(stage, path, good, prefix)
    if exit_code != 2:
        problems.append(f"exit code {exit_code}, not 2")
    first = said.splitlines()[0] if said else ""
    if expected is not None and first != expected.replace("FILE", str(path)):
        problems += ["expected: " + expected, "found:    " + first.replace(str(path), "FILE")[:1000]]
    if expected is None and not re.match(rf"{re.escape(str(path))}(:\d+:\d+)?: .", first):
        problems += ["expected the file, perhaps a place, and what is wrong", "found: " + first[:1000]]
    if len(first) > 2000:
        problems.append(f"the line is {len(first)} bytes long")
    return problems


def bad_file(stage, name, *arguments):
    stage.case(name, bad_file_problems(stage, *arguments))


def in_parallel(stage, function, cases):
    """Runs function(case) -> problems of each (name, case), some at a time; counts them in order."""
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for (name, _), problems in zip(cases, pool.map(lambda case: function(case[1]), cases)):
            stage.case(name, problems)


# ---- tables ----

def table(path):
    """`== NAME`, what the file holds, `-- ` and the line that is said: (name, text, expected)."""
    for part in re.split(r"^== ", path.read_text(), flags=re.MULTILINE)[1:]:
        name, _, rest = part.partition("\n")
        text, _, expected = rest.rpartition("\n-- ")
        if rest.startswith("-- "):
            text, expected = "", rest[3:]
        yield name, text, expected.strip().splitlines()[0]


def scenario_table(stage, folder, good):
    cases = []
    for index, (name, text, expected) in enumerate(table(HERE / "files.txt")):
        path = folder / f"table-{index}.json"
        path.write_text(text + "\n")
        cases.append((name, (path, expected)))
    in_parallel(stage, lambda case: bad_file_problems(stage, case[0], good, case[1]), cases)


def loader_tables(stage, folder, good):
    """All cases of tests/loader/bad in one run, in a folder where its driver sources stand."""
    (folder / "present.c").write_text("")
    (folder / "dangling.c").symlink_to("nowhere.c")
    (folder / "folder.c").mkdir()
    shutil.copy(good, folder / "good.json")
    cases = {}
    for path in sorted((ROOT / "tests/loader/bad").glob("*.txt")):
        for index, (name, text, expected) in enumerate(table(path)):
            file = folder / f"{path.stem}-{index}.json"
            file.write_text(text)
            cases[str(file)] = (f"{path.stem}: {name}", expected)
    outcomes, error = stage.library(folder)
    if not stage.case("the tables of tests/loader in one run", error):
        return
    outcomes = {outcome["file"]: outcome for outcome in outcomes.values()}
    good_outcome = outcomes.pop(str(folder / "good.json"), {"status": "not run"})
    stage.case("the good scenario among them", None if good_outcome["status"] == "as expected" else str(good_outcome))
    for file, (name, expected) in cases.items():
        outcome = outcomes.get(file, {"status": "not run", "why": ""})
        why = (outcome["why"] or "").removeprefix(str(folder) + "/").replace(pathlib.Path(file).name, "x.json", 1)
        if expected == "loads":
            stage.case(name, f"{outcome['status']}: {why}" if outcome["status"] == "bad input" else None)
        else:
            stage.case(name, None if outcome["status"] == "bad input" and why == expected else [f"expected: {expected}", f"found:    {outcome['status']}: {why}"])


# ---- drivers in C ----

def driver_problems(stage, path, folder, good):
    """A driver of drivers/: its first lines say `// exit: N` and `// says: TEXT`, each of which must be found in what is told."""
    text = path.read_text()
    wanted_exit = int(re.search(r"^// exit: (\d)", text, re.MULTILINE)[1])
    wanted = re.findall(r"^// says: (.*)$", text, re.MULTILINE)
    shutil.copy(path, folder / path.name)
    scenario = folder / f"{path.stem}.json"
    scenario.write_text(json.dumps({"irqlab": 1, "title": path.stem, "drivers": {"fw": {"source": path.name}}, "budget": {"host_time": "2s"}}))
    said, exit_code, problems = run_beside_good(stage, scenario, good)
    if exit_code != wanted_exit:
        problems.append(f"exit code {exit_code}, not {wanted_exit}")
    problems += [f"does not say: {line}" for line in wanted if line not in said]
    if problems:
        problems += ["it says:", *said.splitlines()[:15]]
    return problems


def unreadable(stage, folder, good):
    path = folder / "unreadable.json"
    shutil.copy(good, path)
    path.chmod(0)
    if os.geteuid() != 0:
        bad_file(stage, "an unreadable file", path, good, "FILE: Permission denied")
        return
    prefix = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"]  # root reads everything
    try:
        allowed = subprocess.run([*prefix, "test", "-x", str(stage.program), "-a", "-r", str(good)], capture_output=True).returncode == 0
    except OSError:
        allowed = False
    if allowed:
        bad_file(stage, "an unreadable file", path, good, "FILE: Permission denied", prefix)
    else:
        stage.note("an unreadable file: not tried, since root reads everything and the user nobody cannot run this build")


def main():
    stage = Stage(__doc__)
    folder = stage.work / "bad"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    good = folder / "good.json"
    good.write_text(json.dumps(GOOD))
    for index, (name, content, expected) in enumerate(BYTES):
        path = folder / f"bytes-{index}.json"
        path.write_bytes(content())
        bad_file(stage, name, path, good, expected)
        path.unlink()
    for name, path, expected in special_files(folder):
        bad_file(stage, name, path, good, expected)
    unreadable(stage, folder, good)
    scenario_table(stage, folder, good)
    tables = folder / "loader"
    tables.mkdir()
    loader_tables(stage, tables, good)
    drivers = folder / "drivers"
    drivers.mkdir()
    cases = [(f"a driver: {path.stem}", path) for path in sorted((HERE / "drivers").glob("*.c"))]
    in_parallel(stage, lambda path: driver_problems(stage, path, drivers, good), cases)
    stage.finish()


if __name__ == "__main__":
    main()
