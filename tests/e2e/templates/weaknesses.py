"""What a pod has lost beside the one that the operator makes without a template.

`weaknesses(kind, container, base, made)` lists (category, member, why). It knows nothing of the policy library: it says what an operator's pod
is worth, from ToolHive's and Kubernetes' sources. Pods that the API server would refuse are worth nothing to anybody. `container` is the one that enforces (for an MCPServer the backend, which enforces nothing: its
command and its environment are its author's, as spec.args and spec.env are).
"""
import posixpath
import re

# Variables that ToolHive, its libraries, the Go runtime, the C library or the shell of a probe
# read. Lower case counts, too: some read both.
READ_NAMES = re.compile(
    r'(?i)^(VMCP_.*|TOOLHIVE.*|THV_.*|OTEL_.*|INSECURE_.*|UNSTRUCTURED_LOGS|XDG_.*|HOME|PATH|TMPDIR|USER|SHELL|IFS|ENV|BASH_ENV|HOSTNAME'
    r'|HTTPS?_PROXY|ALL_PROXY|FTP_PROXY|NO_PROXY|REQUEST_METHOD|SSL_CERT_(FILE|DIR)|SSLKEYLOGFILE|GODEBUG|GOTRACEBACK|GOROOT|GOCOVERDIR|GOEXPERIMENT|GOFIPS140|LD_.*|GCONV_PATH|LOCPATH|NLSPATH'
    r'|HOSTALIASES|LOCALDOMAIN|RES_OPTIONS|RESOLV_.*|MALLOC_.*|GLIBC_TUNABLES|KUBERNETES_.*|KUBECONFIG|POD_NAMESPACE|OPERATOR_.*|PG[A-Z]+|MODEL_ID|HF_(ENDPOINT|HOME|TOKEN.*|HUB_CACHE)'
    r'|HUGGING.*|DOCKER_.*|AWS_.*|GOOGLE_.*|AZURE_.*|PYTHON.*|NODE_OPTIONS|OPENSSL_.*|.*\$.*|.*=.*)$')
HARMLESS_NAMES = {'TOOLHIVE_DEBUG', 'UNSTRUCTURED_LOGS', 'VMCP_LOG_LEVEL', 'VMCP_METRICS_ENABLED'}  # they change what is logged and counted
# What an image brings or a container runtime mounts. A mount there, above it or below it replaces
# programs, trust or names.
SYSTEM_PATHS = ['/bin', '/boot', '/dev', '/etc', '/home', '/ko-app', '/app', '/lib', '/lib64', '/proc', '/root', '/run', '/sbin', '/sys', '/usr',
                '/var/run', '/var/lib', '/opt']
ORDINARY_VOLUMES = {'configMap', 'secret', 'emptyDir', 'downwardAPI', 'persistentVolumeClaim', 'ephemeral', 'projected'}


def by_name(items):
    return {item.get('name'): item for item in items or []}


def clean(path):
    return posixpath.normpath('/' + (path or '').lstrip('/'))


def overlaps(path, other):
    """One lies in the other, or they are the same."""
    a, b = clean(path).rstrip('/') + '/', clean(other).rstrip('/') + '/'
    return a.startswith(b) or b.startswith(a)


class Comparison:
    def __init__(self, kind, container):
        self.kind, self.container, self.found = kind, container, []

    def say(self, category, member, why):
        self.found.append((category, member, why))

    def same(self, category, member, base, made):
        if (base or None) != (made or None):
            self.say(category, member, '%s became %s' % (short(base), short(made)))

    def security(self, category, member, base, made):
        """Every member that the operator sets stays, and what a template adds is not weaker than the default."""
        base, made = base or {}, made or {}
        for name in ('runAsNonRoot', 'readOnlyRootFilesystem'):
            if base.get(name) is True and made.get(name) is not True or made.get(name) is False:
                self.say(category, member + '.' + name, '%s became %s' % (short(base.get(name)), short(made.get(name))))
        for name in ('privileged', 'allowPrivilegeEscalation'):
            if made.get(name) is True or base.get(name) is False and made.get(name) is not False:
                self.say(category, member + '.' + name, '%s became %s' % (short(base.get(name)), short(made.get(name))))
        for name in ('runAsUser', 'runAsGroup', 'fsGroup'):
            if made.get(name) == 0 or base.get(name) is not None and made.get(name) is None:
                self.say(category, member + '.' + name, '%s became %s' % (short(base.get(name)), short(made.get(name))))
        if 0 in (made.get('supplementalGroups') or []):
            self.say(category, member + '.supplementalGroups', 'has group 0')
        capabilities, dropped = made.get('capabilities') or {}, (base.get('capabilities') or {}).get('drop') or []
        if capabilities.get('add'):
            self.say(category, member + '.capabilities.add', short(capabilities['add']))
        if not set(dropped) <= set(capabilities.get('drop') or []):
            self.say(category, member + '.capabilities.drop', '%s became %s' % (short(dropped), short(capabilities.get('drop'))))
        if (made.get('seccompProfile') or base.get('seccompProfile') or {'type': 'RuntimeDefault'}) != {'type': 'RuntimeDefault'}:
            self.say(category, member + '.seccompProfile', 'became ' + short(made.get('seccompProfile')))
        elif base.get('seccompProfile') and not made.get('seccompProfile'):
            self.say(category, member + '.seccompProfile', 'is gone')
        if made.get('procMount') not in (None, 'Default'):
            self.say(category, member + '.procMount', short(made['procMount']))
        if (made.get('appArmorProfile') or {}).get('type', 'RuntimeDefault') != 'RuntimeDefault':
            self.say(category, member + '.appArmorProfile', short(made['appArmorProfile']))
        for name in ('seLinuxOptions', 'sysctls'):
            if made.get(name):
                self.say(category, member + '.' + name, short(made[name]))
        if (made.get('windowsOptions') or {}).get('hostProcess'):
            self.say(category, member + '.windowsOptions.hostProcess', 'true')

    def any_container(self, member, base, made):
        """What no container may have, also the template's own: it shares the pod with the one that enforces."""
        self.security('security', member + '.securityContext', base.get('securityContext'), made.get('securityContext'))
        for port in made.get('ports') or []:
            if port.get('hostPort') or port.get('hostIP'):
                self.say('host port', member + '.ports', short(port))

    def own_container(self, member, base, made):
        """A container that the operator makes runs what the operator runs."""
        self.any_container(member, base, made)
        self.same('image', member + '.image', base.get('image'), made.get('image'))
        if made.get('imagePullPolicy') == 'Never' and '@' not in (base.get('image') or ''):
            self.say('pull policy', member + '.imagePullPolicy', 'whatever the node has under this name')
        self.probes(member, made)
        self.mounts(member, base, made)
        ports = by_name(made.get('ports'))
        for port in base.get('ports') or []:
            self.same('port', member + '.ports.' + port['name'], port, ports.get(port['name']))
        if self.kind == 'MCPServer':
            return
        if made.get('terminationMessagePath') and not clean(made['terminationMessagePath']).startswith('/dev/termination'):
            self.say('termination', member + '.terminationMessagePath', 'an empty file is mounted over ' + made['terminationMessagePath'])
        self.same('args', member + '.args', base.get('args'), made.get('args'))
        if made.get('volumeDevices'):
            self.say('volume', member + '.volumeDevices', short(made['volumeDevices']))
        self.same('command', member + '.command', base.get('command'), made.get('command'))
        self.same('working directory', member + '.workingDir', base.get('workingDir'), made.get('workingDir'))
        self.environment(member, base, made)

    def environment(self, member, base, made):
        last = by_name(made.get('env'))  # the last of a name wins
        known = by_name(base.get('env'))
        for name, entry in known.items():
            if name not in HARMLESS_NAMES:
                self.same('env', member + '.env.' + name, entry, last.get(name))
        for name in filter(None, last):
            if name not in known and name not in HARMLESS_NAMES and READ_NAMES.match(name):
                self.say('env', member + '.env', 'new: %s' % short(last[name]))
        if made.get('envFrom'):
            self.say('env from', member + '.envFrom', short(made['envFrom']))

    def mounts(self, member, base, made):
        mounts = {clean(mount.get('mountPath')): mount for mount in made.get('volumeMounts') or []}
        known = {clean(mount.get('mountPath')): mount for mount in base.get('volumeMounts') or []}
        for path, mount in known.items():
            self.same('mount', member + '.volumeMounts.' + path, mount, mounts.get(path))
        for path, mount in mounts.items():
            if path in known or not mount.get('mountPath'):
                continue
            over = [other for other in list(known) + (SYSTEM_PATHS if self.kind != 'MCPServer' else []) if overlaps(path, other)]
            if over:
                self.say('mount', member + '.volumeMounts', '%s is mounted over or in %s' % (mount.get('mountPath'), over[0]))

    def probes(self, member, made):
        for name in ('startupProbe', 'livenessProbe', 'readinessProbe'):
            probe = made.get(name) or {}
            if self.kind != 'MCPServer' and 'exec' in probe:
                self.say('probe', member + '.' + name, short(probe))
            for handler in ('httpGet', 'tcpSocket'):
                if (probe.get(handler) or {}).get('host'):
                    self.say('probe', member + '.' + name, 'the node asks ' + short(probe[handler]))
        for name, handler in (made.get('lifecycle') or {}).items():
            if isinstance(handler, dict) and ('exec' in handler and self.kind != 'MCPServer' or 'httpGet' in handler or 'tcpSocket' in handler):
                self.say('lifecycle', member + '.lifecycle.' + name, short(handler))

    def volumes(self, base, made):
        volumes = by_name(made.get('volumes'))
        for volume in base.get('volumes') or []:
            self.same('volume', 'volumes.' + volume['name'], volume, volumes.get(volume['name']))
        for name, volume in volumes.items():
            odd = set(volume) - {'name'} - ORDINARY_VOLUMES
            if odd:
                self.say('node volume', 'volumes.%s' % name, short(sorted(odd)))
            if any('serviceAccountToken' in source for source in (volume.get('projected') or {}).get('sources') or []):
                self.say('token', 'volumes.%s' % name, short(volume['projected']))

    def spec(self, base, made):
        for name in ('serviceAccountName', 'automountServiceAccountToken'):
            if (base.get(name), made.get(name)) != (None, 'default'):
                self.same('service account', name, base.get(name), made.get(name))
        if made.get('serviceAccount') not in (None, made.get('serviceAccountName')):
            self.say('service account', 'serviceAccount', short(made['serviceAccount']))
        for name in ('hostNetwork', 'hostPID', 'hostIPC'):
            if made.get(name):
                self.say('host namespaces', name, 'true')
        if made.get('shareProcessNamespace'):
            self.say('process namespace', 'shareProcessNamespace', 'true')
        if made.get('hostAliases'):
            self.say('names', 'hostAliases', short(made['hostAliases']))
        for name in ('nameservers', 'searches'):
            if (made.get('dnsConfig') or {}).get(name):
                self.say('names', 'dnsConfig.' + name, short(made['dnsConfig']))
        if made.get('dnsPolicy') not in (None, 'ClusterFirst'):
            self.say('names', 'dnsPolicy', short(made['dnsPolicy']))
        if made.get('nodeName'):
            self.say('placement', 'nodeName', short(made['nodeName']))
        self.security('pod security', 'securityContext', base.get('securityContext'), made.get('securityContext'))
        self.volumes(base, made)
        for list_name in ('containers', 'initContainers'):
            self.containers(list_name, base.get(list_name) or [], made.get(list_name) or [])
        if made.get('ephemeralContainers'):
            self.say('container', 'ephemeralContainers', short(made['ephemeralContainers']))

    def containers(self, list_name, base, made):
        known, names = by_name(base), [item.get('name') for item in made]
        for name in known:
            if name not in names:
                self.say('container', list_name, name + ' is gone')
        for item in made:
            member = '%s.%s' % (list_name, item.get('name'))
            if item.get('name') in known:
                self.own_container(member, known[item['name']], item)
            else:
                self.any_container(member, {}, item)

    def metadata(self, base, made):
        for part in ('labels', 'annotations'):
            for key, value in (base.get(part) or {}).items():
                self.same('metadata', '%s.%s' % (part, key), value, (made.get(part) or {}).get(key))
        for key, value in (made.get('annotations') or {}).items():
            if re.match(r'(container\.apparmor\.|container\.seccomp\.|seccomp\.).*', key) and value not in ('runtime/default', 'docker/default'):
                self.say('metadata', 'annotations.' + key, value)


def never_made(pod):
    """Whether the API server refuses the pod: then nothing runs, and what is wrong with it does not matter."""
    def twice(values):
        return len(values) != len(set(values))

    spec = pod.get('spec') or {}
    every = [item for name in ('containers', 'initContainers') for item in spec.get(name) or []]
    contexts = [item.get('securityContext') or {} for item in [spec] + every]
    return (twice([item.get('name') for item in every]) or twice([item.get('name') for item in spec.get('volumes') or []])
            or any(twice([mount.get('mountPath') for mount in item.get('volumeMounts') or []]) for item in every)
            or any((context.get('seccompProfile') or {'type': 'x'}).get('type') == '' for context in contexts))


def short(value):
    text = repr(value)
    return text if len(text) < 120 else text[:117] + '…'


def weaknesses(kind, container, base, made):
    if never_made(made):
        return []
    comparison = Comparison(kind, container)
    comparison.metadata(base.get('metadata') or {}, made.get('metadata') or {})
    comparison.spec(base.get('spec') or {}, made.get('spec') or {})
    return comparison.found
