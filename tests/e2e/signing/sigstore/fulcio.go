package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	ct "github.com/google/certificate-transparency-go"
	ctclient "github.com/google/certificate-transparency-go/client"
	"github.com/google/certificate-transparency-go/jsonclient"
	cttls "github.com/google/certificate-transparency-go/tls"
	ctx509 "github.com/google/certificate-transparency-go/x509"
	gateway "github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"github.com/sigstore/fulcio/pkg/ca"
	"github.com/sigstore/fulcio/pkg/ca/baseca"
	"github.com/sigstore/fulcio/pkg/config"
	"github.com/sigstore/fulcio/pkg/generated/protobuf"
	"github.com/sigstore/fulcio/pkg/generated/protobuf/legacy"
	"github.com/sigstore/fulcio/pkg/server"
	common "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	"github.com/sigstore/sigstore/pkg/signature"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"

	_ "embed"
)

//go:embed fulcio.yaml
var fulcioConfig []byte

// newFulcio returns Fulcio's service behind its HTTP gateway (cosign 2 speaks the first API, cosign 3 the second), and its CA chain.
func newFulcio(ctLog string) (http.Handler, []*x509.Certificate) {
	rootKey, key := newKey(elliptic.P384()), newKey(elliptic.P384())
	root := authority("root", nil, rootKey, nil, rootKey)
	chain := []*x509.Certificate{authority("intermediate", []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning}, key, root, rootKey), root}

	settings := try(config.Read(fulcioConfig))
	algorithms := try(signature.NewAlgorithmRegistryConfig([]common.PublicKeyDetails{common.PublicKeyDetails_PKIX_ECDSA_P256_SHA_256}))
	log := try(ctclient.New(ctLog, &http.Client{Timeout: 10 * time.Second}, jsonclient.Options{}))
	signer := &baseca.BaseCA{SignerWithChain: &ca.SignerCerts{Signer: key, Certs: chain}}
	service := server.NewGRPCCAServer(log, signer, algorithms, server.NewIssuerPool(settings))

	mux := gateway.NewServeMux(gateway.WithMetadata(tokenOf), gateway.WithForwardResponseOption(finishReply))
	check(protobuf.RegisterCAHandlerServer(context.Background(), mux, service))
	check(legacy.RegisterCAHandlerServer(context.Background(), mux, server.NewLegacyGRPCCAServer(service)))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mux.ServeHTTP(w, r.WithContext(config.With(r.Context(), settings)))
	}), chain
}

func tokenOf(_ context.Context, r *http.Request) metadata.MD {
	return metadata.Pairs(server.MetadataOIDCTokenKey, strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
}

// The first API has a header with the CT log's promise and says 201; the service leaves both in the metadata.
func finishReply(ctx context.Context, w http.ResponseWriter, _ proto.Message) error {
	said, _ := gateway.ServerMetadataFromContext(ctx)
	for _, promise := range said.HeaderMD.Get(server.SCTMetadataKey) {
		w.Header().Set("SCT", promise)
	}
	if len(said.HeaderMD.Get(server.HTTPResponseCodeMetadataKey)) > 0 {
		w.WriteHeader(http.StatusCreated)
	}
	return nil
}

// certificateLog promises to publish every certificate (RFC 6962, add-chain and add-pre-chain), and forgets it.
type certificateLog struct{ key *ecdsa.PrivateKey }

func (c certificateLog) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var request ct.AddChainRequest
	check(json.NewDecoder(r.Body).Decode(&request))
	var chain []*ctx509.Certificate
	for _, der := range request.Chain {
		certificate, err := ctx509.ParseCertificate(der)
		if ctx509.IsFatal(err) {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		chain = append(chain, certificate)
	}
	kind := ct.X509LogEntryType
	if strings.HasSuffix(r.URL.Path, "/add-pre-chain") {
		kind = ct.PrecertLogEntryType
	}
	now := uint64(time.Now().UnixMilli())
	id := sha256.Sum256(try(x509.MarshalPKIXPublicKey(c.key.Public())))
	promise := ct.SignedCertificateTimestamp{SCTVersion: ct.V1, LogID: ct.LogID{KeyID: id}, Timestamp: now}
	leaf := try(ct.MerkleTreeLeafFromChain(chain, kind, now))
	hash := sha256.Sum256(try(ct.SerializeSCTSignatureInput(promise, ct.LogEntry{Leaf: *leaf})))
	signed := ct.DigitallySigned{Algorithm: cttls.SignatureAndHashAlgorithm{Hash: cttls.SHA256, Signature: cttls.ECDSA},
		Signature: try(ecdsa.SignASN1(rand.Reader, c.key, hash[:]))}
	json.NewEncoder(w).Encode(ct.AddChainResponse{SCTVersion: ct.V1, ID: id[:], Timestamp: now, Signature: try(cttls.Marshal(signed))})
}
