#!/usr/bin/env python3
"""Bad input to the built program: each case has its exit code and one sentence that says what is wrong and where; nothing crashes.

    tests/cli/inputs_test.py --writ build/dev/writ

Closes with `N passed, N failed, N skipped`.
"""

import argparse
import json
import os
import stat
import subprocess
import sys
import tempfile

POLICY = b'''policy p for tools {
  allow read_* when principal.id == "a"
}

policy objects for admission of *.* {
  deny when object.kind == "Bad"
}

test "t" {
  principal {"id": "a"}
  call "s" read_x -> allow
}
'''

# files in the folder of the cases: name -> bytes
FILES = {
    'p.writ': POLICY,
    'empty.writ': b'',
    'blank.writ': b' \n\n',
    'binary.writ': b'\x7fELF\0\0\0\1',
    'latin1.writ': b'// caf\xe9\npolicy p for tools { allow * }\n',
    'bom.writ': b'\xef\xbb\xbf' + POLICY,
    'crlf.writ': POLICY.replace(b'\n', b'\r\n'),
    'deep.writ': b'policy p for tools { allow when ' + b'(' * 100000 + b'true' + b')' * 100000 + b' }\n',
    'minus.writ': b'policy p for tools { allow when ' + b'-' * 100000 + b'1 == 1 }\n',
    'open.writ': b'policy p for tools { allow when principal.id == "a',
    'huge.writ': b'// ' + b'x' * (5 * 1024 * 1024) + b'\n',
    'other.txt': b'policy',
    'many.writ': b'policy p for tools {\n' + b'frob x\n' * 10000 + b'}\n',
    'twice.writ': b'let a = 1\nlet a = 2\n',
    'slack.writ': b'policy p for tools on server slack { allow post_message, read_* }\n'
                  b'test "misspelt" { call "slack" post_mesage -> allow }\n',
    'server.json': b'{"server": "slcak", "tool": "post_message"}',
    'tool.json': b'{"server": {"name": "slack"}, "tool": {"name": "post_mesage"}}',
    'known.json': b'{"server": "slack", "tool": "read_x", "principal": {"id": "b"}}',
    'fixture.writ': b'policy p for admission of Pod { deny when object.kind == "x" }\n'
                    b'test "t" { admit create file "nowhere.yaml" -> allow }\n',
    'types.writ': b'policy p for tools { allow x }\ntest "t" {\n  principal {"id": 5}\n  call "s" x -> allow\n}\n',
    'lines.jsonl': b'{"server": "s", "tool": "read_x", "principal": {"id": "a"}}\n{"server": "s", "tool": "read_x"\n'
                   b'{"server": "s", "tool": "read_y", "principal": {"id": "a"}}\n',
    'quotes.jsonl': b'{"server": "s", "tool": "read_x", "principal": {"id": "a"}}\n{"server": "s", "tool": "read_x}\n'
                    b'{"server": "s", "tool": "read_y", "principal": {"id": "a"}}\n',
    'words.jsonl': b'{"server": "s", "tool": "read_x", "principal": {"id": "a"}}\nnot json\n'
                   b'{"server": "s", "tool": "read_y", "principal": {"id": "a"}}\n',
    'tested.writ': b'policy p for tools { allow a when args.x == 3.0 && type(args.x) == double }\n'
                   b'test "doubles stay doubles" { call "s" a {"x": 3.0} -> allow }\n',
    'quote.yaml': b"apiVersion: v1\nkind: Pod\nspec:\n  a: 'x\n  b: 2\n",
    'jsonyaml.yaml': b'{"apiVersion": "v1", "kind": "Good"}\n---\napiVersion: v1\nkind: Bad\n',
    'flow.yaml': b'{apiVersion: v1, kind: Bad, # note\n}\n',
    'utf16.yaml': 'apiVersion: v1\nkind: Bad\n'.encode('utf-16'),
    'bomrequest.json': b'\xef\xbb\xbf{"server": "s", "tool": "read_x", "principal": {"id": "a"}}',
    'configmap.yaml': b'apiVersion: v1\nkind: ConfigMap\nitems:\n- apiVersion: v1\n  kind: Bad\n',
    'podlist.yaml': b'apiVersion: v1\nkind: BadList\nitems: [{metadata: {name: x}}]\n',
    'itemsnull.yaml': b'apiVersion: v1\nkind: X\nitems:\n',
    'nested.yaml': b'apiVersion: v1\nkind: List\nitems: [{apiVersion: v1, kind: List, items: []}]\n',
    'barelist.yaml': b'apiVersion: v1\nkind: List\n',
    'allowlist.yaml': b'apiVersion: x/v1\nkind: AllowList\n',
    'targeted.yaml': b'apiVersion: v1\nkind: Bad\ntarget: tools\nserver: s\ntool: read_x\n',
    'mergebehind.yaml': b'apiVersion: v1\nkind: Good\n<<: {kind: Bad}\n',
    'mergetagged.yaml': b'apiVersion: v1\n!!merge <<: {kind: Bad}\n',
    'hidden_ls.yaml': 'apiVersion: v1\nkind: Good # x\u2028kind: Bad\n'.encode(),
    'request.yaml': b'server: s\ntool: read_x\nprincipal: {id: a}\nargs: {tags: [a, null, ~], m: 1.0}\n',
    'off.yaml': b'server: s\ntool: read_x\nargs:\n  mode: off\n',
    'intkey.yaml': b'server: s\ntool: read_x\nargs: {42: x}\n',
    'values.yaml': b'enabled: off\n1: x\n',
    'mcp.json': b'{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "x"}}\n',
    'noitems.json': b'[]',
    'dots/.x.yaml': b'apiVersion: v1\nkind: Bad\n',
    'dots/.sub/y.yaml': b'apiVersion: v1\nkind: Bad\n',
    'dots/ok.yaml': b'apiVersion: v1\nkind: Good\n',
    'links/ok.yaml': b'apiVersion: v1\nkind: Good\n',
    'data.writ': b'import data lim\npolicy a for tools { allow * when !(tool.name in data.lim.denied) }\n',
    'lim.yaml': b'denied: [delete, off]\n',
    'keys.yaml': b'denied: {42: true}\n',
    'scene.writ': b'''policy p for admission of Pod {
  deny when request.userInfo.username.startsWith("system:anonymous") because "anon"
  deny when request.namespace == "kube-system" because "kube-system"
  deny unless object.metadata.name.startsWith("job-") because "name"
  deny when request.operation == "UPDATE" && oldObject.spec != object.spec because "changed"
  deny when "ops" in principal.groups because "ops"
  deny when request.resource.resource != "pods" || request.requestKind.kind != "Pod" because "resource"
}
policy n for admission of Namespace {
  deny when has(request.namespace) || has(object.metadata.namespace) because "namespace"
}
''',
    'generated.yaml': b'apiVersion: v1\nkind: Pod\nmetadata: {generateName: job-}\nspec: {}\n',
    'named.yaml': b'apiVersion: v1\nkind: Pod\nmetadata: {name: job-1, namespace: team}\nspec: {a: 1}\n',
    'unplaced.yaml': b'apiVersion: v1\nkind: Pod\nmetadata: {name: job-1}\nspec: {a: 1}\n',
    'before.yaml': b'apiVersion: v1\nkind: Pod\nmetadata: {name: job-1, namespace: team}\nspec: {a: 2}\n',
    'misnamed.yaml': b'apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {}\n',
    'namespace.yaml': b'apiVersion: v1\nkind: Namespace\nmetadata: {name: team, labels: {a: b}}\n',
    'whole.writ': b'''policy p for admission of Pod {
  deny when object == null || object.spec.a == 2 because "two"
  warn when object != null because "seen"
}
policy q for admission of ConfigMap {
  deny when object != null && object.metadata.?namespace.orValue("") == "kube-system" because "kube-system"
}
''',
    'config.yaml': b'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n',
    'nsobject.writ': b'policy p for admission of Pod {\n  deny unless namespaceObject.metadata.labels.a == "b" because "labels"\n}\n',
    'empty.json': b'',
    'cut.json': b'{"server": "s", "tool": "t"',
    'bad.json': b'{\n  "server": "s",\n  "tool": tru\n}\n',
    'trailing.json': b'{"server": "s", "tool": "read_x"} garbage',
    'duplicate.json': b'{"server": "s", "tool": "read_x", "tool": "write_x"}',
    'unknown.json': b'{"server": "s", "tool": "read_x", "principal": {"tennant": "a"}}',
    'target.json': b'{"target": "teapots", "server": "s", "tool": "read_x"}',
    'wrongtype.json': b'{"server": "s", "tool": "read_x", "principal": {"groups": "sre"}}',
    'bignumber.json': b'{"server": "s", "tool": "read_x", "args": {"n": 1e400}}',
    'latin1.json': b'{"server": "s", "tool": "caf\xe9"}',
    'nul.json': b'{"server": "s"\0}',
    'deep.json': b'{"server": "s", "tool": "read_x", "args": {"a": ' + b'[' * 5000 + b']' * 5000 + b'}}',
    'huge.json': b'{"server": "s", "tool": "' + b'x' * (9 * 1024 * 1024) + b'"}',
    'scalar.json': b'[1, 2]',
    'nothing.json': b'{}',
    'bad.yaml': b'apiVersion: v1\nkind: Pod\nmetadata: {name: x\n',
    'tab.yaml': b'apiVersion: v1\nkind: Pod\nmetadata:\n\tname: x\n',
    'duplicate.yaml': b'apiVersion: v1\nkind: Pod\nkind: Node\n',
    'text.yaml': b'just words\n',
    'two.yaml': b'apiVersion: v1\nkind: Good\n---\napiVersion: v1\nkind: Bad\n',
    'half.yaml': b'apiVersion: v1\nkind: Good\n---\nkind: [\n',
    'comment.yaml': b'# nothing here\n',
    'list.yaml': b'apiVersion: v1\nkind: List\nitems: [5]\n',
    'version.json': b'{"apiVersion": 1, "kind": "Pod"}',
    'noversion.yaml': b'kind: Pod\n',
    'folder.yaml/x': b'',
    'nopolicies/readme.txt': b'',
    'nodocuments/readme.txt': b'',
}

EVAL = 'eval --policies p.writ '
SCENE = 'eval --policies scene.writ '
# (arguments, exit code, what stdout or stderr must contain)
CASES = [
    ('check nowhere.writ', 2, 'nowhere.writ: no such file'),
    ('check p.writ/x.writ', 2, 'p.writ/x.writ: '),
    ('check nopolicies', 2, 'nopolicies: '),
    ('check secret.writ', 2, 'secret.writ: permission denied'),
    ('check empty.writ', 2, 'empty.writ: is empty'),
    ('check blank.writ', 2, 'blank.writ: is empty'),
    ('check binary.writ', 2, 'binary.writ: is a binary file'),
    ('check latin1.writ', 2, 'latin1.writ:1:7: error: the text is not valid UTF-8'),
    ('check bom.writ', 0, '1 file'),
    ('check crlf.writ', 0, '1 file'),
    ('check deep.writ', 2, 'deep.writ:1:'),
    ('check minus.writ', 2, 'minus.writ:1:'),
    ('check -', 2, '<stdin>: is empty'),
    ('fmt -', 2, '<stdin>: is empty'),
    ('check p.writ ./p.writ', 0, '1 file'),
    ('check p.writ --format xml', 2, 'text'),
    ('check p.writ --format yaml', 2, '--format: found `yaml`, expected text or json'),
    ('check p.writ --strickt', 2, 'no flag `--strickt`; did you mean `--strict`?'),
    ('eval --polices p.writ two.yaml', 2, 'no flag `--polices`; did you mean `--policies`?'),
    ('verify-image x --platforms all', 2, '--platforms: found `all`, expected index, each or both'),
    ('chek p.writ', 2, 'no command `chek`; did you mean `check`?'),
    ('lint p.writ', 2, 'no command `lint`; did you mean `check`?'),
    ('frobnicate p.writ', 2, 'no command `frobnicate`\n'),
    ('check many.writ', 2, '\nand 9,900 more\n1 file: 10000 errors'),
    ('check many.writ --format json', 2, '"more": 9900,'),
    ('check twice.writ --format json', 2, '"related": [\n        {\n          "file": "twice.writ",\n          "line": 1,\n          "column": 5,'),
    ('check fixture.writ', 2, '`nowhere.yaml` cannot be read: no such file [MissingFile]'),
    ('check types.writ', 2, 'types.writ:3:20: error: found int, expected string [TypeMismatch]'),
    ('eval --policies slack.writ server.json', 1, 'no policy is about server `slcak`; did you mean `slack`?'),
    ('explain --policies slack.writ tool.json', 1, 'no rule is about tool `post_mesage`; did you mean `post_message`?'),
    ('eval --policies slack.writ known.json', 0, '1 allowed'),
    ('test slack.writ', 1, 'no rule is about tool `post_mesage`; did you mean `post_message`?'),
    (EVAL + 'lines.jsonl', 2, '2 allowed, 0 denied, 0 skipped, 1 unread'),
    (EVAL + 'quotes.jsonl', 2, '2 allowed, 0 denied, 0 skipped, 1 unread'),
    (EVAL + 'words.jsonl', 2, '2 allowed, 0 denied, 0 skipped, 1 unread'),
    ('compile p.writ -o /dev/full', 3, '/dev/full: '),
    ('compile p.writ -o nofolder/p.writb', 2, 'nofolder/p.writb: '),
    ('test tested.writ --junit /dev/full', 3, '/dev/full: '),
    ('test tested.writ --data nobody=x.json', 2, 'data `nobody` is not imported'),
    ('test tested.writ', 0, '1 passed, 0 failed'),
    ('check open.writ', 2, 'this string is not closed'),
    ('check huge.writ', 2, 'huge.writ'),
    ('check other.txt', 2, 'other.txt'),
    ('test empty.writ', 2, 'empty.writ: is empty'),
    ('fmt binary.writ', 2, 'is a binary file'),
    ('fmt secret.writ', 2, 'permission denied'),
    (EVAL + 'nowhere.json', 2, 'nowhere.json: no such file'),
    (EVAL + 'nodocuments', 2, 'nodocuments: holds no documents'),
    (EVAL + 'secret.json', 2, 'secret.json: permission denied'),
    (EVAL + 'folder.yaml', 2, 'folder.yaml: '),
    (EVAL + 'empty.json', 2, 'empty.json: is empty'),
    (EVAL + 'cut.json', 2, 'cut.json:1:1: not JSON: this `{` is not closed'),
    (EVAL + 'bad.json', 2, 'bad.json:3:11: '),
    (EVAL + 'trailing.json', 2, 'trailing.json:1:35: '),
    (EVAL + 'duplicate.json', 2, 'duplicate key `tool`'),
    (EVAL + 'unknown.json', 2, 'tennant'),
    (EVAL + 'target.json', 2, 'teapots'),
    (EVAL + 'wrongtype.json', 2, 'principal.groups'),
    (EVAL + 'bignumber.json', 2, 'bignumber.json:1:'),
    (EVAL + 'latin1.json', 2, 'latin1.json:1:29: the text is not valid UTF-8'),
    (EVAL + 'nul.json', 2, 'nul.json: is a binary file'),
    (EVAL + 'deep.json', 2, 'deep.json:1:'),
    (EVAL + 'huge.json', 2, 'is larger than 8388608 bytes'),
    (EVAL + 'scalar.json', 2, 'found a number, expected a request'),
    (EVAL + 'nothing.json', 2, 'nothing.json:1: bad request'),
    (EVAL + 'bad.yaml', 2, "bad.yaml:4:1: not YAML: did not find expected ',' or '}'"),
    (EVAL + 'quote.yaml', 2, 'quote.yaml:4:6: this quoted text is not closed'),
    (EVAL + 'tab.yaml', 2, 'tab.yaml:4:'),
    (EVAL + 'duplicate.yaml', 2, 'duplicate.yaml:3:1: duplicate key `kind`'),
    (EVAL + 'text.yaml', 2, 'found a string, expected a request'),
    (EVAL + 'two.yaml', 1, '1 allowed, 1 denied'),
    (EVAL + 'half.yaml', 2, 'half.yaml:5:1: '),
    (EVAL + 'jsonyaml.yaml', 1, '1 allowed, 1 denied'),
    (EVAL + 'flow.yaml', 1, '0 allowed, 1 denied'),
    (EVAL + 'utf16.yaml', 1, '0 allowed, 1 denied'),
    (EVAL + 'bomrequest.json', 0, '1 allowed, 0 denied'),
    (EVAL + 'configmap.yaml', 1, '0 allowed, 1 denied'),
    (EVAL + 'podlist.yaml', 1, 'Bad/x'),
    (EVAL + 'itemsnull.yaml', 2, 'nothing to decide: no documents were found'),
    (EVAL + 'nested.yaml', 2, 'nested.yaml:1:1: items[0]: a list inside a list, which kubectl does not read'),
    (EVAL + 'barelist.yaml', 2, 'barelist.yaml:1:1: a `List` without `items`'),
    (EVAL + 'allowlist.yaml', 0, 'AllowList/?'),
    (EVAL + 'targeted.yaml', 1, 'Bad/?'),
    (EVAL + 'mergebehind.yaml', 2, 'mergebehind.yaml:3:5: `<<` holds `kind`, which stands before it'),
    (EVAL + 'mergetagged.yaml', 1, 'Bad/?'),
    (EVAL + 'hidden_ls.yaml', 2, 'hidden_ls.yaml:2:15: found the line separator U+2028'),
    (EVAL + 'request.yaml', 0, '1 allowed, 0 denied'),
    (EVAL + 'off.yaml', 2, 'off.yaml:4:9: `off` is false to some readers and text to others: write "off" or false'),
    (EVAL + 'intkey.yaml', 2, 'intkey.yaml:3:8: the key `42` is not a string: write "42"'),
    (EVAL + 'values.yaml', 2, 'nothing to decide: found 1 document, none of which is a request or a Kubernetes object'),
    (EVAL + 'values.yaml two.yaml', 1, '1 skipped'),
    (EVAL + 'mcp.json', 2, 'a JSON-RPC message: what is decided is the request that a gateway makes of it'),
    (EVAL + 'noitems.json', 2, 'nothing to decide: no documents were found'),
    (EVAL + 'dots', 1, '1 allowed, 2 denied'),
    (EVAL + 'links', 2, 'links/gone.yaml: no such file'),
    (EVAL + 'links', 2, 'a link to a folder is not followed'),
    (EVAL + 'links', 2, 'not a regular file'),
    ('eval --policies data.writ request.yaml', 2, 'lim.yaml:1:18: `off` is false to some readers'),
    ('eval --policies data.writ --data lim=keys.yaml request.yaml', 2, 'keys.yaml:1:10: the key `42` is not a string'),
    (SCENE + 'generated.yaml', 1, 'conditional'),
    (SCENE + 'generated.yaml --user ann --namespace team', 1, 'conditional'),  # the name stays unknown
    (SCENE + 'generated.yaml', 1, 'a file does not tell that; give --namespace, --user and --group'),
    (SCENE + 'named.yaml', 1, 'conditional'),
    (SCENE + 'named.yaml --user ann', 0, '1 allowed'),
    (SCENE + 'named.yaml --user ann --group ops', 1, 'ops'),
    (SCENE + 'named.yaml --user system:anonymous', 1, 'anon'),
    (SCENE + 'unplaced.yaml --user ann', 1, 'conditional'),
    (SCENE + 'unplaced.yaml --user ann --namespace team', 0, '1 allowed'),
    (SCENE + 'unplaced.yaml --user ann --namespace kube-system', 1, 'kube-system'),
    (SCENE + 'named.yaml --user ann --namespace kube-system', 0, '1 allowed'),  # it names another one
    (SCENE + 'misnamed.yaml', 1, '0 allowed, 1 denied'),  # whoever sends it
    (SCENE + 'named.yaml --user ann --was before.yaml', 1, 'changed'),
    (SCENE + 'named.yaml --user ann --was named.yaml', 0, '1 allowed'),
    (SCENE + 'generated.yaml --user ann --namespace team --was before.yaml', 1, 'conditional'),
    (SCENE + 'named.yaml --user ann --operation update', 1, 'give --was'),
    (SCENE + 'named.yaml --operation replace', 2, '--operation: found `replace`, expected create, update, delete or connect'),
    (SCENE + 'named.yaml --group ops', 2, '--group: found no --user'),
    (SCENE + 'named.yaml --was nowhere.yaml', 2, 'nowhere.yaml: no such file'),
    (SCENE + 'named.yaml --was request.yaml', 2, '--was: request.yaml holds something else than Kubernetes objects'),
    (SCENE + 'named.yaml --namespace-object named.yaml', 2, 'holds something else than one Namespace'),
    (SCENE + 'namespace.yaml', 0, '1 allowed'),  # it is in no namespace
    (SCENE + 'namespace.yaml --namespace team', 0, '1 allowed'),
    ('eval --policies nsobject.writ named.yaml', 1, 'give --namespace-object'),
    ('eval --policies nsobject.writ --namespace-object namespace.yaml named.yaml', 0, '1 allowed'),
    ('eval --policies whole.writ unplaced.yaml', 0, 'warning: seen'),  # that a namespace is missing does not make `object` unknown
    ('eval --policies whole.writ config.yaml', 1, 'conditional'),
    ('eval --policies whole.writ --namespace kube-system config.yaml', 1, '0 allowed, 1 denied'),
    ('eval --policies whole.writ --namespace team config.yaml', 0, '1 allowed'),
    ('explain --policies scene.writ named.yaml', 1, 'conditional'),
    (EVAL + 'comment.yaml', 2, 'comment.yaml: holds no documents'),
    (EVAL + 'list.yaml', 2, 'items[0]: found a number'),
    (EVAL + 'version.json', 2, 'version.json:1:1: `apiVersion` and `kind` must be strings'),
    (EVAL + 'noversion.yaml', 2, 'noversion.yaml:1:1: not a Kubernetes object: it has no `apiVersion`'),
    ('eval --policies nowhere two.yaml', 2, 'nowhere'),
    ('eval --policies nopolicies two.yaml', 2, 'nopolicies'),
    ('eval --policies binary.writ two.yaml', 2, 'binary.writ'),
    ('eval --policies two.yaml two.yaml', 2, 'two.yaml'),
    ('eval --policies version.writb two.yaml', 2, 'version'),
    ('eval --policies flipped.writb two.yaml', 2, 'flipped.writb: '),
    ('eval --policies empty.writb two.yaml', 2, 'empty.writb: '),
    ('dump version.writb', 2, 'version'),
    ('dump nowhere.writb', 2, 'nowhere.writb'),
    ('cel ' + '(' * 300 + '1' + ')' * 300, 2, 'levels deep'),
    ('cel size(x) --var x=' + '[' * 300 + ']' * 300, 2, '--var x: '),
    ('serve --policies nowhere --plain-http --listen 127.0.0.1:0', 2, 'nowhere'),
    ('serve --policies p.writ --plain-http --listen 127.0.0.1:99999', 2, '127.0.0.1:99999'),
    ('serve --policies p.writ --tls-cert nowhere.pem --tls-key nowhere.pem --listen 127.0.0.1:0', 2, 'nowhere.pem'),
]


def prepare(folder, writ):
    for name, contents in FILES.items():
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'wb') as out:
            out.write(contents)
    os.symlink('nowhere', os.path.join(folder, 'links/gone.yaml'))
    os.symlink('../dots', os.path.join(folder, 'links/elsewhere'))
    os.mkfifo(os.path.join(folder, 'links/pipe.yaml'))
    for name in ('secret.writ', 'secret.json'):
        with open(os.path.join(folder, name), 'wb') as out:
            out.write(POLICY)
        os.chmod(os.path.join(folder, name), 0)
    subprocess.run([writ, 'compile', '-o', 'good.writb', 'p.writ'], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    with open(os.path.join(folder, 'good.writb'), 'rb') as bundle:
        good = bundle.read()
    for name, contents in (('version.writb', good[:8] + b'\xfe' + good[9:]), ('flipped.writb', good[:-1] + bytes([good[-1] ^ 1])), ('empty.writb', b'')):
        with open(os.path.join(folder, name), 'wb') as out:
            out.write(contents)


def run(writ, folder, arguments):
    result = subprocess.run([writ, *arguments], cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)
    return result.returncode, (result.stdout + result.stderr).decode('utf-8', errors='backslashreplace')


def check_case(writ, folder, arguments, code, part):
    got, output = run(writ, folder, arguments.split(' '))
    if got == code and part in output:
        return None
    return f'writ {arguments[:120]}\n  expected exit {code} and "{part}"\n  got exit {got} and\n    ' + output[:1500].replace('\n', '\n    ')


def check_denials_in_json(writ, folder):
    """What cannot be read is a denial in the JSON report, so that whoever counts denials counts it."""
    _, output = run(writ, folder, ['eval', '--policies', 'p.writ', '--format', 'json', 'half.yaml', 'two.yaml', 'duplicate.json'])
    decisions = json.loads(output[output.index('['):output.rindex(']') + 1])
    effects = [decision['effect'] for decision in decisions]
    return None if effects == ['deny', 'allow', 'deny', 'deny'] else f'effects in JSON: {effects}'


def check_nothing_is_damaged(writ, folder):
    """A file that cannot be formatted, or be written, stays as it was."""
    run(writ, folder, ['fmt', 'open.writ'])
    with open(os.path.join(folder, 'open.writ'), 'rb') as policy:
        if policy.read() != FILES['open.writ']:
            return 'fmt changed a file that does not parse'
    script = os.path.join(folder, 'untidy.writ')
    with open(script, 'wb') as out:
        out.write(b'policy  p for tools{allow *}')
    os.chmod(script, 0o640)
    run(writ, folder, ['fmt', 'untidy.writ'])
    if stat.S_IMODE(os.stat(script).st_mode) != 0o640:
        return 'fmt changed the permissions of a file'
    return None if not [name for name in os.listdir(folder) if '.writ.' in name] else 'a temporary file is left over'


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--writ', required=True)
    writ = os.path.abspath(parser.parse_args().writ)
    passed, failed, skipped = 0, 0, 0
    with tempfile.TemporaryDirectory() as folder:
        prepare(folder, writ)
        for arguments, code, part in CASES:
            if 'secret' in arguments and os.access(os.path.join(folder, 'secret.writ'), os.R_OK):
                skipped += 1
                print(f'skipped: {arguments}: root reads every file')
                continue
            fault = check_case(writ, folder, arguments, code, part)
            passed, failed = passed + (not fault), failed + bool(fault)
            if fault:
                print(fault)
        for check in (check_denials_in_json, check_nothing_is_damaged):
            fault = check(writ, folder)
            passed, failed = passed + (not fault), failed + bool(fault)
            if fault:
                print(fault)
    print(f'{passed} passed, {failed} failed, {skipped} skipped')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
