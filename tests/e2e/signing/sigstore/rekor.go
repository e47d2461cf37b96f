package main

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/cyberphone/json-canonicalization/go/src/webpki.org/jsoncanonicalizer"
	"github.com/go-openapi/runtime"
	"github.com/go-openapi/strfmt"
	"github.com/sigstore/rekor/pkg/generated/models"
	"github.com/sigstore/rekor/pkg/types"
	_ "github.com/sigstore/rekor/pkg/types/dsse/v0.0.1"
	_ "github.com/sigstore/rekor/pkg/types/hashedrekord/v0.0.1"
	_ "github.com/sigstore/rekor/pkg/types/intoto/v0.0.1"
	_ "github.com/sigstore/rekor/pkg/types/intoto/v0.0.2"
	"github.com/sigstore/rekor/pkg/util"
	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/transparency-dev/merkle/rfc6962"
	tree "github.com/transparency-dev/merkle/testonly"
)

const (
	rekorHost   = "rekor.sigstore.test" // of checkpoints
	treeID      = 1193050959916656506
	olderShards = 4163431 // what came before this tree: an entry's index in the log is this more than its index in the tree
)

// rekor is a log of the first version: Rekor's code reads the entries and checks their signatures, the tree is in memory.
type rekor struct {
	key     *ecdsa.PrivateKey
	id      string
	signer  signature.Signer
	mutex   sync.Mutex
	tree    *tree.Tree
	entries map[string]models.LogEntry
}

func newRekor() *rekor {
	key := newKey(elliptic.P256())
	id := sha256.Sum256(try(x509.MarshalPKIXPublicKey(key.Public())))
	log := &rekor{key: key, id: hex.EncodeToString(id[:]), signer: try(signature.LoadECDSASigner(key, crypto.SHA256)),
		tree: tree.New(rfc6962.DefaultHasher), entries: map[string]models.LogEntry{}}
	for older := range 13 { // an inclusion proof in a tree of one leaf would be empty
		log.tree.AppendData(fmt.Appendf(nil, "older entry %d", older))
	}
	return log
}

// add returns the entry's id and the entry; isNew is false for one that the log held before.
func (l *rekor) add(ctx context.Context, proposed []byte) (id string, entry models.LogEntry, isNew bool, err error) {
	parsed, err := models.UnmarshalProposedEntry(bytes.NewReader(proposed), runtime.JSONConsumer())
	if err != nil {
		return
	}
	checked, err := types.CreateVersionedEntry(parsed)
	if err != nil {
		return
	}
	leaf, err := types.CanonicalizeEntry(ctx, checked)
	if err != nil {
		return
	}
	l.mutex.Lock()
	defer l.mutex.Unlock()
	id = fmt.Sprintf("%016x%x", treeID, rfc6962.DefaultHasher.HashLeaf(leaf))
	if known, found := l.entries[id]; found {
		return id, known, false, nil
	}
	at := int64(l.tree.Size())
	l.tree.AppendData(leaf)
	l.entries[id] = models.LogEntry{id: l.prove(ctx, leaf, at)}
	return id, l.entries[id], true, nil
}

// prove signs the promise and the checkpoint, and shows the path of the tree's newest leaf.
func (l *rekor) prove(ctx context.Context, leaf []byte, at int64) models.LogEntryAnon {
	index, now := at+olderShards, time.Now().Unix()
	entry := models.LogEntryAnon{LogID: &l.id, LogIndex: &index, Body: leaf, IntegratedTime: &now}
	canonical := try(jsoncanonicalizer.Transform(try(entry.MarshalBinary())))
	size := l.tree.Size()
	hashes := []string{}
	for _, hash := range try(l.tree.InclusionProof(uint64(at), size)) {
		hashes = append(hashes, hex.EncodeToString(hash))
	}
	root, signedSize := hex.EncodeToString(l.tree.Hash()), int64(size)
	checkpoint := string(try(util.CreateAndSignCheckpoint(ctx, rekorHost, treeID, size, l.tree.Hash(), l.signer)))
	entry.Verification = &models.LogEntryAnonVerification{
		SignedEntryTimestamp: strfmt.Base64(try(l.signer.SignMessage(bytes.NewReader(canonical)))),
		InclusionProof:       &models.InclusionProof{TreeSize: &signedSize, RootHash: &root, LogIndex: &at, Hashes: hashes, Checkpoint: &checkpoint}}
	return entry
}

func (l *rekor) routes() http.Handler {
	const entries = "/api/v1/log/entries"
	reply := func(w http.ResponseWriter, status int, body any) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		json.NewEncoder(w).Encode(body)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+entries, func(w http.ResponseWriter, r *http.Request) {
		id, entry, isNew, err := l.add(r.Context(), try(io.ReadAll(r.Body)))
		if err != nil {
			reply(w, http.StatusBadRequest, map[string]any{"code": http.StatusBadRequest, "message": err.Error()})
			return
		}
		w.Header().Set("Location", entries+"/"+id)
		if !isNew {
			reply(w, http.StatusConflict, map[string]any{"code": http.StatusConflict, "message": "there is an equal entry"})
			return
		}
		w.Header().Set("ETag", id)
		reply(w, http.StatusCreated, entry)
	})
	mux.HandleFunc("GET "+entries+"/{id}", func(w http.ResponseWriter, r *http.Request) {
		l.mutex.Lock()
		entry, found := l.entries[r.PathValue("id")]
		l.mutex.Unlock()
		if !found {
			reply(w, http.StatusNotFound, map[string]any{"code": http.StatusNotFound, "message": "no such entry"})
			return
		}
		reply(w, http.StatusOK, entry)
	})
	mux.HandleFunc("GET /api/v1/log/publicKey", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/x-pem-file")
		w.Write(keyPEM(l.key.Public()))
	})
	return mux
}
