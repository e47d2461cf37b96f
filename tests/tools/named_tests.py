#!/usr/bin/env python3
"""Verifies that what docs/security/*.md name as proof exists.

    tests/tools/named_tests.py [--shared DIR]

`Suite.Name` must be a googletest case under tests/, `tests/…` and `policies/…` a file, `signing: TEXT` a check of
tests/e2e/signing, `sigstore:NAME` and `cosign:NAME` a vector of DIR/vectors (default: $WRIT_SHARED, or `shared` beside the repository;
without it vectors are skipped). Every row of the table of numbered cases names at least one of them.
Closes with `N passed, N failed, N skipped`.
"""

import argparse
import glob
import json
import os
import re

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), '../..'))
NAMED = re.compile(r'`((?:sigstore|cosign):[\w.-]+|signing: [^`]+|[A-Z]\w+\.[A-Z]\w+|(?:tests|policies)/[\w./-]+)`')
DEFINED = re.compile(r'^TEST(?:_F|_P)?\(\s*(\w+),\s*(\w+)\s*\)', re.M)
ROW = re.compile(r'^\| (\d+) \|')


def read(path):
    with open(path, encoding='utf-8') as file:
        return file.read()


def read_vectors(shared):
    """{"sigstore:n01-…"}, or None when there are no vectors here."""
    names = set()
    for kind, index in (('sigstore', 'index.json'), ('cosign', 'cases.json')):
        path = os.path.join(shared, 'vectors', kind, index)
        if not os.path.exists(path):
            return None
        names.update(f'{kind}:{case["name"]}' for case in json.loads(read(path))['cases'])
    return names


def exists(name, tests, vectors):
    if name.startswith('signing: '):
        return name[len('signing: '):] in read(os.path.join(ROOT, 'tests/e2e/signing/signing_test.py'))
    if ':' in name:
        return name in vectors
    return os.path.exists(os.path.join(ROOT, name)) if '/' in name else name in tests


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--shared', default=os.environ.get('WRIT_SHARED', os.path.join(ROOT, '../shared')))
    vectors = read_vectors(parser.parse_args().shared)
    tests = {'.'.join(found) for path in glob.glob(os.path.join(ROOT, 'tests/**/*.cc'), recursive=True) for found in DEFINED.findall(read(path))}
    counts = {True: 0, False: 0, None: 0}
    for path in sorted(glob.glob(os.path.join(ROOT, 'docs/security/*.md'))):
        for number, line in enumerate(read(path).split('\n'), 1):
            place = f'{os.path.relpath(path, ROOT)}:{number}'
            names = NAMED.findall(line)
            if ROW.match(line) and not names:
                counts[False] += 1
                print(f'{place}: case {ROW.match(line)[1]} names no test')
            for name in names:
                found = None if re.match('sigstore:|cosign:', name) and vectors is None else exists(name, tests, vectors)
                counts[found] += 1
                if found is False:
                    print(f'{place}: there is no {name}')
    if counts[None]:
        print(f'skipped: vectors: not here ({counts[None]} names)')
    print(f'{counts[True]} passed, {counts[False]} failed, {counts[None]} skipped')
    return 1 if counts[False] else 0


if __name__ == '__main__':
    raise SystemExit(main())
