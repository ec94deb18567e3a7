#!/usr/bin/python3
"""How many steps two stories differ in: the measure that tests/rules/check.py goes by."""
import sys

from twins import findings_expected, steps_differing

STEP = {"if": "a", "then": ["b", "c"]}

# two stories, in how many steps they differ
CASES = [
    ({}, {}, 0),
    ({"title": "x"}, {"title": "y", "expect": {}}, 0),
    ({"do": ["a", "b"]}, {"do": ["a", "b"]}, 0),
    ({"do": ["a", "b"]}, {"do": ["a"]}, 1),
    ({"do": ["a"]}, {"do": ["a", "b"]}, 1),
    ({"do": ["a", "b", "c"]}, {"do": ["a", "x", "c"]}, 1),
    ({"do": ["a", "b", "c"]}, {"do": ["b", "c", "a"]}, 1),
    ({"do": ["a", "b"], "x": ["c"]}, {"do": ["b"], "x": ["c", "a"]}, 1),
    ({"do": ["a", "b"]}, {"do": ["x", "y"]}, 2),
    ({"do": ["a", "b", "c"]}, {"do": ["b"]}, 2),
    ({"do": [STEP]}, {"do": [{"if": "a", "then": ["b"]}]}, 1),
    ({"do": [STEP]}, {"do": [{"if": "a", "then": ["b", "c"], "else": ["d"]}]}, 1),
    ({"do": [STEP]}, {"do": [{"while": "a", "then": ["b", "c"]}]}, 1),
    ({"machine": {"netio": "x"}}, {"machine": {"netio": "y"}}, 1),
    ({"traffic": [{"at": "1ms", "dpc": "f"}]}, {"traffic": [{"at": "1ms", "work item": "f"}]}, 1),
    ({"traffic": [{"at": "1ms", "dpc": "f"}]}, {"traffic": [{"at": "2ms", "work item": "f"}]}, 2),
    ({"do": [1, "1"]}, {"do": [1, 1]}, 1),
]

# an expectation, the rules it names, how many findings in all
EXPECTATIONS = [
    ({"always": ["quiet", "irql-leak at KeSetEvent", {"finding": "any", "count": 1}]}, {"irql-leak": 1}, 1),
    ({"always": [{"finding": "irql-leak", "count": 2}], "sometimes": [{"finding": "irql-leak"}]}, {"irql-leak": 3}, None),
    ({"never": ["irql-leak"]}, {}, None),
]


def main():
    failed = 0
    for bad, good, count in CASES:
        found = steps_differing(bad, good)
        if len(found) != count:
            print(f"{bad} and {good}: {len(found)} differences, not {count}:", *found, sep="\n    ")
            failed += 1
    for expect, rules, total in EXPECTATIONS:
        found = findings_expected({"expect": expect}, ["irql-leak", "irql-too-high"])
        if found != (rules, total):
            print(f"{expect}: {found}, not {(rules, total)}")
            failed += 1
    print(f"{len(CASES) + len(EXPECTATIONS) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
