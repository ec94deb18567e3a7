#!/usr/bin/python3
"""./irqlab as it is called: from anywhere, through links, where packages are missing, where nothing can be written."""
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from stage import ROOT, Stage

LAUNCHER = ROOT / "irqlab"


class Caller:
    def __init__(self, stage):
        self.stage = stage
        self.folder = stage.work / "launcher"
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()

    def call(self, name, words, exit_code, says="", program=LAUNCHER, build=None, **options):
        """One case: the exit code, and a text that is said on either stream."""
        environment = {**self.stage.environment, "IRQLAB_BUILD_DIR": str(build or self.stage.build), "CI": "true", **options.pop("env", {})}
        run = subprocess.run([program, *words], env=environment, capture_output=True, text=True, errors="replace", stdin=subprocess.DEVNULL, **options)
        said = run.stdout + run.stderr
        problems = [] if run.returncode == exit_code else [f"exit code {run.returncode}, not {exit_code}"]
        problems += [] if says in said else [f"does not say: {says}"]
        self.stage.case(name, [*problems, *said.splitlines()[-10:]] if problems else None)
        return run

    def fakes(self, name, programs):
        """A folder of programs that are found first."""
        folder = self.folder / name
        folder.mkdir()
        for program, script in programs.items():
            (folder / program).write_text(f"#!/bin/sh\n{script}\n")
            (folder / program).chmod(0o755)
        return {"PATH": f"{folder}:{os.environ['PATH']}"}


def built_cases(caller):
    link, farther = caller.folder / "link", caller.folder / "farther"
    link.symlink_to(LAUNCHER)
    farther.symlink_to("link")
    caller.call("from another folder", ["--version"], 0, "irqlab ", cwd="/")
    caller.call("through links", ["--version"], 0, "irqlab ", program=farther, cwd=caller.folder)
    caller.call("by a relative path", ["--version"], 0, "irqlab ", program=os.path.relpath(LAUNCHER, caller.folder), cwd=caller.folder)
    caller.call("without a PATH", ["--version"], 0, "irqlab ", program=LAUNCHER, env={"PATH": "/usr/bin:/bin"})
    caller.call("the program's exit code", ["run", str(caller.folder / "missing.json")], 2, "no such file")
    run = caller.call("a call that has nothing to do", ["list", "rules"], 0, "irql-too-high")
    caller.stage.case("... says nothing of its own", run.stderr or None)


def missing_cases(caller):
    nothing = {"dpkg-query": "exit 1"}
    user = {"id": 'if [ "$1" = -u ]; then echo 1000; else exec /usr/bin/id "$@"; fi'}
    wanted = "apt-get install -y --no-install-recommends"
    environment = caller.fakes("no-sudo", {**nothing, **user, "sudo": "exit 1"})
    run = caller.call("packages are missing, a password would be asked", ["run"], 3, f"sudo apt-get update && sudo {wanted} ", build=caller.folder / "build-1",
                      env=environment)
    line = next((line for line in run.stderr.splitlines() if line.startswith("sudo ")), "")
    caller.stage.case("... in one line, with every package", [f"not in it: {name}" for name in ("meson", "libglib2.0-dev", "mingw-w64-common") if name not in line])
    caller.call("packages are missing for the tests", ["test"], 3, "libcmocka-dev", build=caller.folder / "build-2", env=environment)
    failing = caller.fakes("failing", {**nothing, "id": "echo 0", "apt-get": "echo there is no network here; exit 100", "sudo": "exit 1"})
    caller.call("installing fails", ["run"], 3, "there is no network here", build=caller.folder / "build-3", env=failing)
    caller.call("the build folder cannot be made", ["run"], 3, "cannot write to /proc/irqlab", build="/proc/irqlab")


def main():
    stage = Stage(__doc__)
    caller = Caller(stage)
    if (stage.build / "irqlab-built").exists():
        built_cases(caller)
    else:
        stage.note("this build was not made by ./irqlab: not called with it")
    missing_cases(caller)
    stage.case("it is a POSIX shell script", subprocess.run(["sh", "-n", str(LAUNCHER)], capture_output=True, text=True).stderr or None)
    stage.finish()


if __name__ == "__main__":
    main()
