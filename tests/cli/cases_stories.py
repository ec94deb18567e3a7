"""How it came to this, as a user reads it: what stands where, when, and in which order."""

import json
import pathlib
import re
import shutil
import tempfile

from cases_races import THREAD, story_of
from harness import HERE, ROOT, check, irqlab, test

LIBRARY = [ROOT / 'scenarios' / folder for folder in ('drivers', 'failures', 'rules', 'seeds')]


def threads(folder, globals_of, functions, locals_of, entry=()):
    """Threads d.NAME, the first on cpu 0, the next on cpu 1."""
    file = pathlib.Path(folder, 'mine.json')
    driver = {'globals': globals_of, 'DriverEntry': [*entry, 'return STATUS_SUCCESS']}
    driver |= {name: {'as': THREAD, 'locals': locals_of, 'do': steps} for name, steps in functions.items()}
    traffic = [{'at': '1ms', 'thread': f'd.{name}', 'in': f'cpu {n}'} for n, name in enumerate(functions)]
    file.write_text(json.dumps({'irqlab': 1, 'title': 't', 'machine': {'cpus': 2, 'windows': '10'}, 'drivers': {'d': driver}, 'traffic': traffic}),
                    encoding='utf-8')
    return file


def order_of(story, *texts):
    """The texts stand in the story, in that order."""
    places = []
    for text in texts:
        found = re.search(text, story)
        check(found, f'no {text!r} in\n{story}')
        places.append(found.start())
    check(places == sorted(places), f'{texts} in another order:\n{story}')


@test
def a_lock_that_is_waited_for_is_told_twice():
    with tempfile.TemporaryDirectory() as folder:
        hold = ['KeAcquireSpinLock(&gLock, &irql)', 'KeStallExecutionProcessor(5)', 'gCount = gCount + 1', 'KeReleaseSpinLock(&gLock, irql)']
        file = threads(folder, {'gLock': 'KSPIN_LOCK', 'gCount': 'LONG'}, {'one': hold, 'two': hold}, {'irql': 'KIRQL'},
                       ['KeInitializeSpinLock(&gLock)'])
        story = story_of(irqlab('run', '-v', file).stdout)
        order_of(story, r'KeAcquireSpinLock\(gLock\): raises', r'KeAcquireSpinLock\(gLock\) spins, d\.one\s+has it', r'KeReleaseSpinLock\(gLock\)',
                 r'KeAcquireSpinLock\(gLock\).*,\s+has\s+it(?!.*spins)')


@test
def times_of_a_story_never_decrease():
    """Whatever each CPU's own clock says; what comes before boot is over has a time of its own."""
    outcomes = json.loads(irqlab('run', '--json', '--schedules', '20', *LIBRARY).stdout)['scenarios']
    count = 0
    for outcome in outcomes:
        if 'how it came to this' not in (outcome.get('report') or ''):
            continue
        times = [(not boot, float(time)) for boot, time in re.findall(r'^  (?:->|\|\||  ) +(boot\+)?(-?[0-9.]+) ms  ', story_of(outcome['report']), re.MULTILINE)]
        check(times == sorted(times) and all(time >= 0 for _, time in times), outcome['report'])
        count += len(times)
    check(count > 1000, count)
    report = irqlab('run', '-v', ROOT / 'scenarios/failures/driver-entry-forgets/bug.json').stdout
    check('DriverEntry of fw failed and left device 1 behind' in report and 'Undo in DriverEntry, before it returns an error' in report, report)
    check('boot+0.000000 ms  the thread begins' in report, report)
    check('FwpsInjectionHandleCreate0 = STATUS_FWP_TCPIP_NOT_READY, by' in report and report.count('FwpsInjectionHandleCreate0') == 1, report)


def compiled(folder, source, functions):
    """A scenario of a driver in a C file beside this one, whose functions run as threads, one after another."""
    shutil.copy(HERE / source, folder)
    traffic = [{'at': f'{n + 1}ms', 'thread': f'd.{function}', 'in': 'cpu 0'} for n, function in enumerate(functions)]
    file = pathlib.Path(folder, 'mine.json')
    file.write_text(json.dumps({'irqlab': 1, 'title': 't', 'machine': {'cpus': 1, 'windows': '10'}, 'drivers': {'d': {'source': source}}, 'traffic': traffic}),
                    encoding='utf-8')
    return file


def words_of(file):
    return re.sub(r'\s+', ' ', irqlab('run', '-v', file).stdout)


@test
def members_are_told_by_their_names():
    """Of what a pointer points to and of variables; nested, in arrays, in unions and of some bits; by the line that names them, or by their type."""
    with tempfile.TemporaryDirectory() as folder:
        report = words_of(compiled(folder, 'members.c', ('Element', 'Bits', 'Whole', 'Half', 'Chain', 'Two', 'Null')))
        for text in ("d.Element writes 8 bytes at table->Entries[2].Since.QuadPart, in pool block", 'd.Bits writes 1 byte at table->Closing (a bit field), in',
                     'd.Whole writes 8 bytes at table->Word.Whole, in', 'd.Half writes 4 bytes at table->Word.Half.High, in',
                     'd.Chain writes 2 bytes at gTable->Next->Entries[1].Port, in', 'd.Two writes 16 bytes at TABLE.Entries[1], in',
                     'd.Null reads 8 bytes at NULL + 120 (gOther.Next->Next)', 'KeSetEvent(gOther.Done)'):
            check(text in report, f'no {text!r} in\n{report}')


@test
def an_overwritten_return_address_is_told_as_that():
    cases = (('Zeros', 'wild-access: d.Copy returns to NULL: its return address on the stack was overwritten', 'it has the array buffer (16 bytes).'),
             ('Letters', 'wild-access: d.Fill returns to 0x4141414141414141: its return', 'it has the array name (16 bytes).'),
             ('Nowhere', 'null-access: d.Nowhere runs code at NULL', 'Check the status or the pointer'))
    for function, headline, mend in cases:
        with tempfile.TemporaryDirectory() as folder:
            report = words_of(compiled(folder, 'smash.c', [function]))
            check(headline in report and mend in report, report)


@test
def what_is_left_behind_says_where_it_was_made():
    report = irqlab('run', '-v', ROOT / 'scenarios/rules/left-behind-at-unload/bad-callout.json').stdout
    check(re.search(r'made by: +FwpsCalloutRegister1 \(fw\.DriverEntry step 4\), at boot\+', report), report)


@test
def a_mistake_found_at_a_return_stands_behind_what_led_to_it():
    story = story_of(irqlab('run', '-v', ROOT / 'scenarios/seeds/kb2664888/wait.json').stdout)
    order_of(story, r'netio leaves its stream lock', r'returns at DISPATCH\s+\[irql-leak\]', r'\[wait-at-dispatch\]')


@test
def a_round_that_was_cut_off_is_not_told():
    story = story_of(irqlab('run', '-v', ROOT / 'scenarios/rules/livelock/bad-in-step.json').stdout)
    check(story.count('KeTryToAcquireSpinLockAtDpcLevel(gB)') == 1, story)
