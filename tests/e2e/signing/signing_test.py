#!/usr/bin/env python3
"""Proves that `writ serve` and `writ verify-image` judge what cosign signs, in a real registry.

    signing_test.py --writ WRIT --tools TOOLS --dir DIR      TOOLS: the folder that build.sh printed; DIR: an empty one

Signs live with cosign 2 and 3, by key and keyless, and posts reviews as an API server would. Prints one line a check and closes with
`N passed, N failed, N skipped`; the exit code is 1 when a check failed. Nothing leaves the machine.
"""
import argparse, concurrent.futures, http.client, itertools, json, os, re, signal, socket, ssl, subprocess, sys, time, traceback

from registry import PASSWORD, DockerRegistry, Registry, basic_auth, tied, wait
from sigstore import GITHUB, GOOGLE, Cosign, Sigstore, email_claims, github_claims

RELEASE = "acme/app/.github/workflows/release.yml@refs/tags/v1.0.0"
SUBJECT = "https://github.com/acme/*/.github/workflows/release.yml@refs/tags/*"
ANN = "ann@acme.example"
SLSA = "https://actions.github.io/buildtypes/workflow/v1"

# `trust "trusted_root.json"` is replaced while the server runs, `other_root.json` never.
SIGNERS = """
signer platform key "platform.pub"
signer stranger key "stranger.pub"
signer team key "platform.pub" { annotation "team" "platform" }
signer other_team key "platform.pub" { annotation "team" "security" }
signer logged key "platform.pub" { trust "trusted_root.json" log required }
signer release keyless { issuer "%(github)s" subject "%(subject)s" trust "trusted_root.json" }
signer stamped keyless { issuer "%(github)s" subject "%(subject)s" trust "trusted_root.json" timestamp required }
signer our_repo keyless {
  issuer "%(github)s" subject "%(subject)s" trust "trusted_root.json" certificate "source_repository_uri" "https://github.com/acme/app"
}
signer their_repo keyless {
  issuer "%(github)s" subject "%(subject)s" trust "trusted_root.json" certificate "source_repository_uri" "https://github.com/acme/other"
}
signer other_workflow keyless {
  issuer "%(github)s" subject "https://github.com/acme/*/.github/workflows/nightly.yml@refs/tags/*" trust "trusted_root.json"
}
signer other_issuer keyless { issuer "https://gitlab.com" subject "%(subject)s" trust "trusted_root.json" }
signer elsewhere keyless { issuer "%(github)s" subject "%(subject)s" trust "other_root.json" }
signer ann keyless { issuer "%(google)s" subject "%(ann)s" trust "trusted_root.json" }
signer bob keyless { issuer "%(google)s" subject "bob@acme.example" trust "trusted_root.json" }
signer inhouse certificate { roots "acme-ca.pem" subject "release@acme.example" }
signer inhouse_other certificate { roots "other-ca.pem" subject "release@acme.example" }
signer everywhere key "platform.pub" { platforms both }
signer apart key "platform.pub" { repository "%(host)s/acme/signatures" }
signer rsa key "rsa.pub"
signer ed25519 key "ed25519.pub"
"""

# What a review's label `needs` makes of its image, beyond `NAME` for `signed by NAME`.
NEEDS = {
    "two": "signed by platform and release",
    "one_of": "signed by stranger or release",
    "scanned": 'attested "vuln" by platform where predicate.scanner.result.critical == 0',
    "scanned_keyless": 'attested "vuln" by release where predicate.scanner.result.critical == 0',
    "built": 'attested "slsaprovenance1" by release where predicate.buildDefinition.buildType == "%s"' % SLSA,
    "built_elsewhere": 'attested "slsaprovenance1" by release where predicate.buildDefinition.buildType == "https://example.com/make"',
    "all": 'signed by release attested "vuln" where predicate.scanner.result.critical == 0 attested "slsaprovenance1" by release',
}

counts = {"passed": 0, "failed": 0, "skipped": 0}


def check(name, ok, detail=""):
    counts["passed" if ok else "failed"] += 1
    print("%s  %s%s" % ("ok  " if ok else "FAIL", name, "" if ok else "\n        " + str(detail)[:1500]), flush=True)


def policy(host):
    """HOST: the registry that has the signatures by `apart`."""
    signers = SIGNERS % {"github": GITHUB, "google": GOOGLE, "subject": SUBJECT, "ann": ANN, "host": host}
    names = {name: "signed by " + name for name in re.findall(r"^signer (\w+)", SIGNERS, re.M)}
    rules = ['  @id("%s") require image object.spec.image %s when needs == "%s"' % (name, clause, name)
             for name, clause in {**names, **NEEDS}.items()]
    return """package signing
%s
let needs = object.metadata.?labels.?needs.orValue("")

policy images for admission of MCPServer.toolhive.stacklok.dev on create, update {
%s
}

policy pods for admission of Pod on create, update {
  require image object.spec.containers.map(c, c.image) + object.spec.?initContainers.orValue([]).map(c, c.image) signed by platform
}

policy deployments for admission of Deployment.apps on create, update {
  require image object.spec.template.spec.containers.map(c, c.image) signed by release
}
""" % (signers, "\n".join(rules))


def openssl(folder, *arguments):
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


def make_ca(folder, name):
    openssl(folder, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=" + name,
            "-keyout", name + ".key", "-out", name + ".pem", "-addext", "keyUsage=critical,keyCertSign")


def issue(folder, ca, name, extensions):
    """NAME.pem for a new key NAME.pkey."""
    openssl(folder, "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=" + name, "-keyout", name + ".pkey",
            "-out", name + ".csr")
    with open(os.path.join(folder, name + ".ext"), "w") as f:
        f.write("\n".join(extensions))
    openssl(folder, "x509", "-req", "-in", name + ".csr", "-CA", ca + ".pem", "-CAkey", ca + ".key", "-days", "2", "-extfile", name + ".ext",
            "-set_serial", "7", "-out", name + ".pem")


class Answer:
    def __init__(self, response):
        self.allowed, self.warnings, self.notes = response["allowed"], response.get("warnings", []), response.get("auditAnnotations", {})
        self.message = response.get("status", {}).get("message", "")
        self.response = response

    def __str__(self):
        return json.dumps(self.response)


class Writ:
    """`writ serve` over TLS. stdout tells the port, stderr is the log."""

    def __init__(self, binary, folder, *flags):
        self.folder, self.log, self.uids = folder, os.path.join(folder, "writ%s.log" % "".join(flags)), itertools.count(1)
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [binary, "serve", "--policies", os.path.join(folder, "policies"), "--listen", "127.0.0.1:0", "--tls-cert",
                 os.path.join(folder, "host.pem"), "--tls-key", os.path.join(folder, "host.pkey"), "--registries",
                 os.path.join(folder, "registries.json"), *flags],
                stdout=subprocess.PIPE, stderr=log, stdin=subprocess.DEVNULL, text=True, preexec_fn=tied,
                env={"PATH": os.environ["PATH"], "HOME": folder})
        line = self.process.stdout.readline()
        match = re.match(r"writ: serving on https://127\.0\.0\.1:(\d+) ", line)
        if not match:
            self.process.wait()
            raise RuntimeError("writ serve did not start: %r\n%s" % (line, self.logged()[-3000:]))
        self.port = int(match.group(1))

    def logged(self):
        with open(self.log) as log:
            return log.read()

    def request(self, method, path, body=None):
        context = ssl.create_default_context(cafile=os.path.join(self.folder, "host-ca.pem"))
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=context, timeout=30)
        try:
            connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
            reply = connection.getresponse()
            return reply.status, reply.read().decode()
        finally:
            connection.close()

    def review(self, obj, resource, timeout="10s"):
        group, _, version = obj["apiVersion"].rpartition("/")
        uid = str(next(self.uids))
        request = {"uid": uid, "kind": {"group": group, "version": version, "kind": obj["kind"]},
                   "resource": {"group": group, "version": version, "resource": resource}, "name": "x", "namespace": "default",
                   "operation": "CREATE", "userInfo": {"username": "dev"}, "object": obj, "oldObject": None, "dryRun": False}
        review = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request}
        status, body = self.request("POST", "/admission?timeout=" + timeout, json.dumps(review))
        if status != 200:
            return Answer({"allowed": None, "status": {"message": "HTTP %d: %s" % (status, body)}})
        response = json.loads(body)["response"]
        assert response["uid"] == uid, (response, uid)
        return Answer(response)

    def server(self, image, needs="platform", **more):
        """The answer to an MCPServer with that image."""
        return self.review({"apiVersion": "toolhive.stacklok.dev/v1beta1", "kind": "MCPServer", "metadata": {"name": "x", "labels": {"needs": needs}},
                            "spec": {"image": image, "transport": "stdio"}}, "mcpservers", **more)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)


class World:
    """Registries, signers and signed images. `images`: what was signed how → reference by digest."""

    def __init__(self, writ, tools, folder):
        self.writ, self.folder, self.images, self.digests = writ, folder, {}, {}
        for ca, name, extensions in (
                ("acme-ca", "inhouse",
                 ["subjectAltName=email:release@acme.example", "extendedKeyUsage=codeSigning", "keyUsage=critical,digitalSignature"]),
                ("other-ca", None, None),
                ("host-ca", "host", ["subjectAltName=IP:127.0.0.1", "extendedKeyUsage=serverAuth"])):
            make_ca(folder, ca)
            if name:
                issue(folder, ca, name, extensions)
        self.registry = DockerRegistry(self.make("registry"))
        self.private = DockerRegistry(self.make("private"), [self.path(n) for n in ("host.pem", "host.pkey", "host-ca.pem")])
        self.instance, self.other = (Sigstore(os.path.join(tools, "sigstore"), self.path(name)) for name in ("instance", "other"))
        self.referrers = Registry(self.instance.endpoints["registry"])  # has the referrers API
        self.cosign = Cosign(tools, self.make("home"))
        self.cosign.use(self.instance)
        for name in "platform", "stranger":
            self.cosign.new_key(name)
        for name, algorithm in ("rsa", ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]), ("ed25519", ["-algorithm", "ED25519"]):
            openssl(folder, "genpkey", *algorithm, "-out", name + ".pkey")
        for name in "inhouse", "rsa", "ed25519":
            self.cosign.run(2, "import-key-pair", "--key", self.path(name + ".pkey"), "--output-key-prefix", name)
        self.make("policies")
        for name in "platform", "stranger", "rsa", "ed25519":
            self.publish(name + ".pub", self.cosign.path(name + ".pub"))
        for name, source in (("trusted_root.json", self.cosign.path("root.json")),
                             ("other_root.json", self.cosign.trust_root(self.other, "other.json")), ("acme-ca.pem", self.path("acme-ca.pem")),
                             ("other-ca.pem", self.path("other-ca.pem"))):
            self.publish(name, source)
        with open(self.path("policies/fleet.writ"), "w") as f:
            f.write(policy(self.registry.host))
        self.listed = [{"host": self.registry.host, "plainHttp": True}, {"host": self.referrers.host, "plainHttp": True}]
        self.list_registries({"host": self.private.host})

    def path(self, name):
        return os.path.join(self.folder, name)

    def make(self, name):
        os.mkdir(self.path(name))
        return self.path(name)

    def push(self, name, registry=None, index=False, repository=None):
        """A new image. -> its reference by digest."""
        registry, repository = registry or self.registry, repository or "acme/" + name
        self.digests[name] = registry.push_index(repository) if index else registry.push(repository, name)
        self.images[name] = "%s/%s@%s" % (registry.host, repository, self.digests[name])
        return self.images[name]

    def publish(self, name, source):
        """A file beside the policies, replaced in one step."""
        place = self.path("policies/" + name)
        with open(source, "rb") as f, open(place + ".new", "wb") as new:
            new.write(f.read())
        os.replace(place + ".new", place)

    def list_registries(self, *entries):
        """Those without a password, and `entries`."""
        with open(self.path("registries.new"), "w") as f:
            json.dump(self.listed + list(entries), f)
        os.replace(self.path("registries.new"), self.path("registries.json"))

    def verify(self, image, *arguments, plain=True):
        """`writ verify-image` where the policies are. -> exit code, stdout, stderr."""
        done = subprocess.run([self.writ, "verify-image", *([image] if image else []), *(["--plain-http"] if plain else []), *arguments],
                              cwd=self.path("policies"), env={"PATH": os.environ["PATH"], "HOME": self.folder}, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout, done.stderr

    def close(self):
        for process in self.registry, self.private, self.instance, self.other:
            process.stop()


def sign_images(w):
    """One image for each way of signing."""
    c, github, vuln = w.cosign, github_claims(RELEASE), ("--type", "vuln", "--predicate")
    for name, critical in ("clean.json", 0), ("bad.json", 3):
        c.write(name, json.dumps({"invocation": {}, "scanner": {"uri": "pkg:scan", "version": "1", "result": {"critical": critical}},
                                  "metadata": {"scanStartedOn": "2026-01-01T00:00:00Z", "scanFinishedOn": "2026-01-01T00:01:00Z"}}))
    c.write("slsa.json", json.dumps({"buildDefinition": {"buildType": SLSA, "externalParameters": {}, "resolvedDependencies": []},
                                     "runDetails": {"builder": {"id": "https://github.com/actions/runner"}}}))
    w.push("unsigned")
    for name in "late", "lost", "altered":
        c.with_key(2, "sign", "platform", w.push(name))
    for version, n in (2, "2"), (3, "3"):
        c.with_key(version, "sign", "platform", "-a", "team=platform", w.push("key" + n))
        c.keyless(version, "sign", github, w.push("keyless" + n))
        c.keyless(version, "sign", email_claims(ANN), w.push("email" + n))
        c.with_key_in_log(version, "sign", "platform", w.push("logged" + n))
        c.with_key(version, "attest", "platform", *vuln, "clean.json", w.push("attested" + n))
        c.with_key(version, "attest", "platform", *vuln, "bad.json", w.push("vulnerable" + n))
        c.with_key(version, "sign", "rsa", w.push("rsa" + n))
        c.with_key(version, "sign", "platform", w.push("apart" + n), COSIGN_REPOSITORY=w.registry.host + "/acme/signatures")
        c.with_key(version, "sign", "platform", w.push("docker" + n), COSIGN_DOCKER_MEDIA_TYPES="1")
        for key in "stranger", "platform":
            c.with_key(version, "sign", key, w.images.get("twice" + n) or w.push("twice" + n))
        image = w.push("full" + n)
        c.keyless(version, "sign", github, image)
        c.keyless(version, "attest", github, *vuln, "clean.json", image)
        c.keyless(version, "attest", github, "--type", "slsaprovenance1", "--predicate", "slsa.json", image)
    c.keyless(3, "sign", github, w.push("referrers", w.referrers))
    c.keyless(3, "attest", github, *vuln, "clean.json", w.images["referrers"])
    c.with_key(2, "sign", "ed25519", w.push("ed25519"))
    c.with_key(2, "sign", "platform", "--new-bundle-format", w.push("bundle2"))
    c.with_key(2, "sign", "platform", "--registry-referrers-mode", "oci-1-1", w.push("oci11"), COSIGN_EXPERIMENTAL="1")
    c.keyless(2, "attest", github, *vuln, "clean.json", "--rekor-entry-type", "intoto", w.push("intoto"))
    c.with_key(2, "sign", "platform", w.push("mixed"))
    c.keyless(3, "sign", github, w.images["mixed"])
    c.with_key(2, "sign", "inhouse", "--certificate", w.path("inhouse.pem"), "--certificate-chain", w.path("acme-ca.pem"), w.push("inhouse"))
    c.with_key(2, "sign", "platform", w.push("index", index=True))
    c.with_key(2, "sign", "platform", "--recursive", w.push("recursive", index=True))
    w.push("copied", repository="acme/mixed")
    w.registry.copy_signatures("acme/mixed", w.digests["mixed"], w.digests["copied"])
    c.log_in(w.private.host)
    c.with_key(2, "sign", "platform", "--registry-cacert", w.path("host-ca.pem"), w.push("private", w.private))


# (image, what its review needs, what is special about it)
VERIFIED = [
    ("key2", "platform", "cosign 2, key, .sig tag"), ("key3", "platform", "cosign 3, key, bundle"),
    ("key2", "team", "cosign 2, key, with the annotation that is demanded"), ("key3", "team", "cosign 3, key, with that annotation"),
    ("logged2", "logged", "cosign 2, key, in the log"), ("logged3", "logged", "cosign 3, key, in the log"),
    ("keyless2", "release", "cosign 2, keyless, .sig tag, Rekor v1, GitHub workflow"),
    ("keyless3", "release", "cosign 3, keyless, bundle by fallback tag"),
    ("referrers", "release", "cosign 3, keyless, bundle by referrers API"), ("keyless3", "stamped", "cosign 3, keyless, timestamp demanded"),
    ("keyless2", "our_repo", "cosign 2, keyless, repository demanded"), ("keyless3", "our_repo", "cosign 3, keyless, repository demanded"),
    ("email2", "ann", "cosign 2, keyless, e-mail address"), ("email3", "ann", "cosign 3, keyless, e-mail address"),
    ("inhouse", "inhouse", "cosign 2, certificate of an own CA"),
    ("attested2", "scanned", "cosign 2, key, .att tag, condition holds"),
    ("attested3", "scanned", "cosign 3, key, attestation bundle, condition holds"),
    ("referrers", "scanned_keyless", "cosign 3, keyless attestation by referrers API"),
    ("full2", "all", "cosign 2, keyless: signature, vuln and slsaprovenance1"),
    ("full3", "all", "cosign 3, keyless: signature, vuln and slsaprovenance1"),
    ("intoto", "scanned_keyless", "cosign 2, keyless attestation, another kind of log entry"), ("bundle2", "platform", "cosign 2, key, bundle"),
    ("rsa2", "rsa", "cosign 2, RSA key"), ("rsa3", "rsa", "cosign 3, RSA key"),
    ("apart2", "apart", "cosign 2, signatures in another repository"), ("apart3", "apart", "cosign 3, signatures in another repository"),
    ("docker2", "platform", "cosign 2, Docker's media types"), ("docker3", "platform", "cosign 3, Docker's media types"),
    ("twice2", "platform", "cosign 2, signed by a stranger too"), ("twice3", "platform", "cosign 3, signed by a stranger too"),
    ("mixed", "two", "two signers, cosign 2 with a key and cosign 3 keyless"), ("keyless3", "one_of", "one of two signers"),
    ("index", "platform", "cosign 2, the index of two platforms"), ("recursive", "everywhere", "cosign 2 --recursive, index and every platform"),
]

# (image, what its review needs, what is special about it, part of the reason)
NIGHTLY = "expected `https://github.com/acme/*/.github/workflows/nightly.yml@refs/tags/*`"
REFUTED = [
    ("unsigned", "platform", "not signed", "nothing that could be one is attached to the image"),
    ("unsigned", "release", "not signed, keyless", "nothing that could be one is attached to the image"),
    ("apart2", "platform", "cosign 2, signed in another repository only", "nothing that could be one is attached to the image"),
    ("oci11", "platform", "cosign 2, experimental form", "--registry-referrers-mode oci-1-1) is attached; it is not read"),
    ("ed25519", "ed25519", "cosign 2, Ed25519ph", "Ed25519ph, which cosign 2.6 and later write with Ed25519 keys, is not supported"),
    ("unsigned", "scanned", "not attested", "nothing that could be one is attached to the image"),
    ("key2", "stranger", "cosign 2, another key", "not a signature of these bytes by this ECDSA P-256 key"),
    ("key3", "stranger", "cosign 3, another key", "not a signature of these bytes by this ECDSA P-256 key"),
    ("key2", "other_team", "cosign 2, another annotation", "its claim `team` is `platform`, expected `security`"),
    ("key3", "other_team", "cosign 3, another annotation", "its claim `team` is `platform`, expected `security`"),
    ("key2", "logged", "cosign 2, a key in no log", "it comes with no log entry, which the policy requires"),
    ("key3", "logged", "cosign 3, a key in no log", "it comes with no log entry, which the policy requires"),
    ("key2", "release", "a key instead of a certificate", "it carries no certificate"),
    ("keyless2", "platform", "cosign 2, a certificate instead of a key", "it is signed with a certificate, the policy names a key"),
    ("keyless3", "platform", "cosign 3, a certificate instead of a key", "it is signed with a certificate, the policy names a key"),
    ("keyless2", "other_workflow", "cosign 2, another workflow", NIGHTLY), ("keyless3", "other_workflow", "cosign 3, another workflow", NIGHTLY),
    ("keyless2", "other_issuer", "cosign 2, another issuer", "issuer `%s`, expected `https://gitlab.com`" % GITHUB),
    ("keyless3", "other_issuer", "cosign 3, another issuer", "issuer `%s`, expected `https://gitlab.com`" % GITHUB),
    ("keyless2", "their_repo", "cosign 2, another repository", "is `https://github.com/acme/app`, expected `https://github.com/acme/other`"),
    ("keyless3", "their_repo", "cosign 3, another repository", "is `https://github.com/acme/app`, expected `https://github.com/acme/other`"),
    ("email2", "bob", "cosign 2, another address", "e-mail name `%s`, expected `bob@acme.example`" % ANN),
    ("email3", "release", "cosign 3, a person instead of a workflow", "e-mail name `%s`, expected `%s`" % (ANN, SUBJECT)),
    ("keyless2", "elsewhere", "cosign 2, the trust root of another instance", "which the trust root does not hold"),
    ("keyless3", "elsewhere", "cosign 3, the trust root of another instance", "which the trust root does not hold"),
    ("keyless2", "stamped", "cosign 2, no timestamp", "it comes with no RFC 3161 timestamp, which the policy requires"),
    ("inhouse", "inhouse_other", "another CA", "issued by `CN=acme-ca`, which is no CA of the trust root"),
    ("copied", "platform", "the .sig tag of another image", "asked for is sha256:"),
    ("copied", "release", "the bundle of another image", "asked for is sha256:"),
    ("attested2", "platform", "cosign 2, an attestation instead of a signature", "which is no signature"),
    ("attested3", "platform", "cosign 3, an attestation instead of a signature", "which is no signature"),
    ("key2", "scanned", "cosign 2, a signature instead of an attestation", "it is a signature, an attestation is asked for"),
    ("keyless3", "scanned_keyless", "cosign 3, a signature instead of an attestation",
     "it is an attestation of type `https://sigstore.dev/cosign/sign/v1`"),
    ("attested2", "scanned_keyless", "cosign 2, an attestation by another signer", "it carries no certificate"),
    ("vulnerable2", "scanned", "cosign 2, the condition does not hold", "where predicate.scanner.result.critical == 0"),
    ("vulnerable3", "scanned", "cosign 3, the condition does not hold", "where predicate.scanner.result.critical == 0"),
    ("full2", "built_elsewhere", "cosign 2, built in another way", 'where predicate.buildDefinition.buildType == "https://example.com/make"'),
    ("full3", "built_elsewhere", "cosign 3, built in another way", 'where predicate.buildDefinition.buildType == "https://example.com/make"'),
    ("key2", "two", "one signature of two", "no signature by `release`"),
    ("index", "everywhere", "only the index of two platforms is signed", "nothing that could be one is attached to the image"),
]


def check_verdicts(w, writ):
    for image, needs, what in VERIFIED:
        answer = writ.server(w.images[image], needs)
        check("admitted: " + what, answer.allowed is True and not answer.warnings and w.digests[image] in answer.notes.get("image-1", ""), answer)
    for image, needs, what, reason in REFUTED:
        answer = writ.server(w.images[image], needs)
        text = answer.message + "\n" + "\n".join(answer.warnings)
        check("refused: " + what, answer.allowed is False and "images." + needs in answer.message and w.images[image] in answer.message
              and "not known" not in answer.message and reason in text, answer)


def check_kinds(w, writ):
    def pod(*images):
        return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"},
                "spec": {"initContainers": [{"name": "i", "image": images[0]}], "containers": [{"name": "c", "image": i} for i in images[1:]]}}
    answer = writ.review(pod(*(w.images[i] for i in ("key2", "key3", "mixed"))), "pods")
    check("a Pod of three signed images is admitted", answer.allowed is True and len(answer.notes) == 3, answer)
    answer = writ.review(pod(*(w.images[i] for i in ("unsigned", "key2", "key3"))), "pods")
    check("... and refused for one that is not, which is named", answer.allowed is False and w.images["unsigned"] in answer.message
          and w.images["key2"] not in answer.message, answer)
    for image, allowed in ("keyless3", True), ("key3", False):
        template = {"spec": {"containers": [{"name": "c", "image": w.images[image]}]}}
        answer = writ.review({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "x"}, "spec": {"template": template}},
                             "deployments")
        check("a Deployment is %s" % ("admitted" if allowed else "refused"), answer.allowed is allowed, answer)


def check_all_at_once(w, writ):
    """On a server that has judged nothing yet: no verdict hangs on what else is being judged."""
    cases = [(i, n, True) for i, n, _ in VERIFIED] + [(i, n, False) for i, n, _, _ in REFUTED]
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda case: writ.server(w.images[case[0]], case[1]), cases * 2))
    wrong = [(case, str(answer)) for case, answer in zip(cases * 2, answers) if answer.allowed is not case[2]]
    check("twelve clients at once get the same verdicts", not wrong, wrong[:2])


def check_tags(w, writ, strict):
    tag = "%s/acme/moving:1.0" % w.registry.host
    w.registry.push("acme/moving")
    w.cosign.with_key(2, "sign", "platform", tag)
    answer = writ.server(tag)
    digest = answer.notes.get("image-1", "")[len(tag) + 2:][:71]
    check("a tag is resolved, with a warning that names the digest", answer.allowed is True and digest.startswith("sha256:")
          and any("is a tag, which can move: pin @" + digest in line for line in answer.warnings), answer)
    before = w.registry.asked_by("writ")
    answer = strict.server(tag)
    check("under --strict-tags it is refused", answer.allowed is False and "is not known to be signed" in answer.message
          and "tag" in str(answer.warnings), answer)
    check("... and the registry is not asked", w.registry.asked_by("writ") == before)
    check("... while a digest is admitted", strict.server(tag.replace(":1.0", "@" + digest)).allowed is True)
    w.registry.push("acme/moving", "2.0")
    w.registry.put_manifest("acme/moving", "1.0", w.registry.manifest("acme/moving", "2.0"))
    answer = writ.server(tag)
    check("the tag moved to an image that is not signed: refused", answer.allowed is False and "is not signed by platform" in answer.message, answer)
    w.registry.put_manifest("acme/moving", "1.0", w.registry.manifest("acme/moving", digest))
    check("... and moved back: admitted", writ.server(tag).allowed is True)


def check_stopped_registry(w, writ):
    before = w.registry.asked_by("writ")
    check("what was judged is not judged again", writ.server(w.images["key2"]).allowed is True and w.registry.asked_by("writ") == before)
    w.registry.stop()
    check("the registry stopped: a verdict that is known holds", writ.server(w.images["key2"]).allowed is True)
    answer = writ.server(w.images["late"])
    check("... and another image is refused as not known", answer.allowed is False
          and "is not known to be signed by platform" in answer.message, answer)
    check("... with the reason", any("Connection refused" in line for line in answer.warnings), answer)
    code, out, _ = w.verify(w.images["late"], "--key", "platform.pub")
    check("... by verify-image too, with exit code 1", code == 1 and out.startswith("unknown: ") and "Connection refused" in out, (code, out))
    code, out, _ = w.verify(w.images["late"], "--key", "platform.pub", "--json")
    check("... in JSON", code == 1 and json.loads(out)["results"][0]["outcome"] == "unknown", (code, out))
    w.registry.start()
    answer = writ.server(w.images["late"])
    check("started again: the same review is admitted", answer.allowed is True, answer)


def check_damaged_registry(w, writ):
    """Nobody can say what a signature said that is gone: it is not the same as no signature."""
    for image, what in ("lost", "is gone"), ("altered", "has other bytes"):
        tag = w.digests[image].replace(":", "-") + ".sig"
        blob = w.registry.blob_file(json.loads(w.registry.manifest("acme/" + image, tag))["layers"][0]["digest"])
        with open(blob, "r+b") as f:
            f.write(b"[")
        if image == "lost":
            os.remove(blob)
        answer = writ.server(w.images[image])
        check("the blob of a signature %s: refused as not known" % what, answer.allowed is False and "is not known to be signed" in answer.message
              and "could not be had" in answer.notes.get("image-1", ""), answer)


def check_hanging_registry(w, writ):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        host = "127.0.0.1:%d" % listener.getsockname()[1]
        w.list_registries({"host": w.private.host}, {"host": host, "plainHttp": True})
        image = host + "/acme/x@sha256:" + 64 * "0"
        wait(lambda: "not on the list" not in str(writ.server(image, timeout="1s")))
        started = time.monotonic()
        answer = writ.server(image, timeout="1s")
        took = time.monotonic() - started
        check("a registry that does not answer: refused as not known, in time", answer.allowed is False and "not known" in answer.message
              and took < 1.5, (took, str(answer)))
    w.list_registries({"host": w.private.host})


def check_allow_list(w, writ):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.3)
        host = "127.0.0.1:%d" % listener.getsockname()[1]
        answers = [writ.server(host + "/acme/x" + end) for end in ("@sha256:" + 64 * "0", ":1.0")]
        check("a registry that is not listed: refused as not known", all(a.allowed is False and "not known" in a.message
              and "is not on the list of registries that may be asked" in str(a.warnings) for a in answers), answers[0])
        try:
            listener.accept()[0].close()
            asked = True
        except TimeoutError:
            asked = False
        check("... and no connection reaches it", not asked)


def check_credentials(w, writ):
    image, entry = w.images["private"], {"host": w.private.host}
    answer = writ.server(image)
    check("a registry whose CA is not trusted: not known", answer.allowed is False and "not known" in answer.message
          and "certificate" in str(answer.warnings), answer)
    check("... and it saw no request", w.private.asked_by("writ") == 0)
    entry["ca"] = "host-ca.pem"
    w.list_registries(entry)
    wait(lambda: "401" in str(writ.server(image).warnings))
    answer = writ.server(image)
    check("with its CA but no password: not known", answer.allowed is False and "not known" in answer.message
          and "401 Unauthorized: it wants a user and a password" in str(answer.warnings), answer)
    entry["dockerConfig"] = "home/docker/config.json"
    w.list_registries(entry)
    wait(lambda: writ.server(image).allowed)
    check("with CA and password: admitted, without a restart", writ.server(image).allowed is True, writ.server(image))
    check("the password is in no log", PASSWORD not in writ.logged() and basic_auth() not in writ.logged())
    with open(w.path("registries.json"), "w") as f:
        f.write("[{")
    wait(lambda: "registries.json" in json.dumps(json.loads(writ.request("GET", "/readyz")[1]).get("registries")))
    status, body = writ.request("GET", "/readyz")
    check("a broken list of registries changes nothing, and /readyz shows it", status == 200
          and "registries.json" in json.dumps(json.loads(body)["registries"]) and writ.server(w.images["key2"]).allowed is True, body)
    w.list_registries(entry)
    for arguments, code in ((), 1), (("--docker-config", "../home/docker/config.json"), 0):
        got, out, _ = w.verify(image, "--key", "platform.pub", "--registry-ca", "../host-ca.pem", *arguments, plain=False)
        check("verify-image there, with%s a password" % ("out" if code else ""), got == code and ("401" in out) == bool(code), (got, out))


def check_trust_root(w, writ):
    image = w.images["keyless2"]
    check("keyless, by the trust root on disk: admitted", writ.server(image, "release").allowed is True)
    w.publish("trusted_root.json", w.cosign.path("other.json"))
    wait(lambda: not writ.server(image, "release").allowed)
    answer = writ.server(image, "release")
    check("the trust root is replaced on disk: refused", answer.allowed is False
          and "which the trust root does not hold" in str(answer.warnings), answer)
    check("... while keys are what they were", writ.server(w.images["key2"]).allowed is True)
    w.publish("trusted_root.json", w.cosign.write("broken.json", "{}"))
    wait(lambda: json.loads(writ.request("GET", "/readyz")[1])["policies"]["stale"])
    status, body = writ.request("GET", "/readyz")
    check("a broken trust root changes nothing, and /readyz shows it", status == 200 and "trusted_root.json" in body
          and writ.server(w.images["key2"]).allowed is True, body)
    w.publish("trusted_root.json", w.cosign.path("root.json"))
    wait(lambda: writ.server(image, "release").allowed)
    check("the first trust root again: admitted", writ.server(image, "release").allowed is True)


KEYLESS = ("--issuer", GITHUB, "--subject", SUBJECT, "--trust-root", "trusted_root.json")
# (image, arguments, exit code, what the text says, outcome and reason in JSON)
COMMANDS = [
    ("key2", ("--key", "platform.pub"), 0, "ok    signature: ", ("verified", "none")),
    ("key3", ("--key", "platform.pub", "--annotation", "team=platform"), 0, "verified: signature by ", ("verified", "none")),
    ("keyless2", KEYLESS, 0, "by https://github.com/%s (%s)" % (RELEASE, GITHUB), ("verified", "none")),
    ("keyless3", KEYLESS + ("--timestamp-required",), 0, "ok    timestamp: ", ("verified", "none")),
    ("referrers", KEYLESS + ("--attestation", "vuln"), 0, "verified: attestation of type ", ("verified", "none")),
    ("full2", KEYLESS + ("--attestation", "slsaprovenance1"), 0, "verified: attestation of type ", ("verified", "none")),
    ("inhouse", ("--ca-roots", "acme-ca.pem", "--subject", "release@acme.example", "--log", "ignored", "--ignore-sct"), 0, "by release@acme.example",
     ("verified", "none")),
    ("oci11", ("--key", "platform.pub", "--oci-1-1"), 0, "verified: signature by ", ("verified", "none")),
    ("recursive", ("--key", "platform.pub", "--platforms", "both"), 0, "verified: signature by ", ("verified", "none")),
    ("unsigned", ("--key", "platform.pub"), 1, "refuted: no signature by `platform.pub`: nothing that", ("refuted", "unsigned")),
    ("key2", ("--key", "stranger.pub"), 1, "[signature_invalid]", ("refuted", "signature_invalid")),
    ("keyless3", ("--issuer", GOOGLE) + KEYLESS[2:], 1, "[issuer_mismatch]", ("refuted", "issuer_mismatch")),
    ("email2", KEYLESS, 1, "[subject_mismatch]", ("refuted", "subject_mismatch")),
    ("keyless3", KEYLESS[:-1] + ("other_root.json",), 1, "[log_unknown]", ("refuted", "log_unknown")),
    ("copied", ("--key", "platform.pub"), 1, "[digest_mismatch]", ("refuted", "digest_mismatch")),
    ("attested3", ("--key", "platform.pub"), 1, "[not_a_signature]", ("refuted", "not_a_signature")),
    ("index", ("--key", "platform.pub", "--platforms", "each"), 1, "refuted: no signature by ", ("refuted", "unsigned")),
]


def check_commands(w):
    for image, arguments, code, text, (outcome, reason) in COMMANDS:
        got, out, err = w.verify(w.images[image], *arguments)
        check("verify-image %s %s" % (image, " ".join(a for a in arguments if a.startswith("--"))), got == code and text in out, (got, out, err))
        got, out, err = w.verify(w.images[image], *arguments, "--json")
        report = json.loads(out) if out.startswith("{") else {"results": [{}]}
        first = report["results"][0]
        check("... --json", got == code and report["verified"] is (code == 0)
              and (first["outcome"], first["reason"]) == (outcome, reason), (got, out, err))
    got, _, err = w.verify(w.images["key2"], "--key", "nothing.pub")
    check("verify-image with a key that is not there: exit code 2", got == 2 and "nothing.pub: no such file" in err, (got, err))
    tag = w.images["key2"].split("@")[0] + ":key2"
    got, out, _ = w.verify(tag, "--key", "platform.pub")
    check("verify-image of a tag warns", got == 0 and "warning: the reference is a tag" in out, (got, out))
    got, out, _ = w.verify(tag, "--key", "platform.pub", "--strict")
    check("... and denies with --strict", got == 1 and "denied: the reference is a tag" in out, (got, out))


def check_layouts(w):
    """What `cosign save` writes. That of version 2 leaves bundles out."""
    for version, image, arguments, code in (
            (2, "key2", ("--key", "platform.pub"), 0), (2, "keyless2", KEYLESS, 0),
            (2, "attested2", ("--key", "platform.pub", "--attestation", "vuln"), 0),
            (2, "recursive", ("--key", "platform.pub"), 0), (2, "key2", ("--key", "stranger.pub"), 1), (2, "unsigned", ("--key", "platform.pub"), 1),
            (3, "key2", ("--key", "platform.pub"), 0), (3, "key3", ("--key", "platform.pub"), 0), (3, "keyless3", KEYLESS, 0),
            (3, "full3", KEYLESS + ("--attestation", "slsaprovenance1"), 0), (3, "keyless3", KEYLESS[:-1] + ("other_root.json",), 1),
            (3, "unsigned", ("--key", "platform.pub"), 1)):
        folder = w.path("saved-%d-%s" % (version, image))
        if not os.path.exists(folder):
            w.cosign.run(version, "save", "--dir", folder, w.images[image])
        got, out, err = w.verify(None, "--layout", folder, *arguments, plain=False)
        check("verify-image --layout of cosign %d save, %s: %s" % (version, image, "refuted" if code else "verified"),
              got == code and ("refuted: " if code else "verified: ") in out and w.digests[image] in out, (got, out, err))


def check_end(w, writ):
    status, body = writ.request("GET", "/metrics")
    found = {outcome: re.search(r'writ_image_verifications_total\{outcome="%s"\} [1-9]' % outcome, body)
             for outcome in ("verified", "refuted", "unknown")}
    check("metrics count the outcomes", status == 200 and all(found.values()), found)
    check("SIGTERM ends the server with exit code 0", writ.stop() == 0, writ.logged()[-1000:])


def main():
    parser = argparse.ArgumentParser()
    for name in "--writ", "--tools", "--dir":
        parser.add_argument(name, required=True)
    args = parser.parse_args()
    args.writ, w, servers = os.path.realpath(args.writ), None, []
    try:
        w, started = World(args.writ, args.tools, args.dir), time.monotonic()
        sign_images(w)
        print("signed %d images in %.1f s" % (len(w.images), time.monotonic() - started), flush=True)
        servers = [Writ(args.writ, args.dir, *flags) for flags in (["--watch"], ["--strict-tags"], [])]
        writ, strict, fresh = servers
        check_verdicts(w, writ)
        check_kinds(w, writ)
        check_all_at_once(w, fresh)
        check_tags(w, writ, strict)
        check_stopped_registry(w, writ)
        check_damaged_registry(w, writ)
        check_allow_list(w, writ)
        check_hanging_registry(w, writ)
        check_credentials(w, writ)
        check_trust_root(w, writ)
        check_commands(w)
        check_layouts(w)
        check_end(w, writ)
    except Exception:
        check("the checks run to their end", False, traceback.format_exc())
    finally:
        for server in servers:
            if server.process.poll() is None:
                server.process.kill()
                server.process.wait()
        if w:
            w.close()
        print("%(passed)d passed, %(failed)d failed, %(skipped)d skipped" % counts, flush=True)
    return 1 if counts["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
