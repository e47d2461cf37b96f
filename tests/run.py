#!/usr/bin/env python3
"""Runs the suites of a build folder and counts their cases.

    tests/run.py --build build/dev [--jobs 2] [--only REGEX] [--without REGEX] [--timeout SECONDS] [--junit DIR]

The suites are the tests that CMake registered (`ctest --show-only`). A googletest program is counted by its JSON report; any other
suite by its closing line `N passed, N failed, N skipped`, and one that prints none counts as a single case by its exit code. Each
suite's output goes to BUILD/test-logs/NAME.log; what failed is printed. Skipped cases are listed with their reasons: a suite prints
them as lines `skipped: NAME: reason`. The last line printed is `N passed, N failed, N skipped`.
"""

import argparse
import concurrent.futures
import json
import os
import re
import subprocess
import sys
import threading
import time

CLOSING = re.compile(r'^(\d+) passed, (\d+) failed, (\d+) skipped$')
LOG_TAIL_LINES = 120


class Suite:
    def __init__(self, name, command, properties):
        self.name = name
        self.command = command
        self.directory = properties.get('WORKING_DIRECTORY')
        self.environment = properties.get('ENVIRONMENT', [])
        self.timeout = properties.get('TIMEOUT')
        self.is_serial = bool(properties.get('RUN_SERIAL'))
        self.passed = self.failed = self.skipped = 0
        self.failures, self.reasons = [], []
        self.seconds = 0.0
        self.log = ''


def read_suites(build):
    """The registered tests, each with a command."""
    listing = subprocess.run(['ctest', '--test-dir', build, '--show-only=json-v1'], check=True, capture_output=True, text=True).stdout
    suites = []
    for test in json.loads(listing)['tests']:
        properties = {item['name']: item['value'] for item in test.get('properties', [])}
        suites.append(Suite(test['name'], test.get('command', []), properties))
    return suites


def is_googletest(suite):
    return bool(suite.command) and os.path.basename(suite.command[0]).endswith('_test')


def count_googletest(suite, report_path, output):
    """Counts by the JSON report; the reasons of skips stand in the output only."""
    with open(report_path, encoding='utf-8') as report_file:
        report = json.load(report_file)
    # "file:12: Skipped\nreason\n" comes before "[  SKIPPED ] Suite.Name".
    reasons = dict((name, reason.strip()) for reason, name in
                   re.findall(r': Skipped\n(.*?)\n*\[  SKIPPED \] ([^\s,]+)', output, re.S))
    for group in report.get('testsuites', []):
        for case in group.get('testsuite', []):
            name = f"{group['name']}.{case['name']}"
            if case.get('failures'):
                suite.failed += 1
                suite.failures.append(name)
            elif case.get('result') == 'SKIPPED':
                suite.skipped += 1
                suite.reasons.append(f'{name}: {reasons.get(name, "no reason given").splitlines()[0]}')
            elif case.get('status') == 'RUN':
                suite.passed += 1


def count_other(suite, output, code):
    lines = output.strip().splitlines()
    closing = CLOSING.match(lines[-1].strip()) if lines else None
    if closing:
        suite.passed, suite.failed, suite.skipped = (int(number) for number in closing.groups())
        suite.reasons = [line[len('skipped: '):] for line in lines if line.startswith('skipped: ')]
    elif code == 0:
        suite.passed = 1


def run_suite(suite, build, timeout):
    logs = os.path.abspath(os.path.join(build, 'test-logs'))
    suite.log = os.path.join(logs, suite.name + '.log')
    report = os.path.join(logs, suite.name + '.json')
    if not suite.command or not os.path.exists(suite.command[0]):
        suite.failed, suite.failures = 1, ['the program is not built']
        return
    command = list(suite.command)
    if is_googletest(suite):
        command.append('--gtest_output=json:' + report)
        if os.path.exists(report):
            os.remove(report)
    environment = dict(os.environ)
    environment.update(pair.split('=', 1) for pair in suite.environment)
    begin = time.monotonic()
    with open(suite.log, 'w', encoding='utf-8', errors='replace') as log:
        try:
            code = subprocess.run(command, cwd=suite.directory, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                                  timeout=float(suite.timeout or timeout)).returncode
        except subprocess.TimeoutExpired as late:
            code = None
            log.write(f'\nrun.py: stopped after {late.timeout:.0f} s\n')
    suite.seconds = time.monotonic() - begin
    with open(suite.log, encoding='utf-8', errors='replace') as log:
        output = log.read()
    if is_googletest(suite) and os.path.exists(report):
        count_googletest(suite, report, output)
    elif not is_googletest(suite):
        count_other(suite, output, code)
    # A crash, a time-out or a leak after the last case must not pass.
    if code != 0 and suite.failed == 0:
        suite.failed += 1
        suite.failures.append('stopped: time-out' if code is None else f'exit code {code}')
    elif code == 0 and suite.passed + suite.failed + suite.skipped == 0:
        suite.failed, suite.failures = 1, ['no case ran']


def print_suite(suite):
    state = 'FAIL' if suite.failed else 'ok'
    print(f'{state:4} {suite.name:24} {suite.passed} passed, {suite.failed} failed, {suite.skipped} skipped  ({suite.seconds:.1f} s)', flush=True)
    if not suite.failed:
        return
    for name in suite.failures:
        print(f'     failed: {name}')
    if os.path.exists(suite.log):
        with open(suite.log, encoding='utf-8', errors='replace') as log:
            lines = [line for line in log.read().splitlines() if not re.match(r'\[ (RUN|      OK) ', line)]
        if len(lines) > LOG_TAIL_LINES:
            print(f'     … the last {LOG_TAIL_LINES} lines of {suite.log}:')
        for line in lines[-LOG_TAIL_LINES:]:
            print('     | ' + line)
    sys.stdout.flush()


def run_all(suites, build, jobs, timeout):
    """Parallel suites first, then those that want the machine for themselves."""
    lock = threading.Lock()

    def run_and_print(suite):
        run_suite(suite, build, timeout)
        with lock:
            print_suite(suite)

    for serial in (False, True):
        with concurrent.futures.ThreadPoolExecutor(1 if serial else jobs) as pool:
            for result in [pool.submit(run_and_print, suite) for suite in suites if suite.is_serial == serial]:
                result.result()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--build', required=True)
    parser.add_argument('--jobs', type=int, default=2)
    parser.add_argument('--only', default='', metavar='REGEX')
    parser.add_argument('--without', default='', metavar='REGEX')
    parser.add_argument('--timeout', type=int, default=900, metavar='SECONDS')
    options = parser.parse_args()
    os.makedirs(os.path.join(options.build, 'test-logs'), exist_ok=True)
    suites = [suite for suite in read_suites(options.build)
              if re.search(options.only, suite.name) and not (options.without and re.search(options.without, suite.name))]
    run_all(suites, options.build, options.jobs, options.timeout)
    skipped = [f'{suite.name}: {reason}' for suite in suites for reason in suite.reasons]
    if skipped:
        print('\nskipped:')
        for reason in skipped:
            print('  ' + reason)
    passed, failed = sum(s.passed for s in suites), sum(s.failed for s in suites)
    if not suites:
        print('no suite has such a name')
        failed = 1
    print(f'\n{passed} passed, {failed} failed, {sum(s.skipped for s in suites)} skipped')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
