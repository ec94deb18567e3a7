#!/usr/bin/env python3
"""The program as its user meets it: exit codes, help, errors, JUnit, JSON, order, killed workers, replay, completion.

test_cli.py [PROGRAM] [TEST ...]     PROGRAM: by default $BUILD_DIR/reports/cli/irqlab. Ends with `N passed, N failed`.
"""

import os
import sys
import traceback

import harness
import cases_faults
import cases_other
import cases_races
import cases_run
import cases_shrink
import cases_stories
import cases_told
import cases_usage
import cases_when
import cases_worker

ROOMS = (cases_usage, cases_run, cases_worker, cases_other, cases_faults, cases_shrink, cases_races, cases_stories, cases_told, cases_when)


def main():
    arguments = sys.argv[1:]
    names = {function.__name__ for function in harness.tests}
    if arguments and arguments[0] not in names:
        harness.program_set(arguments.pop(0))
    elif 'BUILD_DIR' in os.environ:
        harness.program_set(os.path.join(os.environ['BUILD_DIR'], 'reports/cli/irqlab'))
    else:
        sys.exit(__doc__)
    passed = failed = 0
    for function in harness.tests:
        if arguments and function.__name__ not in arguments:
            continue
        try:
            function()
            passed += 1
        except AssertionError as error:
            failed += 1
            print(f'FAILED {function.__name__}: {error}')
        except Exception:  # pylint: disable=broad-except
            failed += 1
            print(f'FAILED {function.__name__}\n{traceback.format_exc()}')
    print(f'{passed} passed, {failed} failed')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
