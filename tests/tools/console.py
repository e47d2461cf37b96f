"""Console sessions as text: `$ command`, its output (stdout and stderr together), and `[exit N]` when N is not 0.

Shared by the golden transcripts (tests/cli/console_test.py) and the replay of documents (docs_replay.py).
"""

import os
import re
import subprocess

TIMEOUT_SECONDS = 60
# What differs from run to run, or from build to build.
VOLATILE = [(re.compile(r'sha256:[0-9a-f]{64}'), 'sha256:…'), (re.compile(r'127\.0\.0\.1:\d{4,5}'), '127.0.0.1:PORT')]


def parse(lines):
    """Returns [(commands, expected)]: a command may go on in lines that begin with "> "."""
    steps = []
    for line in lines:
        if line.startswith('$ '):
            steps.append([line[2:], []])
        elif line.startswith('> ') and steps and not steps[-1][1]:
            steps[-1][0] += '\n' + line[2:]
        elif steps:
            steps[-1][1].append(line)
        elif line.strip():
            raise ValueError(f'output before the first command: {line!r}')
    return steps


def environment(writ):
    result = {name: os.environ[name] for name in ('PATH', 'HOME', 'LANG', 'ASAN_OPTIONS', 'UBSAN_OPTIONS', 'TSAN_OPTIONS') if name in os.environ}
    result['PATH'] = os.path.dirname(os.path.abspath(writ)) + os.pathsep + result.get('PATH', os.defpath)
    result['LC_ALL'] = 'C.UTF-8'
    return result


class Session:
    """Runs commands one after another in a folder; `$?` is that of the command before."""

    def __init__(self, writ, folder):
        self.folder, self.last = folder, 0
        self.environment = environment(writ)

    def run(self, command):
        result = subprocess.run(['bash', '-c', f'(exit {self.last})\n{command}'], cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=TIMEOUT_SECONDS, check=False)
        self.last = result.returncode
        text = result.stdout.decode('utf-8', errors='backslashreplace')
        for pattern, replacement in VOLATILE:
            text = pattern.sub(replacement, text)
        lines = [line.rstrip() for line in text.split('\n')]
        while lines and not lines[-1]:
            lines.pop()
        if self.last:
            lines.append(f'[exit {self.last}]')
        return lines


def is_line(expected, actual):
    """`…` inside a line stands for any text."""
    return expected == actual or re.fullmatch('.*'.join(re.escape(part) for part in expected.split('…')), actual) is not None


def is_head(expected, actual):
    return len(expected) <= len(actual) and all(is_line(*pair) for pair in zip(expected, actual))


def matches(expected, actual):
    """Line by line; a line `…` stands for any lines."""
    expected = [line.rstrip() for line in expected]
    while expected and not expected[-1]:
        expected.pop()
    if '…' not in expected:
        return len(expected) == len(actual) and is_head(expected, actual)
    before, after = expected[:expected.index('…')], expected[expected.index('…') + 1:]
    rest = actual[len(before):]
    return is_head(before, actual) and any(matches(after, rest[i:]) for i in range(len(rest) + 1))
