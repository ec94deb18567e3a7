#!/usr/bin/python3
"""Golden traces: what happens in the natural schedule of each scenario of the library.

    tests/golden/check.py [--update]

Of the seeds the whole trace is kept, in seeds/.../NAME.txt beside this file; of all others one line of hashes.txt: how the run ends, how many
events, their hash. --update rewrites both; the difference is reviewed like code. Scenarios with compiled drivers have nothing here: where
their accesses are is the compiler's business; tests/determinism compares their outcomes.
"""
import concurrent.futures
import difflib
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from stage import ROOT, Stage, is_compiled, library_files, library_name

HERE = ROOT / "tests/golden"
HASHES = HERE / "hashes.txt"
DIFFERENCE_LINES_MAX = 40
TRACE_LINES_MAX = 600  # of a longer trace the first and the last; its hash is of all


def trace(stage, path):
    """(lines, error)"""
    run = stage.irqlab("trace", path.relative_to(ROOT))
    if run.returncode != 0:
        return None, f"exit code {run.returncode}: {run.stderr.strip()[-1000:]}"
    lines = run.stdout.splitlines(keepends=True)
    if len(lines) > TRACE_LINES_MAX:
        half = TRACE_LINES_MAX // 2
        lines = [*lines[:half], f"... {len(lines) - 2 * half} lines more ...\n", *lines[-half:]]
    return lines, None


def difference(kept, now):
    lines = list(difflib.unified_diff(kept, now, "kept", "now", n=2))
    return "".join(lines[:DIFFERENCE_LINES_MAX]) + (f"... {len(lines) - DIFFERENCE_LINES_MAX} lines more\n" if len(lines) > DIFFERENCE_LINES_MAX else "")


def kept_hashes():
    """name -> the rest of its line"""
    lines = HASHES.read_text().splitlines() if HASHES.exists() else []
    return {line.split()[0]: line.split(maxsplit=1)[1] for line in lines if line and not line.startswith("#")}


def main():
    stage = Stage(__doc__)
    is_update = stage.arguments.update
    files = {library_name(str(path)): path for path in library_files() if not is_compiled(path)}
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        traces = dict(zip(files, pool.map(lambda path: trace(stage, path), files.values())))
    old_hashes, hashes = kept_hashes(), {}
    how = "review it and keep it with: ./irqlab test --update golden"
    for name, (lines, error) in traces.items():
        kept = HERE / f"{name}.txt"
        if error:
            stage.case(name, error)
        elif not name.startswith("seeds/"):
            hashes[name] = lines[-1].strip()
            old = old_hashes.get(name, f"nothing is kept; {how}")
            stage.case(name, None if is_update or old == hashes[name] else [f"kept: {old}", f"now:  {hashes[name]}"])
        elif is_update:
            kept.parent.mkdir(parents=True, exist_ok=True)
            if not kept.exists() or kept.read_text() != "".join(lines):
                kept.write_text("".join(lines))
                print(f"rewritten: {kept.relative_to(ROOT)}")
            stage.case(name, None)
        else:
            stage.case(name, difference(kept.read_text().splitlines(keepends=True), lines) if kept.exists() else f"no trace is kept; {how}")
    gone = [name for name in old_hashes if name not in hashes]
    gone_files = [path for path in sorted(HERE.rglob("*.txt")) if path != HASHES and str(path.relative_to(HERE)).removesuffix(".txt") not in files]
    if is_update:
        for path in gone_files:
            path.unlink()
            print(f"removed: {path.relative_to(ROOT)}")
        HASHES.write_text("# How the natural schedule of each scenario that is no seed comes out. Written by: ./irqlab test --update golden\n"
                          + "".join(f"{name}  {rest}\n" for name, rest in sorted(hashes.items())))
    else:
        for name in [*gone, *[str(path.relative_to(HERE)) for path in gone_files]]:
            stage.case(name, f"it is kept, and there is no such scenario; {how}")
    stage.finish()


if __name__ == "__main__":
    main()
