"""irqlab run: exit codes, what it prints, reports, JSON, JUnit."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

from harness import HERE, SCENARIOS, check, check_exit, check_in, irqlab, on_terminal, test


@test
def exit_codes():
    for files, code in [
        (['clean.json'], 0), (['crash.json'], 0), (['wrong.json'], 1), (['bad.json'], 2), (['nosuch.json'], 2), (['wrong.json', 'bad.json'], 2),
        (['bad.json', 'wrong.json', 'clean.json'], 2), (['clean.json', 'wrong.json'], 1), (['endless.json'], 0),
    ]:
        result = irqlab('run', *files)
        check(result.returncode == code, f'{files}: exit {result.returncode}, expected {code}\n{result.stdout}')


@test
def nothing_else_is_lost():
    result = irqlab('run', 'bad.json', 'nosuch.json', 'clean.json', 'wrong.json')
    check_exit(result, 2)
    for text in ['  NOT  bad ', 'bad.json:5:63: unknown function "DbgPrnt" in step 1 of d.go; did you mean DbgPrint?', '  NOT  nosuch ',
                 'nosuch.json: no such file', '  ok   clean ', '  NOT  wrong ', 'expected DRIVER_IRQL_NOT_LESS_OR_EQUAL (0xD1), nothing happened',
                 'wrong.json:9 ', '4 scenarios: 1 as expected, 3 not (2 bad input)']:
        check_in(text, result)


@test
def one_scenario_is_seen_to_go_on():
    output = on_terminal(['run', '--schedules', '100000000', '--timeout', '3', 'long.json'], {'TERM': 'xterm'})
    check('\r\033[K  0 of 1   1 s' in output, output)
    check('1 scenario: 0 as expected, 1 not' in output, output)


@test
def files_that_cannot_be_read():
    with tempfile.TemporaryDirectory() as folder:
        os.symlink('/nonexistent', f'{folder}/dangling.json')
        os.mkdir(f'{folder}/empty')
        result = irqlab('run', f'{folder}/dangling.json', f'{folder}/empty', 'clean.json')
        check_exit(result, 2)
        check_in('there is no scenario (*.json) in this folder', result)
        check_in('  ok   clean ', result)
        check_in('3 scenarios: 1 as expected, 2 not (2 bad input)', result)


@test
def folders_are_searched_and_sorted():
    result = irqlab('run', SCENARIOS)
    names = re.findall(r'^  (?:ok |NOT)  (\S+)', result.stdout, re.MULTILINE)
    check(names == sorted(path.stem for path in SCENARIOS.glob('*.json')), names)


@test
def quiet_and_verbose():
    result = irqlab('run', '-q', 'clean.json', 'crash.json')
    check(result.stdout == '  2 scenarios: 2 as expected, 0 not\n', result.stdout)
    result = irqlab('run', '-v', 'clean.json', 'crash.json')
    check_in('irql-too-high: FltSendMessage needs IRQL <= APC_LEVEL and was called at DISPATCH_LEVEL', result)
    check_in('DbgPrint: hello 3', result)


@test
def output_has_no_trailing_blanks():
    for arguments in [['run', '-v', '.'], ['run', '--color=always', '-v', 'crash.json'], ['trace', 'crash.json'], ['explain', 'irql-leak', '0xD1'],
                      ['replay', 'crash.json'], ['list', 'rules'], ['list', 'functions']]:
        for line in irqlab(*arguments).stdout.splitlines():
            check(not line.endswith(' '), f'{arguments}: {line!r}')


@test
def colours():
    check('\033' not in irqlab('run', '-v', 'crash.json').stdout, 'colours without a terminal')
    check('\033[' in irqlab('run', '-v', '--color=always', 'crash.json').stdout, 'no colours with --color=always')
    check('\033' not in irqlab('run', '-v', '--color=never', 'crash.json').stdout, 'colours with --color=never')
    check('\033' not in json.dumps(json.loads(irqlab('run', '--json', '--color=always', 'crash.json').stdout)), 'colours in JSON')
    for environment, expected in [({}, True), ({'NO_COLOR': '1'}, False), ({'TERM': 'dumb'}, False)]:
        output = on_terminal(['run', '-v', 'crash.json'], {'TERM': 'xterm', **environment})
        check(('\033[' in output) == expected, f'on a terminal, {environment}: {output[:200]!r}')


@test
def width_of_the_terminal():
    for columns in [72, 90, 110, 150]:
        output = on_terminal(['run', '-v', 'crash.json'], {'TERM': 'dumb'}, columns)
        story = output[output.index('how it came'):output.index('Windows stops')]
        widest = max(map(len, story.splitlines()))
        check(widest <= columns, f'{columns} columns: a line of {widest}')


# ---- the report ----


@test
def report_of_a_crash():
    result = irqlab('run', '-v', 'crash.json')
    for text in [
        'irql-too-high: FltSendMessage needs IRQL <= APC_LEVEL and was called at DISPATCH_LEVEL, in a DPC\n',
        '\n  crash.json:12   FltSendMessage(gFilter, &gPort',
        '\n                  ^^^^^^^^^^^^^^\n',
        '  how it came to this',
        '[irql-too-high]',
        '  Windows stops:    0x00000005 INVALID_PROCESS_ATTACH_ATTEMPT\n',
        'P1 agent (the process to attach to)',
        '  raised by:        Windows, to dispatch DPCs: DISPATCH_LEVEL on cpu 0 since 1.000000 ms\n',
        '  contract:         fltkernel.h, FltSendMessage: IRQL <= APC_LEVEL\n',
        '  mend:',
        '  again:            irqlab replay crash.json v1:-\n',
        '  every step:       irqlab trace crash.json\n',
    ]:
        check_in(text, result)


@test
def report_of_a_deadlock():
    result = irqlab('run', '-v', 'deadlock.json')
    check_exit(result, 0)
    for text in ['deadlock: d.two spins on spin lock gA, which d.one has; d.one spins on spin lock gB, which d.two has', '  the circle: ',
                 'd.one spins on spin lock gB, at d.one step 2', 'spin lock gB: held by d.two on cpu 1', 'of 300  hung, deadlock', 'of 300  lock-order']:
        check_in(text, result)


@test
def report_of_what_is_not_as_expected():
    result = irqlab('run', 'wrong.json')
    check_in('not as expected:  expected DRIVER_IRQL_NOT_LESS_OR_EQUAL (0xD1), nothing happened\n                    wrong.json:9:7\n', result)
    check_in('DbgPrint: hello', result)


# ---- JSON, JUnit ----


@test
def json_document():
    result = irqlab('run', '--json', 'clean.json', 'crash.json', 'wrong.json', 'bad.json')
    check_exit(result, 2)
    document = json.loads(result.stdout)
    check(set(document) == {'irqlab', 'scenarios', 'not_run', 'exit_code'}, sorted(document))
    check(document['exit_code'] == 2 and document['not_run'] == 0, document['exit_code'])
    keys = {'file', 'argument', 'name', 'title', 'status', 'result', 'why', 'line', 'schedules', 'hash', 'exhausted', 'levels', 'policy', 'bounds', 'states', 'milliseconds', 'outcomes', 'notes',
            'report', 'log'}
    for scenario in document['scenarios']:
        check(set(scenario) == keys, sorted(set(scenario) ^ keys))
    check([scenario['status'] for scenario in document['scenarios']] == ['as expected', 'as expected', 'not as expected', 'bad input'])
    outcome = document['scenarios'][1]['outcomes'][0]
    check(set(outcome) == {'result', 'count', 'first', 'schedule', 'hash', 'cause', 'bugcheck', 'findings'}, sorted(outcome))
    check(outcome['bugcheck']['code'] == '0x5' and outcome['bugcheck']['name'] == 'INVALID_PROCESS_ATTACH_ATTEMPT', outcome['bugcheck'])
    finding = outcome['findings'][0]
    check(finding['rule'] == 'irql-too-high' and finding['function'] == 'FltSendMessage' and finding['line'] == 12, finding)
    check(re.fullmatch(r'[0-9a-f]{16}', outcome['hash']) and outcome['schedule'] == 'v1:-', outcome)
    check(document['scenarios'][2]['line'] == 9, document['scenarios'][2]['line'])


@test
def junit():
    with tempfile.TemporaryDirectory() as folder:
        file = f'{folder}/results.xml'
        result = irqlab('run', '--junit', file, SCENARIOS)
        check_exit(result, 2)
        check_xml(file)
        text = pathlib.Path(file).read_text(encoding='utf-8')
        count = len(list(SCENARIOS.glob('*.json')))
        check(f'<testsuites name="irqlab" tests="{count}" failures="1" errors="1"' in text, text[:300])
        check('line="9"' in text and f'file="{SCENARIOS}/wrong.json"' in text, text)
        check('an expectation that does not hold &lt;&amp;' in text, text)
        check(irqlab('run', '--junit', '-', 'clean.json').stdout.count('<testcase') == 1, 'standard output')


def check_xml(file):
    import xml.etree.ElementTree as tree
    tree.parse(file)
    if shutil.which('xmllint'):
        done = subprocess.run(['xmllint', '--noout', '--nonet', '--schema', HERE.parent / 'reports/junit.xsd', file], stderr=subprocess.PIPE, text=True,
                              check=False)
        check(done.returncode == 0, done.stderr)


@test
def coverage():
    result = irqlab('run', '--coverage', 'clean.json')
    check_exit(result, 0)
    for text in ['  coverage: ', '  routines: ', '  calls: ', '  chosen: ']:
        check_in(text, result)
    check('  coverage: ' not in irqlab('run', 'clean.json').stdout, 'coverage that nobody asked for')
    scenario = json.loads(irqlab('run', '--coverage', '--json', 'clean.json').stdout)['scenarios'][0]
    check(scenario['coverage']['runs'] == scenario['schedules'], scenario['coverage'])
    check(sum(sum(as_what.values()) for as_what in scenario['coverage']['routines'].values()) >= scenario['schedules'], scenario['coverage'])
    check('coverage' not in json.loads(irqlab('run', '--json', 'clean.json').stdout)['scenarios'][0], 'coverage that nobody asked for')
    driver = HERE.parent.parent / 'scenarios/drivers/connection-list/corrected.json'
    hashes = [[one['hash'] for one in json.loads(irqlab('run', '--json', *words, 'deadlock.json', driver).stdout)['scenarios']]
              for words in ([], ['--coverage'])]
    check(hashes[0] == hashes[1] and None not in hashes[0], f'coverage changes what comes out: {hashes}')


@test
def line_of_a_search():
    """How far it is: as wide as the terminal and no wider, and none where no line can be written anew."""
    explore = ['explore', '--no-shrink', '--for', '1s', 'deadlock.json']
    for columns in 30, 60, 200:
        output = on_terminal(explore, {'TERM': 'xterm', 'NO_COLOR': '1'}, columns)
        lines = re.findall(r'\r\x1b\[K([^\r\n\x1b]*)(?=\r\x1b\[K)', output)
        check(any('schedules' in line for line in lines), output)
        check(all(len(line) < columns for line in lines), columns, output)
        check(any('left' in line for line in lines) == (columns >= 60), columns, output)
    check('\x1b' not in on_terminal(explore, {'TERM': 'dumb', 'NO_COLOR': '1'}), 'a dumb terminal')


@test
def coverage_of_lines():
    driver = HERE.parent.parent / 'scenarios/drivers/system-thread'
    with tempfile.TemporaryDirectory() as folder:
        file = f'{folder}/driver.info'
        check_exit(irqlab('run', '--lcov', file, driver / 'unload-waits.json'), 0)
        text = pathlib.Path(file).read_text(encoding='utf-8')
        if shutil.which('genhtml'):  # the reader it is for, where there is one
            page = subprocess.run(['genhtml', '--quiet', '-o', f'{folder}/page', file], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
            check(page.returncode == 0 and pathlib.Path(folder, 'page/index.html').exists(), page.stdout)
    check(re.search(r'^SF:.*/system-thread/driver\.c$', text, re.MULTILINE), text)
    lines = {int(line): int(count) for line, count in re.findall(r'^DA:(\d+),(\d+)$', text, re.MULTILINE)}
    source = (driver / 'driver.c').read_text(encoding='utf-8').splitlines()
    for word in ['DbgPrint(', 'KeWaitForSingleObject(', 'ObDereferenceObject(', 'PsCreateSystemThread(', 'ZwClose(']:
        number = next(i for i, line in enumerate(source, 1) if word in line)
        check(lines.get(number, 0) > 0, f'line {number} ran, and is not in\n{text}')
    check(set(re.findall(r'^FNDA:[1-9]\d*,(\w+)$', text, re.MULTILINE)) == {'Worker', 'Unload', 'DriverEntry'}, text)
    check(re.search(rf'^LF:{len(lines)}$', text, re.MULTILINE) and text.endswith('end_of_record\n'), text)
    check_exit(irqlab('run', '--lcov', '/nonexistent/x.info', 'clean.json'), 2)


@test
def lines_that_did_not_run():
    driver = HERE.parent.parent / 'scenarios/drivers/connection-list'
    text = irqlab('run', '--lcov', '-', driver / 'corrected.json').stdout
    lines = {int(line): int(count) for line, count in re.findall(r'^DA:(\d+),(\d+)$', text, re.MULTILINE)}
    source = (driver / 'driver.c').read_text(encoding='utf-8').splitlines()
    never = [source[line - 1].strip() for line, count in lines.items() if count == 0]
    check(never == ['static VOID ReleaseAll(VOID) {', 'while (!IsListEmpty(&gConnections))',
                    'Release(CONTAINING_RECORD(RemoveHeadList(&gConnections), CONNECTION, Link));', '}', 'ReleaseAll();',
                    'return STATUS_INSUFFICIENT_RESOURCES;'], never)


@test
def coverage_of_a_search():
    with tempfile.TemporaryDirectory() as folder:
        def runs(*words):
            scenario = json.loads(irqlab('explore', '--json', *words).stdout)['scenarios'][0]
            return scenario['schedules'], scenario['coverage']['runs'], scenario['coverage']['met']

        first = runs('--coverage', '--policy', 'random', '--jobs', '2', '--schedules', '300', '--out', f'{folder}/a', 'deadlock.json')
        check(first[0] == first[1] == 300 and first[2]['d.one']['d.two'] > 0, first)
        check(runs('--coverage', '--policy', 'random', '--schedules', '500', '--out', f'{folder}/a', 'deadlock.json')[:2] == (500, 500), 'gone on with')
        check_exit(irqlab('merge', f'{folder}/b', f'{folder}/a'), 0)
        check(runs('--report', f'{folder}/b')[:2] == (500, 500), 'joined')
    once = irqlab('explore', '--coverage', '--schedules', '1', '--policy', 'timed', HERE.parent.parent / 'scenarios/drivers/system-thread/unload-waits.json')
    check_in('never met: ', once)
    result = irqlab('explore', '--coverage', '--schedules', '100', 'deadlock.json')
    check_in('3 ran; 1 of 3 pairs met', result)
    for text in ('DriverEntry and', 'and d.DriverEntry', 'DriverEntry with itself'):
        check(text not in result.stdout, 'a DriverEntry is over before anything can meet it', result.stdout)
    check('coverage' not in json.loads(irqlab('explore', '--json', '--schedules', '10', 'deadlock.json').stdout)['scenarios'][0], 'not asked for')


@test
def campaigns_that_say_nothing():
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, 'empty').mkdir()
        pathlib.Path(folder, 'empty/clean.1-of-1.jsonl').touch()
        for arguments in (['explore', '--report', f'{folder}/empty'], ['explore', '--out', f'{folder}/empty'], ['merge', f'{folder}/into', f'{folder}/empty']):
            result = irqlab(*arguments)
            check_exit(result, 2)
            check_in(f'{folder}/empty: nothing stands in the campaigns', result)
        check(not pathlib.Path(folder, 'into').exists(), 'an empty folder was made')
        irqlab('explore', '-q', '--schedules', '50', '--out', f'{folder}/held', 'clean.json')
        log = pathlib.Path(folder, 'held/clean.1-of-1.jsonl')
        lines = log.read_bytes().splitlines(keepends=True)
        log.write_bytes(b''.join(lines[:-1]) + b'X' + lines[-1])
        result = irqlab('explore', '--schedules', '100', '--out', f'{folder}/held', 'clean.json')
        check_exit(result, 2)
        check(result.stdout == '' and 'is damaged' in result.stderr, result.stdout, result.stderr)


@test
def estimates_are_of_drawn_schedules():
    check_in('go a new way', irqlab('explore', '--policy', 'random', '--schedules', '20', 'deadlock.json'))
    arguments = ['explore', '--policy', 'exhaustive', '--schedules', '20', 'deadlock.json']
    result = irqlab(*arguments)
    check_in('of them met once\n', result)
    check('go a new way' not in result.stdout, result.stdout)
    check(json.loads(irqlab(*arguments, '--json').stdout)['scenarios'][0]['behaviours']['unseen'] is None, 'an estimate')


LEFT_OUT = 'with switches at calls only, without holding up the clock (--clock)'


@test
def the_clock_comes_beside_a_cpu_alone():
    drivers = 'drivers/timer-before-its-block/bug'
    for words in ([], ['--at-once']):
        result = irqlab('explore', '-j', '1', '--policy', 'exhaustive', '--clock', *words, drivers)
        check_in('DRIVER_IRQL_NOT_LESS_OR_EQUAL (0xD1)', result)
        check_in('schedules with switches at calls only in', result)
    result = irqlab('explore', '-j', '1', '--policy', 'exhaustive', '--accesses', drivers)
    check_in('exhausted 1 schedule without holding up the clock (--clock) in', result)
    check_in(' 1 schedule (all there are without holding up the clock (--clock))', result)
    result = irqlab('shrink', '--policy', 'exhaustive', 'clean.json')
    check_in(f', which are all there are {LEFT_OUT}: there is nothing to shrink', result)
    check_in('  whether all CPUs are held up until the clock', irqlab('run', '--what-can-vary', drivers))
    for command in ('run', 'explore'):
        result = irqlab(command, '--policy', 'dpor', '--clock', drivers)
        check_in('DRIVER_IRQL_NOT_LESS_OR_EQUAL (0xD1)', result)
    sound = irqlab('run', '--policy', 'dpor', '--clock', '--races', 'drivers/timer-before-its-block/corrected')
    check_in('exhausted', sound)
    check('without holding up' not in sound.stdout, sound.stdout)


@test
def options_that_mean_nothing_are_refused():
    for words, message in ((['--depth', '0'], 'from 1 to 64'), (['--depth', '-1'], 'from 1 to 64'),
                           (['--preemptions', '-1'], 'no negative number'), (['--delays', '-1'], 'no negative number'),
                           (['--saved-states', '-1'], 'number of MiB from 0'),
                           (['--races', '--no-races'], '--races and --no-races exclude each other'),
                           (['--clock'], '--clock is for exhaustive and dpor, and this is searched by portfolio'),
                           (['--at-once'], '--at-once is for exhaustive, and this is searched by portfolio'),
                           (['--for', '10'], 'a number with s, m, h or d behind it')):
        result = irqlab('explore', '--schedules', '2', *words, 'clean.json')
        check_exit(result, 2)
        check_in(message, result)


@test
def exhaustive_goes_by_preemptions():
    deadlock = 'drivers/ab-ba-locks'
    result = irqlab('run', '--policy', 'exhaustive', deadlock)
    check_in('exhausted 254', result)
    check_in(f'nothing unexpected with at most 0 preemptions: 2 schedules (all {LEFT_OUT})\n'
             f'       nothing unexpected with at most 1 preemption: 16 schedules (all {LEFT_OUT})\n', result)
    levels = json.loads(irqlab('run', '--policy', 'exhaustive', '--json', deadlock).stdout)['scenarios'][0]['levels']
    check([level['schedules'] for level in levels] == [2, 16, 58, 128, 214, 254], levels)
    check(levels[-1]['preemptions'] is None and [level['preemptions'] for level in levels[:-1]] == [0, 1, 2, 3, 4], levels)
    for words in (['--at-once'], ['--merge-states'], ['--preemptions', '1'], ['--policy', 'dpor']):
        result = irqlab('run', '--policy', 'exhaustive', *words, deadlock)
        check_exit(result, 0)
        check('unexpected' not in result.stdout, result.stdout)


@test
def explore_tells_each_bound():
    arguments = ['explore', '--policy', 'exhaustive', '-j', '2', 'drivers/ab-ba-locks']
    result = irqlab(*arguments)
    check_in(f'  nothing unexpected with at most 1 preemption: 16 schedules (all {LEFT_OUT})\n', result)
    check_in(f'\n  nothing unexpected: 254 schedules (all there are {LEFT_OUT})\n', result)
    check_in(f'exhausted 254 schedules {LEFT_OUT} in', result)
    result = irqlab(*arguments, '--accesses', '--clock')
    check_in('(all there are)\n', result)
    levels = json.loads(irqlab(*arguments, '--json').stdout)['scenarios'][0]['levels']
    check([(level['schedules'], level['failed']) for level in levels] == [(n, 0) for n in (2, 16, 58, 128, 214, 254)], levels)
    result = irqlab('explore', '--policy', 'exhaustive', '-j', '1', '--schedules', '64', 'drivers/ab-ba-locks')
    check('all there are' not in result.stdout, result.stdout)


@test
def explore_counts_distinct_states():
    arguments = ['explore', '--policy', 'exhaustive', '--merge-states', 'drivers/ab-ba-locks']
    states = {json.loads(irqlab(*arguments, '--json', '-j', jobs).stdout)['scenarios'][0]['states'] for jobs in ('1', '2')}
    check(len(states) == 1 and min(states) > 20, states)
    check_in(f'\n  {min(states)} distinct states, by their hash\n', irqlab(*arguments))
    check(json.loads(irqlab('explore', '--policy', 'exhaustive', '--json', 'drivers/ab-ba-locks').stdout)['scenarios'][0]['states'] is None, 'states')


@test
def the_clock_may_tick_while_all_are_held_up():
    timeout = ['run', '--policy', 'exhaustive', '--schedules', '2000', '--json', 'osr-291980/corrected']
    without, with_clock = [json.loads(irqlab(*timeout, *words).stdout)['scenarios'][0] for words in ([], ['--clock'])]
    check(without['status'] == 'as expected' and with_clock['status'] == 'not as expected', with_clock['why'])
    line = with_clock['outcomes'][-1]
    again = irqlab('replay', 'osr-291980/corrected', line['schedule'])
    check('=255' in line['schedule'], line['schedule'])
    check('STATUS_TIMEOUT' in again.stdout, again.stdout)


@test
def saved_states_change_nothing():
    for words in (['--accesses'], ['--merge-states'], ['--preemptions', '2']):
        hashes = {json.loads(irqlab('run', '--policy', 'exhaustive', '--schedules', '1500', '--json', *words, '--saved-states', size,
                                    'osr-291980/two-callers').stdout)['scenarios'][0]['hash'] for size in ('0', '1', '64')}
        check(len(hashes) == 1, f'{words}: {hashes}')
    check_exit(irqlab('run', '--saved-states', '-3', 'drivers/ab-ba-locks'), 2)
