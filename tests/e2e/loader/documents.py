"""Makes files of YAML and JSON that combine what readers of YAML disagree about. The same seed makes the same files.

A file is mostly a plain manifest in which some nodes are written in an uncommon way; a part of the files is broken on purpose by an
edit at random. Values that two readers would take differently are what is looked for.
"""
import json
import random

NAMES = ['name', 'image', 'replicas', 'labels', 'data', 'spec', 'containers', 'securityContext', 'privileged', 'args', 'env', 'value',
         'items', 'kind', 'a', 'b', 'c']
WORDS = ['nginx', 'ghcr.io/acme/fetch:1.2', 'sha256:0123abcd', 'a b', 'x: y', 'x #y', "it's", 'say "hi"', '- dash', '? ask', '@at', '`tick`',
         '%percent', '!bang', '&and', '*star', '{brace', '}', '[', 'back\\slash', 'tab\there', ' lead', 'trail ', '', 'ümlaut', '日本',
         'line\nbreak', 'two\n\nbreaks', 'end\n', 'end\n\n', '\n', '\u00a0', '\U0001F600', 'a\u200bb', '-', '--', '---', '...', ':', 'a:', ':a',
         '#', 'a#b', ',', 'a,b', '<<', '=', 'null', 'true', '~', 'a\u2028b', 'a\u0085b', '\x07', 'x' * 200]
SCALARS = ['y', 'Y', 'n', 'N', 'yes', 'Yes', 'YES', 'no', 'on', 'On', 'off', 'OFF', 'true', 'True', 'TRUE', 'tRUE', 'false', 'False', 'null', 'Null',
           'NULL', 'nULL', '~', '', '0', '-0', '+0', '00', '01', '07', '08', '09', '010', '-010', '0o10', '0O10', '0x1F', '0X1f', '-0x1F', '0x', '0xg',
           '0b11', '0B11', '-0b11', '+0b11', '0b2', '1_000', '_1', '1_', '-_1', '1__0', '0_7', '0x_1', '1:30', '190:20:30', '1:60', '0:0', '1.0', '1.',
           '.5', '-.5', '+.5', '.5_0', '1_0.5', '1.5', '1e3', '1E3', '1e+3', '1e-3', '1.e3', '.e3', 'e3', '1e', '1e400', '-1e400', '1e-400', '1.0e0',
           '123456789012345678', '9007199254740993', '9007199254740993.0', '9223372036854775807', '9223372036854775808', '-9223372036854775808',
           '-9223372036854775809', '18446744073709551615', '18446744073709551616', '1e15', '1e16', '1e18', '9.3e18', '1e19', '1e20', '1e21', '1e22', '1e-6', '1e-7',
           '1.7976931348623157e308', '5e-324', '0.1', '0.30000000000000004', '100m', '1Gi', '.inf', '-.inf', '+.Inf', '.NaN', '.nan', 'nan', 'inf', 'Infinity',
           '2026-11-20', '2026-11-20T10:00:00Z', '2026-1-2', '2026-13-45', '10.0.0.1', '1.2.3', '0.0', '-0.0', '0e0', '1,000', '+', '-', '+-1', '--1', '0.', '.', '..', '<<', '=',
           '0x1p-2', '0x1.8', '1d', '0f', '12e03', '1e03', '01e3', '01.5', '0777777777777777777777', '0o777777777777777777777']
TAME_WORDS = [word for word in WORDS if not any(c in word for c in '\u2028\u0085\x07')]
TAGS = ['!!str', '!!int', '!!float', '!!bool', '!!null', '!!binary', '!!timestamp', '!!map', '!!seq', '!!set', '!!omap', '!!merge', '!custom', '!', '!<tag:yaml.org,2002:str>',
        '!<!x>', '!!js/undefined', '!a!b']
SEPARATORS = ['---\n', '--- \n', '--- # next\n', '---\r\n', '...\n---\n', '...\n', '---\n---\n', '--- {}\n', '---\n# only\n---\n', '\n---\n', '---#x\n', '--- |\n  x\n', '---\t\n',
              '%YAML 1.1\n---\n', '%TAG ! tag:x,2000:\n---\n', ' ---\n', '----\n', '\ufeff---\n', '---\u00a0\n']
BLANKS = ['\u0085', '\u2028', '\u2029', '\r', '\ufeff', '\t', '\u00a0', '\x00', '\x0b', '\x0c', '\x7f', '\n', ' ', '#', ':', '-', '---\n', '...\n', "'", '"', '{', '}', '[', ']', ',',
          '&a ', '*a', '!', '|', '>', '%', '?', '<<: ', '\\', '  ']


def plain_ok(text):
    return bool(text) and text.strip() == text and text[0].isalpha() and not any(c in text for c in ':#\n{}[],&*!|>\'"%@`\u2028\u0085\x07') \
        and text.lower() not in ('y', 'n', 'yes', 'no', 'on', 'off', 'true', 'false', 'null')


class Writer:
    """Writes one object; `odd` is how likely a node is written in an uncommon way."""

    def __init__(self, rng, odd):
        self.rng, self.odd, self.anchors = rng, odd, []

    def is_odd(self):
        return self.rng.random() < self.odd

    def quoted(self, text):
        if self.rng.random() < 0.4 and '\x07' not in text:
            body = text.replace("'", "''")
            return "'" + (body.replace('\n', '\n\n   ') if self.rng.random() < 0.5 else body.replace('\n', ' ')) + "'"
        out = ''
        for c in text:
            pick = self.rng.random()
            if c in '"\\' or c < ' ':
                out += {'\n': '\\n', '\t': '\\t', '"': '\\"', '\\': '\\\\', '\x07': '\\a'}.get(c, '\\x%02x' % ord(c))
            elif c == '\u0085' and pick < 0.9:
                out += '\\N'
            elif c == '\u2028' and pick < 0.9:
                out += '\\L'
            elif c == '\u00a0' and pick < 0.5:
                out += '\\_'
            elif ord(c) < 0x10000 and pick < 0.1:
                out += '\\u%04x' % ord(c)
            elif pick < 0.13:
                out += '\\U%08x' % ord(c)
            elif c == ' ' and pick < 0.3:
                out += self.rng.choice(['\n   ', ' \\\n   ', '\\ ', '\n\n    '])
            elif c == '/' and pick < 0.3 and self.odd:
                out += '\\/'
            else:
                out += c
        return '"' + out + '"'

    def block(self, text, indent):
        head = self.rng.choice('|>') + self.rng.choice(['', '-', '+', '-', '+'])
        pad = ' ' * (indent + self.rng.choice([1, 2, 2, 4]))
        if self.odd and self.rng.random() < 0.15:
            head += str(self.rng.choice([1, 2, 4]))
        if self.rng.random() < 0.15:
            head += self.rng.choice([' # note', ' ', '#x'] if self.odd else [' # note'])
        lines = text.split('\n')
        if self.odd and self.rng.random() < 0.3:
            lines.insert(self.rng.randrange(len(lines) + 1), self.rng.choice(['', '  more', '\ttab', '# no comment', '   ', '---', '- x']))
        return head + '\n' + '\n'.join(pad + line if line or self.rng.random() < 0.2 else '' for line in lines) + self.rng.choice(['', '', '\n', '\n\n'])

    def scalar(self, indent, flow):
        text = self.rng.choice(WORDS if self.odd else TAME_WORDS)
        if self.is_odd():
            out = self.rng.choice(SCALARS)
            if self.rng.random() < 0.2:
                out = self.quoted(out)
            if self.rng.random() < 0.25:
                out = self.rng.choice(TAGS) + ' ' + out
        elif plain_ok(text) and self.rng.random() < 0.7:
            out = text
        elif not flow and self.rng.random() < 0.3 and text.strip():
            return self.block(text, indent)
        elif self.is_odd() and '\n' not in text:
            out = text  # plain, whatever it holds
        else:
            out = self.quoted(text)
        if self.is_odd() and self.rng.random() < 0.3:
            name = self.rng.choice('abcd')
            self.anchors.append(name)
            out = '&' + name + ' ' + out
        return out

    def key(self):
        if not self.is_odd() or self.rng.random() < 0.4:
            return self.rng.choice(NAMES)
        pick = self.rng.random()
        if pick < 0.3:
            return self.rng.choice(SCALARS)
        if pick < 0.6:
            return self.quoted(self.rng.choice(WORDS + NAMES))
        if pick < 0.7:
            return self.rng.choice(TAGS) + ' ' + self.rng.choice(NAMES + ['<<'])
        if pick < 0.75:
            return self.rng.choice(['*a', '&a x', '? x\n', '[a]', '{a: b}', '? '])
        return self.rng.choice(NAMES)

    def alias(self):
        return '*' + (self.rng.choice(self.anchors) if self.anchors and self.rng.random() < 0.95 else 'nope')

    def flow(self, depth):
        pick = self.rng.random()
        if pick < 0.1 and (self.anchors or self.is_odd()):
            return self.alias()
        if depth <= 0 or pick < 0.5:
            return self.scalar(0, True)
        comma = self.rng.choice([', ', ',', ' , ', ',\n     ', ', # note\n    '])
        size = self.rng.choice([0, 1, 1, 2, 3])
        end = self.rng.choice(['', '', '', ','])
        if self.rng.random() < 0.5:
            return '[' + comma.join(self.flow(depth - 1) for _ in range(size)) + (end if size or self.is_odd() else '') + ']'
        return '{' + comma.join(self.pairs(depth, size)) + (end if size or self.is_odd() else '') + '}'

    def pairs(self, depth, size):
        pairs = [self.pair(depth) for _ in range(size)]
        return pairs if self.odd else list({pair.split(':')[0]: pair for pair in pairs}.values())

    def pair(self, depth):
        if self.is_odd() and self.rng.random() < 0.2:
            return self.rng.choice(['<<: ' + self.alias(), '<<: {a: 1}', '!!merge <<: {b: 2}', 'lone', '"x":y', "'x':1", 'x:y', '? x : y', '<<: [*a, {c: 1}]', '"<<": {a: 1}'])
        return self.key() + ': ' + self.flow(depth - 1)

    def members(self, depth, indent):
        pad, out, used = ' ' * indent, '', set()
        for _ in range(self.rng.choice([1, 2, 3, 4])):
            key = self.key()
            if key in used and not self.is_odd():
                continue
            used.add(key)
            if self.is_odd() and self.rng.random() < 0.25:
                out += pad + self.rng.choice(['<<: ' + self.alias(), '<<: {a: 1, b: 2}', '!!merge <<: {privileged: true}', '<<: [{a: 1}, {a: 2, b: 3}]', '! <<: {a: 1}', '"<<": x',
                                              '!!str <<: x', '? a\n' + pad + ': b', '<<:', '- x', 'lone', '# note', '\tx: 1', 'a : b', 'a:\tb', '&z k: v', '<<: {<<: {a: 1}, c: 2}']) + '\n'
            out += pad + key + ':' + self.node(depth - 1, indent)
        return out

    def node(self, depth, indent):
        """What stands behind `key:` or `-`, with its line feed."""
        pick = self.rng.random()
        note = ' # note' if self.rng.random() < 0.05 else ''
        if pick < 0.06 and (self.anchors or self.is_odd()):
            return ' ' + self.alias() + note + '\n'
        if depth <= 0 or pick < 0.4:
            text = self.scalar(indent, False)
            return ' ' + text + (note if not text.startswith(('|', '>')) else '') + '\n'
        if pick < 0.55:
            return ' ' + self.flow(2) + note + '\n'
        anchor = ''
        if self.odd and self.rng.random() < 0.1:
            name = self.rng.choice('abcd')
            self.anchors.append(name)
            anchor = ' &' + name
        if self.is_odd() and self.rng.random() < 0.1:
            anchor += ' ' + self.rng.choice(TAGS)
        if pick < 0.75:
            step = self.rng.choice([0, 2, 2, 4])
            pad = ' ' * (indent + step)
            out = anchor + note + '\n'
            for _ in range(self.rng.choice([1, 2, 3])):
                if self.rng.random() < 0.5:
                    out += pad + '-' + self.node(depth - 2, indent + step)
                else:
                    body = self.members(depth - 2, indent + step + 2)
                    out += pad + '- ' + body.lstrip(' ')
            return out
        return anchor + note + '\n' + self.members(depth, indent + self.rng.choice([1, 2, 2, 4]))


KINDS = [('v1', 'Pod'), ('v1', 'ConfigMap'), ('apps/v1', 'Deployment'), ('toolhive.stacklok.dev/v1beta1', 'MCPServer'), ('v1', 'List'), ('v1', 'PodList'), ('x/v1', 'AllowList')]


def yaml_object(rng, odd):
    writer = Writer(rng, odd)
    version, kind = rng.choice(KINDS)
    out = 'apiVersion: %s\nkind: %s\n' % (version, kind)
    if rng.random() < 0.9:
        out += 'metadata: {name: %s}\n' % rng.choice(['app', '"app"', 'x-1'])
    for key in rng.sample(['spec', 'data', 'stringData', 'x'], rng.choice([1, 1, 2])):
        out += key + ':' + writer.node(rng.choice([2, 3, 4]), 0)
    if not odd and kind.endswith('List'):
        out += 'items:\n' + ''.join('- apiVersion: v1\n  kind: Pod\n  metadata: {name: i%d}\n' % i for i in range(rng.randrange(1, 4)))
    elif rng.random() < (0.9 if kind.endswith('List') else odd / 8):
        out += 'items:' + rng.choice([' []\n', '\n', ' {}\n', ' null\n', '\n- {apiVersion: v1, kind: Pod, metadata: {name: i}}\n- {apiVersion: v1, kind: Pod, x: 1.0}\n',
                                      '\n- metadata: {name: j}\n- {apiVersion: v1, kind: List, items: [{apiVersion: v1, kind: Pod}]}\n- {apiVersion: v1, kind: Pod}\n', ' [1]\n', ' [{kind: Pod}]\n',
                                      '\n- {apiVersion: v1, kind: X, items: null}\n'])
    if rng.random() < odd / 4:
        out += rng.choice(['apiVersion: v2\n', 'kind: Other\n', 'kind:\n', '<<: {kind: Secret}\n', 'metadata: {name: 5}\n', '"items": []\n', 'target: tools\n'])
    return out


def json_value(rng, depth):
    pick = rng.random()
    if depth <= 0 or pick < 0.5:
        return rng.choice((WORDS if depth >= 0 else []) + [0, 1, -1, 1.0, 1.5, 1e3, 1e100, True, False, None, 9223372036854775807, '\ud83d\ude00'.encode('utf-16', 'surrogatepass').decode('utf-16')])
    if pick < 0.75:
        return [json_value(rng, depth - 1) for _ in range(rng.randrange(3))]
    return {rng.choice(NAMES): json_value(rng, depth - 1) for _ in range(rng.randrange(3))}


def json_object(rng, odd):
    version, kind = rng.choice(KINDS)
    value = {'apiVersion': version, 'kind': kind, 'spec': json_value(rng, 3)}
    if kind.endswith('List') and rng.random() < (0.9 if odd else 1):
        value['items'] = [{'apiVersion': 'v1', 'kind': 'Pod', 'x': json_value(rng, 1)} for _ in range(rng.randrange(3))]
    text = json.dumps(value, ensure_ascii=rng.random() < 0.5, indent=rng.choice([None, None, 2]))
    if rng.random() < odd:
        text = text.replace('"spec": ', rng.choice(['"spec": ', 'spec: ', '"kind": ', '"\\u0073pec": ', "'spec': ", '"spec" : # note\n ', '"x": 1.0, "spec": ', '"x": 010, "spec": ', '"x": "\\ud800", "spec":']), 1)
    return text + rng.choice(['', '\n', '\n', ' '])


def document(rng):
    """One file: how odd it is, and its bytes. A file that is not odd at all is an ordinary manifest."""
    odd = rng.choice([0, 0.02, 0.02, 0.05, 0.05, 0.1, 0.1, 0.3])
    parts = rng.choice([1, 1, 1, 2, 3])
    out = rng.choice(['', '', '', '# head\n', '---\n', '\n', '\ufeff']) if odd else ''
    for i in range(parts):
        if i > 0:
            if not out.endswith('\n'):
                out += rng.choice(['\n', '\n', '\n', '']) if odd else '\n'
            out += rng.choice(SEPARATORS) if rng.random() < odd else rng.choice(['---\n', '---\n', '---\n', '--- # next\n', '---\n\n'])
        out += json_object(rng, odd) if rng.random() < (0.15 if i == 0 or odd else 0) else yaml_object(rng, odd)
    if rng.random() < odd:
        for _ in range(rng.choice([1, 1, 2])):
            at = rng.randrange(len(out) + 1)
            edit = rng.random()
            out = out[:at] + (rng.choice(BLANKS) if edit < 0.7 else '') + out[at + (edit > 0.5):]
    if rng.random() < 0.1:
        out = out.rstrip('\n')
    if rng.random() < 0.1:
        out = out.replace('\n', '\r\n')
    if rng.random() < 0.02:
        return odd, out.encode(rng.choice(['utf-16', 'utf-16', 'utf-16'] if not odd else ['utf-16', 'utf-16-be', 'utf-16-le']), 'replace')
    return odd, out.encode('utf-8', 'replace')


def documents(seed, count):
    rng = random.Random(seed)
    for _ in range(count):
        yield document(rng)
