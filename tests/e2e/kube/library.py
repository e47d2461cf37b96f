"""The policy library on a real API server: what webhook/deploy ships starts and follows its data, and objects that are older than the policies
still run less. No controllers run here, so a rollout is played: the writes of the deployment controller, in its order.
"""
import base64, hashlib, http.server, json, os, re, shutil, subprocess, threading

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.realpath(os.path.join(HERE, "..", "..", ".."))
DEPLOY = os.path.join(ROOT, "webhook", "deploy", "writ.yaml")
POLICIES = os.path.join(ROOT, "policies")
MERGE = "application/merge-patch+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
SPACE = "/api/v1/namespaces/default/"
APPS = "/apis/apps/v1/namespaces/default/"
BATCH = "/apis/batch/v1/namespaces/default/"


def read(*path):
    with open(os.path.join(*path), encoding="utf-8") as f:
        return f.read()


class Folder:
    """A volume as the kubelet lays it out: all files are links through `..data`, which is swapped in one step."""

    def __init__(self, path, files):
        self.path, self.files, self.n = path, {}, 0
        os.makedirs(path)
        self.publish(**files)

    def publish(self, **files):
        self.files.update({name.replace("__", "."): text for name, text in files.items()})
        self.n += 1
        stamp = os.path.join(self.path, "..%d" % self.n)
        os.mkdir(stamp)
        for name, text in self.files.items():
            with open(os.path.join(stamp, name), "w", encoding="utf-8") as f:
                f.write(text)
        os.symlink("..%d" % self.n, os.path.join(self.path, "..data_tmp"))
        os.replace(os.path.join(self.path, "..data_tmp"), os.path.join(self.path, "..data"))
        for name in self.files:
            if not os.path.lexists(os.path.join(self.path, name)):
                os.symlink("..data/" + name, os.path.join(self.path, name))
        shutil.rmtree(os.path.join(self.path, "..%d" % (self.n - 1)), ignore_errors=True)


class Images:
    """A registry in this process, over plain HTTP, with one image that a key has signed and one that nobody has."""

    def __init__(self, folder):
        self.blobs, self.manifests = {}, {}
        for arguments in (("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "fleet.key"), ("ec", "-in", "fleet.key", "-pubout", "-out", "fleet.pub")):
            subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)
        images = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                found = images.find(self.path)
                self.send_response(200 if found else 404)
                body, kind = found or (b"{}", "application/json")
                for name, value in (("Content-Type", kind), ("Content-Length", str(len(body))), ("Docker-Content-Digest", images.digest(body))):
                    self.send_header(name, value)
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(body)

            do_HEAD = do_GET

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.host = "127.0.0.1:%d" % self.server.server_port
        self.unsigned = self.push("unsigned", [])
        self.signed = self.push("signed", [])
        digest = self.signed.split("@")[1]
        payload = json.dumps({"critical": {"identity": {"docker-reference": "example/app"}, "image": {"docker-manifest-digest": digest},
                                           "type": "cosign container image signature"}, "optional": {}}).encode()
        signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", "fleet.key"], cwd=folder, input=payload, check=True, capture_output=True).stdout
        layer = dict(self.blob(payload, "application/vnd.dev.cosign.simplesigning.v1+json"),
                     annotations={"dev.cosignproject.cosign/signature": base64.b64encode(signature).decode()})
        self.push("signed", [layer], digest.replace(":", "-") + ".sig")

    def digest(self, data):
        return "sha256:" + hashlib.sha256(data).hexdigest()

    def blob(self, data, kind):
        self.blobs[self.digest(data)] = data
        return {"mediaType": kind, "digest": self.digest(data), "size": len(data)}

    def push(self, name, layers, tag="1.0"):
        config = self.blob(json.dumps({"architecture": "amd64", "os": "linux", "name": name}).encode(), "application/vnd.oci.image.config.v1+json")
        data = json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers}).encode()
        self.manifests[name, tag] = self.manifests[name, self.digest(data)] = data
        return "%s/%s@%s" % (self.host, name, self.digest(data))

    def find(self, path):
        match = re.match(r"/v2/([^/]+)/(manifests|blobs)/([^/?]+)", path)
        if not match:
            return (b"{}", "application/json") if path == "/v2/" else None
        body = self.blobs.get(match.group(3)) if match.group(2) == "blobs" else self.manifests.get((match.group(1), match.group(3)))
        return body and (body, MANIFEST if match.group(2) == "manifests" else "application/octet-stream")


def shipped_folder(c, path):
    """What the volume `policies` of the shipped Deployment holds, by the API server's reading of the manifest; -> Folder, the container's flags."""
    maps, deployment = {}, {}
    for document in re.split(r"^---\s*$", read(DEPLOY), flags=re.M):
        for kind, route in (("ConfigMap", "/api/v1/namespaces/writ-system/configmaps"), ("Deployment", "/apis/apps/v1/namespaces/writ-system/deployments")):
            if re.search(r"^kind: %s$" % kind, document, re.M):
                out = c.admin.call("POST", route + "?dryRun=All", document.encode(), "application/yaml")[1]
                if kind == "ConfigMap":
                    maps[out["metadata"]["name"]] = out["data"]
                else:
                    deployment = out["spec"]["template"]["spec"]
    files = {}
    for source in next(v for v in deployment["volumes"] if v["name"] == "policies")["projected"]["sources"]:
        data = maps[source["configMap"]["name"]]
        for item in source["configMap"].get("items") or [{"key": key, "path": key} for key in data]:
            files[item["path"]] = data[item["key"]]
    return Folder(path, files), deployment["containers"][0]["args"]


def mcp(name, image, **spec):
    return {"apiVersion": "toolhive.stacklok.dev/v1beta1", "kind": "MCPServer", "metadata": {"name": name},
            "spec": dict({"image": image, "transport": "sse"}, **spec)}


def check_library(c, check, wait, text, make_writ, servers):
    """`make_writ(folder, flags)` is a running server; those still running when a check throws are ended by the caller: they stand in `servers`."""
    folder, flags = shipped_folder(c, os.path.join(c.dir, "shipped"))
    writ = make_writ(folder.path, [])
    check("what is shipped starts, with the library's data beside its policies", {"settings.yaml", "exceptions.yaml"} <= set(folder.files)
          and "--policies=/policies" in flags and "--watch" in flags, (sorted(folder.files), flags))
    servers.remove(writ)
    writ.stop()
    data = {name: folder.files[name] for name in ("settings.yaml", "exceptions.yaml")}
    for name in os.listdir(os.path.join(POLICIES, "toolhive")):
        if name.endswith(".writ"):
            data[name] = read(POLICIES, "toolhive", name).split('\ntest "')[0]
    check("the library fits into a ConfigMap without its tests", sum(len(t.encode()) for t in data.values()) < 1000 * 1000)
    folder = Folder(os.path.join(c.dir, "library"), data)
    writ = make_writ(folder.path, [])

    url = "https://127.0.0.1:%d/admission" % writ.port
    everything = [{"apiGroups": ["toolhive.stacklok.dev"], "apiVersions": ["*"], "operations": ["CREATE", "UPDATE"], "resources": ["*"]}]
    c.register(url, rules=[dict(everything[0], operations=["DELETE"])])
    wait("the new rule", lambda: c.create(mcp("probe", "example:1"), "?dryRun=All")[0] == 201)
    status, out, _ = c.create(mcp("older", "example:1", replicas=2))
    check("an object that is older than the library is stored", status == 201, (status, out))
    c.register(url, rules=everything)
    check("the library judges what is new", wait("the webhook", lambda: c.create(mcp("probe", "example:1"), "?dryRun=All")[0] == 403))
    one = "/apis/toolhive.stacklok.dev/v1beta1/namespaces/default/mcpservers/older"

    def patch(change, query=""):
        return c.user.call("PATCH", one + query, {"spec": change}, MERGE)
    status, out, warnings = patch({"replicas": 1})
    check("fewer replicas of it are allowed, without a word", status == 200 and not any("would be refused" in w for w in warnings), (status, out, warnings))
    status, out, warnings = patch({"replicas": 0})
    check("... none, too", status == 200, (status, out, warnings))
    status, out, warnings = patch({"replicas": 1})
    check("more are a warning that names the rules", status == 200 and any("would be refused" in w and "image_pinned.digest" in w for w in warnings), (status, warnings))
    status, out, _ = patch({"replicas": 0, "image": "example:2"})
    check("fewer with another image are refused", status == 403 and "pin example:2" in text(out), (status, out))
    folder.publish(settings__yaml="growth: deny\n")
    check("growth: deny in the ConfigMap is followed", wait("growth", lambda: patch({"replicas": 2}, "?dryRun=All")[0] == 403), writ.logged()[-500:])
    check("... and fewer are allowed still", patch({"replicas": 0}, "?dryRun=All")[0] == 200)

    def exceptions(until):
        rules = sorted(set(re.findall(r"\[([a-z_]+\.[a-z-]+)\]", text(c.create(mcp("older2", "example:1"))[1]))))
        folder.publish(exceptions__yaml="exceptions:\n" + "".join(
            "- {kind: MCPServer, namespace: default, name: older2, rule: %s, owner: ann, reason: OPS-1, until: %s}\n" % (rule, until) for rule in rules))
        return rules
    rules = exceptions("2099-12-31")
    check("exceptions in the ConfigMap are followed (%d rules)" % len(rules),
          rules and wait("exceptions", lambda: c.create(mcp("older2", "example:1"), "?dryRun=All")[0] == 201), text(c.create(mcp("older2", "example:1"), "?dryRun=All")[1]))
    generated = mcp("older2", "example:1")
    generated["metadata"] = {"generateName": "older2"}
    check("... not for a name that is generated", c.create(generated, "?dryRun=All")[0] == 403)
    folder.publish(exceptions__yaml=folder.files["exceptions.yaml"].replace("2099-12-31", "2025-12-31"))
    check("... and end", wait("the end", lambda: c.create(mcp("older2", "example:1"), "?dryRun=All")[0] == 403))
    status, out, warnings = c.create(mcp("older2", "example:1"), "?dryRun=All")
    check("... which is said", any("have ended do not count" in w for w in warnings), warnings)
    c.admin.call("DELETE", one)
    servers.remove(writ)
    writ.stop()


def pod_spec(image):
    return {"containers": [{"name": "a", "image": image}], "automountServiceAccountToken": False}


def template(image):
    return {"metadata": {"labels": {"app": "web"}}, "spec": pod_spec(image)}


def workload(kind, name, image, **spec):
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name, "labels": {"app": "web"}},
            "spec": dict({"selector": {"matchLabels": {"app": "web"}}, "template": template(image)}, **spec)}


def pod(name, image):
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"app": "web"}, "finalizers": ["batch.kubernetes.io/job-tracking"]}, "spec": pod_spec(image)}


def job(name, image, **spec):
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name}, "spec": dict({"template": {"spec": dict(pod_spec(image), restartPolicy="Never")}}, **spec)}


class Steps:
    """What the admin does, each step with a name: `ok` expects an HTTP status and returns the warnings."""

    def __init__(self, c, check, text):
        self.call, self.check, self.text = c.admin.call, check, text

    def ok(self, name, answer, code=200):
        status, out, warnings = answer
        self.check(name, status == code, (status, self.text(out), warnings))
        return warnings

    def scale(self, name, n):
        """As the deployment controller does: it reads the ReplicaSet, and writes the whole of it with another number."""
        now = self.call("GET", APPS + "replicasets/" + name)[1]
        now["spec"]["replicas"] = n
        now["metadata"].setdefault("annotations", {})["deployment.kubernetes.io/desired-replicas"] = "2"
        return self.call("PUT", APPS + "replicasets/" + name, now)


def unsigned_fleet(steps, old):
    ok, call = steps.ok, steps.call
    ok("an unsigned Deployment", call("POST", APPS + "deployments", workload("Deployment", "web", old, replicas=2)), 201)
    ok("... its ReplicaSet", call("POST", APPS + "replicasets", workload("ReplicaSet", "web-old", old, replicas=2)), 201)
    ok("... a pod", call("POST", SPACE + "pods", pod("web-old-1", old)), 201)
    ok("... and a Job are older than the policy", call("POST", BATCH + "jobs", job("task", old, parallelism=2, completions=2)), 201)


def roll_out(steps, images):
    ok, call, check, scale, text = steps.ok, steps.call, steps.check, steps.scale, steps.text
    ok("the Deployment gets a signed image", call("PATCH", APPS + "deployments/web", {"spec": {"template": template(images.signed)}}, MERGE))
    new = workload("ReplicaSet", "web-new", images.signed, replicas=1)
    ok("the controller makes the new ReplicaSet", call("POST", APPS + "replicasets", new), 201)
    ok("... a pod of it", call("POST", SPACE + "pods", pod("web-new-1", images.signed)), 201)
    ok("... scales the old one down to 1", scale("web-old", 1))
    ok("... the new one up to 2", scale("web-new", 2))
    ok("... the old one down to 0", scale("web-old", 0))
    ok("the old pod loses its finalizer", call("PATCH", SPACE + "pods/web-old-1", {"metadata": {"finalizers": None}}, MERGE))
    ok("... gets a toleration", call("PATCH", SPACE + "pods/web-old-1", {"spec": {"tolerations": call("GET", SPACE + "pods/web-old-1")[1]["spec"].get("tolerations", [])
                                     + [{"key": "node.kubernetes.io/unschedulable", "operator": "Exists"}]}}, MERGE))
    ok("... and a deadline", call("PATCH", SPACE + "pods/web-old-1", {"spec": {"activeDeadlineSeconds": 60}}, MERGE))
    ok("... and goes", call("DELETE", SPACE + "pods/web-old-1?gracePeriodSeconds=0"))
    warnings = ok("scaling the old ReplicaSet up (an undo) is allowed", scale("web-old", 1))
    check("... with a warning", any("is not signed" in w for w in warnings), warnings)
    ok("scaling it down again is", scale("web-old", 0))
    ok("... and its end", call("DELETE", APPS + "replicasets/web-old"))
    status, out, _ = call("PATCH", APPS + "deployments/web", {"spec": {"template": template(images.unsigned)}}, MERGE)
    check("the Deployment does not go back to an unsigned image", status == 403 and "is not signed" in text(out), (status, out))


def resume_job(steps, wait, folder, writ):
    ok, call, check = steps.ok, steps.call, steps.check
    ok("the Job is suspended", call("PATCH", BATCH + "jobs/task", {"spec": {"suspend": True}}, MERGE))
    warnings = ok("... resumed", call("PATCH", BATCH + "jobs/task", {"spec": {"suspend": False}}, MERGE))
    check("... with a warning", any("is not signed" in w for w in warnings), warnings)
    ok("... and runs fewer pods at once", call("PATCH", BATCH + "jobs/task", {"spec": {"parallelism": 1}}, MERGE))
    folder.publish(signature_settings__yaml="growth: deny\n")
    check("with growth: deny more of its pods are refused",
          wait("growth", lambda: call("PATCH", BATCH + "jobs/task?dryRun=All", {"spec": {"parallelism": 2}}, MERGE)[0] == 403), writ.logged()[-500:])
    ok("... and fewer are allowed", call("PATCH", BATCH + "jobs/task?dryRun=All", {"spec": {"parallelism": 0}}, MERGE))


def check_rollout(c, check, wait, text, make_writ, servers):
    images = Images(c.dir)
    policy = read(POLICIES, "signatures", "images.writ")
    begin, end = policy.index("\nsigner fleet") + 1, policy.index("// `null` is a field")
    policy = policy[:begin] + 'signer fleet key "fleet.pub"\nsigner toolhive key "fleet.pub"\n' + policy[end:]
    folder = Folder(os.path.join(c.dir, "signatures"), {"images.writ": policy.split('\ntest "')[0], "growth.writ": read(POLICIES, "signatures", "growth.writ").split('\ntest "')[0],
                                                       "signature_settings.yaml": "growth: warn\n", "fleet.pub": read(c.dir, "fleet.pub")})
    with open(os.path.join(c.dir, "registries.json"), "w", encoding="utf-8") as f:
        json.dump([{"host": images.host, "plainHttp": True}], f)
    writ = make_writ(folder.path, ["--registries", os.path.join(c.dir, "registries.json")])
    url = "https://127.0.0.1:%d/admission" % writ.port
    call = c.admin.call

    call("DELETE", "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/writ-e2e")
    old = images.unsigned
    steps = Steps(c, check, text)
    unsigned_fleet(steps, old)
    rules = [{"apiGroups": ["", "apps", "batch"], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"],
              "resources": ["pods", "pods/ephemeralcontainers", "podtemplates", "replicationcontrollers", "deployments", "statefulsets", "daemonsets",
                            "replicasets", "jobs", "cronjobs"]}]
    c.register(url, rules=rules)
    check("the API server asks about what makes pods", wait("the webhook", lambda: call("POST", SPACE + "pods?dryRun=All", pod("probe", old))[0] == 403), writ.logged()[-1000:])
    status, out, _ = call("POST", SPACE + "pods?dryRun=All", pod("probe", old))
    check("an unsigned pod is refused", status == 403 and "is not signed" in text(out), (status, out))
    roll_out(steps, images)
    resume_job(steps, wait, folder, writ)
    for path in (APPS + "deployments/web", APPS + "replicasets/web-new", BATCH + "jobs/task"):
        call("DELETE", path)
    call("PATCH", SPACE + "pods/web-new-1", {"metadata": {"finalizers": None}}, MERGE)
    call("DELETE", SPACE + "pods/web-new-1?gracePeriodSeconds=0")
    servers.remove(writ)
    writ.stop()
    images.server.shutdown()
