#!/usr/bin/python3
"""What the READMEs tell a reader to type works, and a run that they show is one that happens.

In a README.md a block of ```console holds commands behind `$ `, run one after the other in a folder of their own, where `irqlab` and `scenarios`
are those of the checkout; `# exit code N` at the end of a line says how it ends, if not with 0. A block of ```text right behind a console block
is what its last command printed (--update writes it anew). A block of ```json NAME is a file that is saved, and a ```jsonc block with "irqlab": 1 a scenario that comes out
as it expects.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from stage import ROOT, Stage

NOT_RUN = re.compile(r"^(\./irqlab test\b|tests/run\b|\.ci/run\b|git |sudo |apt|CC=|meson |ninja )")
SECONDS_MAX = 300


def readmes():
    for folder, folders, files in os.walk(ROOT):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and not name.startswith("build") and name != "__pycache__")
        if "README.md" in files:
            yield os.path.join(folder, "README.md")


def blocks(text):
    """(kind, rest of the opening line, the lines, line number) of each fenced block."""
    for match in re.finditer(r"^```(\w*)[ \t]*([^\n]*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        yield match[1], match[2].strip(), match[3], text.count("\n", 0, match.start()) + 1


def plain(line):
    """A printed line without what differs from run to run: host time and the width of columns."""
    return re.sub(r"\s+", " ", re.sub(r"\s\d+(\.\d+)? (ms|s)$", "", line.rstrip())).strip()


class Reader:
    """Does what one README says."""

    def __init__(self, stage, path):
        self.stage = stage
        self.name = os.path.relpath(path, ROOT)
        self.folder = stage.work / "readme" / self.name.replace("/", "-").removesuffix(".md")
        self.path = path
        self.output = None
        self.has_folder = False

    def folder_make(self):
        """The checkout as the reader sees it; the built program, however it was built."""
        if self.has_folder:
            return
        self.has_folder = True
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        by_launcher = (self.stage.build / "irqlab-built").exists()
        (self.folder / "irqlab").write_text("#!/bin/sh\nexec \"%s\" \"$@\"\n" % (ROOT / "irqlab" if by_launcher else self.stage.program))
        (self.folder / "irqlab").chmod(0o755)
        for name in ("scenarios", "model", "tests"):
            (self.folder / name).symlink_to(ROOT / name)

    def command(self, line, number):
        text, _, comment = line.partition(" # ")
        exit_code = int(re.search(r"exit code (\d+)", comment)[1]) if "exit code" in comment else 0
        name = f"{self.name}:{number}: {text.strip()}"
        self.output = None
        if NOT_RUN.match(text):
            return
        self.folder_make()
        environment = {**self.stage.environment, "IRQLAB_BUILD_DIR": str(self.stage.build), "PATH": f"{self.folder}:{os.environ['PATH']}"}
        try:
            run = subprocess.run(["sh", "-c", text], cwd=self.folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT, text=True, errors="replace", timeout=SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self.stage.case(name, f"it takes longer than {SECONDS_MAX} s")
            return
        self.output = run.stdout
        problems = [] if run.returncode == exit_code else [f"exit code {run.returncode}, not {exit_code}", *run.stdout.splitlines()[-20:]]
        self.stage.case(name, problems)

    def shown(self, text, number):
        """What is shown is printed, line by line and in that order; a line of ... stands for any lines."""
        printed = [plain(line) for line in self.output.splitlines()]
        problems, at, may_skip = [], 0, True
        for line in map(plain, text.splitlines()):
            if line in ("...", "…"):
                may_skip = True
                continue
            found = printed.index(line, at) if line in printed[at:] else None
            if found is None or (found != at and not may_skip):
                problems = [f"shown:   {line}", f"printed: {printed[at] if at < len(printed) else 'nothing more'}"]
                break
            at, may_skip = found + 1, False
        if problems and self.stage.arguments.update and not re.search(r"^(\.\.\.|…)$", text, re.MULTILINE):
            whole = pathlib.Path(self.path).read_text(encoding="utf-8")
            printed_text = "".join(line.rstrip() + "\n" for line in self.output.splitlines())
            pathlib.Path(self.path).write_text(whole.replace(f"```text\n{text}```", f"```text\n{printed_text}```", 1), encoding="utf-8")
            print(f"rewritten: {self.name}")
            problems = []
        self.stage.case(f"{self.name}:{number}: the output shown", problems)

    def scenario(self, text, number):
        self.folder_make()
        path = self.folder / f"line-{number}.json"
        path.write_text(text)
        run = self.stage.irqlab("run", path)
        self.stage.case(f"{self.name}:{number}: the scenario", None if run.returncode == 0 else run.stdout + run.stderr)

    def read(self, text):
        last_end = None
        for kind, rest, content, number in blocks(text):
            if kind == "console":
                for offset, line in enumerate(content.splitlines()):
                    if line.startswith("$ "):
                        self.command(line[2:], number + 1 + offset)
                last_end = number + content.count("\n") + 1
                continue
            if kind == "text" and self.output is not None and last_end is not None and number <= last_end + 2:
                self.shown(content, number)
            elif kind == "json" and rest:
                self.folder_make()
                (self.folder / rest).write_text(content)
            elif kind in ("json", "jsonc") and '"irqlab": 1' in content:
                self.scenario(content, number)
            last_end = None


def main():
    stage = Stage(__doc__)
    for path in readmes():
        with open(path, encoding="utf-8") as file:
            Reader(stage, path).read(file.read())
    stage.finish()


if __name__ == "__main__":
    main()
