"""What a pair of rule twins is, and in how many steps two scenarios differ.

A twin pair is `bad-WHAT.json` and `good-WHAT.json` in `scenarios/rules/RULE/`. All of the story counts: machine, drivers, filters, processes,
traffic. What is said about it does not: title, source, policy, expectations, comments.
"""
import json
import re

NOT_THE_STORY = ("title", "source", "policy", "budget", "expect")


def scenario_load(path):
    """A scenario file without its comments; strings keep what looks like one."""
    text = path.read_text(encoding="utf-8")
    text = re.sub(r'("(?:[^"\\]|\\.)*")|//[^\n]*|/\*.*?\*/', lambda match: match.group(1) or "", text, flags=re.DOTALL)
    return json.loads(text)


def story(scenario):
    return {key: value for key, value in scenario.items() if key not in NOT_THE_STORY}


class Difference:
    """One thing that differs: `where` it stands, what was `taken` away and what was `added` there (None: nothing)."""

    def __init__(self, where, taken, added):
        self.where, self.taken, self.added = where, taken, added

    def __str__(self):
        return f"{self.where}: {json.dumps(self.taken)} -> {json.dumps(self.added)}"


def differences(bad, good, where=""):
    """The differences of two values, each as small as it can be told: a step, a value, a name."""
    if bad == good:
        return []
    if isinstance(bad, dict) and isinstance(good, dict):
        return object_differences(bad, good, where)
    if isinstance(bad, list) and isinstance(good, list):
        return list_differences(bad, good, where)
    return [Difference(where, bad, good)]


def object_differences(bad, good, where):
    """A member that goes and one that comes with the same value is one difference: another name."""
    found = [one for key in bad if key in good for one in differences(bad[key], good[key], f"{where}.{key}")]
    taken = [key for key in bad if key not in good]
    added = [key for key in good if key not in bad]
    for key in list(taken):
        for other in added:
            if bad[key] == good[other]:
                taken.remove(key)
                added.remove(other)
                found.append(Difference(where, key, other))
                break
    return found + [Difference(f"{where}.{key}", bad[key], None) for key in taken] + [Difference(f"{where}.{key}", None, good[key]) for key in added]


def list_differences(bad, good, where):
    """By the longest common run of items; what stands between is compared item by item as far as there are as many on both sides."""
    common = common_items(bad, good)
    found, i, k = [], 0, 0
    for a, b in [*common, (len(bad), len(good))]:
        gone, come = bad[i:a], good[k:b]
        if len(gone) == len(come):
            for n, (one, other) in enumerate(zip(gone, come)):
                found += differences(one, other, f"{where}[{i + n}]")
        else:
            found += [Difference(f"{where}[{i + n}]", item, None) for n, item in enumerate(gone)]
            found += [Difference(f"{where}[{k + n}]", None, item) for n, item in enumerate(come)]
        i, k = a + 1, b + 1
    return found


def common_items(bad, good):
    """Pairs of places of a longest common subsequence."""
    length = [[0] * (len(good) + 1) for _ in range(len(bad) + 1)]
    for i in reversed(range(len(bad))):
        for k in reversed(range(len(good))):
            length[i][k] = length[i + 1][k + 1] + 1 if bad[i] == good[k] else max(length[i + 1][k], length[i][k + 1])
    pairs, i, k = [], 0, 0
    while i < len(bad) and k < len(good):
        if bad[i] == good[k]:
            pairs.append((i, k))
            i, k = i + 1, k + 1
        elif length[i + 1][k] >= length[i][k + 1]:
            i += 1
        else:
            k += 1
    return pairs


def steps_differing(bad, good):
    """Differences of two stories, a step that only stands elsewhere counted once."""
    found = differences(story(bad), story(good))
    for one in [one for one in found if one.added is None]:
        for other in found:
            if other.taken is None and other.added == one.taken:
                found.remove(one)
                found.remove(other)
                found.append(Difference(f"{one.where} to {other.where}", one.taken, other.added))
                break
    return found


def findings_expected(scenario, names):
    """{rule: how many findings}, how many there are in all, from what a scenario expects always or sometimes. None: not said."""
    rules, total = {}, None
    for when in ("always", "sometimes"):
        for expectation in scenario.get("expect", {}).get(when, []):
            if isinstance(expectation, str):
                rule = expectation.split(" at ")[0]
                expectation = {"finding": rule} if rule in names else {}
            rule = expectation.get("finding")
            if rule == "any":
                total = expectation.get("count")
            elif rule is not None:
                rules[rule] = rules.get(rule, 0) + expectation.get("count", 1)
    return rules, total
