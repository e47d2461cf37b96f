package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"io"
	"net/http"
	"time"

	"github.com/digitorus/timestamp"
)

// stamper is a timestamp authority (RFC 3161).
type stamper struct {
	key   *ecdsa.PrivateKey
	chain []*x509.Certificate
}

func newStamper() *stamper {
	rootKey, key := newKey(elliptic.P384()), newKey(elliptic.P256())
	root := authority("tsa root", nil, rootKey, nil, rootKey)
	// The certificate's only extended usage is time stamping, in a critical extension: Go writes it as an uncritical one.
	usage := pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: true,
		Value: try(asn1.Marshal([]asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, 8}}))}
	leaf := issue(&x509.Certificate{Subject: pkix.Name{Organization: []string{"sigstore.test"}, CommonName: "tsa"},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtraExtensions: []pkix.Extension{usage}}, key.Public(), root, rootKey)
	return &stamper{key, []*x509.Certificate{leaf, root}}
}

func (s *stamper) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	request, err := timestamp.ParseRequest(try(io.ReadAll(r.Body)))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	stamp := timestamp.Timestamp{HashAlgorithm: request.HashAlgorithm, HashedMessage: request.HashedMessage, Nonce: request.Nonce,
		Time: time.Now().UTC(), Accuracy: time.Second, Policy: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 57264, 2}, AddTSACertificate: request.Certificates}
	token := try(stamp.CreateResponseWithOpts(s.chain[0], s.key, crypto.SHA256))
	w.Header().Set("Content-Type", "application/timestamp-reply")
	w.WriteHeader(http.StatusCreated)
	w.Write(token)
}
