#!/usr/bin/env python3
"""The program as its user meets it: exit codes, help, errors, JUnit, JSON, order, killed workers, replay, completion.

test_cli.py [PROGRAM] [TEST ...]     PROGRAM: by default $BUILD_DIR/reports/cli/irqlab. Ends with `N passed, N failed`.
"""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SCENARIOS = HERE / 'scenarios'
COMMANDS = ['run', 'replay', 'trace', 'list', 'explain', 'bench']
FOREVER = '1000000000'
tests = []
program = ''


def test(function):
    tests.append(function)
    return function


def irqlab(*arguments, **options):
    """Runs the program in the folder of the test scenarios; output as text."""
    environment = {key: value for key, value in os.environ.items() if key not in ('NO_COLOR', 'CI')}
    environment.update(options.pop('environment', {}))
    options.setdefault('cwd', SCENARIOS)
    return subprocess.run([program, *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          encoding='utf-8', errors='surrogateescape', env=environment, timeout=120, check=False, **options)


def check(condition, *details):
    if not condition:
        raise AssertionError(' '.join(str(detail) for detail in details))


def check_exit(result, code):
    check(result.returncode == code, f'exit {result.returncode}, expected {code}\n{result.stdout}{result.stderr}')


def check_in(text, result):
    check(text in result.stdout + result.stderr, f'no {text!r} in\n{result.stdout}{result.stderr}')


def without_times(text):
    return re.sub(r' +\d+ ms$', '', text, flags=re.MULTILINE)


# ---- help and usage ----


@test
def help_names_every_command():
    result = irqlab('--help')
    check_exit(result, 0)
    for command in COMMANDS + ['test']:
        check_in(f'\n  {command}', result)
    check(irqlab('help').stdout == result.stdout, 'help and --help differ')


@test
def help_of_each_command():
    for command in COMMANDS:
        result = irqlab(command, '--help')
        check_exit(result, 0)
        check_in(f'irqlab {command}', result)
        check_in('Example', result)
        check(not result.stderr, result.stderr)
        check(irqlab('help', command).stdout == result.stdout, f'help {command} differs')
        check(max(map(len, result.stdout.splitlines())) <= 140, f'{command}: a line of the help is too long')


@test
def examples_of_the_help_are_right():
    """What the help of a command shows is understood: each example's options exist."""
    for command in COMMANDS:
        known = options_of(command)
        for line in re.findall(rf'^  irqlab {command} (.*)$', irqlab(command, '--help').stdout, re.MULTILINE):
            for option in re.findall(r'(?<!\S)--?[a-z][a-z-]*', line.split('  ')[0].split('|')[0]):
                check(option in known, f'irqlab {command} {line}: {option}')


@test
def version():
    result = irqlab('--version')
    check_exit(result, 0)
    check(re.fullmatch(r'irqlab \d+\.\d+\.\d+\S*\n', result.stdout), result.stdout)


@test
def bad_usage():
    for arguments, text in [
        ([], 'Usage: irqlab COMMAND'),
        (['frob'], 'unknown command "frob"'),
        (['rnu'], 'did you mean "run"?'),
        (['run', '--frob'], '--frob'),
        (['run', '--jobs', '0', 'clean.json'], '--jobs takes a number from 1 to 1024'),
        (['run', '--jobs', 'x', 'clean.json'], 'irqlab run --help'),
        (['run', '--schedules', '-1', 'clean.json'], 'no negative number'),
        (['run', '--seed', '-1', 'clean.json'], '--seed takes a number'),
        (['run', '--color', 'blue', 'clean.json'], 'auto, always or never'),
        (['run', '--junit', '/nonexistent/x.xml', 'clean.json'], '--junit /nonexistent/x.xml'),
        (['run', '--junit', '-', '--json', 'clean.json'], 'both write to standard output'),
        (['replay'], 'irqlab replay SCENARIO'),
        (['replay', 'clean.json', 'v1:-', 'more'], 'irqlab replay SCENARIO'),
        (['replay', 'clean.json', 'v2:-'], 'schedule, column'),
        (['replay', 'clean.json', 'v1:-:zz'], 'schedule, column'),
        (['replay', 'clean.json', '@/nonexistent'], '/nonexistent'),
        (['replay', '--times', '0', 'clean.json'], '--times takes a number from 1'),
        (['replay', 'nosuch.json'], 'no such file'),
        (['trace'], 'irqlab trace SCENARIO'),
        (['trace', 'bad.json'], 'unknown function "DbgPrnt"'),
        (['list', 'rule'], 'did you mean "rules"?'),
        (['explain'], 'irqlab explain'),
        (['explain', 'irql-to-high'], 'did you mean "irql-too-high"?'),
        (['explain', 'FltSendMesage'], 'did you mean "FltSendMessage"?'),
        (['bench', 'nosuch.json'], 'no such file'),
        (['test'], './irqlab test'),
    ]:
        result = irqlab(*arguments)
        check(result.returncode == 2, f'irqlab {" ".join(arguments)}: exit {result.returncode}\n{result.stdout}{result.stderr}')
        check_in(text, result)


# ---- exit codes, results ----


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


def on_terminal(arguments, environment, columns=100):
    """Its output on a terminal of that width."""
    import fcntl
    import pty
    import struct
    import termios
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack('HHHH', 40, columns, 0, 0))
    process = subprocess.Popen([program, *arguments], stdin=subprocess.DEVNULL, stdout=follower, stderr=follower, cwd=SCENARIOS,
                               env={**os.environ, **environment})
    os.close(follower)
    output = b''
    while True:
        try:
            chunk = os.read(leader, 65536)
        except OSError:
            break
        if not chunk:
            break
        output += chunk
    process.wait()
    os.close(leader)
    return output.decode()


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
    for text in ['hung: no CPU can go on', 'd.one spins on spin lock gB, at d.one step 2', 'spin lock gB: held by d.two on cpu 1',
                 'd.two spins on spin lock gA', 'of 300  hung', 'of 300  clean']:
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
    keys = {'file', 'argument', 'name', 'title', 'status', 'result', 'why', 'line', 'schedules', 'hash', 'exhausted', 'milliseconds', 'outcomes', 'notes',
            'report', 'log'}
    for scenario in document['scenarios']:
        check(set(scenario) == keys, sorted(set(scenario) ^ keys))
    check([scenario['status'] for scenario in document['scenarios']] == ['as expected', 'as expected', 'not as expected', 'bad input'])
    outcome = document['scenarios'][1]['outcomes'][0]
    check(set(outcome) == {'result', 'count', 'schedule', 'hash', 'cause', 'bugcheck', 'findings'}, sorted(outcome))
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


# ---- workers ----


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


def started(*arguments):
    return subprocess.Popen([program, *arguments], cwd=SCENARIOS, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@test
def killed_worker():
    for number, text in [(signal.SIGKILL, 'its worker process was killed'), (signal.SIGABRT, 'irqlab itself crashed while running it: Aborted')]:
        process = started('run', '--schedules', FOREVER, '--jobs', '1', 'long.json', 'clean.json')
        time.sleep(0.3)
        os.kill(workers_of(process)[0], number)
        output, errors = process.communicate(timeout=60)
        check(process.returncode == 1, process.returncode, output, errors)
        check(text in output and '  ok   clean ' in output and '1 as expected, 1 not (1 crashed)' in output, output)


@test
def late_worker():
    result = irqlab('run', '--schedules', FOREVER, '--timeout', '1', 'long.json', 'clean.json')
    check_exit(result, 1)
    check_in('it was ended after 1 seconds of host time (--timeout)', result)
    check_in('  ok   clean ', result)


@test
def interrupted():
    process = started('run', '--schedules', FOREVER, '--jobs', '1', 'clean.json', 'long.json', 'crash.json')
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
    process = started('run', '--schedules', FOREVER, 'long.json')
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
        process = started('run', '--schedules', FOREVER, *options, 'long.json')
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
    if b'__asan_init' in pathlib.Path(program).read_bytes():
        return  # a sanitizer maps more than any limit would leave it
    command = ['sh', '-c', 'ulimit -v 60000; exec "$@"', 'sh', program, 'run', 'clean.json']
    result = subprocess.run(command, cwd=SCENARIOS, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    check(result.returncode == 3, result.returncode, result.stdout, result.stderr)
    check("the machine's memory cannot be mapped" in result.stdout and '(1 not set up)' in result.stdout, result.stdout)


@test
def output_that_cannot_be_written():
    with open('/dev/full', 'w', encoding='ascii') as full:
        process = subprocess.run([program, 'list', 'rules'], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    check(process.returncode == 3 and 'cannot be written' in process.stderr, process.returncode, process.stderr)


@test
def closed_pipe():
    process = subprocess.Popen([program, 'list', 'functions'], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()
    process.wait(timeout=30)
    check(process.returncode in (0, -signal.SIGPIPE) and not process.stderr.read(), process.returncode)


# ---- replay, trace ----


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
    check_in('misfit:', irqlab('replay', 'clean.json', 'v1:-:12345678.s7=1'))


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


# ---- beside the program ----


def options_of(command):
    help_text = irqlab(command, '--help').stdout
    lines = re.findall(r'^  (-.*?)(?:  |$)', help_text, re.MULTILINE)
    return {option for line in lines for option in re.findall(r'(?<!\S)--?[a-z][a-z-]*', line.replace(',', ' '))} - {'-h'}


@test
def completion_and_manual_name_everything():
    folder = ROOT / 'reports'
    manual = (folder / 'irqlab.1').read_text(encoding='utf-8').replace('\\-', '-').replace('\\fI', '').replace('\\fR', '')
    texts = {path.name: path.read_text(encoding='utf-8') for path in sorted((folder / 'completion').iterdir())}
    check(len(texts) == 3, sorted(texts))
    for command in COMMANDS + ['test']:
        for name, text in {**texts, 'irqlab.1': manual}.items():
            check(re.search(rf'\b{command}\b', text), f'{name}: {command}')
    for command in COMMANDS:
        for option in sorted(options_of(command)):
            check(re.search(rf'(?<![\w-]){option}(?![\w-])', manual), f'irqlab.1: {command} {option}')
            for name in ('irqlab.bash', '_irqlab'):
                check(re.search(rf'(?<![\w-]){option}(?![\w-])', texts[name]) or len(option) == 2, f'{name}: {command} {option}')
            fish = rf'-l {option[2:]}\b' if option.startswith('--') else rf'-s {option[1:]}\b'
            check(re.search(fish, texts['irqlab.fish']), f'irqlab.fish: {command} {option}')


@test
def bash_completes():
    file = ROOT / 'reports/completion/irqlab.bash'
    for words, expected in [(['r'], ['replay', 'run']), (['run', '--j'], ['--jobs', '--json', '--junit']), (['run', '--color', 'a'], ['always', 'auto']),
                            (['list', 'r'], ['rules']), (['explain', 'irql-too'], ['irql-too-high', 'irql-too-low']),
                            (['explain', 'FltSend'], ['FltSendMessage'])]:
        script = f'''. "{file}"; COMP_WORDS=("{program}" {' '.join(words)}); COMP_CWORD={len(words)}; _irqlab; printf '%s\\n' "${{COMPREPLY[@]}}" | sort'''
        done = subprocess.run(['bash', '-c', script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False, cwd=HERE / 'scenarios')
        check(done.stdout.split() == expected, f'{words}: {done.stdout.split()}\n{done.stderr}')


@test
def manual_is_well_formed():
    if not shutil.which('groff'):
        return
    done = subprocess.run(['groff', '-man', '-ww', '-Tutf8', '-z', ROOT / 'reports/irqlab.1'], stderr=subprocess.PIPE, text=True, check=False)
    check(not done.stderr, done.stderr)


# ---- all ----


def main():
    global program
    arguments = sys.argv[1:]
    build = os.environ.get('BUILD_DIR')
    names = {function.__name__ for function in tests}
    if arguments and arguments[0] not in names:
        program = os.path.abspath(arguments.pop(0))
    elif build:
        program = os.path.join(os.path.abspath(build), 'reports/cli/irqlab')
    else:
        sys.exit(__doc__)
    passed = failed = 0
    for function in tests:
        if arguments and function.__name__ not in arguments:
            continue
        try:
            function()
            passed += 1
        except Exception as error:  # pylint: disable=broad-except
            failed += 1
            print(f'FAILED {function.__name__}: {error}' if isinstance(error, AssertionError) else f'FAILED {function.__name__}\n{traceback.format_exc()}')
    print(f'{passed} passed, {failed} failed')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
