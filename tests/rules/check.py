#!/usr/bin/python3
"""Rules and their twins: each rule has a scenario that breaks it and one that does not, and the two differ by one step.

    tests/rules/check.py [--build DIR]

Read from the files alone: that the scenarios come out as they expect is the business of the stage `library`.
"""
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from stage import ROOT, Stage
from twins import findings_expected, scenario_load, steps_differing

LIBRARY = ROOT / "scenarios/rules"
SCHEDULES_MIN = 200  # of a good twin: silence in one schedule says little


def rules_read():
    """The names of rule_table.c in its order, and {identifier: id} of rule_ids.h."""
    table = re.findall(r'\.id = (RULE_\w+),\s*\.name = "([^"]+)"', (ROOT / "model/rules/rule_table.c").read_text())
    ids = dict(re.findall(r"#define (RULE_\w+) (0x[0-9a-f]{8})u", (ROOT / "model/rules/rule_ids.h").read_text()))
    return table, ids


def fnv1a(name):
    value = 0x811C9DC5
    for byte in name.encode():
        value = (value ^ byte) * 0x01000193 & 0xFFFFFFFF
    return value


def id_problems(identifier, name, ids):
    problems = []
    if identifier != "RULE_" + name.upper().replace("-", "_"):
        problems.append(f"its id is called {identifier}")
    if ids.get(identifier) != f"0x{fnv1a(name):08x}":
        problems.append(f"its id is {ids.get(identifier)}, the FNV-1a of its name is 0x{fnv1a(name):08x}")
    return problems


def bad_problems(rule, scenario, names):
    """The bad twin expects its rule, and says how many findings there are in all: those it names and no others."""
    named, total = findings_expected(scenario, names)
    if rule not in named:
        return [f"it does not expect {rule}"]
    if total is None:
        return ['it does not say that there is nothing else: { "finding": "any", "count": N }']
    if total != sum(named.values()):
        return [f"it names {sum(named.values())} findings and expects {total}"]
    return []


def good_problems(scenario):
    expect, policy = scenario.get("expect", {}), scenario.get("policy", {})
    problems = []
    if "clean" not in expect.get("always", []):
        problems.append('it does not expect "clean" always')
    if policy.get("kind") != "random" or policy.get("schedules", 100) < SCHEDULES_MIN:
        problems.append(f"it is not explored: \"policy\": {{ \"kind\": \"random\", \"schedules\": {SCHEDULES_MIN} }}")
    return problems


def twin_problems(bad, good):
    found = steps_differing(bad, good)
    return [] if len(found) == 1 else [f"it differs from its good twin in {len(found)} steps, not in one", *map(str, found)]


def pair_check(stage, rule, folder, what, names):
    paths = {kind: folder / f"{kind}-{what}.json" for kind in ("bad", "good")}
    missing = [path.name for path in paths.values() if not path.is_file()]
    if missing:
        stage.case(f"{rule}: {what}", f"there is no {missing[0]}")
        return
    bad, good = scenario_load(paths["bad"]), scenario_load(paths["good"])
    stage.case(f"{rule}/bad-{what}", bad_problems(rule, bad, names) + twin_problems(bad, good))
    stage.case(f"{rule}/good-{what}", good_problems(good))


def main():
    stage = Stage(__doc__)
    table, ids = rules_read()
    names = [name for _, name in table]
    stage.case("rule_table.c is sorted by name", None if names == sorted(set(names)) else "it is not")
    stage.case("rule_ids.h has the rules of the table", sorted(set(ids) ^ {identifier for identifier, _ in table}))
    for identifier, name in table:
        stage.case(f"{name}: id", id_problems(identifier, name, ids))
        folder = LIBRARY / name
        whats = sorted({match.group(1) for path in folder.glob("*.json") for match in [re.fullmatch(r"(?:bad|good)-(.+)\.json", path.name)] if match})
        stage.case(f"{name}: twins", None if whats else f"there is no bad-*.json in {folder.relative_to(ROOT)}")
        for what in whats:
            pair_check(stage, name, folder, what, names)
    strays = [path for path in LIBRARY.rglob("*.json") if path.parent.name not in names or not re.match(r"(bad|good)-", path.name)]
    stage.case("scenarios/rules has only twins of rules", [str(path.relative_to(ROOT)) for path in sorted(strays)])
    stage.finish()


if __name__ == "__main__":
    main()
