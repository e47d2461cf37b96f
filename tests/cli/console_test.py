#!/usr/bin/env python3
"""Replays tests/golden/console/*.txt against the built program: commands, outputs, exit codes.

    tests/cli/console_test.py --writ build/dev/writ [--update] [NAME…]

Each file is one session in a fresh copy of tests/golden/console/files. Lines that begin with # before the first command say what it
is about. --update rewrites the outputs and is refused when CI is set. Closes with `N passed, N failed, N skipped`; a case is a file.
"""

import argparse
import difflib
import os
import shutil
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../tools'))
import console  # noqa: E402

GOLDEN = os.path.join(os.path.dirname(os.path.abspath(__file__)), '../golden/console')


def replay(path, writ):
    """Returns (expected lines, actual lines) of one file."""
    with open(path, encoding='utf-8') as golden:
        lines = golden.read().rstrip('\n').split('\n')
    head = []
    while lines and (lines[0].startswith('#') or not lines[0]):
        head.append(lines.pop(0))
    actual = list(head)
    with tempfile.TemporaryDirectory() as folder:
        work = os.path.join(folder, 'work')
        shutil.copytree(os.path.join(GOLDEN, 'files'), work)
        session = console.Session(writ, work)
        for command, _ in console.parse(lines):
            actual += ['$ ' + command.replace('\n', '\n> ')] + session.run(command) + ['']
    while actual and not actual[-1]:
        actual.pop()
    return head + lines, '\n'.join(actual).split('\n')


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--writ', required=True)
    parser.add_argument('--update', action='store_true')
    parser.add_argument('names', nargs='*')
    options = parser.parse_args()
    if options.update and os.environ.get('CI'):
        sys.exit('console_test.py: --update is refused when CI is set')
    passed = failed = 0
    for name in sorted(os.listdir(GOLDEN)):
        if not name.endswith('.txt') or (options.names and name[:-4] not in options.names):
            continue
        path = os.path.join(GOLDEN, name)
        expected, actual = replay(path, options.writ)
        if expected == actual:
            passed += 1
            continue
        print(f'tests/golden/console/{name}:')
        print('\n'.join(difflib.unified_diff(expected, actual, 'expected', 'actual', lineterm='')))
        if options.update:
            with open(path, 'w', encoding='utf-8') as golden:
                golden.write('\n'.join(actual) + '\n')
            passed += 1
        else:
            failed += 1
    print(f'{passed} passed, {failed} failed, 0 skipped')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
