#!/usr/bin/env python3
"""The conditions of rowfilter/cases.json (from cerbos/query-plan-adapters) as policies, through `writ filter`, in SQLite and PostgreSQL.
Nullable columns say `null as absent` or are explicit nulls, as the set's mapping has it.

    filter_cases_test.py --writ WRIT [--vectors DIR] [--dialects sqlite,postgres] [--show]

A wrong row and an error of the database are failures; refusals and conditions that Writ's language does not have are counted, and there
is a least number of right ones. Not declared here: `mainCategory`, a to-one relation that leads to several rows, and `tagNames`, which
is a relation's column read as a list.
"""

import argparse
import collections
import contextlib
import json
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '../support/databases'))
import clients  # noqa: E402
import servers  # noqa: E402

SHARED = os.environ.get('WRIT_SHARED', os.path.join(HERE, '../../../shared'))
LEAST_RIGHT = 102
ROOT = 'adversarial_resource'
NOT_DECLARED = ('mainCategory', 'tagNames')
VALUES = 'aBool: bool stored as "a_bool" aString: string stored as "a_string" aNumber: double stored as "a_number" aOptionalString: string? null as absent stored as "a_optional_string"'
TABLES = f'''package cases
table inner stored as "adversarial_inner" {{ id: string {VALUES} parent_id: string }}
table parent stored as "adversarial_parent" {{ id: string {VALUES} resource_id: string inner: one inner on inner.parent_id = id }}
table tag stored as "adversarial_tag" {{ id: string stored as "tag_id" name: string? null as absent resource_id: string }}
table lab stored as "adversarial_label" {{ id: string name: string? null as absent sub_category_id: string }}
table sub stored as "adversarial_sub_category" {{ id: string name: string category_id: string labels: many lab on lab.sub_category_id = id }}
table category stored as "adversarial_category" {{ id: string name: string resource_id: string subCategories: many sub on sub.category_id = id }}
table resource stored as "{ROOT}" {{
  id: string {VALUES}
  aDouble: double? null as absent stored as "a_double"
  createdBy: string stored as "created_by"
  scope: string? null as absent
  createdAt: timestamp? null as absent stored as "created_at"
  owner: string? stored as "a_optional_string"
  coOwner: string? stored as "scope"
  inner_one: string stored as "a_string"
  tags: many tag on tag.resource_id = id
  categories: many category on category.resource_id = id
  parent: one parent on parent.resource_id = id
}}
'''


def expression(condition):
    if 'expr' in condition:
        return '(' + condition['expr'] + ')'
    (kind, inner), = condition.items()
    parts = [expression(part) for part in inner['of']]
    joined = (' && ' if kind == 'all' else ' || ').join(parts)
    return f'(!({joined}))' if kind == 'none' else f'({joined})'


def as_writ(text):
    """R is the row, P the principal; the set's numbers and strings meet without types, so columns are `dyn` here."""
    for old, new in (('R.attr.obj.inner', 'row.inner_one'), ('R.attr.', 'row.'), ('R.id', 'row.id'), ('P.attr.', 'principal.claims.'), ('now()', 'context.time')):
        text = text.replace(old, new)
    text = re.sub(r'row\.(aNumber|aDouble|aString|aOptionalString|owner|coOwner|scope|aBool|createdAt|inner_one|id)\b(?!\()', r'dyn(row.\1)', text)
    text = re.sub(r'dyn\((row\.\w+)\)\.(contains|startsWith|endsWith)', r'\1.\2', text)
    text = text.replace('timestamp(dyn(row.createdAt))', 'timestamp(row.createdAt)')
    return re.sub(r'(?<!\w)(row\.parent(?:\.inner)?\.\w+|[tslc]\.name|t\.id)(?!\w|\.|\()', r'dyn(\1)', text)


def make_filter(arguments, vectors, policy, dialect):
    """(filter, ''), or (None, why there is none)."""
    with tempfile.NamedTemporaryFile('w', suffix='.writ') as file:
        file.write(TABLES + 'policy p for rows of resource {\n  allow when ' + policy + '\n}\n')
        file.flush()
        principal = {'id': vectors['principal']['id'], 'claims': vectors['principal']['attr']}
        done = subprocess.run([arguments.writ, 'filter', '--policies', file.name, '--table', 'resource', '--principal', json.dumps(principal), '--dialect', dialect,
                               '--at', vectors['now'], '--format', 'json'], capture_output=True, text=True, timeout=20, check=False)
    if done.returncode == 0:
        return json.loads(done.stdout), ''
    if done.returncode not in (1, 2):
        raise clients.DatabaseError(f'exit {done.returncode}: {done.stderr}')
    return None, 'refused' if 'no filter can be made' in done.stderr else 'not in the language'


def check(arguments, vectors, dialect, database):
    """(counts, failures)"""
    counts, failures = collections.Counter(), []
    for case in vectors['cases']:
        policy = as_writ(expression(case['condition']))
        if any(name in policy for name in NOT_DECLARED):
            counts['not declared'] += 1
            continue
        try:
            made, why = make_filter(arguments, vectors, policy, dialect)
            found = None if made is None else sorted(row[0] for row in database.query(f'select id from {ROOT} where ({made["sql"]})', made['params']))
        except clients.DatabaseError as error:
            made, why, found = {}, '', str(error)
        if made is None:
            counts[why] += 1
        elif found == sorted(case['allowed']):
            counts['right'] += 1
        else:
            failures.append(f'{dialect} {case["action"]}: {policy}: found {found}, expected {sorted(case["allowed"])}{made if arguments.show else ""}')
    return counts, failures


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--writ', required=True)
    parser.add_argument('--vectors', default=os.path.join(SHARED, 'vectors/rowfilter'))
    parser.add_argument('--dialects', default='sqlite,postgres')
    parser.add_argument('--show', action='store_true')
    arguments = parser.parse_args()
    dialects = arguments.dialects.split(',')
    if not os.path.isfile(os.path.join(arguments.vectors, 'cases.json')):
        print(f'skipped: vectors: the row-filter vectors are not here\n0 passed, 0 failed, {len(dialects)} skipped')
        return 0
    with open(os.path.join(arguments.vectors, 'cases.json'), encoding='utf-8') as file:
        vectors = json.load(file)
    passed = failed = skipped = 0
    for dialect in dialects:
        reason = '' if dialect == 'sqlite' else servers.missing([dialect])
        if reason:
            print(f'skipped: {dialect}: {reason}')
            skipped += 1
            continue
        started = contextlib.nullcontext({}) if dialect == 'sqlite' else servers.running([dialect])
        with started as environment, clients.connect(dialect, environment) as database:
            with open(os.path.join(arguments.vectors, {'sqlite': 'tables.sqlite.sql', 'postgres': 'tables.postgresql.sql'}[dialect]), encoding='utf-8') as file:
                database.script(file.read())
            counts, failures = check(arguments, vectors, dialect, database)
        if counts['right'] < LEAST_RIGHT:
            failures.append(f'{dialect}: {counts["right"]} right, at least {LEAST_RIGHT} were')
        print(f'{dialect}: {len(failures)} wrong, ' + ', '.join(f'{count} {what}' for what, count in counts.most_common()))
        for failure in failures:
            print('FAILED', failure)
        passed, failed = passed + (not failures), failed + bool(failures)
    print(f'{passed} passed, {failed} failed, {skipped} skipped')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
