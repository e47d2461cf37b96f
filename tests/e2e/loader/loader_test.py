#!/usr/bin/env python3
"""Compares how Writ and kubectl read manifests:  loader_test.py --reader PROGRAM --loader PROGRAM --work FOLDER [--count N] [--seed N]

A case is a file. Writ refuses it, or reads the same objects as kubectl in the same order, numbers of the same type. What kubectl refuses
Writ refuses too, but for KUBECTL_ALONE. What only Writ refuses is refused for a reason of WRIT_ALONE, ordinary files never, and all of
them only so often. Files: the project's own manifests, those of ../shared when the folder is there, and generated ones (documents.py).
Closes with `N passed, N failed, N skipped`.
"""
import argparse
import collections
import json
import os
import subprocess
import sys

from documents import documents

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), '../../..'))
SHARED = os.path.abspath(os.path.join(ROOT, '../shared'))

# Why Writ refuses what kubectl takes: readers in use disagree about it, or the engine has no such value.
WRIT_ALONE = [
    'a `List` without `items`',
    'which ends a line for Kubernetes and not for others',
    'which ends a line for some readers and not for others',
    'found a byte-order mark inside the text',
    'duplicate key',
    'which stands before it: Kubernetes lets `<<` win',
    'the tag `!` is not read alike everywhere',
    'the tag !!timestamp is not read',
    'found more text after the end of the document',
    'found text behind `---`',
    'found more text after the document, expected `{` or `[`',
    'is out of range',
    'has no JSON form',
    'has a `_`: leave it out',
    'is a floating-point number: write',
    'a key has an anchor',
    'an alias is used as a key',
    'is !!binary, expected text',
    'a !!binary scalar is not UTF-8 text',
    'not a Kubernetes object: it has no `apiVersion`',
    '`apiVersion` and `kind` must be strings that are not empty',
    'a binary file (a zero byte',
    'is not valid UTF-8',
    'begins with the byte-order mark of UTF-16 and is not UTF-16',
    'a request',                           # an AdmissionReview, which is an object to kubectl
    'holds no documents',
    'is empty',
    'not JSON',                            # what begins like JSON and is no YAML that Writ takes
    'lone surrogate in a string',
    'control character byte',
    'a number cannot begin with a zero',
    'expected a key in double quotes',
    'expected a value',
    'did not find expected whitespace or line break',  # libyaml is stricter about tags and flow than its translation
    "found unexpected ':'",
    'did not find expected tag URI',
    'deep',
]
# What only kubectl refuses, and why reading it does no harm: kubectl sends nothing then.
KUBECTL_ALONE = [
    'found unknown escape character',  # `\\/`, which JSON and YAML 1.2 have
    'ObjectMeta.',                     # a type error in metadata, which the API server would refuse
]
MAX_REFUSED_ALONE = 0.08  # of the generated files, most of which are odd


def answers(program, files):
    done = subprocess.run([program], input='\n'.join(files).encode() + b'\n', capture_output=True)
    lines = done.stdout.decode('utf-8', 'surrogateescape').split('\n')[:-1]
    if done.returncode != 0 or len(lines) != len(files):
        sys.exit('%s: exit status %d, %d answers for %d files\n%s' % (program, done.returncode, len(lines), len(files), done.stderr.decode()[-2000:]))
    return [json.loads(line) for line in lines]


def same(a, b):
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b


def verdict(ours, theirs, ordinary):
    """Returns what the two answers come to, and whether that is a fault."""
    refused, error = ours.get('refused'), theirs.get('error')
    if refused is None and error is None:
        return ('equal', False) if same(ours['objects'], theirs['objects']) else ('different', True)
    if refused is None:
        return 'only kubectl refuses', ours['objects'] != [] and not any(reason in error for reason in KUBECTL_ALONE)
    if error is None:
        return 'only Writ refuses', ordinary or not any(reason in refused for reason in WRIT_ALONE)
    return 'both refuse', ordinary


def compare(title, programs, files):
    """`files`: (name, ordinary). Returns the counts by verdict and the number of faults."""
    names = [name for name, _ in files]
    counts, faults = collections.Counter(), 0
    for (name, ordinary), ours, theirs in zip(files, answers(programs.reader, names), answers(programs.loader, names)):
        kind, is_fault = verdict(ours, theirs, ordinary)
        counts[kind] += 1
        if is_fault:
            faults += 1
            if faults <= 5:
                print('FAIL %s: %s\n  kubectl: %s\n  writ:    %s\n  text:    %r' % (
                    name, kind, json.dumps(theirs)[:600], json.dumps(ours)[:600], open(name, 'rb').read()[:1500]))
    print('%s: %s' % (title, ', '.join('%d %s' % (counts[kind], kind) for kind in sorted(counts))))
    return counts, faults


def manifests(*folders):
    """The YAML and JSON files below the folders; kubectl reads those that are objects."""
    found = []
    for folder in folders:
        for path, _, names in os.walk(folder):
            found += [os.path.join(path, name) for name in names if name.endswith(('.yaml', '.yml', '.json')) and '\n' not in path + name]
    return sorted(found)


def generated(work, seed, count):
    for i, (odd, data) in enumerate(documents(seed, count)):
        name = os.path.join(work, '%06d.yaml' % i)
        with open(name, 'wb') as file:
            file.write(data)
        yield name, odd == 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--reader', required=True)
    parser.add_argument('--loader', required=True)
    parser.add_argument('--work', required=True)
    parser.add_argument('--count', type=int, default=20000)
    parser.add_argument('--seed', type=int, default=20261130)
    programs = parser.parse_args()
    passed = failed = skipped = 0

    def add(files, faults):
        nonlocal passed, failed
        passed, failed = passed + files - faults, failed + faults

    own = [(name, False) for name in manifests(os.path.join(ROOT, 'policies'), os.path.join(ROOT, 'tests'))]
    counts, faults = compare("the project's own files", programs, own)
    add(len(own), faults)
    if os.path.isdir(SHARED):
        shared = manifests(os.path.join(SHARED, 'examples'), os.path.join(SHARED, 'vectors/toolhive'), os.path.join(SHARED, 'field/admit'))
        counts, faults = compare('shared manifests', programs, [(name, False) for name in shared])
        add(len(shared), faults)
    else:
        print('skipped: shared manifests, %s is not there' % SHARED)
        skipped += 1
    files = list(generated(programs.work, programs.seed, programs.count))
    counts, faults = compare('generated files (seed %d)' % programs.seed, programs, files)
    add(len(files), faults)
    if counts['only Writ refuses'] > MAX_REFUSED_ALONE * len(files) or counts['equal'] < len(files) / 3:
        print('FAIL too many refusals')
        failed += 1
    print('%d passed, %d failed, %d skipped' % (passed, failed, skipped))
    sys.exit(failed > 0)


main()
