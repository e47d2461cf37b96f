#!/usr/bin/env python3
"""writ-table on real databases: what import writes, that it is valid, that check agrees with it, and each difference that check names.

    table_test.py --writ-table PROGRAM --writ PROGRAM
"""

import argparse
import os
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '../support/databases'))
import cases  # noqa: E402
import clients  # noqa: E402

SCHEMA = {
    'postgres': '''
        create schema sales;
        create table customers (id bigint primary key, tenant text collate "C" not null, name text, tags text[] not null, extra jsonb, total numeric, at timestamptz, day date,
                                unique (id, tenant));
        create table sales.orders (id int4 primary key, customer_id int8 not null, customer_tenant text not null, "in" bool, "a b" text, code char(3),
                                   foreign key (customer_id, customer_tenant) references customers (id, tenant), parent_id int4 references sales.orders (id));
    ''',
    'mysql': '''
        create table customers (id bigint primary key, tenant varchar(20) collate utf8mb4_nopad_bin not null, name text, extra json, total decimal(9,2), at datetime(6), seen timestamp null,
                                flag boolean not null, big bigint unsigned, unique (id, tenant)) engine=innodb;
        create table orders (id int primary key, customer_id bigint not null, customer_tenant varchar(20) collate utf8mb4_nopad_bin not null, `a b` text, code char(3), parent_id int,
                             foreign key (customer_id, customer_tenant) references customers (id, tenant), foreign key (parent_id) references orders (id)) engine=innodb;
    ''',
    'sqlite': '''
        create table customers (id integer primary key, tenant varchar(20) not null, name text collate nocase, extra json, total numeric, at timestamp, unique (id, tenant));
        create table orders (id text primary key, customer_id integer not null, "in" boolean, customer_tenant text not null, "a b" text, parent_id text references orders,
                             foreign key (customer_id, customer_tenant) references customers (id, tenant));
    ''',
}
# A change of the database and what check says of it.
DRIFT = {
    'postgres': [('alter table customers drop column name', '`customers.name` is not in the database as name'),
                 ('alter table customers alter tenant drop not null', '`customers.tenant` may be NULL in the database, and is declared without `?`'),
                 ('alter table customers alter at set not null', '`customers.at` is never NULL in the database, and is declared with `?`'),
                 ('alter table customers alter tenant type text collate "en-US-x-icu"',
                  '`customers.tenant` is declared `exact`, and the database does not compare and order it by code points'),
                 ('alter table customers alter tags type jsonb using null', '`customers.tags` is list(string) kept as array, the database has jsonb'),
                 ('alter table sales.orders rename to lines', 'table `orders` is not in the database as sales.orders')],
    'mysql': [('alter table customers drop column name', '`customers.name` is not in the database as name'),
              ('alter table customers modify big decimal(20)', '`customers.big` is uint, the database has decimal'),
              ('alter table customers modify flag bigint null', '`customers.flag` is bool, the database has bigint'),
              ('set foreign_key_checks = 0; alter table orders modify `a b` text not null', '`orders.a_b` is never NULL in the database, and is declared with `?`'),
              ('rename table orders to renamed', 'table `orders` is not in the database as orders')],
    'sqlite': [('alter table customers drop column name', '`customers.name` is not in the database as name'),
               ('alter table orders rename to renamed', 'table `orders` is not in the database as orders')],
}


class Table(cases.WithServers):
    program = writ = ''

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.environment = {**cases.WithServers.environment, 'SQLITE_FILE': os.path.join(self.folder.name, 'data.db')}
        for dialect in clients.DIALECTS:
            with clients.connect(dialect, self.environment) as database:
                if dialect == 'postgres':
                    database.script('drop schema if exists sales cascade; drop schema public cascade; create schema public')
                if dialect == 'mysql':
                    database.script('drop database writ; create database writ; use writ')
                database.script(SCHEMA[dialect])

    def place(self, dialect):
        return {'postgres': ['--postgres', ''], 'sqlite': ['--sqlite', self.environment['SQLITE_FILE']],
                'mysql': ['--mysql', f'socket={self.environment["MYSQL_UNIX_PORT"]} user=writ dbname=writ']}[dialect]

    def run_table(self, *arguments):
        environment = {**os.environ, **self.environment}
        return subprocess.run([self.program, *arguments], env=environment, capture_output=True, text=True, check=False)

    def imported(self, dialect):
        """A policy file with what import writes."""
        path = os.path.join(self.folder.name, dialect + '.writ')
        result = self.run_table('import', *self.place(dialect), '--package', 'acme.imported', '-o', path)
        self.assertEqual((result.returncode, result.stderr), (0, ''), dialect)
        return path

    def test_import_writes_what_is_expected(self):
        for dialect in clients.DIALECTS:
            with self.subTest(dialect=dialect):
                with open(self.imported(dialect), encoding='utf-8') as file:
                    text = file.read()
                with open(os.path.join(HERE, f'../golden/table/{dialect}.writ'), 'w' if UPDATE else 'r', encoding='utf-8') as golden:
                    if UPDATE:
                        golden.write(text)
                    else:
                        self.assertEqual(text, golden.read())

    def test_what_is_imported_is_valid_and_has_not_drifted(self):
        for dialect in clients.DIALECTS:
            with self.subTest(dialect=dialect):
                path = self.imported(dialect)
                self.assertEqual(subprocess.run([self.writ, 'check', path], check=False, capture_output=True).returncode, 0)
                formatted = subprocess.run([self.writ, 'fmt', '--check', path], check=False, capture_output=True, text=True)
                self.assertEqual(formatted.returncode, 0, formatted.stdout)
                result = self.run_table('check', *self.place(dialect), path)
                self.assertEqual((result.returncode, result.stdout), (0, '2 tables, 0 differences\n'))

    def test_each_drift_is_named(self):
        for dialect in clients.DIALECTS:
            path = self.imported(dialect)
            with clients.connect(dialect, self.environment) as database:
                for change, difference in DRIFT[dialect]:
                    with self.subTest(dialect=dialect, change=change):
                        database.script(change)
                        result = self.run_table('check', *self.place(dialect), path)
                        self.assertIn(difference, result.stdout.splitlines())
                        self.assertEqual(result.returncode, 1)

    def test_one_table_has_no_relations_to_others(self):
        result = self.run_table('import', *self.place('sqlite'), '--table', 'customers')
        self.assertNotIn('orders', result.stdout)
        self.assertIn('table customers {', result.stdout)

    def test_bad_input_writes_nothing(self):
        output = os.path.join(self.folder.name, 'out.writ')
        absent = os.path.join(self.folder.name, 'absent')
        policy = os.path.join(self.folder.name, 'empty.writ')
        with open(policy, 'w', encoding='utf-8') as file:
            file.write('package acme.nothing\n')
        for arguments, reason in (
                (['import', '-o', output], 'Exactly 1 option'),
                (['import', '--postgres', f'host={absent}', '-o', output], 'PostgreSQL: '),
                (['import', '--postgres', 'no such word', '-o', output], 'PostgreSQL: '),
                (['import', '--mysql', f'socket={absent} user=writ dbname=writ', '-o', output], 'MariaDB: '),
                (['import', '--mysql', 'socket=x', '-o', output], 'needs dbname='),
                (['import', '--mysql', 'sokket=x', '-o', output], 'takes words such as'),
                (['import', '--sqlite', absent, '-o', output], 'SQLite: unable to open'),
                (['import', '--sqlite', __file__, '-o', output], 'SQLite: file is not a database'),
                (['import', *self.place('sqlite'), *self.place('mysql'), '-o', output], 'Exactly 1 option'),
                (['import', *self.place('sqlite'), '--table', 'customer', '-o', output], 'the database has no table "customer"'),
                (['import', *self.place('sqlite'), '--package', 'a b', '-o', output], 'nothing is written'),
                (['import', *self.place('sqlite'), '-o', os.path.join(absent, 'x')], 'cannot be written'),
                (['check', *self.place('sqlite'), absent], 'absent'),
                (['check', *self.place('sqlite'), policy], 'declare no table'),
                (['check', '--sqlite', absent, self.imported('sqlite')], 'SQLite: unable to open')):
            with self.subTest(arguments=arguments):
                result = self.run_table(*arguments)
                self.assertEqual(result.returncode, 2, result.stdout)
                self.assertIn(reason, result.stderr)
                self.assertFalse(os.path.exists(output))

    def test_names_that_are_none_in_policies(self):
        with clients.connect('sqlite', self.environment) as database:
            database.script('drop table orders; drop table customers; create table "we""ird\\" ("1" int, "a-b" int, "a b" int, "null" int, "x\ny" int, "é" text);'
                            'create table "two.dots.here" (a int)')
        result = self.run_table('import', *self.place('sqlite'))
        self.assertEqual(result.returncode, 0, result.stderr)
        for line in ('table we_ird_ stored as "we\\"ird\\\\" {', '  _1: int? stored as "1"', '  a_b: int? stored as "a-b"', '  a_b_2: int? stored as "a b"',
                     '  null_: int? stored as "null"', '  __: string? exact stored as "é"', '// two.dots.here: its name cannot be declared'):
            self.assertIn(line, result.stdout.splitlines())
        self.assertIn('holds the control character', result.stdout)


UPDATE = False


def main():
    global UPDATE
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--writ-table', required=True)
    parser.add_argument('--writ', required=True)
    parser.add_argument('--update', action='store_true', help='write the golden declarations')
    options = parser.parse_args()
    Table.program, Table.writ, UPDATE = options.writ_table, options.writ, options.update
    suite = unittest.defaultTestLoader.loadTestsFromTestCase(Table)
    if not os.path.exists(options.writ_table):
        print('skipped: writ-table: it is not built, the client libraries are not installed')
        cases.print_closing(0, 0, cases.count(suite))
    cases.main(suite)


if __name__ == '__main__':
    main()
