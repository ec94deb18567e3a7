#!/usr/bin/python3
"""Makes the tables of bugchecks.h from codes/bugchecks.toml and codes/status.toml.

    generate_bugchecks.py BUGCHECKS.toml STATUS.toml OUTPUT.c

The output depends on the input alone. A row that cannot be ends it with `FILE: NAME: what, and what was expected`.
"""
import re
import sys
import tomllib

VERSIONS = {
    "2000": "DDI_WINDOWS_2000", "xp": "DDI_WINDOWS_XP", "vista-sp2": "DDI_WINDOWS_VISTA_SP2", "7": "DDI_WINDOWS_7",
    "7-sp1": "DDI_WINDOWS_7_SP1", "8": "DDI_WINDOWS_8", "8.1": "DDI_WINDOWS_8_1", "10": "DDI_WINDOWS_10", "11": "DDI_WINDOWS_11",
}
BUGCHECK_KEYS = {"code", "name", "since", "parameters", "meaning", "page"}
CASE_KEYS = {"code", "first", "parameters", "meaning"}
STATUS_KEYS = {"value", "name", "meaning"}


class TableError(Exception):
    pass


def check(file, name, condition, message):
    if not condition:
        raise TableError(f"{file}: {name}: {message}")


def rows(file, document, kind, keys):
    """The rows of one kind, with just the keys that they must have."""
    for row in document.get(kind, []):
        name = row.get("name") or f"code 0x{row.get('code', 0):X}"
        check(file, name, set(row) == keys, f"has the keys {', '.join(sorted(row))}; expected {', '.join(sorted(keys))}")
        if "parameters" in keys:
            check(file, name, len(row["parameters"]) == 4, "has not four parameters")
        yield name, row


def text(string):
    """A C string literal."""
    return '"' + re.sub(r'["\\]', r"\\\g<0>", string) + '"'


def texts(strings):
    return "{ " + ", ".join(map(text, strings)) + " }"


def bugcheck_lines(file, document):
    names, codes, lines = set(), set(), []
    for name, row in rows(file, document, "bugcheck", BUGCHECK_KEYS):
        check(file, name, re.fullmatch(r"[A-Z][A-Z0-9_]+", name), "is no name of a bug check")
        check(file, name, name not in names and row["code"] not in codes, "stands there twice")
        check(file, name, row["since"] in VERSIONS, f"since {row['since']!r}; expected one of {', '.join(VERSIONS)}")
        names.add(name)
        codes.add(row["code"])
        lines.append((row["code"], f"  {{ 0x{row['code']:x}, {text(name)}, {VERSIONS[row['since']]}, {texts(row['parameters'])},\n"
                                   f"    {text(row['meaning'])}, {text(row['page'])} }},"))
    return codes, [line for _, line in sorted(lines)]


def case_lines(file, document, codes):
    seen, lines = set(), []
    for name, row in rows(file, document, "case", CASE_KEYS):
        key = (row["code"], row["first"])
        check(file, name, row["code"] in codes, "is a case of a bug check that has no row")
        check(file, name, key not in seen, f"with first parameter 0x{row['first']:X} stands there twice")
        seen.add(key)
        lines.append((key, f"  {{ 0x{row['code']:x}, 0x{row['first']:x}, {texts(row['parameters'])},\n    {text(row['meaning'])} }},"))
    return [line for _, line in sorted(lines)]


def status_lines(file, document):
    values, names, lines = set(), set(), []
    for name, row in rows(file, document, "status", STATUS_KEYS):
        check(file, name, row["value"] not in values and name not in names, "stands there twice")
        values.add(row["value"])
        names.add(name)
        lines.append((row["value"], f"  {{ (int32_t)0x{row['value']:08x}u, {text(name)}, {text(row['meaning'])} }},"))
    return [line for _, line in sorted(lines)]


def generate(bugchecks_file, status_file):
    with open(bugchecks_file, "rb") as file:
        bugchecks = tomllib.load(file)
    with open(status_file, "rb") as file:
        statuses = tomllib.load(file)
    codes, lines = bugcheck_lines(bugchecks_file, bugchecks)
    output = ["/* Made by generate_bugchecks.py; do not edit. */", '#include "bugchecks.h"', "", "const DdiBugcheck ddi_bugchecks[] = {", *lines,
              "};", "const size_t ddi_bugcheck_count = sizeof ddi_bugchecks / sizeof ddi_bugchecks[0];", "",
              "const DdiBugcheckCase ddi_bugcheck_cases[] = {", *case_lines(bugchecks_file, bugchecks, codes), "};",
              "const size_t ddi_bugcheck_case_count = sizeof ddi_bugcheck_cases / sizeof ddi_bugcheck_cases[0];", "",
              "const DdiStatus ddi_statuses[] = {", *status_lines(status_file, statuses), "};",
              "const size_t ddi_status_count = sizeof ddi_statuses / sizeof ddi_statuses[0];", ""]
    return "\n".join(output)


def main():
    bugchecks_file, status_file, output_file = sys.argv[1:]
    try:
        output = generate(bugchecks_file, status_file)
    except (TableError, tomllib.TOMLDecodeError) as error:
        sys.exit(str(error))
    with open(output_file, "w", encoding="utf-8") as file:
        file.write(output)


if __name__ == "__main__":
    main()
