#!/usr/bin/python3
"""The library of scenarios as a user runs it: each comes out as it expects, and the JUnit file says the same."""
import subprocess
import xml.etree.ElementTree

from stage import ROOT, Stage, library_files, library_name


def junit_problems(path, count):
    root = xml.etree.ElementTree.parse(path).getroot()
    cases = list(root.iter("testcase"))
    problems = []
    if len(cases) != count:
        problems.append(f"{len(cases)} test cases for {count} scenarios")
    for suite in root.iter("testsuite"):
        found = list(suite.iter("testcase"))
        for name, number in (("tests", len(found)), ("failures", sum(case.find("failure") is not None for case in found)),
                             ("errors", sum(case.find("error") is not None for case in found))):
            if int(suite.get(name, "0")) != number:
                problems.append(f"testsuite {suite.get('name')}: {name} is {suite.get(name)}, there are {number}")
    return problems


def main():
    stage = Stage(__doc__)
    junit = stage.work / "library.xml"
    files = [library_name(str(path)) for path in library_files()]
    if not files:
        stage.note("there is no scenario in the library")
        stage.case("library", None)
        stage.finish()
    outcomes, error = stage.library("--junit", junit, "scenarios")
    stage.case("irqlab run --json", error)
    for name in files:
        outcome = outcomes.get(name)
        if outcome is None:
            stage.case(name, "it was not run")
        elif outcome["status"] != "as expected":
            stage.case(name, [f"{outcome['status']}: {outcome['why']}", *[f"{one['count']} of {outcome['schedules']}: {one['result']}  {one['schedule']}"
                                                                         for one in outcome["outcomes"]]])
        else:
            stage.case(name, None)
    if junit.exists():
        stage.case("JUnit", junit_problems(junit, len(outcomes)))
        lint = subprocess.run(["xmllint", "--noout", str(junit)], capture_output=True, text=True, cwd=ROOT)
        stage.case("JUnit is XML", None if lint.returncode == 0 else lint.stderr)
    else:
        stage.case("JUnit", "no file was written")
    stage.finish()


if __name__ == "__main__":
    main()
