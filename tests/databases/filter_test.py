#!/usr/bin/env python3
"""Row filters against the row-by-row answer: every composed policy of the shared vectors, for every principal, through `writ filter`,
in SQLite, PostgreSQL and MariaDB, with hostile and with binary collations, in plain and in odd sessions.

    filter_test.py --writ WRIT [--vectors DIR] [--dialects sqlite,postgres,mysql] [--only REGEX] [--refusals] [--show]

A row too much, a row too few, an error of the database and a crash are failures. Refusals are counted by their reason: no more of them
than MOST_REFUSED. --refusals lists them, --show prints each failing filter. Without the vectors, or without a database, what needs them
is skipped, and that is said.
"""

import argparse
import collections
import concurrent.futures
import contextlib
import json
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '../support/databases'))
import clients  # noqa: E402
import servers  # noqa: E402

SHARED = os.environ.get('WRIT_SHARED', os.path.join(HERE, '../../../shared'))
COLLATIONS = ('hostile', 'binary')
# Settings of a session that must not change what a filter selects.
ODD = {
    'postgres': "set time zone 'America/St_Johns'; set datestyle = 'SQL, DMY'; set standard_conforming_strings = off; set transform_null_equals = on;",
    'mysql': "set sql_mode = 'ANSI_QUOTES,PIPES_AS_CONCAT,NO_BACKSLASH_ESCAPES,HIGH_NOT_PRECEDENCE'; set time_zone = '-03:30';",
    'sqlite': 'pragma case_sensitive_like = on;',
}
# Of the filters of all policies and principals; only to be lowered.
MOST_REFUSED = {'sqlite': 358, 'postgres': 358, 'mysql': 358}
TIMEOUT_SECONDS = 20
SHOWN = 15


def read(folder, name):
    with open(os.path.join(folder, name), encoding='utf-8') as file:
        return file.read()


def make_filter(writ, folder, policy, table, principal, dialect, now):
    """(filter, refusal): one of them is None. A crash is an AssertionError."""
    done = subprocess.run([writ, 'filter', '--policies', os.path.join(folder, 'policies', policy + '.writ'), '--table', table, '--principal', principal,
                           '--dialect', dialect, '--at', now, '--format', 'json'], capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False)
    if done.returncode in (1, 2):
        lines = [line for line in done.stderr.splitlines() if 'no filter can be made' in line]
        assert lines, f'refused, and not for what it is: {done.stderr}'
        return None, lines[0]
    assert done.returncode == 0, f'exit {done.returncode}: {done.stderr}'
    return json.loads(done.stdout), None


def reason_of(refusal):
    """The refusal without the expression that it is about."""
    return re.sub(r'`[^`]*`: ', '', refusal.split('no filter can be made: ', 1)[1]) if '`: ' in refusal else refusal.split('no filter can be made: ', 1)[1]


class Run:
    def __init__(self, arguments):
        self.arguments = arguments
        self.folder = arguments.vectors
        self.expected = json.loads(read(self.folder, 'expected.json'))
        self.principals = {name: json.dumps(value) for name, value in json.loads(read(self.folder, 'principals.json')).items()}
        self.cannot_hold = json.loads(read(self.folder, 'rows.json'))['cannot_hold']
        self.policies = [name for name in sorted(self.expected['policies']) if re.search(arguments.only, name)]
        self.failures = []

    def filters(self, dialect):
        """(policy, principal) -> (filter, refusal)"""
        def one(pair):
            try:
                return make_filter(self.arguments.writ, self.folder, pair[0], self.expected['policies'][pair[0]]['table'], self.principals[pair[1]], dialect, self.expected['now'])
            except (AssertionError, ValueError, subprocess.TimeoutExpired) as error:
                self.failures.append(f'{dialect} {pair}: {error}')
                return None, 'no filter can be made: it failed'
        pairs = [(policy, principal) for policy in self.policies for principal in self.expected['policies'][policy]['visible']]
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            return dict(zip(pairs, pool.map(one, pairs)))

    def select(self, database, dialect, table, condition):
        quote = '`' if dialect == 'mysql' else '"'
        rows = database.query(f'select {quote}id{quote} from {quote}{table}{quote} where ({condition["sql"]})', condition['params'])
        return sorted(int(row[0]) for row in rows)

    def check(self, database, dialect, filters, session):
        wrong = 0
        for (policy, principal), (condition, _) in filters.items():
            if condition is None:
                continue
            answer = self.expected['policies'][policy]
            absent = self.cannot_hold[dialect].get(answer['table'], [])
            wanted = sorted(each for each in answer['visible'][principal] if each not in absent)
            try:
                found = self.select(database, dialect, answer['table'], condition)
            except clients.DatabaseError as error:
                found = f'error: {error}'
            if found == wanted:
                continue
            wrong += 1
            differs = found if isinstance(found, str) else f'too much {sorted(set(found) - set(wanted))}, too few {sorted(set(wanted) - set(found))}'
            shown = f'\n    {condition["sql"]}\n    {condition["params"]}' if self.arguments.show else ''
            self.failures.append(f'{dialect} {session} {policy} {principal}: {differs}{shown}')
        return wrong

    def check_dialect(self, dialect, environment):
        filters = self.filters(dialect)
        refused = {pair: refusal for pair, (_, refusal) in filters.items() if refusal is not None}
        for collations in COLLATIONS:
            with clients.connect(dialect, environment) as database:
                database.script(read(self.folder, f'schema.{dialect}.{collations}.sql'))
                database.script(read(self.folder, f'data.{dialect}.sql'))
                wrong = self.check(database, dialect, filters, collations)
                database.script(ODD[dialect])
                wrong += self.check(database, dialect, filters, collations + ' odd')
            print(f'{dialect} {collations}: {len(filters) - len(refused)} filters in two sessions, {wrong} wrong', flush=True)
        self.count_refusals(dialect, filters, refused)

    def count_refusals(self, dialect, filters, refused):
        policies = collections.Counter(policy for policy, _ in refused)
        whole = collections.Counter(policy for policy, _ in filters)
        partly = [policy for policy, count in policies.items() if count < whole[policy]]
        print(f'{dialect}: {len(refused)} of {len(filters)} filters refused, of {len(policies)} policies; of {len(partly)} for some principals only')
        for reason, count in collections.Counter(map(reason_of, refused.values())).most_common():
            print(f'  {count:5} {reason}')
        if self.arguments.refusals:
            for (policy, principal), refusal in refused.items():
                print(f'  {policy} {principal}: {refusal}')
        if self.arguments.only == '' and len(refused) > MOST_REFUSED[dialect]:
            self.failures.append(f'{dialect}: {len(refused)} filters refused, at most {MOST_REFUSED[dialect]} were')


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--writ', required=True)
    parser.add_argument('--vectors', default=os.path.join(SHARED, 'vectors/rowfilter/composed'))
    parser.add_argument('--dialects', default='sqlite,postgres,mysql')
    parser.add_argument('--only', default='')
    parser.add_argument('--refusals', action='store_true')
    parser.add_argument('--show', action='store_true')
    arguments = parser.parse_args()
    dialects = arguments.dialects.split(',')
    if not os.path.isdir(arguments.vectors):
        print('skipped: vectors: the composed row vectors are not here')
        print(f'0 passed, 0 failed, {len(dialects)} skipped')
        return 0
    run = Run(arguments)
    skipped = 0
    needed = [dialect for dialect in dialects if dialect != 'sqlite']
    reason = servers.missing(needed) if needed else ''
    if reason:
        print(f'skipped: databases: {reason}')
        skipped = len(needed)
        dialects = [dialect for dialect in dialects if dialect == 'sqlite']
        if os.environ.get('CI') == 'true':
            run.failures.append(f'databases: {reason}')
    started = servers.running() if needed and not reason else contextlib.nullcontext({})
    with started as environment:
        for dialect in dialects:
            run.check_dialect(dialect, environment)
    for failure in run.failures[:SHOWN]:
        print('FAILED', failure)
    failed = len({failure.split(' ', 1)[0] for failure in run.failures})
    print(f'{len(dialects) - min(failed, len(dialects))} passed, {failed} failed, {skipped} skipped')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
