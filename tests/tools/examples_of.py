#!/usr/bin/env python3
"""Makes a test program of the C++ examples of a document.

    tests/tools/examples_of.py docs/deciding.md OUT.cc

Each ```cpp fence becomes the body of a function of a table, `kExamples`, with its line in the document. What the bodies may use is
declared by tests/unit/engine/deciding_examples.h.
"""

import re
import sys

FENCE = re.compile(r'^```cpp\n(.*?)^```$', re.MULTILINE | re.DOTALL)


def main():
    document, out = sys.argv[1:]
    with open(document, encoding='utf-8') as file:
        text = file.read()
    bodies, rows = [], []
    for number, fence in enumerate(FENCE.finditer(text), 1):
        line = text.count('\n', 0, fence.start()) + 2
        bodies.append(f'void Example{number}([[maybe_unused]] const std::shared_ptr<const PolicySet>& policies) {{\n'
                      f'#line {line} "{document}"\n{fence[1]}}}\n')
        rows.append(f'    {{{line}, &Example{number}}},\n')
    if not rows:
        sys.exit(f'{document}: has no examples')
    with open(out, 'w', encoding='utf-8') as file:
        file.write('#include "tests/unit/engine/deciding_examples.h"\n\nnamespace writ {\nnamespace {\n')
        file.writelines(bodies)
        file.write('const Example kAll[] = {\n' + ''.join(rows) + '};\n}  // namespace\n'
                   'const std::span<const Example> kExamples = kAll;\n}  // namespace writ\n')


if __name__ == '__main__':
    main()
