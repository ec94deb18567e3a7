#!/usr/bin/python3
"""The tree as it should look: C formatted, a README.md in every folder, nothing of one machine, nothing left to do.

    tests/style/check.py [--tidy] [--update]

--update formats what is not formatted. --tidy also runs clang-tidy, which takes minutes.
"""
import concurrent.futures
import json
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from stage import ROOT, Stage

LINES_MAX = 600  # of a file; past it, it is two files

# Folders deeper than two are parts of what the README above them tells of; so are these.
README_DEPTH = 2
NO_README = {".ci", "reports/completion"}

FORBIDDEN = [
    (re.compile(r"(?<![\w.])/(?:work|home|root|Users)/\w"), "a path of one machine"),
    (re.compile(r"\b(?:TODO|FIXME|XXX)\b"), "something left to do: do it, or say `Simplified:` and why"),
    (re.compile(r"[ \t]+$", re.MULTILINE), "blanks at the end of the line"),
    (re.compile(r"\t"), "a tab"),
]
FORBIDDEN_IN = re.compile(r"\.(c|h|S|py|sh|toml|json|md|build|txt)$|(^|/)(irqlab|run)$")
EXEMPT = {"tests/style/check.py"}


def tracked():
    """What is in the tree: tracked and new files, not those ignored."""
    listed = subprocess.run(["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"], capture_output=True, text=True)
    if listed.returncode == 0:
        names = listed.stdout.split("\0")
    else:  # no repository: a tree that was unpacked
        names = [str(path.relative_to(ROOT)) for path in ROOT.rglob("*") if not re.search(r"/(build|__pycache__|\.git)/", str(path))]
    return sorted(name for name in set(names) if name and (ROOT / name).is_file())


def format_problems(names):
    """Of each file, what clang-format would change."""
    problems = {name: None for name in names}
    run = subprocess.run(["clang-format", "--dry-run", "--style=file", *names], capture_output=True, text=True, cwd=ROOT)
    for name in names:
        lines = re.findall(rf"^(?:\./)?{re.escape(name)}:(\d+):\d+: warning: code should be", run.stderr, re.MULTILINE)
        if lines:
            problems[name] = f"{len(lines)} places clang-format would change, first at line {lines[0]}"
    if run.returncode != 0:
        problems[names[0]] = run.stderr
    return problems


def text_problems(name):
    text = (ROOT / name).read_text(encoding="utf-8", errors="surrogateescape")
    problems = [f"line {text.count(chr(10), 0, match.start()) + 1}: {what}" for pattern, what in FORBIDDEN for match in [pattern.search(text)] if match]
    if "\r" in text:
        problems.append("carriage returns")
    if text and not text.endswith("\n"):
        problems.append("no newline at the end")
    if re.search(r"\.(c|h|py)$", name) and text.count("\n") > LINES_MAX:
        problems.append(f"{text.count(chr(10))} lines; {LINES_MAX} are the most")
    return problems


def tidy_problems(build, name):
    run = subprocess.run(["clang-tidy", "--quiet", "-p", str(build), str(ROOT / name)], capture_output=True, text=True)
    return [line for line in run.stdout.splitlines() if re.search(r": (warning|error): ", line)]


def main():
    stage = Stage(__doc__, lambda parser: parser.add_argument("--tidy", action="store_true", help="also clang-tidy"))
    names = tracked()
    sources = [name for name in names if re.search(r"\.[ch]$", name)]
    if stage.arguments.update:
        subprocess.run(["clang-format", "-i", "--style=file", *[str(ROOT / name) for name in sources]], check=True)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for problems in pool.map(format_problems, [sources[i:i + 32] for i in range(0, len(sources), 32)]):
            for name, problem in problems.items():
                stage.case(f"{name} is formatted", problem)
        if stage.arguments.tidy:
            commands = json.loads((stage.build / "compile_commands.json").read_text())
            known = {os.path.normpath(os.path.join(entry["directory"], entry["file"])) for entry in commands}
            compiled = [name for name in sources if str(ROOT / name) in known]
            for name, problems in zip(compiled, pool.map(lambda name: tidy_problems(stage.build, name), compiled)):
                stage.case(f"{name} is tidy", problems)
    for name in names:
        if FORBIDDEN_IN.search(name) and name not in EXEMPT:
            stage.case(name, text_problems(name))
    folders = {os.sep.join(name.split(os.sep)[:depth]) for name in names for depth in range(1, min(name.count(os.sep), README_DEPTH) + 1)}
    for folder in sorted(folders - NO_README):
        stage.case(folder, None if (ROOT / folder / "README.md").is_file() else "has no README.md")
    for name in ("README.md", "LICENSE", "CHANGELOG.md"):
        stage.case(name, None if (ROOT / name).is_file() else "is missing")
    stage.finish()


if __name__ == "__main__":
    main()
