"""Small words: counts, what was expected and what is there, what is told once, lines that can be pasted."""

import json
import pathlib
import re
import shlex
import tempfile

from harness import check, check_exit, check_in, irqlab, test

COUNTER = {
    'irqlab': 1, 'title': 'two DPCs count', 'machine': {'cpus': 2, 'windows': '10'},
    'drivers': {'d': {'globals': {'gCount': 'ULONG'}, 'unload': [],
                      'OnDpc': {'as': 'KDEFERRED_ROUTINE', 'locals': {'old': 'ULONG'},
                                'do': ['old = gCount', 'KeGetCurrentIrql()', 'gCount = old + 1']}}},
    'traffic': [{'at': '1ms', 'in': 'cpu 0', 'dpc': 'd.OnDpc'}, {'at': '1ms', 'in': 'cpu 1', 'dpc': 'd.OnDpc'}],
    'expect': {'always': ['clean', {'global': 'd.gCount', 'is': 2}]},
}


def scenario(folder, name='counter.json', **parts):
    file = pathlib.Path(folder) / name
    file.write_text(json.dumps({**COUNTER, **parts}), encoding='utf-8')
    return file


def explore(*arguments):
    return irqlab('explore', '--no-races', '-j', 1, *arguments)


@test
def one_is_not_many():
    with tempfile.TemporaryDirectory() as folder:
        file = scenario(folder, expect={'always': ['quiet']})
        one = explore('--schedules', 1, file)
        check_in('explored 1 schedule in', one)
        natural = irqlab('trace', file).stdout
        check(re.search(r', \d+ events, hash', natural), natural)
        alone = scenario(folder, 'alone.json', expect={'always': ['quiet']}, traffic=COUNTER['traffic'][:1])
        check_in('\n  1 behaviour, 0 of them met once', explore('--policy', 'random', '--schedules', 5, alone))
        check_in('exhausted 1 schedule with', explore('--policy', 'exhaustive', alone))
        for arguments in (['--policy', 'exhaustive'], ['--schedules', 1], ['--schedules', 2], ['--policy', 'exhaustive', '--merge-states']):
            text = explore(*arguments, file).stdout + explore(*arguments, alone).stdout
            check(not re.search(r'(?<![\d,])1 (schedules|behaviours|distinct states|failures|preemptions)\b', text), text)


@test
def what_is_there_instead():
    """Of a global, a state or a count, what is expected and what is there."""
    with tempfile.TemporaryDirectory() as folder:
        for expected, text in [({'global': 'd.gCount', 'is': 2}, 'expected d.gCount is 2, it is 1'),
                               ({'state': 'driver d', 'is': 'unloaded'}, 'expected driver d is unloaded, it is loaded'),
                               ({'state': 'cpu 1', 'is': 'DISPATCH_LEVEL'}, 'is DISPATCH_LEVEL, it is idle, at PASSIVE_LEVEL'),
                               ({'event': 'call KeGetCurrentIrql', 'count': 1}, 'once, it happened 2 times')]:
            file = scenario(folder, expect={'always': [expected]})
            run = irqlab('run', file)
            check_exit(run, 1)
            check_in(text, run)
            found = explore('--schedules', 1, '--no-shrink', file)
            check_exit(found, 1)
            check_in('schedule 0  not as expected: ', found)
            check_in(text, found)
            check('  clean' not in found.stdout, found.stdout)
        file = scenario(folder, expect={'always': [{'global': 'd.gCount', 'is': 2}]})
        check_in('\nnot as expected: d.gCount is 2\n', irqlab('run', file))


@test
def a_failure_is_told_once():
    with tempfile.TemporaryDirectory() as folder:
        file = scenario(folder, expect={'always': [{'global': 'd.gCount', 'is': 7}]})
        text = explore('--schedules', 200, '--no-shrink', file).stdout
        check(text.count('  found ') == 1, text)
        text = irqlab('explore', '-j', 1, '--schedules', 300, '--no-shrink', 'rules/deadlock/bad-fast-mutexes').stdout
        told = [part for line in text.splitlines() if line.startswith('  found ') for part in re.split(r'schedule \d+  |; ', line)[1:]]
        check(len(told) == len(set(told)) > 1, text)


@test
def a_bound_that_leaps_is_announced():
    text = irqlab('explore', '--policy', 'exhaustive', '-j', 2, '--schedules', 20000, '--no-races', 'osr-291980/two-callers').stdout
    check('schedule ' not in ''.join(line for line in text.splitlines() if line.startswith('  found ')), text)
    text = explore('--policy', 'exhaustive', '--accesses', 'drivers/ab-ba-locks').stdout
    check(re.search(r'with at most 4 preemptions: .*; next: 5 to 6 of them\n', text), text)
    check('at most 3 preemptions' in text and not re.search(r'at most 3 preemptions.*next', text), text)


@test
def a_line_that_is_kept_and_fails_no_more():
    """Given on the command line, with drivers that are steps: nothing in it tells which driver it was made with."""
    with tempfile.TemporaryDirectory() as folder:
        bad = scenario(folder, expect={'always': [{'global': 'd.gCount', 'is': 1}]})
        failure = json.loads(irqlab('explore', '--no-races', '--json', '--schedules', 50, bad).stdout)['scenarios'][0]['failures'][0]
        line = failure['schedule']
        check(line != 'v1:-', 'the natural schedule fails')
        check('not seen:' not in irqlab('replay', bad, line).stdout, 'it does fail')
        for told in ('not as expected: d.gCount is 1\n', 'not as expected:  expected d.gCount is 1, it is 2\n'):
            check_in(told, irqlab('replay', bad, line))
        mended = scenario(folder, 'mended.json', expect={'always': ['clean']})
        again = irqlab('replay', mended, line)
        check_exit(again, 0)
        check_in('not seen:', again)
        check_in('nothing goes wrong in', again)
        check('not seen:' not in irqlab('replay', mended, 'v1:-').stdout, 'the natural schedule is no line that somebody kept')
        wants = scenario(folder, 'wants.json', expect={'always': ['deadlock']})
        again = irqlab('replay', wants, line)
        check_exit(again, 1)
        check_in('what the scenario expects did not: deadlock', again)


@test
def lines_can_be_pasted():
    """A path with blanks and other letters is one word of what is to be typed."""
    with tempfile.TemporaryDirectory() as folder:
        file = scenario(folder, 'zwei Zähler & (mehr).json', expect={'always': [{'global': 'd.gCount', 'is': 7}]})
        for result in (irqlab('run', file), irqlab('run', '-q', file, scenario(folder, 'clean.json', expect={'always': ['quiet']})), explore('--schedules', 3, file)):
            lines = [line[line.index('irqlab '):] for line in result.stdout.splitlines() if re.search(r'irqlab (replay|trace) ', line)]
            check(lines, result.stdout)
            for line in lines:
                words = shlex.split(line)
                check(str(file) in words, line)
                check_exit(irqlab(*words[1:]), 0)


@test
def a_folder_that_is_none():
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / 'file'
        file.write_text('', encoding='utf-8')
        for path, why in ((file, 'Not a directory'), (f'{folder}/nowhere', 'No such file or directory')):
            result = irqlab('explore', '--report', path)
            check_exit(result, 2)
            check(result.stderr == f'irqlab: {path}: {why}\n', result.stderr)


@test
def events_have_numbers_from_zero():
    result = irqlab('replay', '--stop-at', '-1', 'osr-291980/dpc-classify')
    check_exit(result, 2)
    check_in('have numbers from', result)
    check('did you mean' not in result.stderr, result.stderr)


@test
def run_tells_distinct_states():
    arguments = ['--policy', 'exhaustive', '--merge-states', 'drivers/ab-ba-locks']
    states = json.loads(irqlab('run', '--json', *arguments).stdout)['scenarios'][0]['states']
    check(states > 20, states)
    check_in(f'\n       {states} distinct states, by their hash\n', irqlab('run', *arguments))
    check(json.loads(irqlab('run', '--json', 'clean.json').stdout)['scenarios'][0]['states'] is None, 'states')


@test
def a_bug_check_in_json():
    bugcheck = json.loads(irqlab('run', '--json', 'crash.json').stdout)['scenarios'][0]['outcomes'][0]['bugcheck']
    check(set(bugcheck) == {'code', 'name', 'meaning', 'parameters', 'parameter_meanings', 'cpu', 'irql', 'in_dpc', 'place', 'file', 'line'}, bugcheck)
    check(bugcheck['parameter_meanings'][0] == 'the process to attach to' and bugcheck['in_dpc'] and bugcheck['line'] == 12, bugcheck)
