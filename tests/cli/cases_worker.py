"""Processes: order, death, interruption, the sandbox, output that cannot be written."""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time

from harness import SCENARIOS, check, check_exit, check_in, irqlab, program_path, test, without_times


@test
def order_does_not_depend_on_jobs():
    outputs = {without_times(irqlab('run', '-v', '--jobs', jobs, SCENARIOS).stdout) for jobs in (1, 2, 7)}
    check(len(outputs) == 1, 'outputs differ')


def workers_of(process):
    """Process ids of its children, once there are some."""
    for _ in range(200):
        children = pathlib.Path(f'/proc/{process.pid}/task/{process.pid}/children').read_text(encoding='ascii').split()
        if children:
            return [int(child) for child in children]
        time.sleep(0.02)
    raise AssertionError('no worker was started')


FOLDER = tempfile.TemporaryDirectory(prefix='irqlab-')


def folder():
    """Scenarios beside which one, forever.json, does not come to its end."""
    forever = json.loads((SCENARIOS / 'long.json').read_text(encoding='utf-8'))
    forever['policy']['schedules'] = 10**9
    (pathlib.Path(FOLDER.name) / 'forever.json').write_text(json.dumps(forever), encoding='utf-8')
    for name in ('clean.json', 'crash.json'):
        shutil.copy(SCENARIOS / name, FOLDER.name)
    return FOLDER.name


def started(*arguments):
    return subprocess.Popen([program_path(), *arguments], cwd=folder(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@test
def killed_worker():
    for number, text in [(signal.SIGKILL, 'its worker process was killed'), (signal.SIGABRT, 'irqlab itself crashed while running it: Aborted')]:
        process = started('run', '--jobs', '1', 'forever.json', 'clean.json')
        time.sleep(0.3)
        os.kill(workers_of(process)[0], number)
        output, errors = process.communicate(timeout=60)
        check(process.returncode == 1, process.returncode, output, errors)
        check(text in output and '  ok   clean ' in output and '1 as expected, 1 not (1 crashed)' in output, output)


@test
def late_worker():
    result = irqlab('run', '--timeout', '1', 'forever.json', 'clean.json', cwd=folder())
    check_exit(result, 1)
    check_in('it was ended after 1 seconds of host time (--timeout)', result)
    check_in('  ok   clean ', result)


@test
def interrupted():
    process = started('run', '--jobs', '1', 'clean.json', 'forever.json', 'crash.json')
    check('clean' in process.stdout.readline(), 'the first result comes at once')
    children = workers_of(process)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    check(process.returncode == 130, process.returncode)
    check('1 scenario: 1 as expected, 0 not; interrupted, 2 not run' in output, output)
    for child in children:
        check(not os.path.exists(f'/proc/{child}'), 'a worker is left behind')


@test
def workers_end_with_their_parent():
    process = started('run', 'forever.json')
    children = workers_of(process)
    process.kill()
    process.communicate()
    for _ in range(100):
        if not any(alive(child) for child in children):
            return
        time.sleep(0.02)
    check(False, 'a worker is left behind')


def alive(process):
    try:
        state = pathlib.Path(f'/proc/{process}/stat').read_text(encoding='ascii', errors='replace').rsplit(')', 1)[1].split()[0]
    except OSError:
        return False
    return state != 'Z'


@test
def workers_are_in_a_sandbox():
    for options, expected in [([], {'2'}), (['--no-sandbox'], {'0'})]:
        process = started('run', *options, 'forever.json')
        modes = set()
        for _ in range(100):
            child = workers_of(process)[0]
            modes = set(re.findall(r'^Seccomp:\t(\d)', pathlib.Path(f'/proc/{child}/status').read_text(encoding='ascii'), re.MULTILINE))
            if modes == expected:
                break
            time.sleep(0.02)
        process.kill()
        process.communicate()
        check(modes == expected or not modes, f'{options}: Seccomp {modes}')


@test
def memory_that_cannot_be_mapped():
    if b'__asan_init' in pathlib.Path(program_path()).read_bytes():
        return  # a sanitizer maps more than any limit would leave it
    command = ['sh', '-c', 'ulimit -v 60000; exec "$@"', 'sh', program_path(), 'run', 'clean.json']
    result = subprocess.run(command, cwd=SCENARIOS, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    check(result.returncode == 3, result.returncode, result.stdout, result.stderr)
    check("the machine's memory cannot be mapped" in result.stdout and '(1 not set up)' in result.stdout, result.stdout)


@test
def output_that_cannot_be_written():
    with open('/dev/full', 'w', encoding='ascii') as full:
        process = subprocess.run([program_path(), 'list', 'rules'], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    check(process.returncode == 3 and 'cannot be written' in process.stderr, process.returncode, process.stderr)


@test
def closed_pipe():
    process = subprocess.Popen([program_path(), 'list', 'functions'], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()
    process.wait(timeout=30)
    check(process.returncode in (0, -signal.SIGPIPE) and not process.stderr.read(), process.returncode)
