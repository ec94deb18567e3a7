"""Data races, as a user meets them: how a report tells one, who looks for them, how often each is told."""

import json
import pathlib
import re
import tempfile

from cases_shrink import written
from harness import ROOT, check, check_exit, check_in, irqlab, test

RACES = ROOT / 'scenarios/rules/data-race'
THREAD = 'KSTART_ROUTINE'


def racing(folder, functions, **changes):
    """Threads d.one on cpu 0 and d.two on cpu 1, that share gCount."""
    return written(folder, functions={name: {'as': THREAD, 'do': steps} for name, steps in functions.items()},
                   traffic=[{'at': '1ms', 'thread': f'd.{name}', 'in': f'cpu {n}'} for n, name in enumerate(functions)], **changes)


def story_of(report):
    return report.split('how it came to this', 1)[1].split('\n\n', 1)[0]


@test
def a_race_is_told_by_both_accesses():
    """Marked are the accesses, not the events before them; both sides have CPU, level, context, locks and a stack."""
    report = irqlab('run', '-v', RACES / 'bad-spin-lock.json').stdout
    marked = re.findall(r'^  -> .*$', report, re.MULTILINE)
    check(len(marked) == 2 and 'writes gData, bad-spin-lock.json:20: gData = 1' in marked[0] and 'reads gData' in marked[1], report)
    check('[data-race: the first]' in story_of(report) and '[data-race: the second]' in story_of(report), report)
    for text in ('the first: fw.write writes gData, in thread fw.write on cpu 0 at PASSIVE_LEVEL, holding no lock',
                 'fw.write step 3   bad-spin-lock.json:20   gData = 1',
                 'the second: fw.read reads gData, in thread fw.read on cpu 1 at DISPATCH_LEVEL, holding spin lock gLock',
                 'fw.read step 2   bad-spin-lock.json:28   gSeen = gData'):
        check(text in report, f'no {text!r} in\n{report}')


@test
def a_race_in_compiled_code_is_told_by_source_lines():
    report = irqlab('run', '-v', RACES / 'bad-c-spin-lock.json').stdout
    check(re.search(r'-> .*writes Connection\.Bytes, count\.c:\d+', report), report)
    check(re.search(r'the first: fw\.Remember writes .* in a DPC \(fw\.OnReceive\) on cpu 1 at DISPATCH_LEVEL, holding\s+no\s', report), report)
    check(re.search(r'fw\.OnReceive +count\.c:\d+ +Remember\(1460\);', report), report)


@test
def stories_name_no_kind_of_event():
    """Neither of races nor of anything else: kinds of events are for `irqlab trace`."""
    kinds = {kind for kind in re.findall(r'= "([a-z]+(?:-[a-z]+)+)"', (ROOT / 'model/events.c').read_text(encoding='utf-8'))}
    check(len(kinds) > 30, kinds)
    outcomes = json.loads(irqlab('run', '--json', '--races', '--schedules', '20', ROOT / 'scenarios/rules', ROOT / 'scenarios/drivers').stdout)['scenarios']
    stories = [story_of(outcome['report']) for outcome in outcomes if 'how it came to this' in outcome.get('report', '')]
    check(len(stories) > 100, len(stories))
    for story in stories:
        told = re.findall(r'^(?:  ->)? +[0-9.]+ ms  (\S+)', story, re.MULTILINE)
        check(not kinds & set(told), kinds & set(told), story)


@test
def explore_looks_for_races_by_itself():
    with tempfile.TemporaryDirectory() as folder:
        file = racing(folder, {'one': ['gCount = 1'], 'two': ['gCount = 2']}, policy={'kind': 'random', 'schedules': 20}, expect={'always': ['clean']})
        result = irqlab('explore', '--schedules', '20', file)
        check_exit(result, 1)
        check_in('data-race on gCount: d.one step 1, d.two step 1', result)
        check_in('no expectation mentions the data race', result)
        line = re.search(r'irqlab (replay --races .*)', result.stdout).group(1).split()
        check_in('data-race: ', irqlab(*line))
        result = irqlab('explore', '--no-races', '--schedules', '20', file)
        check_exit(result, 0)
        check('data-race' not in result.stdout, result.stdout)
        check_exit(irqlab('run', file), 0)
        check_exit(irqlab('run', '--races', file), 1)


@test
def which_schedules_are_looked_at():
    """By their numbers: the first 256, and each sixteenth; the same in two parts as in one."""
    with tempfile.TemporaryDirectory() as folder:
        file = racing(folder, {'one': ['gCount = 1'], 'two': ['gCount = 2']}, policy={'kind': 'random', 'schedules': 20}, expect={'always': ['clean']})

        def counts(*options):
            failures = json.loads(irqlab('explore', '--json', '--no-shrink', '--schedules', '1024', *options, file).stdout)['scenarios'][0]['failures']
            return {failure['failure'].split(' ')[0]: failure['count'] for failure in failures}
        check(counts() == {'data-race': 256 + 768 // 16, 'clean': 768 - 768 // 16}, counts())
        check(counts('--races') == {'data-race': 1024} and counts('--no-races') == {'clean': 1024}, counts('--races'))
        for n in '12':
            irqlab('explore', '--schedules', '1024', '--shard', f'{n}/2', '--out', f'{folder}/part{n}', file)
        irqlab('merge', f'{folder}/all', f'{folder}/part1', f'{folder}/part2')
        check_in(f'NOT {256 + 768 // 16:>13}  data-race on gCount', irqlab('explore', '--report', f'{folder}/all'))


@test
def a_race_is_told_once_for_two_places():
    """Whichever of the two comes first, in however many schedules, with whatever other findings beside it."""
    with tempfile.TemporaryDirectory() as folder:
        file = racing(folder, {'one': ['gCount = 1', 'gFlag = 1'], 'two': ['gFlag = 2', 'gCount = 2']},
                      policy={'kind': 'random', 'schedules': 200}, expect={'always': ['clean']})
        failures = json.loads(irqlab('explore', '--json', '--schedules', '300', file).stdout)['scenarios'][0]['failures']
        told = [failure['failure'] for failure in failures if failure['failure'].startswith('data-race')]
        check(len(told) == 2 and len(set(told)) == 2, told)
        for n in '12':
            out = f'{folder}/part{n}'
            check_exit(irqlab('explore', '--schedules', '300', '--shard', f'{n}/2', '--out', out, file), 1)
        check_exit(irqlab('merge', f'{folder}/all', f'{folder}/part1', f'{folder}/part2'), 1)
        merged = irqlab('explore', '--report', f'{folder}/all').stdout
        check(sorted(re.findall(r'data-race on .*', merged)) == sorted(told), merged, told)


@test
def races_do_not_hide_what_else_is_expected():
    """A scenario that counts its findings says nothing about races: they are told, and all else is as expected."""
    with tempfile.TemporaryDirectory() as folder:
        file = racing(folder, {'one': ['gCount = 1', 'KeRaiseIrql(DISPATCH_LEVEL, &irql)'], 'two': ['gCount = 2']},
                      policy={'kind': 'random', 'schedules': 20}, expect={'always': ['irql-leak-callback', {'finding': 'any', 'count': 1}]})
        text = file.read_text(encoding='utf-8').replace('"as": "KSTART_ROUTINE"', '"as": "KSTART_ROUTINE", "locals": {"irql": "KIRQL"}')
        file.write_text(text, encoding='utf-8')
        result = irqlab('explore', '--schedules', '20', file)
        check_exit(result, 1)
        check(re.search(r'^  ok +20 +irql-leak-callback', result.stdout, re.MULTILINE), result.stdout)
        check(re.search(r'^  NOT +20 +data-race on gCount', result.stdout, re.MULTILINE), result.stdout)


def crowd(folder, count, last):
    """A crowd of threads that count under a lock, and at last two that do `last`."""
    work = ['KeAcquireSpinLock(&gLock, &irql)', 'gCount++', 'KeReleaseSpinLock(&gLock, irql)']
    fw = {'globals': {'gCount': 'LONG', 'gOther': 'LONG', 'gLock': 'KSPIN_LOCK'},
          'Work': {'as': THREAD, 'locals': {'irql': 'KIRQL'}, 'do': work},
          'Last': {'as': THREAD, 'locals': {'irql': 'KIRQL'}, 'do': last}}
    file = pathlib.Path(folder) / 'crowd.json'
    traffic = [{'at': '1ms', 'thread': f'fw.{name}'} for name in ['Work'] * count + ['Last'] * 2]
    machine = {'cpus': 2, 'windows': '10'}
    file.write_text(json.dumps({'irqlab': 1, 'title': 'many', 'machine': machine, 'drivers': {'fw': fw}, 'traffic': traffic}), encoding='utf-8')
    return file


@test
def races_are_found_in_a_crowd():
    sound = ['KeAcquireSpinLock(&gLock, &irql)', 'gOther++', 'KeReleaseSpinLock(&gLock, irql)']
    with tempfile.TemporaryDirectory() as folder:
        for count in (200, 1000):
            result = irqlab('run', '--races', '--policy', 'random', '--schedules', '5', crowd(folder, count, sound))
            check_exit(result, 0)
            check('looked for among' not in result.stdout, result.stdout)
            result = irqlab('run', '--races', '--policy', 'random', '--schedules', '5', crowd(folder, count, ['gOther++']))
            check_exit(result, 1)
            check_in('data-race', result)


@test
def races_that_are_not_looked_for_are_told():
    """More threads, one after another, than there are clocks for."""
    again = ['gLeft--', {'if': 'gLeft > 0', 'then': ['PsCreateSystemThread(&handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, one, NULL)', 'ZwClose(handle)']}]
    fw = {'globals': {'gLeft': 'LONG = 4200'}, 'one': {'as': THREAD, 'locals': {'handle': 'HANDLE'}, 'do': again}}
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / 'chain.json'
        scenario = {'irqlab': 1, 'title': 'chain', 'machine': {'cpus': 1, 'windows': '10'}, 'drivers': {'fw': fw}, 'traffic': [{'at': '1ms', 'thread': 'fw.one'}]}
        for left, is_told in (('4200', True), ('3000', False)):
            fw['globals']['gLeft'] = f'LONG = {left}'
            file.write_text(json.dumps(scenario), encoding='utf-8')
            for command in (['run', '--policy', 'random', '--schedules', '2'], ['explore', '--policy', 'random', '--schedules', '2'], ['replay'], ['trace']):
                result = irqlab(*command, '--races', file)
                told = ' '.join(result.stdout.split())
                check(('races were not looked for to the end of each schedule' in told) == is_told, command, left, result.stdout[-2000:])


# ---- what goes round and round ----


def report_of(name):
    return irqlab('run', '-v', ROOT / 'scenarios/rules' / name).stdout


@test
def a_livelock_has_its_circle():
    report = report_of('livelock/bad-in-step.json')
    for text in ('the circle:       fw.OnReceive  tries spin lock gA  -->  fw.OnSend has it in each of its rounds\n',
                 '                  fw.OnSend     tries spin lock gB  -->  fw.OnReceive has it in each of its rounds\n', 'each round:       fw.OnReceive: '):
        check(text in report, f'no {text!r} in\n{report}')
    check(re.search(r'KeTryToAcquireSpinLockAtDpcLevel\(gA\) = FALSE.*\n? +\(\d{4} times\)', story_of(report)), report)
    report = report_of('livelock/bad-flag-never-cleared.json')
    check(re.search(r'waits for: +fw\.OnSend  polls while \(InterlockedCompareExchange\(&gBusy, 1, 0\) != 0\)  -->  nothing', report), report)
    check('InterlockedCompareExchange = 0' in story_of(report) and story_of(report).count('\n') < 14, report)


@test
def a_starvation_says_who_starves():
    report = report_of('starvation/bad-polls-raised.json')
    check('and DPC fw.OnData never runs' in report, report)
    check(re.search(r'starved: +DPC fw\.OnData  -->  waits on cpu 1 since [0-9.]+ ms, behind fw\.worker\n', report), report)
    check('waits for:        fw.worker  polls while' in report, report)


@test
def a_race_report_names_who_was_interrupted():
    """A CPU that has nothing to run waits; it is not what it ran once that is interrupted."""
    check('driver loader is interrupted' not in irqlab('run', '-v', RACES / 'bad-c-spin-lock.json').stdout)


@test
def orders_of_locks_have_their_circle():
    report = report_of('lock-order/bad-three-spin-locks.json')
    circle = report.split('the circle:', 1)[1].split('raised by', 1)[0]
    for text in ('fw.OnTimer    takes spin lock gA while it holds spin lock gC  (fw.OnTimer step 2)',
                 'fw.OnSend     takes spin lock gB while it holds spin lock gA  (fw.OnSend step 2)',
                 'fw.OnReceive  takes spin lock gC while it holds spin lock gB  (fw.OnReceive step 2)'):
        check(text in circle, f'no {text!r} in\n{report}')
    check('fw.send     takes mutex gB while it holds mutex gA' in report_of('lock-order/bad-mutexes.json'), report_of('lock-order/bad-mutexes.json'))
