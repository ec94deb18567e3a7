#!/usr/bin/python3
"""The layers, held to: sim < model < model/rules < scenarios < reports.

    tests/layers/check.py --build BUILD_DIR

Four things are checked of a built tree, each file, object or library being one case:

  includes   a file includes only its own folder and folders to its left; model and rules see WDK headers, never libc's or GLib's, also
             not through a header of sim; scenarios and reports never see a WDK header, which would mix badly with libc's
  globals    the objects of sim, model and rules have no writable global data: all state of a run lives in the arena
  links      what a layer's library leaves undefined is defined to its left, or is one of the few outside symbols listed here
  headers    every header compiles alone, with the flags of its neighbours

It prints what is wrong and ends with `N passed, N failed`.
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys

LAYERS = ["sim", "model", "model/rules", "scenarios", "reports"]
WDK_LAYERS = ["model", "model/rules"]  # compiled with the WDK's headers and flags
RUN_LAYERS = ["sim", "model", "model/rules"]  # what a run changes lives in the arena

# Data, not code of a layer: what stands there is compiled as a driver, or not at all.
LIBRARY_FOLDERS = ["scenarios/seeds", "scenarios/reported", "scenarios/rules", "scenarios/drivers"]

# Tools that the build runs; nothing of them is linked into a layer.
TOOL_FOLDERS = ["model/ddi/layout"]

# Headers that mean the same to the WDK's world and to libc's.
NEUTRAL_HEADERS = {"stdarg.h", "stdbool.h", "stddef.h", "stdint.h"}

# Of mingw-w64's headers, ddk/ is all the kernel's; these of its common folder are too. The rest of that folder is user mode and a libc.
WDK_FOLDER = pathlib.Path("/usr/share/mingw-w64/include")
WDK_COMMON_HEADERS = {
    "_mingw.h", "basetsd.h", "basetyps.h", "bugcodes.h", "driverspecs.h", "evntprov.h", "evntrace.h", "excpt.h", "fwptypes.h",
    "guiddef.h", "in6addr.h", "inaddr.h", "initguid.h", "ktmtypes.h", "mstcpip.h", "ntddndis.h", "ntddtdi.h", "ntdef.h",
    "ntiologc.h", "ntstatus.h", "poppack.h", "pshpack1.h", "pshpack2.h", "pshpack4.h", "pshpack8.h", "sal.h", "sdkddkver.h",
    "specstrings.h", "vadefs.h", "winapifamily.h", "ws2def.h", "ws2ipdef.h",
}

# Pieces of one header, each in its place of it; alone they have no meaning.
HEADER_PIECES = re.compile(r"^model/include/irqlab/|\.inc\.h$")

# What compilers call of themselves; and what instrumented builds add.
COMPILER_SYMBOLS = {"memcpy", "memmove", "memset", "memcmp", "_GLOBAL_OFFSET_TABLE_", "__stack_chk_fail", "__popcountdi2"}
INSTRUMENTATION = re.compile(r"^(__|\.L|L)*_?(asan|ubsan|sanitizer|lsan|gcov|llvm_prof|odr_asan|sancov)|^__mem\w+_chk$|^__unnamed_\d+$")

# Outside symbols a layer may use beside those; scenarios and reports may use any library.
OUTSIDE_SYMBOLS = {
    "sim": {
        "mmap", "mmap64", "munmap", "mprotect", "madvise", "mincore",  # the arena and the guard pages of fibers
        "aligned_alloc", "sigaction", "sigaltstack", "sigemptyset",  # which pages of a state a run writes
        "clock_gettime",  # the limit of host time
        "getcontext", "makecontext", "swapcontext",  # fibers where there is no assembly for them
        "abort", "fprintf", "fputs", "fputc", "fwrite", "fflush", "stderr", "write",  # SIM_ASSERT
        "__errno_location", "strerror", "perror",
        "snprintf", "vsnprintf", "strlen", "strcmp", "strncmp", "strchr", "strcspn", "strncpy",  # texts of a schedule and of a stop
        "open_memstream", "fclose",
        "malloc", "calloc", "realloc", "free",  # the record of events, which a run does not read
        "qsort",  # a schedule, for look-ups
        "_setjmp", "longjmp",  # a limit that is reached while a machine is set up
    },
    "model": set(),
    "model/rules": set(),
}

INCLUDE = re.compile(r'^[ \t]*#[ \t]*(?:include|include_next)[ \t]*([<"])([^">]+)[>"]', re.MULTILINE)
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
SYMBOL = re.compile(r"^[0-9a-f]+ (.{7}) (\S+)\t[0-9a-f]+ (?:\.hidden |\.protected |\.internal |0x[0-9a-f]+ )?(\S+)$")


class Results:
    def __init__(self):
        self.passed = 0
        self.failed = 0

    def case(self, name, problems):
        if problems:
            self.failed += 1
            for problem in problems:
                print(f"{name}: {problem}")
        else:
            self.passed += 1


class Tree:
    """The checkout and its build: which layer a path is of, and with what flags its neighbours are compiled."""

    def __init__(self, source, build):
        self.source = source
        self.build = build
        self.commands = self._compile_commands()
        self.texts = {}

    def relative(self, path):
        """The path inside the checkout; a generated file's is that of the folder it is generated for. None: neither."""
        for top in (self.build, self.source):
            if path.is_relative_to(top):
                return path.relative_to(top).as_posix()
        return None

    def layer(self, path):
        name = self.relative(path)
        if name is None or any(name.startswith(folder + "/") for folder in LIBRARY_FOLDERS + TOOL_FOLDERS):
            return None
        return max((layer for layer in LAYERS if name.startswith(layer + "/")), key=len, default=None)

    def files(self, suffixes):
        found = []
        for top in {self.source, self.build}:
            for folder in {layer.split("/")[0] for layer in LAYERS}:
                for parent, folders, names in os.walk(top / folder):
                    folders[:] = sorted(name for name in folders if not name.endswith(".p") and name != "__pycache__")
                    found += [pathlib.Path(parent, name) for name in names if pathlib.Path(name).suffix in suffixes]
        return sorted(path for path in found if self.layer(path))

    def _compile_commands(self):
        """Folder of a source -> its compiler with the flags that matter to a header."""
        commands = {}
        for entry in json.loads((self.build / "compile_commands.json").read_text()):
            words = shlex.split(entry["command"])
            if pathlib.Path(words[0]).name == "ccache":
                words = words[1:]
            source = pathlib.Path(os.path.normpath(pathlib.Path(entry["directory"], entry["file"])))
            kept, skip = [], False
            for word in words:
                if skip or word in ("-o", "-MF", "-MQ", "-MT"):
                    skip = not skip
                elif word not in ("-c", "-MD", "-MMD", entry["file"]):
                    kept.append(word)
            if source.suffix == ".c":
                commands.setdefault(source.parent, kept)
        return commands

    def command(self, path):
        """The command of the nearest folder of the same layer that has C files; None where nothing of the layer is compiled."""
        layer = self.layer(path)
        near = [folder for folder in self.commands if self.layer(folder / "x") == layer]

        def distance(folder):
            one, other = self.relative(folder).split("/"), self.relative(path.parent).split("/")
            common = len(os.path.commonprefix([one, other]))
            return (len(one) + len(other) - 2 * common, folder)

        return self.commands[min(near, key=distance)] if near else None

    def include_folders(self, path):
        """Folders that the compiler would search, in order."""
        folders, words = [], iter(self.command(path) or [])
        for word in words:
            for flag in ("-isystem", "-iquote", "-idirafter", "-I"):
                if word.startswith(flag):
                    folders.append(pathlib.Path(os.path.normpath(self.build / (word[len(flag):] or next(words)))))
                    break
        return folders

    def includes(self, path):
        """(spelling, file inside the tree or None) of each #include."""
        if path not in self.texts:
            text = COMMENT.sub("", path.read_text(errors="replace"))
            found = []
            for quote, spelling in INCLUDE.findall(text):
                folders = ([path.parent] if quote == '"' else []) + self.include_folders(path)
                if self.layer(path) in WDK_LAYERS:
                    folders.append(self.source / "model/include")
                candidates = [pathlib.Path(os.path.normpath(folder / spelling)) for folder in folders]
                inside = [c for c in candidates if c.is_file() and self.relative(c) is not None and c != path]
                found.append((quote, spelling, inside[0] if inside else None))
            self.texts[path] = found
        return self.texts[path]


def is_wdk_header(tree, spelling, inside):
    if inside is not None:
        return tree.relative(inside).startswith("model/include/")
    return (WDK_FOLDER / "ddk" / spelling).is_file() or (spelling in WDK_COMMON_HEADERS and (WDK_FOLDER / spelling).is_file())


def include_fault(tree, layer, file, quote, spelling, inside):
    """What is wrong with one #include met while compiling a file of the layer; None when nothing is."""
    if (tree.relative(file) or "").startswith("model/include/"):
        return None  # the WDK's among themselves
    wdk = is_wdk_header(tree, spelling, inside)
    allowed = LAYERS[: LAYERS.index(layer) + 1]
    if inside is not None and not wdk:
        return None if tree.layer(inside) in allowed else f"{tree.relative(inside)} is not of {layer}, nor to its left"
    if spelling in NEUTRAL_HEADERS:
        return None
    if inside is None and quote == '"' and not wdk:
        return "it is nowhere in the tree"
    if layer in WDK_LAYERS:
        if not wdk:
            return f"{layer} sees no libc and no library, only WDK headers and {', '.join(sorted(NEUTRAL_HEADERS))}"
        return "what model shares with sim sees no Windows" if tree.layer(file) == "sim" else None
    if wdk and (inside is not None or not pathlib.Path("/usr/include", spelling).exists()):
        return "WDK headers belong to model; here they would mix with libc's"
    if layer == "sim" and re.match(r"(glib|gio|json-c|elfutils|cmocka)", spelling):
        return "sim stands on libc alone"
    return None


def include_problems(tree, path):
    """Walks all that the file includes inside the tree, without going into the WDK's headers."""
    layer = tree.layer(path)
    problems, seen, todo = [], {path}, [(path, "")]
    while todo:
        file, via = todo.pop()
        for quote, spelling, inside in tree.includes(file):
            fault = include_fault(tree, layer, file, quote, spelling, inside)
            if fault:
                problems.append(f"includes {quote}{spelling}{'>' if quote == '<' else quote}{via}: {fault}")
            elif inside is not None and inside not in seen and not is_wdk_header(tree, spelling, inside):
                seen.add(inside)
                todo.append((inside, f"{via or ' through'} {tree.relative(inside)}"))
    return problems


class Objects:
    """The symbols of the static libraries of each layer: meson says where they are defined, objdump what is in them."""

    def __init__(self, tree):
        targets = json.loads((tree.build / "meson-info/intro-targets.json").read_text())
        self.libraries = {layer: [] for layer in LAYERS}
        for target in targets:
            layer = tree.layer(pathlib.Path(target["defined_in"]))
            if target["type"] == "static library" and layer:
                self.libraries[layer] += target["filename"]
        self.objects = {layer: self._read(paths) for layer, paths in self.libraries.items()}

    @staticmethod
    def _read(libraries):
        """object file -> [(is_global, section, name)]"""
        objects = {}
        for library in filter(os.path.exists, libraries):
            text = subprocess.run(["objdump", "-t", library], check=True, capture_output=True, text=True,
                                  env={**os.environ, "LC_ALL": "C"}).stdout
            symbols = None
            for line in text.splitlines():
                match = SYMBOL.match(line)
                if ":     file format " in line:
                    symbols = objects.setdefault(line.split(":     file format ")[0], [])
                elif match and "d" not in match[1][5:6] and "f" not in match[1]:
                    symbols.append((match[1][0] in "gu!" or match[1][1] == "w" or match[2] in ("*UND*", "*COM*"), match[2], match[3]))
        return objects

    def defined(self, layer):
        return {name for symbols in self.objects[layer].values()
                for is_global, section, name in symbols if is_global and section != "*UND*"}

    def undefined(self, layer):
        return {name: file for file, symbols in self.objects[layer].items() for _, section, name in symbols if section == "*UND*"}


def is_writable(section):
    if section.startswith(".data.rel.ro"):
        return False
    return section == "*COM*" or re.match(r"\.(data|bss|tdata|tbss|ldata|lbss|sdata|sbss)\b", section) is not None


def global_problems(symbols):
    return [f"writable global data {name} ({section}); state of a run belongs into the arena"
            for _, section, name in symbols if is_writable(section) and not INSTRUMENTATION.match(name)]


def link_problems(objects, layer):
    left = LAYERS[: LAYERS.index(layer) + 1]
    known = set(COMPILER_SYMBOLS).union(*(objects.defined(other) for other in left))
    owners = {name: other for other in LAYERS if other not in left for name in objects.defined(other)}
    problems = []
    for name, file in sorted(objects.undefined(layer).items()):
        if name in known or INSTRUMENTATION.match(name):
            continue
        if name in owners:
            problems.append(f"{file} needs {name}, which is of {owners[name]}, to its right")
        elif layer in OUTSIDE_SYMBOLS and name not in OUTSIDE_SYMBOLS[layer]:
            problems.append(f"{file} needs {name}, which is not of {', '.join(left)}, nor an outside symbol that {layer} may use")
    return problems


def header_problems(tree, path):
    command = tree.command(path)
    if tree.relative(path).startswith("model/include/"):  # as a driver sees it
        include = tree.source / "model/include"
        flags = ["-std=gnu17", "-fno-builtin", *(include / "wdk-flags").read_text().replace("@INCLUDE@", str(include)).split()]
        command = [command[0] if command else "cc", *flags]
        line = f"#include <{path.relative_to(include)}>\n"
    elif command:
        command = [word for word in command if not word.startswith("-W")] + ["-Wall", "-Wextra", "-Werror"]
        line = f'#include "{path}"\n'
    else:
        return ["nothing of its layer is compiled, so there are no flags to try it with"]
    run = subprocess.run([*command, "-fdiagnostics-color=never", "-fsyntax-only", "-x", "c", "-"], input=line, text=True,
                         capture_output=True, cwd=tree.build, env={**os.environ, "LC_ALL": "C"})
    return [] if run.returncode == 0 else ["\n    ".join(["does not compile alone", *run.stderr.splitlines()[:8]])]


def main():
    parser = argparse.ArgumentParser(description="Checks that the layers keep to themselves.")
    parser.add_argument("--build", required=True, type=pathlib.Path, help="a configured and built folder")
    parser.add_argument("--source", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parents[2], help="the checkout")
    arguments = parser.parse_args()
    tree = Tree(arguments.source.resolve(), arguments.build.resolve())
    results = Results()

    for path in tree.files({".c", ".h", ".S"}):
        results.case(f"includes: {tree.relative(path)}", include_problems(tree, path))

    objects = Objects(tree)
    for layer in LAYERS:
        if not (tree.source / layer / "meson.build").exists():
            print(f"{layer} has no meson.build yet: not checked")
        elif not objects.objects[layer]:
            results.case(f"links: {layer}", ["has no static library, or it is not built"])
        else:
            results.case(f"links: {layer}", link_problems(objects, layer))
            if layer in RUN_LAYERS:
                for name, symbols in objects.objects[layer].items():
                    results.case(f"globals: {layer}: {name}", global_problems(symbols))

    headers = [path for path in tree.files({".h"}) if not HEADER_PIECES.search(tree.relative(path))]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for path, problems in zip(headers, pool.map(lambda path: header_problems(tree, path), headers)):
            results.case(f"header: {tree.relative(path)}", problems)

    print(f"{results.passed} passed, {results.failed} failed")
    return 1 if results.failed else 0


if __name__ == "__main__":
    sys.exit(main())
