#!/usr/bin/env python3
"""The composed row vectors in real databases: schema and rows of each dialect, with hostile and with binary collations, are loaded by
typed parameters and scripts, and read back.

    composed_test.py [--vectors DIR]      DIR: rowfilter/composed of the shared vectors; without them this is skipped
"""

import argparse
import json
import os
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '../support/databases'))
import cases  # noqa: E402
import clients  # noqa: E402

SHARED = os.environ.get('WRIT_SHARED', os.path.join(HERE, '../../../shared'))
COLLATIONS = ('hostile', 'binary')


def read(folder, name):
    with open(os.path.join(folder, name), encoding='utf-8') as file:
        return file.read()


def load(database, folder, dialect, collations):
    """The tables and rows of the vectors, instead of whatever they were before."""
    database.script(read(folder, f'schema.{dialect}.{collations}.sql'))
    database.script(read(folder, f'data.{dialect}.sql'))


def quoted(dialect, name):
    return f'`{name}`' if dialect == 'mysql' else f'"{name}"'


class Composed(cases.WithServers):
    folder = ''

    def expected(self, dialect, table, column, key):
        """key -> text, for the rows that this database can hold."""
        vectors = json.loads(read(self.folder, 'rows.json'))
        absent = vectors['cannot_hold'][dialect].get(table, [])
        return {str(row[key]): row[column] for row in vectors['tables'][table] if row[key] not in absent}

    def test_rows_come_back_as_they_are(self):
        for dialect in clients.DIALECTS:
            for collations in COLLATIONS:
                with self.subTest(dialect=dialect, collations=collations), clients.connect(dialect, self.environment) as database:
                    load(database, self.folder, dialect, collations)
                    for table, column, key in (('orders', 'note', 'id'), ('item', 'sku', 'id'), ('docs', 'path', 'id'), ('person', 'dept', 'login')):
                        names = [quoted(dialect, name) for name in (key, column, table)]
                        rows = database.query('select {}, {} from {}'.format(*names))
                        wanted = self.expected(dialect, table, column, key)
                        self.assertEqual({str(found): value for found, value in rows if str(found) in wanted}, wanted)

    def test_a_predicate_with_parameters_selects_ids(self):
        tenant = {'type': 'string', 'value': 'acme'}
        for dialect in clients.DIALECTS:
            condition = {'postgres': '"tenant" = $1 and "qty" is not null and "qty" > $2', 'sqlite': '"tenant" = ? collate binary and "qty" is not null and "qty" > ?',
                         'mysql': '`tenant` = cast(? as char character set utf8mb4) collate utf8mb4_nopad_bin and `qty` is not null and `qty` > ?'}[dialect]
            for collations in COLLATIONS:
                with self.subTest(dialect=dialect, collations=collations), clients.connect(dialect, self.environment) as database:
                    load(database, self.folder, dialect, collations)
                    rows = database.query(f'select id from {quoted(dialect, "orders")} where ({condition})', [tenant, {'type': 'int', 'value': 1}])
                    self.assertEqual(sorted(int(row[0]) for row in rows), self.acme_with_more_than_one(dialect))

    def acme_with_more_than_one(self, dialect):
        vectors = json.loads(read(self.folder, 'rows.json'))
        absent = vectors['cannot_hold'][dialect]['orders']
        return sorted(row['id'] for row in vectors['tables']['orders'] if row['tenant'] == 'acme' and (row['qty'] or 0) > 1 and row['id'] not in absent)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--vectors', default=os.path.join(SHARED, 'vectors/rowfilter/composed'))
    Composed.folder = parser.parse_args().vectors
    suite = unittest.defaultTestLoader.loadTestsFromTestCase(Composed)
    if not os.path.isdir(Composed.folder):
        print('skipped: vectors: the composed row vectors are not here')
        cases.print_closing(0, 0, cases.count(suite))
    cases.main(suite)


if __name__ == '__main__':
    main()
