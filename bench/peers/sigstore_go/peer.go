// sigstore-go as a C library, so that writ_image_bench can verify the same bytes with both in one process.
package main

// #include <stdint.h>
// #include <stdlib.h>
import "C"

import (
	"bytes"
	"crypto"
	"encoding/hex"
	"runtime/cgo"
	"time"
	"unsafe"

	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/verify"
	"github.com/sigstore/sigstore/pkg/cryptoutils"
	"github.com/sigstore/sigstore/pkg/signature"
)

// One signer, with trust root and key read, as a server would keep it.
type peer struct {
	verifier *verify.Verifier
	who      verify.PolicyOption
}

// Keys of a policy next to the trust root's logs and authorities.
type keyMaterial struct {
	root.BaseTrustedMaterial
	key root.TimeConstrainedVerifier
}

func (k *keyMaterial) PublicKeyVerifier(string) (root.TimeConstrainedVerifier, error) {
	return k.key, nil
}

func trustOf(rootJSON, keyPEM []byte) (root.TrustedMaterial, error) {
	var all root.TrustedMaterialCollection
	if len(rootJSON) > 0 {
		trusted, err := root.NewTrustedRootFromJSON(rootJSON)
		if err != nil {
			return nil, err
		}
		all = append(all, trusted)
	}
	if len(keyPEM) > 0 {
		key, err := cryptoutils.UnmarshalPEMToPublicKey(keyPEM)
		if err != nil {
			return nil, err
		}
		verifier, err := signature.LoadVerifier(key, crypto.SHA256)
		if err != nil {
			return nil, err
		}
		all = append(all, &keyMaterial{key: root.NewExpiringKey(verifier, time.Time{}, time.Time{})})
	}
	return all, nil
}

func open(rootJSON, keyPEM []byte, issuer, subject string, logs, timestamps int) (*peer, error) {
	trust, err := trustOf(rootJSON, keyPEM)
	if err != nil {
		return nil, err
	}
	var demands []verify.VerifierOption
	if logs > 0 {
		demands = append(demands, verify.WithTransparencyLog(logs))
	}
	switch {
	case timestamps > 0:
		demands = append(demands, verify.WithSignedTimestamps(timestamps))
	case logs > 0:
		demands = append(demands, verify.WithObserverTimestamps(1))
	default:
		demands = append(demands, verify.WithNoObserverTimestamps())
	}
	who := verify.WithKey()
	if len(keyPEM) == 0 {
		demands = append(demands, verify.WithSignedCertificateTimestamps(1))
		identity, err := verify.NewShortCertificateIdentity(issuer, "", subject, "")
		if err != nil {
			return nil, err
		}
		who = verify.WithCertificateIdentity(identity)
	}
	verifier, err := verify.NewVerifier(trust, demands...)
	if err != nil {
		return nil, err
	}
	return &peer{verifier, who}, nil
}

func (p *peer) verify(text []byte, digest string) error {
	var parsed bundle.Bundle
	if err := parsed.UnmarshalJSON(text); err != nil {
		return err
	}
	bare, err := hex.DecodeString(digest)
	if err != nil {
		return err
	}
	_, err = p.verifier.Verify(&parsed, verify.NewPolicy(verify.WithArtifactDigest("sha256", bare), p.who))
	return err
}

func bytesOf(text *C.char, size C.size_t) []byte {
	return bytes.Clone(unsafe.Slice((*byte)(unsafe.Pointer(text)), size))
}

// Returns a handle; 0 and a message to free when trust root or key cannot be read. Empty texts are absent.
//
//export sigstore_go_open
func sigstore_go_open(rootJSON *C.char, rootSize C.size_t, keyPEM *C.char, keySize C.size_t, issuer, subject *C.char,
	logs, timestamps C.int, message **C.char) C.uintptr_t {
	opened, err := open(bytesOf(rootJSON, rootSize), bytesOf(keyPEM, keySize), C.GoString(issuer), C.GoString(subject), int(logs), int(timestamps))
	if err != nil {
		*message = C.CString(err.Error())
		return 0
	}
	return C.uintptr_t(cgo.NewHandle(opened))
}

// Reads the bundle and verifies it for the digest (hex). Returns NULL when it is verified, else a message to free.
//
//export sigstore_go_verify
func sigstore_go_verify(handle C.uintptr_t, text *C.char, size C.size_t, digest *C.char) *C.char {
	if err := cgo.Handle(handle).Value().(*peer).verify(bytesOf(text, size), C.GoString(digest)); err != nil {
		return C.CString(err.Error())
	}
	return nil
}

func main() {}
