#!/usr/bin/env python3
"""Runs a folder of Kubernetes' CEL vectors through `writ cel --batch` and compares values, static types and kinds of errors.

    k8scel_runner.py --writ FILE [--only SUITE] DIR

A test that needs what the language does not have is skipped, by rule and never by its id: a function that `docs/functions.md` does not
list, a macro of two variables, Kubernetes' cost limit. A folder that is not there is one skip. Prints each failing id with what was
expected and found, each reason for skipping with its count, and closes with `N passed, N failed, N skipped`. Exit codes: 0 all passed,
1 failures, 2 bad usage or nothing readable.
"""

import argparse
import collections
import json
import pathlib
import re
import subprocess
import sys

FUNCTIONS = pathlib.Path(__file__).resolve().parents[2] / 'docs' / 'functions.md'
COMPILE_TIME = {'syntax', 'macro', 'undeclared', 'undefined_field', 'no_matching_overload', 'type_mismatch', 'bad_literal'}


def known_functions():
    """The names of docs/functions.md, which is made from the compiler's own list, and what stands before a dot in them."""
    names = set(re.findall(r'^\| `([\w.]+)`', FUNCTIONS.read_text(encoding='utf-8'), re.M))
    return names | {name.split('.')[0] for name in names if '.' in name}


def canonical(value):
    """A VALUE with map entries in one order and doubles by value."""
    (kind, inner), = value.items()
    if kind == 'list':
        return [kind, [canonical(item) for item in inner]]
    if kind == 'map':
        return [kind, sorted(([canonical(key), canonical(item)] for key, item in inner), key=json.dumps)]
    if kind == 'optional':
        return [kind, None if inner is None else canonical(inner)]
    if kind == 'double':
        return [kind, repr(float(inner.replace('Infinity', 'inf')))]
    return [kind, inner]


def missing(test, answer, known):
    """What the language lacks for this test, or ''. A fault of ours must not pass for it: the name has to be unknown."""
    message = answer.get('message', '')
    if answer.get('error') == 'undeclared':
        function = re.match(r'`([\w.]+)` is not a function', message) or re.match(r'`([\w.]+)` is not declared', message)
        called = function and re.search(r'\b' + re.escape(function.group(1)) + r'\s*[.(]', test['expr'])
        if called and function.group(1) not in known and function.group(1) not in test['given']:
            return 'need a function that does not exist yet'
        if re.match(r'the macro `\w+` takes .*, found 3$', message):
            return 'need macros of two variables'
    return ''


def mismatch(expect, answer, accepts):
    """'' when the answer is right, else what is wrong."""
    kind = answer.get('error')
    if expect['kind'] == 'refused':
        if kind in COMPILE_TIME or kind in accepts.get(expect['error'], []):  # a bad literal may be found when it is evaluated
            return ''
        return f'expected a refusal ({expect["error"]}), found {json.dumps(answer)}'
    if kind in COMPILE_TIME:
        return '' if expect.get('phase') == 'program' else f'expected {expect["kind"]}, found a refusal: {json.dumps(answer)}'
    if expect['kind'] == 'error':
        if kind is None or kind not in {expect['error'], *accepts.get(expect['error'], [])}:
            return f'expected the error {expect["error"]}, found {json.dumps(answer)}'
    elif kind is not None or canonical(answer['value']) != canonical(expect['value']):
        return f'expected {json.dumps(expect["value"])}, found {json.dumps(answer)}'
    if 'type' in expect and answer.get('type') != expect['type']:
        return f'expected the type {json.dumps(expect["type"])}, found {json.dumps(answer.get("type"))}'
    return ''


class Totals:
    def __init__(self):
        self.passed = self.failed = 0
        self.skips = collections.Counter()


def judge(test, answer, accepts, known, totals):
    """Counts one test, and prints what is wrong with it."""
    expect = test.get('ext', test['expect'])
    wrong = mismatch(expect, answer, accepts)
    lack = missing(test, answer, known) if wrong or expect.get('error') not in (None, 'undeclared') else ''
    if 'disputed' in test:
        totals.skips['are disputed: engines and specification disagree'] += 1
    elif lack:
        totals.skips[lack] += 1
    elif wrong and expect.get('error') == 'cost_exceeded':
        totals.skips["need Kubernetes' cost limit"] += 1
    elif wrong:
        totals.failed += 1
        print(f'FAIL {test["id"]}\n     {test["expr"][:200]}\n     {wrong[:400]}')
    else:
        totals.passed += 1


def answers(writ, tests):
    """The answers of one batch, in order."""
    lines = ''.join(json.dumps({'id': test['id'], 'expr': test['expr'], 'vars': test['given']}) + '\n' for test in tests)
    done = subprocess.run([writ, 'cel', '--batch', '-'], input=lines, capture_output=True, text=True, encoding='utf-8', check=False)
    found = [json.loads(line) for line in done.stdout.splitlines()]
    if done.returncode != 0 or len(found) != len(tests):
        sys.exit(f'k8scel_runner: {len(found)} answers for {len(tests)} expressions, exit code {done.returncode}\n{done.stderr[:2000]}')
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--writ', required=True)
    parser.add_argument('--only', metavar='SUITE')
    parser.add_argument('folder', type=pathlib.Path, metavar='DIR')
    options = parser.parse_args()
    if not (options.folder / 'index.json').is_file():
        print(f'skipped: k8scel: there is no folder of vectors at {options.folder}\n0 passed, 0 failed, 1 skipped')
        return 0
    accepts = json.loads((options.folder / 'index.json').read_text(encoding='utf-8'))['accepts']
    variables = json.loads((options.folder / 'vars.json').read_text(encoding='utf-8'))
    known, totals = known_functions(), Totals()
    for path in sorted(options.folder.glob('*.json')):
        if path.stem in ('index', 'vars') or (options.only and path.stem != options.only):
            continue
        tests = json.loads(path.read_text(encoding='utf-8'))['tests']
        for test in tests:
            given = test.get('vars', {})
            test['given'] = variables[given] if isinstance(given, str) else given
        for test, answer in zip(tests, answers(options.writ, tests)):
            judge(test, answer, accepts, known, totals)
    for reason, count in sorted(totals.skips.items()):
        print(f'skipped: {count} {reason}')
    print(f'{totals.passed} passed, {totals.failed} failed, {sum(totals.skips.values())} skipped')
    if totals.passed + totals.failed == 0:
        print(f'{options.folder}: no test was run', file=sys.stderr)
        return 2
    return 1 if totals.failed else 0


if __name__ == '__main__':
    sys.exit(main())
