#!/usr/bin/env python3
"""Format, headers that compile alone, and clang-tidy, over the files that git knows.

    tests/tools/lint.py --build BUILD [--all] [--seconds N] [FILE…]

BUILD has a compile_commands.json of clang. Formats and headers are looked at everywhere. clang-tidy runs on what changed since the
commit that .ci/linted names: sources, and for each header one source that includes it. --all runs it on every source and, when all
are clean and nothing is uncommitted, writes that commit down. There is no time limit, unless --seconds sets one: what was not looked
at by then has failed. What was clean before with the same text, headers and configuration is not looked at again; that is kept in
$XDG_CACHE_HOME/writ/lint, so that checkouts share it. Closes with `N passed, N failed, N skipped`.
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
FOLDERS = ('rules', 'dsl', 'engine', 'webhook', 'cli', 'table', 'tests', 'bench')
TIDY_FOLDERS = ('rules', 'dsl', 'engine', 'webhook', 'cli', 'table')  # tests follow the format, not the checks
LINTED = '.ci/linted'
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
    """What differs from the commit that was last linted as a whole; None when that commit is not known here."""
    try:
        with open(os.path.join(ROOT, LINTED), encoding='utf-8') as file:
            commit = file.read().strip()
    except OSError:
        return None
    if run(['git', 'merge-base', '--is-ancestor', commit, 'HEAD']).returncode != 0:
        return None
    names = run(['git', 'diff', '--name-only', commit]).stdout.split()
    return set(names + run(['git', 'ls-files', '--others', '--exclude-standard']).stdout.split())


def remember_linted():
    """Writes HEAD into .ci/linted, which is to be committed. An uncommitted change would be taken for linted: then nothing is written."""
    if [line for line in run(['git', 'status', '--porcelain']).stdout.splitlines() if not line.endswith(LINTED)]:
        print(f'lint: {LINTED} stays as it is: there are uncommitted changes')
        return
    with open(os.path.join(ROOT, LINTED), 'w', encoding='utf-8') as file:
        file.write(run(['git', 'rev-parse', 'HEAD']).stdout)
    print(f'lint: {LINTED} names this commit now; commit it')


class Cache:
    """Remembers by content what was clean. A key covers the file, the headers of the project below it, the flags and the checks."""

    def __init__(self, folder, salt):
        self.folder, self.salt, self.texts, self.closures = folder, salt, {}, {}
        os.makedirs(folder, exist_ok=True)

    def text(self, path):
        if path not in self.texts:
            try:
                with open(os.path.join(ROOT, path), encoding='utf-8') as source:
                    self.texts[path] = source.read()
            except OSError:
                self.texts[path] = None
        return self.texts[path]

    def closure(self, path):
        """The file and the headers of the project that it includes, directly or not: {path: text}."""
        if path in self.closures:
            return self.closures[path]
        seen, waiting = {}, [path]
        while waiting:
            name = waiting.pop()
            if name in seen or self.text(name) is None:
                continue
            seen[name] = self.text(name)
            for include in INCLUDE.findall(seen[name]):
                waiting += [include, 'engine/include/' + include, os.path.join(os.path.dirname(name), include)]
        self.closures[path] = seen
        return seen

    def key(self, path, kind):
        seen = self.closure(path)
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


def sources_to_tidy(sources, changed, cache):
    """The changed sources, and for each changed header the source of its name, or else the first that includes it."""
    chosen = {path for path in sources if path in changed}
    for header in sorted(path for path in changed if path.endswith('.h')):
        same = header[:-2] + '.cc'
        including = [same] if same in sources else [path for path in sources if header in cache.closure(path)]
        if including and not chosen.intersection(including):
            chosen.add(including[0])
    return sorted(chosen)


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
    for path in late:
        counts.add('tidy ' + path, False, f'not looked at: {seconds:.0f} s were over')


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--build', required=True)
    parser.add_argument('--all', action='store_true')
    parser.add_argument('--seconds', type=float, default=float('inf'))
    parser.add_argument('--jobs', type=int, default=os.cpu_count() or 2)
    parser.add_argument('files', nargs='*')
    options = parser.parse_args()
    build = os.path.abspath(options.build)
    with open(os.path.join(build, 'compile_commands.json'), encoding='utf-8') as commands:
        compiled = {os.path.relpath(entry['file'], ROOT) for entry in json.load(commands)}
    with open(os.path.join(ROOT, '.clang-tidy'), encoding='utf-8') as checks:
        cache = Cache(os.path.join(os.environ.get('XDG_CACHE_HOME') or os.path.expanduser('~/.cache'), 'writ/lint'), checks.read())

    wanted = set(options.files)
    files = [path for path in git_files('*.h', '*.cc') if path.split('/')[0] in FOLDERS and (not wanted or path in wanted)]
    headers = [path for path in files if path.endswith('.h')]
    sources = [path for path in files if path in compiled and path.split('/')[0] in TIDY_FOLDERS]
    changed = None if options.all or wanted else changed_files()
    to_tidy = sources if changed is None else sources_to_tidy(sources, changed, cache)

    counts = Counts()
    print(f'lint: format of {len(files)} files, {len(headers)} headers alone, clang-tidy of {len(to_tidy)} of {len(sources)} sources', flush=True)
    lint_format(files, counts)
    lint_headers(headers, cache, counts, options.jobs)
    lint_tidy(to_tidy, build, cache, counts, options.jobs, options.seconds)
    if options.all and not wanted and counts.failed == 0:
        remember_linted()
    print(f'{counts.passed} passed, {counts.failed} failed, {counts.skipped} skipped')
    return 1 if counts.failed else 0


if __name__ == '__main__':
    sys.exit(main())
