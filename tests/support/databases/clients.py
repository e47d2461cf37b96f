"""One interface over PostgreSQL, MariaDB and SQLite for tests: statements with typed parameters, bound by the server.

    with clients.connect('postgres', environment) as database:      'postgres', 'mysql' or 'sqlite'
        database.script('create table …; insert …')                 any number of statements, without parameters
        rows = database.query('select "id" from "t" where "a" = $1', [{'type': 'int', 'value': 1}])

Placeholders are $1, $2, … for PostgreSQL and ? for the others. A parameter is a plain JSON value or {"type": T, "value": V}; T is
bool, int, uint, double, string, bytes (V in hex), timestamp (V as RFC 3339 in UTC, not finer than microseconds) or, for PostgreSQL,
list(T). "NaN", "Infinity" and "-Infinity" are values of double. MariaDB and SQLite take a timestamp as `YYYY-MM-DD HH:MM:SS.ffffff`.
Rows are lists of texts (SQLite: of its own values), None for NULL. What a database or its parameters refuse is a DatabaseError.
"""

import ctypes
import math
import os
import re
import sqlite3

DIALECTS = ('postgres', 'mysql', 'sqlite')
LIBRARIES = {'postgres': 'libpq.so.5', 'mysql': 'libmariadb.so.3'}


class DatabaseError(Exception):
    """The database, or the way to it, refused."""


def missing(dialect):
    """Why there is no client of this dialect, or ''."""
    try:
        if dialect in LIBRARIES:
            ctypes.CDLL(LIBRARIES[dialect])
        return ''
    except OSError:
        return f'{LIBRARIES[dialect]} is not installed'


def type_and_value(parameter):
    """The type that a parameter says or, when it is a plain value, has."""
    if isinstance(parameter, dict):
        return parameter['type'], parameter['value']
    if isinstance(parameter, list):
        return f'list({type_and_value(parameter[0])[0] if parameter else "string"})', parameter
    for kind, name in ((bool, 'bool'), (int, 'int'), (float, 'double')):
        if isinstance(parameter, kind):
            return name, parameter
    return 'string', parameter


def time_text(value):
    """`YYYY-MM-DD HH:MM:SS.ffffff`, which sorts as the timestamps do."""
    parts = re.fullmatch(r'(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,6})0*)?(?:[Zz]|\+00:00)', value)
    if not parts:
        raise DatabaseError(f'not a timestamp in UTC, or finer than microseconds: {value}')
    return f'{parts[1]} {parts[2]}.{(parts[3] or "").ljust(6, "0")}'


class Connection:
    """What the three have in common."""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


# ---- PostgreSQL, by libpq ----

PG_TYPES = {'bool': 16, 'int': 20, 'uint': 1700, 'double': 701, 'string': 25, 'bytes': 17, 'timestamp': 1184, 'list(bool)': 1000, 'list(int)': 1016,
            'list(double)': 1022, 'list(string)': 1009, 'list(timestamp)': 1185}
PG_RESULTS_OK = (1, 2)  # PGRES_COMMAND_OK, PGRES_TUPLES_OK


def pg_text(kind, value):
    """A parameter in PostgreSQL's text form; None is NULL."""
    if value is None:
        return None
    if kind.startswith('list('):
        items = [pg_text(kind[len('list('):-1], item) for item in value]
        quoted = ['NULL' if item is None else '"' + re.sub(r'(["\\])', r'\\\1', item) + '"' for item in items]
        return '{' + ','.join(quoted) + '}'
    if kind == 'bool':
        return 'true' if value else 'false'
    if kind == 'double':
        return value if isinstance(value, str) else repr(float(value)).replace('inf', 'Infinity')
    if kind == 'bytes':
        return '\\x' + value
    text = str(value)
    if '\0' in text:
        raise DatabaseError('PostgreSQL has no NUL in a text')
    return text


class Postgres(Connection):
    def __init__(self, environment):
        lib = self.lib = ctypes.CDLL(LIBRARIES['postgres'])
        pointer, text, number = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
        for name, result, arguments in (
                ('PQconnectdb', pointer, [text]), ('PQstatus', number, [pointer]), ('PQfinish', None, [pointer]), ('PQerrorMessage', text, [pointer]),
                ('PQexec', pointer, [pointer, text]), ('PQexecParams', pointer, [pointer, text, number, pointer, pointer, pointer, pointer, number]),
                ('PQresultStatus', number, [pointer]), ('PQresultErrorMessage', text, [pointer]), ('PQclear', None, [pointer]), ('PQntuples', number, [pointer]),
                ('PQnfields', number, [pointer]), ('PQgetisnull', number, [pointer, number, number]), ('PQgetvalue', text, [pointer, number, number])):
            function = getattr(lib, name)
            function.restype, function.argtypes = result, arguments
        keys = {'PGHOST': 'host', 'PGPORT': 'port', 'PGUSER': 'user', 'PGDATABASE': 'dbname'}
        self.handle = lib.PQconnectdb(' '.join(f"{key}='{environment[name]}'" for name, key in keys.items() if name in environment).encode())
        if lib.PQstatus(self.handle) != 0:
            reason = lib.PQerrorMessage(self.handle).decode().strip()
            self.close()
            raise DatabaseError(reason)
        self.script("set client_encoding = 'UTF8'; set client_min_messages = warning")

    def take(self, result):
        lib = self.lib
        try:
            if lib.PQresultStatus(result) not in PG_RESULTS_OK:
                raise DatabaseError(lib.PQresultErrorMessage(result).decode().strip())
            return [[None if lib.PQgetisnull(result, row, column) else lib.PQgetvalue(result, row, column).decode() for column in range(lib.PQnfields(result))]
                    for row in range(lib.PQntuples(result))]
        finally:
            lib.PQclear(result)

    def script(self, sql):
        return self.take(self.lib.PQexec(self.handle, sql.encode()))

    def query(self, sql, parameters=()):
        count = len(parameters)
        types, values = (ctypes.c_uint * (count + 1))(), (ctypes.c_char_p * (count + 1))()
        for at, parameter in enumerate(parameters):
            kind, value = type_and_value(parameter)
            types[at] = 0 if parameter is None else PG_TYPES[kind]
            text = pg_text(kind, value)
            values[at] = None if text is None else text.encode()
        return self.take(self.lib.PQexecParams(self.handle, sql.encode(), count, types, values, None, None, 0))

    def close(self):
        self.lib.PQfinish(self.handle)
        self.handle = None


# ---- MariaDB, by libmariadb ----

MYSQL_NULL, MYSQL_INT64, MYSQL_DOUBLE, MYSQL_BLOB, MYSQL_STRING = 6, 8, 5, 252, 254
MYSQL_SET_CHARSET_NAME, CLIENT_MULTI_STATEMENTS, MYSQL_NO_DATA, MYSQL_DATA_TRUNCATED = 7, 1 << 16, 100, 101
MAX_CELL_BYTES = 64 * 1024


class MysqlBind(ctypes.Structure):
    """MYSQL_BIND of mariadb_stmt.h, Connector/C 3."""
    _fields_ = [('length', ctypes.c_void_p), ('is_null', ctypes.c_void_p), ('buffer', ctypes.c_void_p), ('error', ctypes.c_void_p), ('row', ctypes.c_void_p),
                ('store', ctypes.c_void_p), ('fetch', ctypes.c_void_p), ('skip', ctypes.c_void_p), ('buffer_length', ctypes.c_ulong), ('offset', ctypes.c_ulong),
                ('length_value', ctypes.c_ulong), ('flags', ctypes.c_uint), ('pack_length', ctypes.c_uint), ('buffer_type', ctypes.c_int),
                ('error_value', ctypes.c_ubyte), ('is_unsigned', ctypes.c_ubyte), ('long_data_used', ctypes.c_ubyte), ('is_null_value', ctypes.c_ubyte),
                ('extension', ctypes.c_void_p)]


def mysql_value(kind, value):
    """-> type of the buffer, buffer, its size in bytes."""
    if value is None:
        return MYSQL_NULL, None, 0
    if kind in ('bool', 'int', 'uint'):
        return MYSQL_INT64, (ctypes.c_uint64 if kind == 'uint' else ctypes.c_int64)(int(value)), 8
    if kind == 'double':
        if not math.isfinite(float(value)):
            raise DatabaseError('MariaDB has no NaN and no infinity')
        return MYSQL_DOUBLE, ctypes.c_double(float(value)), 8
    if kind == 'bytes':
        raw = bytes.fromhex(value)
    elif kind in ('string', 'timestamp'):
        raw = (time_text(value) if kind == 'timestamp' else value).encode()
    else:
        raise DatabaseError(f'MariaDB has no parameter of type {kind}')
    return MYSQL_BLOB if kind == 'bytes' else MYSQL_STRING, ctypes.create_string_buffer(raw, len(raw) + 1), len(raw)


class Cells:
    """Buffers for one row of a result, every column as text."""

    def __init__(self, count):
        self.binds = (MysqlBind * max(count, 1))()
        self.texts = [ctypes.create_string_buffer(MAX_CELL_BYTES) for _ in range(count)]
        self.sizes, self.nulls = (ctypes.c_ulong * count)(), (ctypes.c_ubyte * count)()
        for at, bind in enumerate(self.binds[:count]):
            bind.buffer_type, bind.buffer_length, bind.buffer = MYSQL_STRING, MAX_CELL_BYTES, ctypes.addressof(self.texts[at])
            bind.length = ctypes.addressof(self.sizes) + at * ctypes.sizeof(ctypes.c_ulong)
            bind.is_null = ctypes.addressof(self.nulls) + at

    def row(self):
        return [None if null else text.raw[:size].decode(errors='replace') for text, size, null in zip(self.texts, self.sizes, self.nulls)]


class Mysql(Connection):
    def __init__(self, environment):
        lib = self.lib = ctypes.CDLL(LIBRARIES['mysql'])
        pointer, text, number, size = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int, ctypes.c_ulong
        byte = ctypes.c_ubyte  # my_bool
        for name, result, arguments in (
                ('mysql_init', pointer, [pointer]), ('mysql_close', None, [pointer]), ('mysql_options', number, [pointer, number, text]),
                ('mysql_real_connect', pointer, [pointer, text, text, text, text, ctypes.c_uint, text, size]), ('mysql_error', text, [pointer]),
                ('mysql_real_query', number, [pointer, text, size]), ('mysql_store_result', pointer, [pointer]), ('mysql_free_result', None, [pointer]),
                ('mysql_next_result', number, [pointer]), ('mysql_stmt_init', pointer, [pointer]), ('mysql_stmt_prepare', number, [pointer, text, size]),
                ('mysql_stmt_error', text, [pointer]), ('mysql_stmt_param_count', size, [pointer]), ('mysql_stmt_field_count', ctypes.c_uint, [pointer]),
                ('mysql_stmt_bind_param', byte, [pointer, pointer]), ('mysql_stmt_execute', number, [pointer]), ('mysql_stmt_bind_result', byte, [pointer, pointer]),
                ('mysql_stmt_store_result', number, [pointer]), ('mysql_stmt_fetch', number, [pointer]), ('mysql_stmt_close', byte, [pointer])):
            function = getattr(lib, name)
            function.restype, function.argtypes = result, arguments
        self.handle = lib.mysql_init(None)
        lib.mysql_options(self.handle, MYSQL_SET_CHARSET_NAME, b'utf8mb4')
        socket = environment['MYSQL_UNIX_PORT'].encode()
        if not lib.mysql_real_connect(self.handle, None, b'writ', None, b'writ', 0, socket, CLIENT_MULTI_STATEMENTS):
            reason = lib.mysql_error(self.handle).decode()
            self.close()
            raise DatabaseError(reason)

    def script(self, sql):
        lib, text = self.lib, sql.encode()
        state = lib.mysql_real_query(self.handle, text, len(text))
        while state == 0:
            lib.mysql_free_result(lib.mysql_store_result(self.handle))
            state = lib.mysql_next_result(self.handle)
        if state > 0:
            raise DatabaseError(lib.mysql_error(self.handle).decode())
        return []

    def query(self, sql, parameters=()):
        lib, text = self.lib, sql.encode()
        statement = lib.mysql_stmt_init(self.handle)
        try:
            self.need(statement, lib.mysql_stmt_prepare(statement, text, len(text)))
            kept = self.bind(statement, parameters)
            self.need(statement, lib.mysql_stmt_execute(statement))
            del kept
            return self.fetch(statement)
        finally:
            lib.mysql_stmt_close(statement)

    def need(self, statement, failed):
        if failed:
            raise DatabaseError(self.lib.mysql_stmt_error(statement).decode())

    def bind(self, statement, parameters):
        """-> what has to live until the statement is executed."""
        wanted = self.lib.mysql_stmt_param_count(statement)
        if wanted != len(parameters):
            raise DatabaseError(f'{wanted} placeholders, {len(parameters)} parameters')
        binds, buffers = (MysqlBind * max(wanted, 1))(), []
        for bind, parameter in zip(binds, parameters):
            kind, value = type_and_value(parameter)
            bind.buffer_type, buffer, size = mysql_value(kind, value)
            bind.is_unsigned = kind == 'uint'
            bind.buffer_length = bind.length_value = size
            if buffer is not None:
                bind.buffer = ctypes.addressof(buffer)
            buffers.append(buffer)
        if parameters:
            self.need(statement, self.lib.mysql_stmt_bind_param(statement, binds))
        return binds, buffers

    def fetch(self, statement):
        lib, rows = self.lib, []
        count = lib.mysql_stmt_field_count(statement)
        if count == 0:
            return rows
        cells = Cells(count)
        self.need(statement, lib.mysql_stmt_bind_result(statement, cells.binds))
        self.need(statement, lib.mysql_stmt_store_result(statement))
        while True:
            state = lib.mysql_stmt_fetch(statement)
            if state == MYSQL_NO_DATA:
                return rows
            if state == MYSQL_DATA_TRUNCATED:
                raise DatabaseError(f'a cell has more than {MAX_CELL_BYTES} bytes')
            self.need(statement, state)
            rows.append(cells.row())

    def close(self):
        self.lib.mysql_close(self.handle)
        self.handle = None


# ---- SQLite, by Python's module ----

class Sqlite(Connection):
    def __init__(self, environment):
        self.database = sqlite3.connect(environment.get('SQLITE_FILE', ':memory:'), isolation_level=None)

    def script(self, sql):
        try:
            self.database.executescript(sql)
        except sqlite3.Error as error:
            raise DatabaseError(str(error)) from error
        return []

    @staticmethod
    def value(parameter):
        kind, value = type_and_value(parameter)
        if kind.startswith('list('):
            raise DatabaseError(f'SQLite has no parameter of type {kind}')
        if value is None:
            return None
        made = {'bool': int, 'int': int, 'uint': int, 'double': float, 'string': str, 'bytes': bytes.fromhex, 'timestamp': time_text}
        return made[kind](value)

    def query(self, sql, parameters=()):
        try:
            return [list(row) for row in self.database.execute(sql, [self.value(parameter) for parameter in parameters])]
        except (sqlite3.Error, OverflowError) as error:
            raise DatabaseError(str(error)) from error

    def close(self):
        self.database.close()


def connect(dialect, environment=None):
    """A connection, which the caller closes (`with`). ENVIRONMENT is what `servers.running` gives, os.environ by default; SQLITE_FILE in it
    is SQLite's file, without it the database is in memory."""
    return {'postgres': Postgres, 'mysql': Mysql, 'sqlite': Sqlite}[dialect](os.environ if environment is None else environment)
