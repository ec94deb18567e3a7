"""What the cases of tests/cli share: running the program, checking what it said."""

import fcntl
import os
import pathlib
import pty
import re
import struct
import subprocess
import termios

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SCENARIOS = HERE / 'scenarios'
COMMANDS = ['run', 'explore', 'merge', 'replay', 'shrink', 'when', 'trace', 'list', 'explain', 'bench']
tests = []
program = ''


def program_set(path):
    global program
    program = os.path.abspath(path)


def program_path():
    return program


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


def options_of(command):
    help_text = irqlab(command, '--help').stdout
    lines = re.findall(r'^  (-.*?)(?:  |$)', help_text, re.MULTILINE)
    return {option for line in lines for option in re.findall(r'(?<!\S)--?[a-z][a-z-]*', line.replace(',', ' '))} - {'-h'}


def on_terminal(arguments, environment, columns=100):
    """Its output on a terminal of that width."""
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
