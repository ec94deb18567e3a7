"""What the stages of tests/run share: counting cases, calling irqlab, building it in other ways.

A stage is a program that prints what is wrong, ends with `N passed, N failed`, and exits with 1 where something failed.
"""
import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
PROBLEM_LINES_MAX = 60

# Of the caller's environment these say how to build or what to find; a test sets what it needs itself.
REMOVED_VARIABLES = ["CC", "CFLAGS", "CPPFLAGS", "LDFLAGS", "PYTHONHOME", "PYTHONPATH", "G_SLICE", "G_MESSAGES_DEBUG", "ASAN_OPTIONS", "UBSAN_OPTIONS"]


class Stage:
    """One stage: its arguments, its folders, its count."""

    def __init__(self, description, add_arguments=None):
        parser = argparse.ArgumentParser(description=description)
        parser.add_argument("--build", type=pathlib.Path, default=os.environ.get("BUILD_DIR", ROOT / "build"), help="the built folder")
        parser.add_argument("--update", action="store_true", help="rewrite what is compared, where the stage keeps something")
        parser.add_argument("-v", "--verbose", action="store_true")
        if add_arguments:
            add_arguments(parser)
        self.arguments = parser.parse_args()
        self.build = pathlib.Path(self.arguments.build).resolve()
        self.program = self.build / "reports/cli/irqlab"
        self.work = self.build / "tests"  # for whatever a stage makes
        self.work.mkdir(parents=True, exist_ok=True)
        self.environment = {name: value for name, value in os.environ.items() if name not in REMOVED_VARIABLES}
        self.environment["XDG_CACHE_HOME"] = str(self.work / "cache")
        self.passed = 0
        self.failed = 0

    def case(self, name, problems):
        """Counts one case. `problems`: a text or a list of lines; empty or None: it passed."""
        lines = [problems] if isinstance(problems, str) else list(problems or [])
        lines = [line for text in lines for line in text.splitlines()]
        if not lines:
            self.passed += 1
            if self.arguments.verbose:
                print(f"  ok   {name}")
            return True
        self.failed += 1
        print(f"{name}:" if len(lines) > 1 or len(name) + len(lines[0]) > 120 else f"{name}: {lines[0]}")
        if len(lines) > 1 or len(name) + len(lines[0]) > 120:
            for line in lines[:PROBLEM_LINES_MAX]:
                print(f"    {line}")
            if len(lines) > PROBLEM_LINES_MAX:
                print(f"    ... and {len(lines) - PROBLEM_LINES_MAX} lines more")
        sys.stdout.flush()
        return False

    def note(self, text):
        """Something that was not done here, and why: told, but no failure."""
        print(f"note: {text}")

    def finish(self):
        print(f"{self.passed} passed, {self.failed} failed")
        sys.exit(1 if self.failed or not self.passed else 0)

    def irqlab(self, *words, program=None, timeout=600, **options):
        """Runs the program in the checkout, as a user would. Returns the CompletedProcess, its output as text."""
        options = {"cwd": ROOT, "env": self.environment, "stdin": subprocess.DEVNULL} | options
        return subprocess.run([program or self.program, *map(str, words)], capture_output=True, text=True, errors="replace", timeout=timeout, **options)

    def library(self, *words, prefix=(), program=None, timeout=1200, **options):
        """`irqlab run --json`: ({scenario's path inside the library: its outcome}, what went wrong as text or None)."""
        options = {"cwd": ROOT, "env": self.environment, "stdin": subprocess.DEVNULL} | options
        command = [*prefix, program or self.program, "run", "--json", *map(str, words)]
        run = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=timeout, **options)
        try:
            scenarios = json.loads(run.stdout)["scenarios"]
        except (ValueError, KeyError):
            return {}, f"exit code {run.returncode}, no JSON: {(run.stderr or run.stdout).strip()[-2000:]}"
        return {library_name(scenario["file"]): scenario for scenario in scenarios}, None


def library_name(file):
    """`.../scenarios/seeds/x/y.json` -> `seeds/x/y`."""
    return re.sub(r"^(.*/)?scenarios/", "", file).removesuffix(".json")


def library_files():
    """The files of the library, sorted."""
    folders = ["seeds", "reported", "rules", "drivers", "failures"]
    return sorted(path for folder in folders for path in (ROOT / "scenarios" / folder).rglob("*.json"))


def without_comments(text):
    """JSON of a file with comments: strings are kept whole."""
    return re.sub(r'("(?:\\.|[^"\\])*")|//[^\n]*|/\*.*?\*/', lambda found: found.group(1) or " ", text, flags=re.DOTALL)


# A bug check, a finding or an odd end, as an expectation names it.
ODD = re.compile(r'"(bugcheck|hung|[a-z-]+ (at|in) )|"[a-z]+(-[a-z]+)+|"any finding|"bug check', re.IGNORECASE)


def is_bug(path):
    """Is something wrong expected of some schedules, and not of all?"""
    sometimes = json.loads(without_comments(path.read_text())).get("expect", {}).get("sometimes", [])
    return any(ODD.match(json.dumps(item).lstrip("{ ")) for item in sometimes)


def is_compiled(path):
    """Does the scenario have a driver written in C?"""
    return re.search(r'"source"\s*:\s*(\[\s*)?"[^"]*\.c"', path.read_text()) is not None


def tool(name):
    """A tool of the build as ./irqlab calls it: Debian's meson, run by the system's Python."""
    if name == "meson" and os.access("/usr/bin/meson", os.X_OK):
        return ["/usr/bin/python3", "/usr/bin/meson"]
    return [f"/usr/bin/{name}" if os.access(f"/usr/bin/{name}", os.X_OK) else name]


def built(stage, name, compiler, options, target):
    """Builds the checkout another way, in a folder of its own that is kept for the next time. (its folder, what went wrong or None)."""
    folder = stage.work / name
    if not shutil.which(compiler):
        return folder, f"{compiler} is not installed"
    environment = {**stage.environment, "CC": compiler, "LC_ALL": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}
    mark = folder / "irqlab-configured"
    wanted = " ".join([str(ROOT), compiler, *options])
    commands = []
    if not mark.exists() or mark.read_text() != wanted:
        shutil.rmtree(folder, ignore_errors=True)
        commands.append([*tool("meson"), "setup", *options, str(folder), str(ROOT)])
    commands.append([*tool("ninja"), "--quiet", "-C", str(folder), target])
    for command in commands:
        run = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                             errors="replace")
        if run.returncode != 0:
            return folder, "\n".join([f"{' '.join(command[-4:])} failed:", *run.stdout.splitlines()[-40:]])
        if "setup" in command:
            mark.write_text(wanted)
    return folder, None


def program_names(folder):
    """The programs that meson knows as tests in a built folder, but for what holds the tree, not its code."""
    listed = subprocess.run([*tool("meson"), "introspect", "--tests", str(folder)], capture_output=True, text=True, check=True)
    return [entry["name"] for entry in json.loads(listed.stdout) if entry["name"] not in ("layers",)]


def program_tests(stage, folder, options=(), environment=None):
    """`meson test` in a built folder: one case a program, counted by what it says itself. Returns nothing."""
    command = [*tool("meson"), "test", "-C", str(folder), "--no-rebuild", "--quiet", *options]
    run = subprocess.run(command, env={**stage.environment, **(environment or {})}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, text=True, errors="replace")
    log = folder / "meson-logs/testlog.json"
    if not log.exists():
        stage.case("meson test", run.stdout or "it wrote no log")
        return
    for line in log.read_text(errors="replace").splitlines():
        entry = json.loads(line)
        text = (entry.get("stdout") or "") + (entry.get("stderr") or "")
        passed = counted(text)
        if entry["result"] in ("OK", "SKIP", "EXPECTEDFAIL"):
            stage.passed += max(passed, 1)
        else:
            stage.passed += passed
            stage.case(entry["name"], [f"{entry['result']}, exit code {entry['returncode']}", *failures(text)])


def counted(text):
    """How many cases a program says have passed, in cmocka's words or in ours."""
    found = re.findall(r"^\[  PASSED  \] (\d+) test", text, re.MULTILINE) + re.findall(r"^(\d+) passed, \d+ failed", text, re.MULTILINE)
    return sum(map(int, found))


def failures(text):
    """The lines of a program's output that tell what failed; all of it when none does."""
    lines = [line for line in text.splitlines() if line.strip() and not re.match(r"\[ (RUN     |      OK) \]|\[=+\]|\[  PASSED  \]", line)]
    return lines[-PROBLEM_LINES_MAX:]
