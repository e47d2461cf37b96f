// A private Sigstore in one process on 127.0.0.1, for tests: identity provider, Fulcio, CT log, Rekor v1, timestamp authority, and a
// registry that has the referrers API. Fulcio and the log entries are the code of the real services; who asks for an identity gets it.
//
//	sigstore -dir STATE
//
// makes new keys, listens on free ports and writes into STATE what clients need: endpoints.json (name to URL), fulcio-chain.pem,
// tsa-chain.pem, rekor.pub, ctfe.pub. endpoints.json comes last: then everything answers.
package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"flag"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"
)

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// try returns what a call returned, and ends the process when the call failed: nothing here is worth going on without.
func try[T any](value T, err error) T {
	check(err)
	return value
}

func newKey(curve elliptic.Curve) *ecdsa.PrivateKey {
	return try(ecdsa.GenerateKey(curve, rand.Reader))
}

// issue makes a certificate from a template for `key`, signed by `parent`'s key; without a parent it signs itself.
func issue(template *x509.Certificate, key crypto.PublicKey, parent *x509.Certificate, signer crypto.Signer) *x509.Certificate {
	template.SerialNumber = try(rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 100)))
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(30*24*time.Hour)
	template.BasicConstraintsValid = true
	if parent == nil {
		parent = template
	}
	return try(x509.ParseCertificate(try(x509.CreateCertificate(rand.Reader, template, parent, key, signer))))
}

// authority makes the certificate of a CA.
func authority(name string, usage []x509.ExtKeyUsage, key *ecdsa.PrivateKey, parent *x509.Certificate, signer crypto.Signer) *x509.Certificate {
	return issue(&x509.Certificate{Subject: pkix.Name{Organization: []string{"sigstore.test"}, CommonName: name}, IsCA: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign, ExtKeyUsage: usage}, key.Public(), parent, signer)
}

func keyPEM(key crypto.PublicKey) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: try(x509.MarshalPKIXPublicKey(key))})
}

func chainPEM(chain []*x509.Certificate) (text []byte) {
	for _, certificate := range chain {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Raw})...)
	}
	return text
}

// serve answers on a free port and returns it as "127.0.0.1:PORT".
func serve(handler http.Handler, config *tls.Config) string {
	listener := try(net.Listen("tcp", "127.0.0.1:0"))
	address := listener.Addr().String()
	if config != nil {
		listener = tls.NewListener(listener, config)
	}
	go func() { log.Fatal(http.Serve(listener, handler)) }()
	return address
}

func main() {
	dir := flag.String("dir", "", "where keys and addresses are written")
	flag.Parse()
	write := func(name string, data []byte) { check(os.WriteFile(filepath.Join(*dir, name), data, 0o644)) }
	endpoints := map[string]string{}

	provider := newIdentityProvider()
	endpoints["token"] = "http://" + serve(http.HandlerFunc(provider.mint), nil)

	ctKey := newKey(elliptic.P256())
	write("ctfe.pub", keyPEM(ctKey.Public()))
	ctLog := serve(certificateLog{ctKey}, nil)
	fulcio, chain := newFulcio("http://" + ctLog)
	write("fulcio-chain.pem", chainPEM(chain))
	endpoints["fulcio"] = "http://" + serve(fulcio, nil)

	rekor := newRekor()
	write("rekor.pub", keyPEM(rekor.key.Public()))
	endpoints["rekor"] = "http://" + serve(rekor.routes(), nil)

	stamper := newStamper()
	write("tsa-chain.pem", chainPEM(stamper.chain))
	endpoints["tsa"] = "http://" + serve(stamper, nil) + "/api/v1/timestamp"

	endpoints["registry"] = serve(registry.New(registry.WithReferrersSupport(true), registry.Logger(log.New(io.Discard, "", 0))), nil)

	write("endpoints.new", try(json.Marshal(endpoints)))
	check(os.Rename(filepath.Join(*dir, "endpoints.new"), filepath.Join(*dir, "endpoints.json")))
	// Ends with whoever started it: standard input is a pipe from there.
	io.Copy(io.Discard, os.Stdin)
}
