#!/usr/bin/env python3
"""Format, headers that compile alone, and clang-tidy, over the files that git knows.

    tests/tools/lint.py --build BUILD [--all] [--seconds N] [FILE…]

BUILD has a compile_commands.json of clang. clang-tidy runs on the .cc files that changed since the merge base with the main branch
first and then on the others, until N seconds (default 480) are over; what was clean before with the same text, headers and
configuration is not looked at again (BUILD/lint-cache). --all has no time limit. Closes with `N passed, N failed, N skipped`.
"""

import argparse
import concurrent.futures
import hashlib
import json
import os
import re
import subprocess
import sys
import time

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), '../..'))
FOLDERS = ('rules', 'dsl', 'engine', 'webhook', 'cli', 'tests', 'bench')
TIDY_FOLDERS = ('rules', 'dsl', 'engine', 'webhook', 'cli')  # tests follow the format, not the checks
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.M)


class Counts:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def add(self, name, ok, output):
        self.passed += ok
        self.failed += not ok
        if not ok:
            print(f'{name}: failed\n{output.rstrip()}', flush=True)


def run(command, **options):
    return subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, **options)


def git_files(*patterns):
    listing = run(['git', 'ls-files', '--cached', '--others', '--exclude-standard', '--', *patterns]).stdout.split('\n')
    return sorted({path for path in listing if path and os.path.exists(os.path.join(ROOT, path))})


def changed_files():
    for branch in ('origin/main', 'origin/master', 'main', 'master'):
        base = run(['git', 'merge-base', 'HEAD', branch])
        if base.returncode == 0:
            # On the main branch itself: what the last commit changed.
            head = run(['git', 'rev-parse', 'HEAD']).stdout.strip()
            since = base.stdout.strip() if base.stdout.strip() != head else 'HEAD~1'
            return set(run(['git', 'diff', '--name-only', since]).stdout.split())
    return set()


class Cache:
    """Remembers by content what was clean. A key covers the file, the headers of the project below it, the flags and the checks."""

    def __init__(self, folder, salt):
        self.folder, self.salt, self.texts = folder, salt, {}
        os.makedirs(folder, exist_ok=True)

    def text(self, path):
        if path not in self.texts:
            try:
                with open(os.path.join(ROOT, path), encoding='utf-8') as source:
                    self.texts[path] = source.read()
            except OSError:
                self.texts[path] = None
        return self.texts[path]

    def key(self, path, kind):
        seen, waiting = {}, [path]
        while waiting:
            name = waiting.pop()
            if name in seen or self.text(name) is None:
                continue
            seen[name] = self.text(name)
            for include in INCLUDE.findall(seen[name]):
                waiting += [include, 'engine/include/' + include, os.path.join(os.path.dirname(name), include)]
        digest = hashlib.sha256((self.salt + kind).encode())
        for name in sorted(seen):
            digest.update(name.encode() + b'\0' + seen[name].encode() + b'\0')
        return os.path.join(self.folder, digest.hexdigest())


def lint_format(files, counts):
    for path in files:
        if path.endswith('_list.h'):  # X-lists are tables, aligned by hand
            continue
        result = run(['clang-format-14', '--dry-run', '-Werror', path])
        counts.add('format ' + path, result.returncode == 0, '\n'.join(result.stderr.splitlines()[:6]))


def lint_headers(headers, cache, counts, jobs):
    """Each header compiled as the only text of a file."""

    def compile_alone(path):
        key = cache.key(path, 'header')
        if os.path.exists(key):
            return path, True, ''
        result = run(['g++', '-std=c++20', '-fsyntax-only', '-Wall', '-Wextra', '-DWRIT_SOURCE_DIR="."', '-I.', '-Iengine/include',
                      '-x', 'c++', path])
        output = '\n'.join(line for line in result.stderr.splitlines() if '#pragma once in main file' not in line)
        ok = result.returncode == 0
        if ok:
            open(key, 'w', encoding='utf-8').close()
        return path, ok, output

    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for path, ok, output in pool.map(compile_alone, headers):
            counts.add('header ' + path, ok, output)


def lint_tidy(files, build, cache, counts, jobs, seconds):
    end = time.monotonic() + seconds
    late = []

    def tidy(path):
        key = cache.key(path, 'tidy')
        if os.path.exists(key):
            return path, True, ''
        if time.monotonic() > end:
            late.append(path)
            return path, None, ''
        result = run(['clang-tidy-14', '--quiet', '-p', build, path])
        output = '\n'.join(line for line in result.stdout.splitlines() if 'warnings treated as errors' not in line)
        # What stands in a header of the system (an instance of one of its templates) cannot be changed here.
        ours = [line for line in output.splitlines() if re.search(r'(^|: )(error|warning): ', line) and not line.startswith('/usr/')]
        ok = result.returncode == 0 or (bool(output) and not ours)
        if ok:
            open(key, 'w', encoding='utf-8').close()
        return path, ok, output + ('' if output else result.stderr)

    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for path, ok, output in pool.map(tidy, files):
            if ok is not None:
                counts.add('tidy ' + path, ok, output)
    counts.skipped += len(late)
    if late:
        print(f'skipped: clang-tidy of {len(late)} of {len(files)} files: {seconds:.0f} s were over (--all takes its time); they come first next time')


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--build', required=True)
    parser.add_argument('--all', action='store_true')
    parser.add_argument('--seconds', type=float, default=480)
    parser.add_argument('--jobs', type=int, default=os.cpu_count() or 2)
    parser.add_argument('files', nargs='*')
    options = parser.parse_args()
    build = os.path.abspath(options.build)
    with open(os.path.join(build, 'compile_commands.json'), encoding='utf-8') as commands:
        compiled = {os.path.relpath(entry['file'], ROOT) for entry in json.load(commands)}
    with open(os.path.join(ROOT, '.clang-tidy'), encoding='utf-8') as checks:
        cache = Cache(os.path.join(build, 'lint-cache'), checks.read())

    wanted = set(options.files)
    files = [path for path in git_files('*.h', '*.cc') if path.split('/')[0] in FOLDERS and (not wanted or path in wanted)]
    headers = [path for path in files if path.endswith('.h')]
    sources = [path for path in files if path in compiled and path.split('/')[0] in TIDY_FOLDERS]
    changed = changed_files()
    sources.sort(key=lambda path: (path not in changed, path))

    counts = Counts()
    lint_format(files, counts)
    lint_headers(headers, cache, counts, options.jobs)
    print(f'lint: format of {len(files)} files, {len(headers)} headers alone, clang-tidy of {len(sources)} sources ({len(changed & set(sources))} changed)', flush=True)
    lint_tidy(sources, build, cache, counts, options.jobs, float('inf') if options.all else options.seconds)
    print(f'{counts.passed} passed, {counts.failed} failed, {counts.skipped} skipped')
    return 1 if counts.failed else 0


if __name__ == '__main__':
    sys.exit(main())
