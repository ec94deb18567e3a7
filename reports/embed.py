"""The generated reference pages of the DDI as a C table, sorted by name: what `irqlab explain FUNCTION` shows.

embed.py --output FILE PAGE.md ...
"""

import argparse
import pathlib
import re


def sections(text: str):
    """(name, body) of each `## NAME` of a page."""
    for part in re.split(r'^## ', text, flags=re.MULTILINE)[1:]:
        name, _, body = part.partition('\n')
        yield name.strip(), body.strip() + '\n'


def quoted(text: str) -> str:
    """A C string literal, a source line for each line."""
    escaped = text.replace('\\', '\\\\').replace('"', '\\"')
    return '\n'.join(f'    "{line}\\n"' for line in escaped.splitlines())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--output', required=True)
    parser.add_argument('pages', nargs='+')
    options = parser.parse_args()
    entries = {}
    for page in options.pages:
        entries.update(sections(pathlib.Path(page).read_text(encoding='utf-8')))
    lines = ['/* Made by embed.py. */', '#include "reference.h"', '', 'const ReferenceEntry reference_entries[] = {']
    for name in sorted(entries):
        lines.append(f'  { "{" } "{name}",\n{quoted(entries[name])} { "}" },')
    lines += ['};', 'const size_t reference_entry_count = sizeof reference_entries / sizeof reference_entries[0];', '']
    pathlib.Path(options.output).write_text('\n'.join(lines), encoding='utf-8')


if __name__ == '__main__':
    main()
