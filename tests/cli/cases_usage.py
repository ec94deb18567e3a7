"""Help, usage, completion, the manual page."""

import re
import shutil
import subprocess

from harness import COMMANDS, HERE, ROOT, check, check_exit, check_in, irqlab, options_of, program_path, test


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
        (['run', '--polcy=pct', 'clean.json'], '--polcy=pct; did you mean "--policy"?'),
        (['explore', '--shedules', '7', 'clean.json'], '--shedules; did you mean "--schedules"?'),
        (['run', '--jobs', '0', 'clean.json'], '--jobs takes a number from 1 to 1024'),
        (['run', '--jobs', 'x', 'clean.json'], 'irqlab run --help'),
        (['run', '--schedules', '-1', 'clean.json'], 'no negative number'),
        (['run', '--seed', '-1', 'clean.json'], '--seed takes a number'),
        (['run', '--color', 'blue', 'clean.json'], 'auto, always or never'),
        (['run', '--junit', '/nonexistent/x.xml', 'clean.json'], '--junit /nonexistent/x.xml'),
        (['run', '--junit', '-', '--json', 'clean.json'], 'both write to standard output'),
        (['run', '-j0', 'clean.json'], '--jobs takes a number from 1 to 1024'),
        (['explore', '--schedules', '0', 'clean.json'], '--schedules takes a number from 1, not 0'),
        (['explore', '--schedules', '-1', 'clean.json'], '--schedules takes a number from 1, not -1'),
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


@test
def numbers_behind_letters():
    check_exit(irqlab('run', '-j2', 'clean.json'), 0)
    check_exit(irqlab('explore', '-j1', '--schedules', '10', 'clean.json'), 0)
    result = irqlab('replay', '-n3', 'clean.json')
    check_exit(result, 0)
    check(result.stdout == irqlab('replay', '-n', '3', 'clean.json').stdout, result.stdout)
    check_in('--times takes a number from 1', irqlab('replay', '-n0', 'clean.json'))
    for arguments in (['run', '-jx', 'clean.json'], ['run', '--', '-j2']):
        check_exit(irqlab(*arguments), 2)


# ---- beside the program ----


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
        script = f'''. "{file}"; COMP_WORDS=("{program_path()}" {' '.join(words)}); COMP_CWORD={len(words)}; _irqlab; printf '%s\\n' "${{COMPREPLY[@]}}" | sort'''
        done = subprocess.run(['bash', '-c', script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False, cwd=HERE / 'scenarios')
        check(done.stdout.split() == expected, f'{words}: {done.stdout.split()}\n{done.stderr}')


@test
def manual_is_well_formed():
    if not shutil.which('groff'):
        return
    done = subprocess.run(['groff', '-man', '-ww', '-Tutf8', '-z', ROOT / 'reports/irqlab.1'], stderr=subprocess.PIPE, text=True, check=False)
    check(not done.stderr, done.stderr)
