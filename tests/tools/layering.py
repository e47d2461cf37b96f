#!/usr/bin/env python3
"""Checks every #include against docs/layering.txt and names each forbidden edge as FILE:LINE.

    tests/tools/layering.py [ROOT]     # closes with "N passed, N failed, N skipped"; a case is a source file
    tests/tools/layering.py --self-test
"""

import os
import re
import sys
import tempfile

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
SOURCES = ('.h', '.cc', '.c', '.inc')
# What no table needs to allow: C++ headers have no suffix, these are C's and the system's.
SYSTEM = re.compile(r'^[a-z0-9_]+$|^(arpa|bits|linux|net|netinet|sys)/[a-z0-9_]+\.h$|'
                    r'^(dirent|dlfcn|errno|fcntl|malloc|netdb|poll|pthread|signal|stdint|stdlib|string|time|unistd|stdio)\.h$')


def read_table(path):
    """Returns ({group: [prefix]}, {folder: [entry]}); raises ValueError with the place of a line that is neither."""
    groups, folders = {}, {}
    with open(path, encoding='utf-8') as table:
        for number, line in enumerate(table, 1):
            line = line.split('#', 1)[0].strip()
            if not line:
                continue
            if '=' in line:
                name, prefixes = line.split('=', 1)
                groups[name.strip()] = prefixes.split()
            elif ':' in line:
                name, entries = line.split(':', 1)
                folders[name.strip()] = entries.split()
            else:
                raise ValueError(f'{path}:{number}: expected "FOLDER: …" or "GROUP = …"')
    return groups, folders


def is_below(path, folder):
    return path == folder or path.startswith(folder + '/')


def row_of(path, folders):
    """The longest folder of the table that holds `path`."""
    matching = [folder for folder in folders if is_below(path, folder)]
    return max(matching, key=len) if matching else None


def is_allowed(include, quoted, row, groups, folders):
    if not quoted and SYSTEM.match(include):
        return True
    if is_below(include, row):
        return True
    own = {folder.split('/')[0] for folder in folders}
    for entry in folders[row]:
        if entry in groups:
            if any(include.startswith(prefix) for prefix in groups[entry]):
                return True
        elif is_below(include, entry):
            return True
        # The engine's public headers are included as "writ/engine.h".
        elif entry == 'engine' and include.startswith('writ/'):
            return True
    if row.startswith('engine') and include.startswith('writ/'):
        return True
    # A header beside the file ("x.h" without a folder) is in the same folder.
    return quoted and '/' not in include and include.split('/')[0] not in own and include not in sum(groups.values(), [])


def check(root):
    """Returns (number of files, [fault])."""
    groups, folders = read_table(os.path.join(root, 'docs/layering.txt'))
    count, faults = 0, []
    for top in sorted({folder.split('/')[0] for folder in folders}):
        for directory, names, files in os.walk(os.path.join(root, top)):
            names[:] = sorted(name for name in names if not name.startswith('.'))
            for name in sorted(files):
                if not name.endswith(SOURCES):
                    continue
                count += 1
                path = os.path.relpath(os.path.join(directory, name), root)
                row = row_of(path, folders)
                with open(os.path.join(directory, name), encoding='utf-8') as source:
                    for number, line in enumerate(source, 1):
                        found = INCLUDE.match(line)
                        if not found or is_allowed(found[2], found[1] == '"', row, groups, folders):
                            continue
                        faults.append(f'{path}:{number}: includes {found[2]}: {row} may include {" ".join(folders[row])}')
    return count, faults


def self_test():
    """The rule itself, on a small tree: what is allowed stays silent, what is not is named."""
    files = {
        'docs/layering.txt': 're2 = re2/\nrules: re2\nengine: rules\ndsl: rules\nwebhook: engine dsl/compiler.h\n',
        'rules/a.h': '#include <vector>\n#include <re2/re2.h>\n#include "rules/b.h"\n',
        'rules/bad.cc': '#include "engine/x.h"\n',
        'engine/x.cc': '#include "rules/a.h"\n#include "writ/engine.h"\n  #  include <nlohmann/json.hpp>\n#include "dsl/compiler.h"\n',
        'webhook/w.cc': '#include "dsl/compiler.h"\n#include "writ/engine.h"\n#include <sys/socket.h>\n#include "dsl/lex/lexer.h"\n',
    }
    expected = [
        'engine/x.cc:3: includes nlohmann/json.hpp: engine may include rules',
        'engine/x.cc:4: includes dsl/compiler.h: engine may include rules',
        'rules/bad.cc:1: includes engine/x.h: rules may include re2',
        'webhook/w.cc:4: includes dsl/lex/lexer.h: webhook may include engine dsl/compiler.h',
    ]
    with tempfile.TemporaryDirectory() as root:
        for path, text in files.items():
            os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
            with open(os.path.join(root, path), 'w', encoding='utf-8') as out:
                out.write(text)
        found = check(root)[1]
    if found == expected:
        return []
    return ['self-test: expected\n  ' + '\n  '.join(expected) + '\ngot\n  ' + '\n  '.join(found)]


def main():
    arguments = sys.argv[1:]
    faults = self_test()
    count = 0
    if arguments != ['--self-test']:
        root = arguments[0] if arguments else os.path.join(os.path.dirname(__file__), '../..')
        try:
            count, more = check(os.path.abspath(root))
        except (OSError, ValueError) as error:
            print(f'layering: {error}')
            return 2
        faults += more
    for fault in faults:
        print(fault)
    failed = len({fault.split(':')[0] for fault in faults})
    print(f'{count + 1 - failed} passed, {failed} failed, 0 skipped')
    return 1 if faults else 0


if __name__ == '__main__':
    sys.exit(main())
