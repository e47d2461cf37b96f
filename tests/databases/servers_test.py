#!/usr/bin/env python3
"""The databases that tests start (tests/support/databases): typed parameters, two sets of servers side by side, a killed parent, what
they refuse. Skipped with the reason where the servers are not installed; then a failure when CI=true."""

import os
import signal
import subprocess
import sys
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '../support/databases'))
import cases  # noqa: E402
import clients  # noqa: E402
import servers  # noqa: E402

# Type, value, what the database is asked about the placeholder. Each must hold.
FACTS = [
    ('bool', True, '{} = true'), ('bool', False, '{} = false'), ('int', -2**63, '{} + 1 = -9223372036854775807'), ('int', 2**63 - 1, '{} - 1 = 9223372036854775806'),
    ('double', 0.1, '{} * 3e0 <> 0.3e0'), ('double', 5e-324, '{} > 0'), ('string', '', "{} = ''"), ('string', "';--\\%_😀", "{} = ''';--\\%_😀'"),
    ('string', 'abc', "{} = 'abc'"),
]
BY_DIALECT = {
    'postgres': [('uint', 2**64 - 1, '{} = 18446744073709551615'), ('double', 'NaN', "{} = 'NaN'::float8"), ('double', '-Infinity', "{} < -1.7e308::float8"),
                 ('bytes', '00ff', "{} = '\\x00ff'::bytea"), ('timestamp', '2026-01-01T00:00:00.000001Z', "{} = timestamptz '2026-01-01 01:00:00.000001+01'"),
                 ('list(string)', ['a"b', '\\', 'null', None, ''], "{} = array['a\"b', '\\', 'null', null, '']"), ('list(int)', [1, -2], "-2 = any({})")],
    'mysql': [('uint', 2**64 - 1, '{} = 18446744073709551615'), ('bytes', '00ff', "{} = x'00ff'"), ('timestamp', '2026-01-01T00:00:00Z', "{} = '2026-01-01 00:00:00.000000'"),
              ('string', 'a\0b', "{} = concat('a', char(0), 'b')")],
    'sqlite': [('bytes', '00ff', "{} = x'00ff'"), ('timestamp', '2026-01-01T00:00:00.5Z', "{} = '2026-01-01 00:00:00.500000'"), ('double', '-Infinity', '{} = -9e999')],
}
REFUSED = {
    'postgres': [('string', 'a\0b', 'no NUL'), ('int', 2**63, 'out of range')],
    'mysql': [('double', 'NaN', 'no NaN'), ('timestamp', '2026-01-01T00:00:00.0000001Z', 'finer than microseconds'), ('list(int)', [1], 'no parameter of type')],
    'sqlite': [('list(int)', [1], 'no parameter of type'), ('int', 2**63, 'too large'), ('timestamp', '2026-01-01T00:00:00+01:00', 'not a timestamp in UTC')],
}


def placeholder(dialect):
    return '$1' if dialect == 'postgres' else '?'


def typed(kind, value):
    return {'type': kind, 'value': value}


class Parameters(cases.WithServers):
    def test_are_values_of_their_type(self):
        for dialect in clients.DIALECTS:
            with clients.connect(dialect, self.environment) as database:
                for kind, value, fact in FACTS + BY_DIALECT[dialect]:
                    # MariaDB's own escape in texts is PostgreSQL's and SQLite's plain backslash.
                    if dialect == 'mysql':
                        fact = fact.replace('\\', '\\\\')
                    with self.subTest(dialect=dialect, type=kind, value=value):
                        rows = database.query(f'select 1 where {fact.format(placeholder(dialect))}', [typed(kind, value)])
                        self.assertEqual([[str(cell) for cell in row] for row in rows], [['1']])

    def test_null_is_null(self):
        for dialect in clients.DIALECTS:
            with clients.connect(dialect, self.environment) as database:
                for parameter in (None, typed('int', None)):
                    self.assertEqual(len(database.query(f'select 1 where coalesce({placeholder(dialect)}, 7) = 7', [parameter])), 1)

    def test_what_cannot_be_sent_is_an_error(self):
        for dialect in clients.DIALECTS:
            with clients.connect(dialect, self.environment) as database:
                for kind, value, text in REFUSED[dialect]:
                    with self.subTest(dialect=dialect, type=kind), self.assertRaisesRegex(clients.DatabaseError, text):
                        database.query(f'select {placeholder(dialect)}', [typed(kind, value)])

    def test_an_error_leaves_the_connection_usable(self):
        for dialect in clients.DIALECTS:
            with clients.connect(dialect, self.environment) as database:
                with self.assertRaises(clients.DatabaseError):
                    database.query('select no_such_column from no_such_table')
                with self.assertRaises(clients.DatabaseError):
                    database.script('select 1; select no_such_column from no_such_table')
                self.assertEqual([str(cell) for cell in database.query('select 7')[0]], ['7'])


class Servers(cases.WithServers):
    def test_run_side_by_side(self):
        with servers.running() as other:
            for dialect in ('postgres', 'mysql'):
                with clients.connect(dialect, self.environment) as ours, clients.connect(dialect, other) as theirs:
                    ours.script('create table only_here (id int)')
                    with self.assertRaises(clients.DatabaseError):
                        theirs.query('select id from only_here')
                    ours.script('drop table only_here')
            folder = other['PGHOST']
        self.assertFalse(os.path.exists(folder))

    def start_parent(self):
        """A process with servers of its own, and their folder. Its command ends with this test: its input ends then."""
        command = [sys.executable, servers.__file__, '--', 'sh', '-c', 'echo "$PGHOST"; exec cat']
        parent = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.addCleanup(parent.stdout.close)
        self.addCleanup(parent.stdin.close)
        return parent, parent.stdout.readline().strip()

    def test_end_with_a_killed_parent(self):
        parent, folder = self.start_parent()
        self.assertTrue(running_in(folder))
        parent.kill()
        parent.wait()
        while running_in(folder):  # the suite's own limit of time ends this when they stay
            time.sleep(0.02)
        servers.remove_orphans(os.path.dirname(folder))
        self.assertFalse(os.path.exists(folder))

    def test_end_with_a_terminated_parent(self):
        parent, folder = self.start_parent()
        parent.send_signal(signal.SIGTERM)
        parent.wait()
        self.assertFalse(running_in(folder))
        self.assertFalse(os.path.exists(folder))

    def test_the_commands_exit_code_is_handed_on(self):
        self.assertEqual(subprocess.run([sys.executable, servers.__file__, '--only', 'postgres', '--', 'sh', '-c', 'exit 7'], check=False).returncode, 7)

    def test_what_is_missing_is_named(self):
        kept, servers.MARIADB_SERVER = servers.MARIADB_SERVER, '/no/such/mariadbd'
        self.addCleanup(setattr, servers, 'MARIADB_SERVER', kept)
        self.assertEqual(servers.missing(), '/no/such/mariadbd is not installed')
        self.assertEqual(servers.missing(('postgres',)), '')


def running_in(folder):
    """Whether a process names the folder in its command line."""
    for entry in os.listdir('/proc'):
        try:
            with open(f'/proc/{entry}/cmdline', 'rb') as command:
                if entry.isdigit() and int(entry) != os.getpid() and os.fsencode(folder) in command.read():
                    return True
        except OSError:
            continue
    return False


if __name__ == '__main__':
    cases.main(unittest.defaultTestLoader.loadTestsFromModule(sys.modules[__name__]))
