#!/usr/bin/python3
"""The DDI's generator: what it refuses, that it is deterministic, that no row lacks its body, that both compilers give the same tables.

    test_generate.py --left-out FILE --layout-dump PROGRAM --flag=FLAG...
"""
import argparse
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
DDI = Path(__file__).resolve().parents[2] / "model/ddi"
sys.path.insert(0, str(DDI))

import generate  # noqa: E402
import table  # noqa: E402

ROW = '[KeX]\nprototype = "VOID KeX(PKEVENT Event)"\nirql = "any"\nparameters = { Event = "in" }\n'
OPTIONS = None

# a table, and what its error has to name
REFUSED = [
    ('[KeX]\nirql = "any"\n', "KeX: prototype is missing"),
    ('[KeX]\nprototype = "VOID KeX(VOID)"\n', "KeX: irql is missing"),
    ('[KeX]\nprototype = "VOID KeY(VOID)"\nirql = "any"\n', "the prototype names KeY"),
    ('[KeX]\nprototype = "KeX"\nirql = "any"\n', "is not TYPE NAME"),
    ('[KeX]\nprototype = "VOID KeX(VOID)"\nirql = "<= LOW_LEVEL"\n', 'irql "<= LOW_LEVEL" is none of'),
    ('[KeX]\nprototype = "VOID KeX(VOID)"\nirql = "any"\nirq1 = 2\n', "unknown key irq1"),
    ('[KeX]\nprototype = "VOID KeX(VOID)"\nirql = "any"\nparameters = { Event = "in" }\n', "there is no parameter Event"),
    (ROW.replace('"in"', '"inn"'), '"inn" is not DIRECTION'),
    (ROW.replace('"in"', '"callback"'), "names its type"),
    (ROW.replace('"in"', '"in KSTART_ROUTINE"'), "names its type"),
    (ROW + 'returns_at = "Event->Header.Type"\n', "reads memory outside of DDI_READ"),
    (ROW + 'conditions = [{ when = "*Event == 0", irql = "any", text = "" }]\n', "reads memory outside of DDI_READ"),
    (ROW + 'point = "sometimes"\n', "point sometimes is none of"),
    ('[KeX]\nprototype = "VOID KeX(PCSTR Format, ...)"\nirql = "any"\n', "a variadic function names its body"),
    (ROW + 'failures = ["STATUS_NO_MEMORY"]\n', "a function that returns nothing"),
    (ROW.replace("VOID KeX", "PVOID KeX") + 'failures = ["STATUS_NO_MEMORY"]\n', "PVOID cannot be STATUS_NO_MEMORY"),
    (ROW.replace("VOID KeX", "NTSTATUS KeX") + 'failures = ["NULL"]\n', "NTSTATUS cannot be NULL"),
    (ROW + 'failures_in_body = true\n', "failures are missing"),
    ("[KeX\n", "table.toml"),
]


class Refusals(unittest.TestCase):
    def test_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "table.toml")
            for text, expected in REFUSED:
                path.write_text(text)
                with self.subTest(expected), self.assertRaises(table.TableError) as caught:
                    table.load([path])
                self.assertIn(expected, str(caught.exception))
                self.assertIn(str(path), str(caught.exception))

    def test_accepted(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "table.toml")
            path.write_text(ROW + 'returns_at = "DDI_READ(Event->Header.Type) ? entry : 2"\n')
            (row,), _, _ = table.load([path])
            self.assertEqual(row.page, "wdm/nf-wdm-kex")
            self.assertEqual(row.contract, "any IRQL")


class Ranges(unittest.TestCase):
    def test_ranges(self):
        for text, lowest, highest, words in [
            ("PASSIVE_LEVEL", 0, 0, "IRQL = PASSIVE_LEVEL"), ("<= APC_LEVEL", 0, 1, "IRQL <= APC_LEVEL"),
            ("< DISPATCH_LEVEL", 0, 1, "IRQL <= APC_LEVEL"), (">= DISPATCH_LEVEL", 2, 15, "IRQL >= DISPATCH_LEVEL"),
            ("> DISPATCH_LEVEL", 3, 15, "IRQL > DISPATCH_LEVEL"), ("APC_LEVEL..DISPATCH_LEVEL", 1, 2, "APC_LEVEL <= IRQL <= DISPATCH_LEVEL"),
            ("DIRQL", 3, 12, "IRQL = DIRQL"), ("<= DIRQL", 0, 12, "IRQL <= DIRQL"), ("any", 0, 15, "any IRQL"),
        ]:
            with self.subTest(text):
                parsed = table.parse_range(text)
                self.assertEqual((parsed.lowest, parsed.highest, parsed.text), (lowest, highest, words))


class Bodies(unittest.TestCase):
    def test_found(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "body.c")
            path.write_text("/* KeNo(void) { */\nLONG KeDeclared(int a);\nVOID\nKeOld(\n  int a)\n{\n  KeCalled(1);\n}\n"
                            "PVOID KeNew(void) { return 0; }\n")
            self.assertEqual(table.bodies_in([path]), {"KeOld", "KeNew"})


class Output(unittest.TestCase):
    """Of the real tables, with every row taken."""

    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp())
        cls.tables = sorted((DDI / "table").glob("*.toml"))
        for name in ("one", "other"):
            (cls.folder / name).mkdir()
            generate.generate(cls.tables, ["all"], cls.folder / name, DDI.parent / "include")
        cls.compilers = [name for name in ("gcc", "clang") if shutil.which(name)]

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)

    def run_tool(self, *command):
        result = subprocess.run(command, capture_output=True, text=True)
        self.assertEqual(result.returncode, 0, result.stderr[:2000])

    def test_deterministic(self):
        for path in (self.folder / "one").iterdir():
            self.assertEqual(path.read_bytes(), (self.folder / "other" / path.name).read_bytes(), path.name)

    def test_no_row_without_body(self):
        self.assertEqual(OPTIONS.left_out.read_text().split(), [])

    def test_compilers_agree_on_types(self):
        results = []
        for compiler in self.compilers:
            shared = self.folder / f"{compiler}.so"
            self.run_tool(compiler, "-std=gnu17", *OPTIONS.flag, "-w", "-DINITGUID", "-O0", "-gdwarf-5", "-fno-eliminate-unused-debug-types",
                          "-fPIC", "-shared", "-nostdlib", "-o", str(shared), str(self.folder / "one/ddi_layout.gen.c"))
            outputs = [self.folder / f"{compiler}.{suffix}" for suffix in ("c", "h", "txt")]
            self.run_tool(str(OPTIONS.layout_dump), str(shared), *map(str, outputs))
            results.append([path.read_bytes() for path in outputs])
        for other in results[1:]:
            for one, two in zip(results[0], other):
                self.assertTrue(one == two, f"{self.compilers} give different tables")


def main():
    global OPTIONS
    parser = argparse.ArgumentParser()
    parser.add_argument("--left-out", type=Path, required=True)
    parser.add_argument("--layout-dump", type=Path, required=True)
    parser.add_argument("--flag", action="append", default=[])
    OPTIONS, rest = parser.parse_known_args()
    unittest.main(argv=[sys.argv[0], *rest])


if __name__ == "__main__":
    main()
