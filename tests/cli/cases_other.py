"""irqlab replay, trace, list, explain, bench."""

import json
import pathlib
import re
import tempfile

from harness import ROOT, SCENARIOS, check, check_exit, check_in, irqlab, test

LOST = ROOT / 'scenarios/drivers/lost-wakeup/bug.json'


@test
def recorded_runs_replay():
    document = json.loads(irqlab('run', '--json', '--schedules', '40', 'deadlock.json', 'crash.json').stdout)
    for scenario in document['scenarios']:
        for outcome in scenario['outcomes']:
            result = irqlab('replay', '--times', '3', scenario['file'], outcome['schedule'])
            check_exit(result, 0)
            check_in(f'  hash:             {outcome["hash"]}, the same each time', result)
            check_in(f', hash {outcome["hash"]}', irqlab('trace', scenario['file'], outcome['schedule']))


@test
def replay_from_a_file():
    with tempfile.NamedTemporaryFile('w', suffix='.txt') as file:
        file.write(' v1:-\n')
        file.flush()
        check_exit(irqlab('replay', 'crash.json', f'@{file.name}'), 0)


@test
def lines_of_another_image():
    result = irqlab('replay', 'crash.json', 'v1:0123456789')
    check_exit(result, 0)
    check('made with driver image 0123456789, and this is -' in result.stderr, result.stderr)


@test
def choices_that_do_not_come_up():
    result = irqlab('replay', 'clean.json', 'v1:-:12345678.s7=1')
    check_exit(result, 1)
    check_in('misfit:', result)


def with_line(folder, name, line, **parts):
    """A scenario of this folder whose policy is that line."""
    text = (SCENARIOS / name).read_text(encoding='utf-8')
    scenario = json.loads(re.sub(r'^ *//.*$', '', text, flags=re.MULTILINE))
    file = pathlib.Path(folder, pathlib.Path(name).name)
    file.write_text(json.dumps({**scenario, **parts, 'policy': {'replay': line}}), encoding='utf-8')
    return file


@test
def a_line_of_a_file_that_does_not_fit_is_not_as_expected():
    with tempfile.TemporaryDirectory() as folder:
        file = with_line(folder, 'clean.json', 'v1:-:12345678.s7=1')
        result = irqlab('run', file)
        check_exit(result, 1)
        check_in('Choice 1 of 1, 12345678.s7=1, did not come up', result)
        check_in('irqlab replay', result)
        check_exit(irqlab('run', with_line(folder, 'clean.json', 'v1:-')), 0)


@test
def a_line_that_fits_and_fails_no_more():
    """Every choice comes up, and what the scenario expects of its line does not: told, and looked for nearby."""
    outcomes = json.loads(irqlab('run', '--json', '--schedules', '200', '--policy', 'random', LOST).stdout)['scenarios'][0]['outcomes']
    lines = {outcome['result']: outcome['schedule'] for outcome in outcomes}
    with tempfile.TemporaryDirectory() as folder:
        expect = {'always': ['waits-for-ever']}
        result = irqlab('replay', with_line(folder, LOST, lines['clean'], expect=expect))
        check_exit(result, 1)
        check('misfit:' not in result.stdout, result.stdout)
        check_in('not seen:', result)
        check(re.search(r'nearby: +waits-for-ever, after', result.stdout), result.stdout)
        result = irqlab('replay', with_line(folder, LOST, lines['waits-for-ever'], expect=expect))
        check_exit(result, 0)
        check('not seen:' not in result.stdout, result.stdout)
        result = irqlab('replay', LOST, lines['clean'])  # nobody said that this one fails
        check_exit(result, 0)
        check('not seen:' not in result.stdout, result.stdout)


@test
def shrink_writes_over_nothing_it_reads():
    with tempfile.TemporaryDirectory() as folder:
        file = with_line(folder, 'deadlock.json', 'v1:-')
        text = file.read_text(encoding='utf-8')
        result = irqlab('shrink', file, '-o', file)
        check_exit(result, 2)
        check_in('choose another name', result)
        check(file.read_text(encoding='utf-8') == text, 'written over')


@test
def traces_are_stable():
    first, second = irqlab('trace', '--boot', 'crash.json').stdout, irqlab('trace', '--boot', 'crash.json', environment={'LC_ALL': 'C.UTF-8'}).stdout
    check(first == second and first.count('\n') > 90, 'traces differ')
    check(not re.search(r'0x2000[0-9a-f]{8}', first), 'an address of the machine in a trace')


@test
def trace_as_json():
    lines = irqlab('trace', '--json', 'crash.json').stdout.splitlines()
    events = [json.loads(line) for line in lines]
    keys = ['event', 'time_ns', 'cpu', 'irql', 'context', 'kind', 'function', 'object', 'status', 'detail', 'place', 'what']
    check(all(list(event) == keys for event in events), 'keys')
    check([event['event'] for event in events] == list(range(events[0]['event'], events[0]['event'] + len(events))), 'numbers')
    check(any(event['kind'] == 'call' and event['function'] == 'FltSendMessage' and event['place'] == 'fw.classify step 2' for event in events), 'call')


# ---- list, explain ----


@test
def everything_listed_is_explained():
    for kind, column in [('rules', 0), ('bugchecks', 1), ('functions', 0), ('callbacks', 0), ('statuses', 1)]:
        names = [line.split()[column] for line in irqlab('list', kind).stdout.splitlines()]
        check(len(names) > 10, kind)
        result = irqlab('explain', *names)
        check_exit(result, 0)
        for name in names:
            check(name in result.stdout, f'{kind}: {name}')


@test
def list_scenarios():
    result = irqlab('list', 'clean.json', 'crash.json')
    check(result.stdout.splitlines()[0].split(None, 1) == ['clean', 'a driver that prints'], result.stdout)
    check_exit(irqlab('list', 'bad.json', 'nosuch.json'), 2)  # a missing file; the step of the other is looked at when it is run


@test
def list_with_words():
    lines = irqlab('list', 'functions', 'spinlock', 'dpc').stdout.splitlines()
    check(lines and all('spinlock' in line.lower() and 'dpc' in line.lower() for line in lines), lines)


@test
def explain_shows_the_reference():
    result = irqlab('explain', 'FltSendMessage')
    for text in ['NTSTATUS FltSendMessage(PFLT_FILTER Filter', 'contract:         IRQL <= APC_LEVEL', 'SenderBuffer (PVOID): in, SenderBufferLength bytes']:
        check_in(text, result)


@test
def bench_as_json():
    result = irqlab('bench', '--seconds', '0.01', '--json', 'crash.json')
    check_exit(result, 0)
    json.loads(result.stdout)


@test
def bench_compares_policies():
    result = irqlab('bench', '--policies', '--seeds', '2', '--schedules', '300', '--json', 'deadlock.json')
    check_exit(result, 0)
    row, = json.loads(result.stdout)['programs']
    for name in ['random', 'pct3', 'pos', 'urw', 'surw', 'burst', 'feedback', 'frontier', 'portfolio']:
        check(row['policies'][name]['found'] in (0, 1, 2), name, row)
    check(row['policies']['portfolio']['found'] == 2, row)
    alone = irqlab('bench', '--policies', '--policy', 'pos', '--seeds', '1', '--schedules', '300', 'deadlock.json')
    check_in('best published', alone)
    check_exit(irqlab('bench', '--policies'), 2)
    check_exit(irqlab('bench', '--policies', '--policy', 'nosuch', 'deadlock.json'), 2)


# ---- a search's schedules by their numbers ----


@test
def a_schedule_by_its_number():
    """`run --first N --schedules 1` is the schedule that explore calls number N."""
    found = json.loads(irqlab('explore', '--json', '--no-shrink', '--policy', 'random', '--schedules', '64', 'deadlock.json').stdout)['scenarios'][0]['failures']
    for failure in found:
        run = irqlab('run', '--json', '--policy', 'random', '--first', failure['first'], '--schedules', '1', 'deadlock.json')
        outcome = json.loads(run.stdout)['scenarios'][0]['outcomes'][0]
        check(outcome['schedule'] == failure['schedule'], failure, outcome)
    check(found and found[-1]['first'] > 0, found)
