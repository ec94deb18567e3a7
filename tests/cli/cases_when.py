"""irqlab when: at which choice a failure was decided."""

import json
import pathlib
import re
import tempfile

from harness import ROOT, check, check_exit, check_in, irqlab, test

LOCKS = ROOT / 'scenarios/drivers/ab-ba-locks.json'
STOP = ROOT / 'scenarios/drivers/stop-between/bug.json'


def words(result):
    return ' '.join(result.stdout.split())


@test
def when_says_where_a_deadlock_was_decided():
    result = irqlab('when', LOCKS)
    check_exit(result, 0)
    check(not re.search('\x1b', result.stdout), 'colours where there is no terminal')
    said = words(result)
    check(re.search(r'inevitable: from event \d+, where cpu 1 \(locks\.BThenA\) goes on: KeAcquireSpinLock\(gB\), while cpu 0 holds spin lock gA, '
                    r'every schedule fails: all \d+ that there are were run, with switches at calls only, without holding up the clock', said), said)
    check(re.search(r'matters most: that choice: 50 % \(\d+ of all \d+\) -> 100 % \((\d+) of all \1\)', said), said)
    check(re.search(r'100 % cpu 1 .*\[decided\] 0 % else cpu 0 \(locks\.AThenB\) goes on: KeAcquireSpinLock\(gB\) ', said), said)
    check(result.stdout == irqlab('when', LOCKS).stdout, 'it is not the same again')
    check('\x1b[' in irqlab('when', '--color', 'always', LOCKS).stdout, 'no colours')


@test
def when_takes_a_line():
    found = irqlab('when', STOP)
    check_exit(found, 0)
    line = re.search(r'^  schedule: +(v1:\S+)', found.stdout, re.MULTILINE).group(1)
    check(irqlab('when', STOP, line).stdout == found.stdout, 'the line it names is not the one it was about')
    check_in('ExFreePoolWithTag', found)


@test
def when_a_line_does_not_fit():
    check('misfit' not in irqlab('when', LOCKS, 'v1:-').stdout, 'the natural schedule fits')
    check_in('this is not the schedule that was recorded. Choice 1 of 1', irqlab('when', LOCKS, 'v1:-:12345.s3=1'))
    check('12345.s3=1' in json.loads(irqlab('when', '--json', LOCKS, 'v1:-:12345.s3=1').stdout)['misfit'], 'not in JSON')


@test
def when_as_json():
    report = json.loads(irqlab('when', '--json', LOCKS).stdout)
    decided = report['inevitable_behind']
    check(report['averted_before'] and decided == report['matters_most'] == report['always_seen_behind'], report)
    check(not report['from_the_beginning'] and report['drawn'] == 0, report)
    choice = report['choices'][decided]
    check(choice['before']['likelihood'] == 0.5 and choice['behind']['likelihood'] == 1 and choice['behind']['all'], choice)
    check([option.get('likelihood') for option in choice['options']] == [1, 0], choice)
    check(all(one['behind'] == other['before'] for one, other in zip(report['choices'], report['choices'][1:])), 'behind one is not before the next')


@test
def reports_say_when_it_was_decided():
    for arguments in (['shrink', LOCKS], ['shrink', '--races', STOP], ['run', '-v', '--shrink', LOCKS]):
        said = words(irqlab(*arguments))
        check(re.search(r'decided at: (event \d+, where .*: before it \d+ % of schedules fail, behind it all|the beginning: )', said), said)
    explored = ['explore', '--schedules', '200', '--jobs', '1', STOP]
    check(re.search(r'\n +decided at event \d+, where .*: before it \d+ % of schedules fail, behind it all\n', irqlab(*explored).stdout), 'explore')
    failures = json.loads(irqlab('explore', '--json', *explored[1:]).stdout)['scenarios'][0]['failures']
    check(any((one['decided'] or '').startswith('event ') for one in failures), failures)


@test
def when_it_is_only_drawn():
    """Without a budget to run all, nothing but the last choice is proved, and it is said so."""
    report = json.loads(irqlab('when', '--json', '--budget', '1', '--draws', '64', LOCKS).stdout)
    first = report['first']
    check(not first['all'] and first['runs'] == 64 and first['interval'][0] < first['likelihood'] < first['interval'][1], first)
    check(first['interval'][0] <= 0.375 <= first['interval'][1], f"the exact chance is out of {first['interval']}")
    said = words(irqlab('when', '--budget', '1', '--draws', '64', LOCKS))
    check(re.search(r'\d+ % \(\d+ to \d+ %: \d+ of \d+ drawn\)', said), said)
    other = json.loads(irqlab('when', '--json', '--budget', '1', '--draws', '64', '--seed', '2', LOCKS).stdout)
    check(other['choices'] != report['choices'], 'the seed does not matter')


@test
def when_nothing_could_avert_it():
    result = irqlab('when', ROOT / 'scenarios/seeds/osr-291980/dpc-classify.json')
    check_exit(result, 0)
    check_in('from the beginning every schedule fails: there is but one', result)


@test
def when_it_is_over_before_anything_can_go_otherwise():
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder, 'boot.json')
        entry = {'locals': {'a': 'PULONG'}, 'do': ['a = NULL', '*a = 1', 'return STATUS_SUCCESS']}
        file.write_text(json.dumps({'irqlab': 1, 'title': 't', 'drivers': {'fw': {'DriverEntry': entry}}}), encoding='utf-8')
        result = irqlab('when', file)
        check_exit(result, 0)
        check_in('before anything can go otherwise', result)


@test
def when_nothing_fails():
    for arguments in (['when', 'clean.json'], ['when', 'clean.json', 'v1:-']):
        result = irqlab(*arguments)
        check_exit(result, 1)
        check_in('there is nothing to ask about', result)


@test
def when_it_is_asked_wrongly():
    for arguments, text in [(['when'], 'irqlab when SCENARIO'), (['when', 'clean.json', 'v1:-', 'more'], 'irqlab when SCENARIO'),
                            (['when', 'clean.json', 'v2:-'], 'schedule, column'), (['when', '--draws', '-1', 'clean.json'], '--draws and --budget'),
                            (['when', '--draws', '0', 'clean.json'], '--draws and --budget'), (['when', '--budget', '0', 'clean.json'], '--draws and --budget'),
                            (['when', '--seed', 'x', 'clean.json'], '--seed takes a number'), (['when', 'nosuch.json'], 'no such file')]:
        result = irqlab(*arguments)
        check_exit(result, 2)
        check_in(text, result)
