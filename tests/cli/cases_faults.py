"""irqlab run --what-can-vary, --faults, --fault-pairs, --vary."""

import json
import re
import tempfile

from harness import ROOT, check, check_exit, check_in, irqlab, test

FAILURES = ROOT / 'scenarios/failures'


@test
def what_can_vary():
    result = irqlab('run', '--what-can-vary', FAILURES / 'pend-without-worker/bug.json')
    check_exit(result, 0)
    check_in('the natural schedule comes to: clean', result)
    check(re.search(r'^  allocation +1  whether there is memory: explored\n +1  2     IoAllocateWorkItem in fw.classify step 10$', result.stdout,
                    re.MULTILINE), result.stdout)
    check(re.search(r'^  status +1  whether a call fails: explored\n +1  2     FwpsPendOperation0 in fw.classify step 6$', result.stdout,
                    re.MULTILINE), result.stdout)


@test
def what_can_vary_as_json():
    result = irqlab('run', '--what-can-vary', '--json', FAILURES / 'pool-unchecked/bug.json')
    check_exit(result, 0)
    document = json.loads(result.stdout)
    kinds = {kind['kind']: kind for kind in document['kinds']}
    check(sorted(kinds) == sorted('step interrupt access resident allocation irql reply model status packet grant worker clock placement'.split()), sorted(kinds))
    place = kinds['allocation']['places'][0]
    check(place['function'] == 'ExAllocatePool2' and place['count'] == 1 and place['options_max'] == 2 and place['line'] > 0, place)
    check(kinds['packet']['count'] == 0 and not kinds['packet']['explored'], kinds['packet'])


@test
def what_a_thread_is_placed_at():
    """--vary asks it, the line has it, and the story says it: of a thread that becomes ready, and of one that is preempted."""
    drivers = ROOT / 'scenarios/drivers'
    result = irqlab('run', '--what-can-vary', drivers / 'number-before-raise/bug.json')
    check(re.search(r'^  placement +\d+  which CPU a thread goes to, or goes on at; which serves a tick: explored\n(?: .*\n)* +1  2     KeRaiseIrql in fw.trim step 2$',
                    result.stdout, re.MULTILINE), result.stdout)
    replayed = irqlab('replay', drivers / 'number-before-raise/bug.json', 'v1:-:2cda1403.c1=1')
    check_exit(replayed, 0)
    check_in('fw.trim is preempted here, at step 2: goes on at cpu', replayed)
    replayed = irqlab('replay', drivers / 'number-before-raise/bug.json', 'v1:-:0.c0=1')
    check(re.search(r'thread fw.trim is placed on cpu 1\s+instead\s+of\s+cpu\s+0', replayed.stdout), replayed.stdout)
    with tempfile.TemporaryDirectory() as folder:
        file = f'{folder}/fixed.json'
        text = (drivers / 'number-before-raise/bug.json').read_text()
        with open(file, 'w', encoding='utf-8') as stream:
            stream.write(text.replace(', "vary": ["placement"]', '').replace('"sometimes": ["clean", "any finding", "any bug check"]', '"always": ["clean"]'))
        check_exit(irqlab('run', file), 0)
        for vary in ('placement', 'all'):
            check_exit(irqlab('run', '--vary', vary, file), 1)
        shrunk = irqlab('shrink', '--vary', 'placement', file)
        check_in('goes on at cpu', shrunk)


@test
def faults():
    """What is told repeats it: the line, and the words for the scenario's own "faults"."""
    result = irqlab('run', '--faults', FAILURES / 'pool-unchecked')
    check_exit(result, 1)
    check_in('each of 1 place failed once; 1 led to trouble', result)
    check_in('each of 1 place failed once; 0 led to trouble', result)
    check_in('DRIVER_IRQL_NOT_LESS_OR_EQUAL (0xD1)  when ExAllocatePool2 in fw.OnDpc step 1 fails with NULL', result)
    file, line = re.search(r'again: +irqlab replay (\S+) (\S+)', result.stdout).groups()
    again = irqlab('replay', file, line)
    check_exit(again, 0)
    check_in('null-access', again)
    words = re.search(r'to keep: +("faults": .*)$', result.stdout, re.MULTILINE).group(1)
    check(words == '"faults": ["ExAllocatePool2 #1"]', words)
    with tempfile.TemporaryDirectory() as folder:
        kept = f'{folder}/kept.json'
        text = (FAILURES / 'pool-unchecked/bug.json').read_text()
        with open(kept, 'w', encoding='utf-8') as stream:
            stream.write(text.replace('"policy": { "kind": "faults", "vary": ["allocation", "status"] }', f'"policy": "timed", {words}'))
        check_exit(irqlab('run', kept), 0)


@test
def faults_say_who_is_never_unloaded():
    """What a failure leaves behind shows at an unload: where there is none that is said."""
    never = 'fw is never unloaded: what it leaves behind when something fails is not seen'
    check_in(never, irqlab('run', '--faults', FAILURES / 'pool-unchecked/bug.json'))
    check(json.loads(irqlab('run', '--faults', '--json', FAILURES / 'pool-unchecked/bug.json').stdout)['never_unloaded'] == ['fw'], 'whom')
    with tempfile.TemporaryDirectory() as folder:
        unloaded = f'{folder}/unloaded.json'
        text = (FAILURES / 'pool-unchecked/bug.json').read_text()
        with open(unloaded, 'w', encoding='utf-8') as stream:
            stream.write(text.replace('"traffic": [', '"traffic": [{ "at": "1s", "unload": "fw" }, ', 1))
        result = irqlab('run', '--faults', unloaded)
        check_in('each of 1 place failed once', result)
        check('never unloaded' not in result.stdout, result.stdout)


@test
def faults_of_a_boot():
    result = irqlab('run', '--faults', FAILURES / 'driver-entry-forgets/corrected.json')
    check_exit(result, 0)
    check_in('each of 3 places failed once; 0 led to trouble', result)


@test
def faults_as_json():
    result = irqlab('run', '--fault-pairs', '--json', FAILURES / 'fallback-unchecked/bug.json')
    check_exit(result, 1)
    document = json.loads(result.stdout)
    check((document['places'], document['failed_once'], document['pairs'], document['trouble'], document['complete']) == (2, 2, 1, 1, True), document)
    pair = document['runs'][-1]
    check(len(pair['failed']) == 2 and pair['trouble'] and pair['faults'] == ['ExAllocatePool2 #1', 'ExAllocatePool2 #2'], pair)


@test
def every_mistake_on_the_way_out_is_found():
    """Each bug of scenarios/failures shows within as many runs as there are places, and the corrected twins stay silent."""
    for folder in sorted(path for path in FAILURES.iterdir() if path.is_dir()):
        bug, corrected = irqlab('run', folder / 'bug.json'), irqlab('run', folder / 'corrected.json')
        check_exit(bug, 0)
        check_exit(corrected, 0)


@test
def vary():
    for kinds, code in [('all', 0), ('allocation,status', 0), ('allocations', 2), ('', 2), ('step', 2)]:
        result = irqlab('run', '--vary', kinds, 'clean.json')
        check(result.returncode == code, f'{kinds}: exit {result.returncode}\n{result.stderr}')
    check_in('run: --vary takes all, or some of resident, allocation,', irqlab('run', '--vary', 'x', 'clean.json'))


@test
def faults_of_what_is_wrong_without_any():
    result = irqlab('run', '--faults', 'wrong.json')
    check_exit(result, 1)
    check_in('Where nothing fails it is not as expected:', result)


@test
def two_questions_at_once():
    check_exit(irqlab('run', '--faults', '--what-can-vary', 'clean.json'), 2)
    check_exit(irqlab('run', '--faults', '--junit', '-', 'clean.json'), 2)
    check_exit(irqlab('run', '--faults', 'nosuch.json'), 2)
