"""The private Sigstore (sigstore/) as a process, and the two cosigns as their users call them."""
import http.client, json, os, subprocess

import registry

GITHUB, GOOGLE = "https://token.actions.githubusercontent.com", "https://accounts.google.com"
SINCE = "start-time=2026-01-01T00:00:00Z"  # from when logs and authorities of the trust root count


def github_claims(workflow):
    """What GitHub says of a run of `acme/app/.github/workflows/release.yml@refs/tags/v1.0.0`."""
    path, ref = workflow.split("@")
    owner, name = path.split("/")[:2]
    return {"iss": GITHUB, "sub": "repo:%s/%s:ref:%s" % (owner, name, ref), "job_workflow_ref": workflow, "workflow_ref": workflow,
            "job_workflow_sha": 40 * "a", "workflow_sha": 40 * "a", "sha": 40 * "a", "event_name": "push", "repository": owner + "/" + name,
            "workflow": "release", "ref": ref, "runner_environment": "github-hosted", "repository_id": "1", "repository_owner": owner,
            "repository_owner_id": "2", "repository_visibility": "public", "run_id": "3", "run_attempt": "1"}


def email_claims(address):
    return {"iss": GOOGLE, "sub": "4", "email": address, "email_verified": True}


class Sigstore:
    """One instance, with keys of its own. `folder` gets its public keys and certificates."""

    def __init__(self, binary, folder):
        self.folder = folder
        os.makedirs(folder)
        with open(self.path("log"), "wb") as log:
            # It ends when its standard input does.
            self.process = subprocess.Popen([binary, "-dir", folder], stdin=subprocess.PIPE, stdout=log, stderr=log)
        if not registry.wait(lambda: os.path.exists(self.path("endpoints.json")) or self.process.poll() is not None) or self.process.poll():
            with open(self.path("log")) as log:
                raise RuntimeError("the private Sigstore did not start:\n" + log.read()[-2000:])
        with open(self.path("endpoints.json")) as f:
            self.endpoints = json.load(f)

    def path(self, name):
        return os.path.join(self.folder, name)

    def token(self, claims):
        connection = http.client.HTTPConnection(self.endpoints["token"].removeprefix("http://"), timeout=20)
        connection.request("POST", "/", json.dumps(claims))
        reply = connection.getresponse()
        text = reply.read().decode()
        connection.close()
        assert reply.status == 200, text
        return text

    def stop(self):
        self.process.stdin.close()
        self.process.wait()


class Cosign:
    """cosign 2 and 3. Everything that they write or look up at home is in `home`: nothing of the user's is read."""

    def __init__(self, tools, home):
        self.tools, self.home = tools, home
        self.environment = {"PATH": os.environ["PATH"], "HOME": home, "COSIGN_PASSWORD": "", "DOCKER_CONFIG": os.path.join(home, "docker")}

    def path(self, name):
        return os.path.join(self.home, name)

    def run(self, version, *arguments, **environment):
        done = subprocess.run([os.path.join(self.tools, "cosign%d" % version), *arguments], cwd=self.home, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=60, env={**self.environment, **environment})
        if done.returncode:
            raise RuntimeError("cosign %d %s: exit code %d\n%s" % (version, " ".join(arguments), done.returncode, done.stderr[-2000:]))

    def write(self, name, text):
        with open(self.path(name), "w") as f:
            f.write(text)
        return self.path(name)

    def log_in(self, host):
        """The registry's password, as `docker login` keeps it."""
        os.makedirs(self.environment["DOCKER_CONFIG"], exist_ok=True)
        self.write("docker/config.json", json.dumps({"auths": {host: {"auth": registry.basic_auth()}}}))

    def new_key(self, name):
        """NAME.key (without a password) and NAME.pub."""
        self.run(2, "generate-key-pair", "--output-key-prefix", name)

    def trust_root(self, sigstore, name):
        """The trust root of an instance, as a file. -> its path."""
        self.run(3, "trusted-root", "create", "--out", name,
                 "--fulcio", "url=https://fulcio.sigstore.test,certificate-chain=" + sigstore.path("fulcio-chain.pem"),
                 "--rekor", "url=https://rekor.sigstore.test,public-key=%s,%s" % (sigstore.path("rekor.pub"), SINCE),
                 "--ctfe", "url=https://ctfe.sigstore.test,public-key=%s,%s" % (sigstore.path("ctfe.pub"), SINCE),
                 "--tsa", "url=https://tsa.sigstore.test/api/v1/timestamp,certificate-chain=" + sigstore.path("tsa-chain.pem"))
        return self.path(name)

    def use(self, sigstore):
        """Keyless signatures are made at this instance from now on. Writes root.json, signing.json and, for keys, nowhere.json."""
        self.sigstore = sigstore
        self.trust_root(sigstore, "root.json")
        rest = ",api-version=1,%s,operator=test" % SINCE
        self.run(3, "signing-config", "create", "--out", "signing.json", "--fulcio", "url=" + sigstore.endpoints["fulcio"] + rest,
                 "--oidc-provider", "url=" + GOOGLE + rest, "--rekor", "url=" + sigstore.endpoints["rekor"] + rest, "--rekor-config", "ANY",
                 "--tsa", "url=" + sigstore.endpoints["tsa"] + rest, "--tsa-config", "ANY")
        self.run(3, "signing-config", "create", "--out", "nowhere.json")

    def with_key(self, version, verb, key, *arguments, **environment):
        """`sign` or `attest` with KEY.key, in no log."""
        nowhere = ["--tlog-upload=false"] if version == 2 else ["--signing-config", "nowhere.json", "--trusted-root", "root.json"]
        self.run(version, verb, "-y", "--key", key + ".key", *nowhere, *arguments, **environment)

    def with_key_in_log(self, version, verb, key, *arguments):
        """As with_key(), and in the log."""
        if version == 3:
            self.run(3, verb, "-y", "--key", key + ".key", "--signing-config", "signing.json", "--trusted-root", "root.json", *arguments)
            return
        self.run(2, verb, "-y", "--key", key + ".key", "--rekor-url", self.sigstore.endpoints["rekor"], *arguments,
                 SIGSTORE_REKOR_PUBLIC_KEY=self.sigstore.path("rekor.pub"))

    def keyless(self, version, verb, claims, *arguments):
        """`sign` or `attest` with a certificate for these claims, in the log."""
        self.write("token", self.sigstore.token(claims))
        if version == 3:
            self.run(3, verb, "-y", "--signing-config", "signing.json", "--trusted-root", "root.json", "--identity-token", "token", *arguments)
            return
        self.run(2, verb, "-y", "--fulcio-url", self.sigstore.endpoints["fulcio"], "--rekor-url", self.sigstore.endpoints["rekor"],
                 "--identity-token", "token", *arguments, SIGSTORE_ROOT_FILE=self.sigstore.path("fulcio-chain.pem"),
                 SIGSTORE_REKOR_PUBLIC_KEY=self.sigstore.path("rekor.pub"), SIGSTORE_CT_LOG_PUBLIC_KEY_FILE=self.sigstore.path("ctfe.pub"))
