#!/usr/bin/env python3
"""PostgreSQL and MariaDB servers of a test's own: started in a new folder, reached by Unix sockets, ended with the test.

    servers.py [--only postgres|mysql] -- COMMAND …     runs COMMAND with the environment of `running`, ends with its exit code

    with servers.running() as environment:              the same inside a Python test
        with clients.connect('postgres', environment) as database: …

`environment` holds what the client libraries and programs read themselves (PGHOST, PGPORT, PGUSER, PGDATABASE, MYSQL_UNIX_PORT). On
both servers the user and the database are called `writ`, and there is no password. Nothing is durable: files are not synced.
A killed test takes its servers along; the folder that it leaves is removed by the next start.
"""

import argparse
import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import clients

POSTGRES_PROGRAMS = '/usr/lib/postgresql/15/bin'
MARIADB_SERVER, MARIADB_INSTALL = '/usr/sbin/mariadbd', '/usr/bin/mariadb-install-db'
NAMES = ('postgres', 'mysql')
NOBODY = 65534
START_SECONDS = 60
FOLDER_PREFIX = 'writ-databases-'

# No warning of the server may depend on the settings of whoever starts it.
PLAIN_ENVIRONMENT = {'PATH': os.defpath, 'LC_ALL': 'C.UTF-8', 'TZ': 'UTC', 'HOME': '/nonexistent'}


class CannotStart(Exception):
    """A server did not come up; the text has the end of its log."""


def missing(names=NAMES):
    """Why the servers cannot be started here, or '' when they can: the first program or library that is not installed."""
    programs = {'postgres': [os.path.join(POSTGRES_PROGRAMS, 'postgres'), os.path.join(POSTGRES_PROGRAMS, 'initdb')], 'mysql': [MARIADB_SERVER, MARIADB_INSTALL]}
    for name in names:
        for program in programs[name]:
            if not os.access(program, os.X_OK):
                return f'{program} is not installed'
        reason = clients.missing(name)
        if reason:
            return reason
    return ''


def as_server(command):
    """COMMAND as a user who may run servers, and so that the kernel ends it with this process. A change of user clears the
    signal of the parent's death: setpriv sets it afterwards."""
    user = [f'--reuid={NOBODY}', f'--regid={NOBODY}', '--clear-groups'] if os.geteuid() == 0 else []
    return ['setpriv', *user, '--pdeathsig=KILL', *command]


def log_end(folder, name):
    with open(os.path.join(folder, name + '.log'), encoding='utf-8', errors='replace') as log:
        return ''.join(log.readlines()[-15:])


def run_once(folder, name, command):
    with open(os.path.join(folder, name + '.log'), 'ab') as log:
        code = subprocess.run(as_server(command), cwd=folder, env=PLAIN_ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=False).returncode
    if code != 0:
        raise CannotStart(f'{os.path.basename(command[0])} ended with {code}:\n{log_end(folder, name)}')


def spawn(folder, name, command):
    with open(os.path.join(folder, name + '.log'), 'ab') as log:
        return subprocess.Popen(as_server(command), cwd=folder, env=PLAIN_ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)


def start_postgres(folder):
    """An English ICU collation is the default, as on a desktop: order by code points is nobody's gift."""
    data = os.path.join(folder, 'postgres')
    run_once(folder, 'postgres', [os.path.join(POSTGRES_PROGRAMS, 'initdb'), '--no-sync', '--pgdata=' + data, '--username=writ', '--auth=trust', '--encoding=UTF8',
                                  '--locale=C.UTF-8', '--locale-provider=icu', '--icu-locale=en-US'])
    # Shared memory lies in files of the folder, so that a killed server leaves nothing elsewhere.
    settings = ['listen_addresses=', 'unix_socket_directories=' + folder, 'dynamic_shared_memory_type=mmap', 'fsync=off', 'synchronous_commit=off',
                'full_page_writes=off', 'shared_buffers=64MB', 'max_connections=40', 'autovacuum=off', 'jit=off', 'timezone=UTC']
    return spawn(folder, 'postgres', [os.path.join(POSTGRES_PROGRAMS, 'postgres'), '-D', data, *(part for each in settings for part in ('-c', each))])


def start_mysql(folder):
    data = '--datadir=' + os.path.join(folder, 'mysql')
    small = ['--innodb-log-file-size=8M', '--innodb-data-file-path=ibdata1:4M:autoextend', '--innodb-use-native-aio=0']
    install = [MARIADB_INSTALL, '--no-defaults', data, '--auth-root-authentication-method=normal', '--skip-test-db', '--skip-name-resolve', *small]
    try:
        run_once(folder, 'mysql', install)
    except CannotStart:  # seen once in many, on a machine that had much else to do
        shutil.rmtree(os.path.join(folder, 'mysql'), ignore_errors=True)
        run_once(folder, 'mysql', install)
    first = os.path.join(folder, 'first.sql')
    with open(first, 'w', encoding='utf-8') as script:
        # One statement a line is what --init-file takes.
        script.write('create database writ character set utf8mb4 collate utf8mb4_general_ci;\ncreate user writ@localhost;\ngrant all on *.* to writ@localhost;\n')
    return spawn(folder, 'mysql', [MARIADB_SERVER, '--no-defaults', data, '--init-file=' + first, '--socket=' + os.path.join(folder, 'mysql.sock'), '--skip-networking',
                                   '--pid-file=' + os.path.join(folder, 'mysql.pid'), '--character-set-server=utf8mb4', '--collation-server=utf8mb4_general_ci',
                                   '--skip-log-bin', '--innodb-flush-log-at-trx-commit=0', '--innodb-flush-method=nosync', '--innodb-buffer-pool-size=32M',
                                   '--default-time-zone=+00:00', *small])


STARTERS = {'postgres': start_postgres, 'mysql': start_mysql}
ENVIRONMENTS = {
    'postgres': lambda folder: {'PGHOST': folder, 'PGPORT': '5432', 'PGUSER': 'writ', 'PGDATABASE': 'writ'},
    'mysql': lambda folder: {'MYSQL_UNIX_PORT': os.path.join(folder, 'mysql.sock')},
}


def wait_for(folder, name, process, environment):
    """Until the server takes a connection; PostgreSQL's database is made by then."""
    end = time.monotonic() + START_SECONDS
    while True:
        try:
            if name == 'postgres':
                with clients.connect(name, {**environment, 'PGDATABASE': 'postgres'}) as database:
                    database.script('create database writ')
            else:
                clients.connect(name, environment).close()
            return
        except clients.DatabaseError as error:
            if process.poll() is not None or time.monotonic() > end:
                raise CannotStart(f'{name} does not answer: {error}\n{log_end(folder, name)}') from error
            time.sleep(0.02)


def remove_orphans(parent):
    """Folders of processes that were killed."""
    for entry in os.listdir(parent):
        owner = re.fullmatch(FOLDER_PREFIX + r'(\d+)-.*', entry)
        if owner and not os.path.exists('/proc/' + owner[1]):
            shutil.rmtree(os.path.join(parent, entry), ignore_errors=True)


@contextlib.contextmanager
def running(names=NAMES):
    """Starts the named servers; the value is the environment that reaches them. Raises CannotStart."""
    parent = '/dev/shm' if os.access('/dev/shm', os.W_OK) else '/tmp'  # a socket's path has at most 107 bytes
    remove_orphans(parent)
    folder = tempfile.mkdtemp(prefix=f'{FOLDER_PREFIX}{os.getpid()}-', dir=parent)
    if os.geteuid() == 0:
        os.chown(folder, NOBODY, NOBODY)
    processes, environment = {}, {}
    try:
        for name in names:
            processes[name] = STARTERS[name](folder)
            environment.update(ENVIRONMENTS[name](folder))
        for name, process in processes.items():
            wait_for(folder, name, process, environment)
        yield environment
    finally:
        for name, process in processes.items():
            # PostgreSQL waits for its clients unless it is interrupted.
            process.send_signal(signal.SIGINT if name == 'postgres' else signal.SIGTERM)
        for process in processes.values():
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--only', choices=NAMES)
    parser.add_argument('command', nargs='+')
    options = parser.parse_args()
    names = (options.only,) if options.only else NAMES
    reason = missing(names)
    if reason:
        print(f'servers.py: {reason}', file=sys.stderr)
        return 2
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda caught, _: sys.exit(128 + caught))
    try:
        with running(names) as environment:
            return subprocess.run(options.command, env={**os.environ, **environment}, check=False).returncode
    except CannotStart as error:
        print(f'servers.py: {error}', file=sys.stderr)
        return 2


if __name__ == '__main__':
    sys.exit(main())
