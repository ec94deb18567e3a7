#!/usr/bin/python3
"""The driver headers, compiled as drivers compile them, by each compiler that is installed.

    tests/include/check.py [--compiler CC]...

Cases: every header alone, with warnings of our own headers as errors; all headers and all spellings in one file; the layout of the shared
structures; a small driver, for several versions of Windows, checked and free; the intrinsics and the safe strings, run. It prints what is wrong and ends with
`N passed, N failed`.
"""
import argparse
import concurrent.futures
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
INCLUDE = HERE.parent.parent / "model" / "include"

# Pieces of the headers beside them: read in their place, meaningless alone.
PIECES = {"irqlab/rename_begin.h", "irqlab/rename_end.h", "irqlab/kernel_functions.h", "irqlab/kernel_macros.h", "irqlab/override.h",
          "irqlab/strsafe.inc.h"}

# The order drivers are written in: initguid.h first, then a kernel header, then the rest.
FIRST = ["initguid.h", "ntifs.h"]

VARIANTS = {
    "driver": [],
    "driver, free": ["-DDBG=0"],
    "driver, Windows 8.1": ["-D_WIN32_WINNT=0x0603"],
    "driver, Windows 7": ["-DNTDDI_VERSION=0x06010000"],
    "driver, -O2": ["-O2"],
    "driver, watched": ["-O1", "-fsanitize=thread"],
}


def flags(visible: bool) -> list[str]:
    """The flags of wdk-flags; `visible`: our headers are no system headers, so that their warnings are seen."""
    lines = (INCLUDE / "wdk-flags").read_text().split("\n")
    result: list[str] = []
    for line in filter(None, lines):
        if visible and line.startswith("@INCLUDE@") and result[-1] == "-isystem":
            result[-1] = "-I"
        result.append(line.replace("@INCLUDE@", str(INCLUDE)))
    return result


def headers() -> list[str]:
    names = [str(path.relative_to(INCLUDE)) for path in [*INCLUDE.glob("*.h"), *(INCLUDE / "irqlab").glob("*.h")]]
    return sorted(set(names) - PIECES)


def compile_case(compiler: str, source: str, folder: pathlib.Path, name: str, *, visible: bool = True, arguments: list[str] = []) -> str:
    """Compiles source; returns the compiler's complaints, empty when there are none."""
    file = folder / (name.translate(str.maketrans("/ ,.", "____")) + ".c")
    file.write_text(source)
    command = [compiler, "-std=gnu17", "-Wall", "-Wextra", "-Werror", *flags(visible), *arguments, "-c", "-o", os.devnull, str(file)]
    return run(command)


def run(command: list[str]) -> str:
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return (result.stdout or f"{command[0]} ended with {result.returncode}") if result.returncode else ""


def run_case(compiler: str, folder: pathlib.Path, name: str) -> str:
    program = folder / name
    complaint = run([compiler, "-std=gnu17", "-Wall", "-Wextra", "-Werror", *flags(False), "-o", str(program), str(HERE / f"{name}.c")])
    return complaint or run([str(program)])


def cases(compiler: str, folder: pathlib.Path) -> dict[str, object]:
    """Each case: its name, and a function that gives its complaints."""
    def included(names: list[str]) -> str:
        return "".join(f"#include <{name}>\n" for name in names)

    spellings = sorted(path.name for path in (INCLUDE / "spelling").glob("*.h"))
    result = {f"{name} alone": (included([name]), name, True, []) for name in headers()}
    result |= {f"spelling {name} alone": (included([name]), f"spelling {name}", False, []) for name in spellings}
    result["all headers"] = (included(FIRST + headers()), "all", True, [])
    result["all headers, backwards"] = (included(headers()[::-1]), "backwards", True, [])
    result["all spellings"] = (included(FIRST + spellings), "spellings", False, [])
    result["layout"] = (f'#include "{HERE}/layout.c"\n', "layout", False, [])
    for name, arguments in VARIANTS.items():
        result[name] = (f'#include "{HERE}/driver.c"\n', name, False, arguments)
    made = {name: (lambda case=case: compile_case(compiler, case[0], folder, case[1], visible=case[2], arguments=case[3]))
            for name, case in result.items()}
    for name in ["intrinsics", "strings"]:
        made[name] = lambda name=name: run_case(compiler, folder, name)
    return made


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--compiler", action="append", default=[])
    compilers = parser.parse_args().compiler or [name for name in ["gcc", "clang"] if shutil.which(name)]
    passed = failed = 0
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(2) as pool:
        for compiler in compilers:
            place = pathlib.Path(folder) / pathlib.Path(compiler).name
            place.mkdir()
            running = {name: pool.submit(case) for name, case in cases(compiler, place).items()}
            for name, future in running.items():
                complaint = future.result()
                passed, failed = (passed, failed + 1) if complaint else (passed + 1, failed)
                if complaint:
                    print(f"{compiler}: {name}\n{complaint}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
