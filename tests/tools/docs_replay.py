#!/usr/bin/env python3
"""Proves the fences of README.md, policies/README.md and docs/*.md.

    tests/tools/docs_replay.py --writ build/dev/writ [--update] [FILE…]

    ```console         each `$ command` is run and its output compared; a line `…` stands for any lines, `[exit N]` for an exit code
    ```writ            is checked, is formatted, and its tests pass
    ```json            parses
    ```KIND FILE       is also written to FILE, for the sessions below it in the same document

A document is one session in an empty folder in which `policies` is the repository's. --update rewrites the outputs of console fences
(refused when CI is set). Closes with `N passed, N failed, N skipped`; a case is a fence or a command.
"""

import argparse
import glob
import json
import os
import re
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import console  # noqa: E402

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), '../..'))
FENCE = re.compile(r'^```([a-z]*)(?: +(\S+))?\s*$')


def read_fences(lines):
    """Returns [(kind, file, first line, end line)]: half-open, 0-based, without the fence lines."""
    fences, start = [], None
    for number, line in enumerate(lines):
        found = FENCE.match(line)
        if start is None and found:
            start = (found[1], found[2], number + 1)
        elif start is not None and line.rstrip() == '```':
            fences.append((*start, number))
            start = None
    if start is not None:
        raise ValueError(f'the fence of line {start[2]} is not closed')
    return fences


class Replay:
    def __init__(self, path, writ, update):
        self.path, self.update = path, update
        self.name = os.path.relpath(path, ROOT)
        with open(path, encoding='utf-8') as document:
            self.lines = document.read().split('\n')
        self.passed = self.failed = 0
        self.writ = writ

    def fail(self, line, text):
        self.failed += 1
        print(f'{self.name}:{line}: {text}')

    def count(self, line, output, what):
        """`output`: lines that a command printed, [exit N] last when it failed."""
        if output and output[-1].startswith('[exit '):
            self.fail(line, f'{what}:\n  ' + '\n  '.join(output))
        else:
            self.passed += 1

    def replay_console(self, session, begin, end):
        new = []
        for command, expected in console.parse(self.lines[begin:end]):
            actual = session.run(command)
            if console.matches(expected, actual):
                self.passed += 1
                new += ['$ ' + command.replace('\n', '\n> ')] + expected
                continue
            new += ['$ ' + command.replace('\n', '\n> ')] + actual
            if self.update:
                self.passed += 1
            else:
                self.fail(begin + 1, f'$ {command}\nexpected:\n  ' + '\n  '.join(expected) + '\ngot:\n  ' + '\n  '.join(actual))
        return '\n'.join(new).split('\n')

    def check_writ(self, session, begin, end, file):
        name = file or 'fence.writ'
        text = '\n'.join(self.lines[begin:end]) + '\n'
        with open(os.path.join(session.folder, name), 'w', encoding='utf-8') as policy:
            policy.write(text)
        self.count(begin + 1, session.run(f'writ check {name}'), 'writ check')
        self.count(begin + 1, session.run(f'writ fmt --diff {name}'), 'writ fmt')
        if re.search(r'^test "', text, re.M):
            self.count(begin + 1, session.run(f'writ test {name}'), 'writ test')
        if not file:
            os.remove(os.path.join(session.folder, name))
        session.last = 0

    def run(self):
        with tempfile.TemporaryDirectory() as folder:
            os.symlink(os.path.join(ROOT, 'policies'), os.path.join(folder, 'policies'))
            session = console.Session(self.writ, folder)
            shift = 0
            for kind, file, begin, end in read_fences(self.lines):
                begin, end = begin + shift, end + shift
                if kind == 'console':
                    new = self.replay_console(session, begin, end)
                    shift += len(new) - (end - begin)
                    self.lines[begin:end] = new
                elif kind == 'writ':
                    self.check_writ(session, begin, end, file)
                elif file:
                    with open(os.path.join(folder, file), 'w', encoding='utf-8') as out:
                        out.write('\n'.join(self.lines[begin:end]) + '\n')
                if kind == 'json':
                    try:
                        json.loads('\n'.join(self.lines[begin:end]))
                        self.passed += 1
                    except ValueError as error:
                        self.fail(begin + 1, f'not JSON: {error}')
        if self.update:
            with open(self.path, 'w', encoding='utf-8') as document:
                document.write('\n'.join(self.lines))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--writ', required=True)
    parser.add_argument('--update', action='store_true')
    parser.add_argument('files', nargs='*')
    options = parser.parse_args()
    if options.update and os.environ.get('CI'):
        sys.exit('docs_replay.py: --update is refused when CI is set')
    files = options.files or [os.path.join(ROOT, 'README.md'), os.path.join(ROOT, 'policies/README.md'), *sorted(glob.glob(os.path.join(ROOT, 'docs/*.md')))]
    passed = failed = 0
    for path in files:
        replay = Replay(os.path.abspath(path), options.writ, options.update)
        try:
            replay.run()
        except ValueError as error:
            replay.fail(1, str(error))
        passed, failed = passed + replay.passed, failed + replay.failed
    print(f'{passed} passed, {failed} failed, 0 skipped')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
