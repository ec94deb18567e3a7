#!/usr/bin/env python3
"""Makes the DDI's code and data out of table/*.toml. See README.md.

  generate.py --tables FILE... --bodies FILE... --output FOLDER    the C files
  generate.py --tables FILE... --reference FOLDER                  a page of Markdown for each header

A function whose body none of the --bodies defines is left out; `left_out.gen.txt` names those.
`--bodies all` takes every row. Output is the same for the same input; files that would not change are not touched.
"""

import argparse
import sys
from pathlib import Path

import emit
import reference
from table import TableError, bodies_in, load

# Every header that says something of its own, where model/include has it; those it includes come with it.
HEADERS = ["ntifs.h", "ntstrsafe.h", "ndis.h", "fwpsk.h", "fwpmk.h", "fltkernel.h", "netioapi.h", "wsk.h", "fltuser.h"]


def write(path, text):
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def present(functions, bodies):
    """Those functions the model has code for, and the names of the others."""
    if bodies == ["all"]:
        return functions, []
    defined = bodies_in(bodies)
    is_there = lambda row: row.is_inline or row.body_name in defined
    return [row for row in functions if is_there(row)], [row.name for row in functions if not is_there(row)]


def generate(tables, bodies, output, include):
    functions, callbacks, includes = load(tables)
    ids = emit.emit_ids(functions, callbacks) # of all rows, so that bodies may come one by one
    functions, left_out = present(functions, bodies)
    types = emit.Types(functions, callbacks)
    files = {
        "ddi_ids.gen.h": ids,
        "ddi_wrappers.gen.h": emit.emit_wrapper_header(functions, callbacks, includes),
        "ddi_callbacks.gen.h": emit.emit_callbacks(callbacks, includes),
        "ddi_rows.gen.c": emit.emit_rows(functions, callbacks, types),
        "ddi_layout.gen.c": emit.emit_layout(types, [header for header in HEADERS if (include / header).exists()]),
        "left_out.gen.txt": "".join(f"{name}\n" for name in left_out),
    }
    for stem in includes:
        if stem != "callbacks":
            files[f"ddi_{stem}.gen.c"] = emit.emit_wrappers([row for row in functions if row.file == stem])
    for name, text in files.items():
        write(output / name, text)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", nargs="+", required=True)
    parser.add_argument("--bodies", nargs="*", default=[])
    parser.add_argument("--output", type=Path)
    parser.add_argument("--include", type=Path, default=Path(__file__).parent.parent / "include")
    parser.add_argument("--reference", type=Path)
    options = parser.parse_args()
    try:
        if options.output:
            generate(options.tables, options.bodies, options.output, options.include)
        if options.reference:
            functions, callbacks, _ = load(options.tables)
            for name, text in reference.pages(functions, callbacks).items():
                write(options.reference / name, text)
    except TableError as error:
        sys.exit(f"generate.py: {error}")


if __name__ == "__main__":
    main()
