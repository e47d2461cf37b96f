package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// One key speaks for every issuer. Fulcio looks issuers up by their real names over TLS; inside this process each of these names leads
// to the provider's own port, and nothing leaves the machine.
type identityProvider struct {
	key    *ecdsa.PrivateKey
	signer jose.Signer
}

func newIdentityProvider() *identityProvider {
	provider := &identityProvider{key: newKey(elliptic.P256())}
	signingKey := jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: provider.key, KeyID: "test"}}
	provider.signer = try(jose.NewSigner(signingKey, nil))

	tlsKey := newKey(elliptic.P256())
	certificate := issue(&x509.Certificate{DNSNames: []string{"localhost"}}, tlsKey.Public(), nil, tlsKey)
	address := serve(provider, &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{certificate.Raw}, PrivateKey: tlsKey}}})

	transport := http.DefaultTransport.(*http.Transport)
	transport.TLSClientConfig = &tls.Config{InsecureSkipVerify: true}
	transport.Proxy = nil
	transport.DialContext = func(ctx context.Context, network, host string) (net.Conn, error) {
		if !strings.HasPrefix(host, "127.0.0.1:") {
			host = address
		}
		return new(net.Dialer).DialContext(ctx, network, host)
	}
	return provider
}

// ServeHTTP answers OpenID Connect discovery for whichever issuer was asked for, and the key.
func (p *identityProvider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	if path, isDiscovery := strings.CutSuffix(r.URL.Path, "/.well-known/openid-configuration"); isDiscovery {
		issuer := "https://" + r.Host + path
		json.NewEncoder(w).Encode(map[string]any{"issuer": issuer, "jwks_uri": issuer + "/keys",
			"authorization_endpoint": issuer + "/authorize", "id_token_signing_alg_values_supported": []string{"ES256"}})
		return
	}
	json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: p.key.Public(), KeyID: "test", Algorithm: "ES256", Use: "sig"}}})
}

// mint gives a token of ten minutes for the claims that are posted, `iss` among them.
func (p *identityProvider) mint(w http.ResponseWriter, r *http.Request) {
	now := time.Now()
	claims := map[string]any{"aud": "sigstore", "iat": now.Unix(), "nbf": now.Add(-5 * time.Second).Unix(), "exp": now.Add(10 * time.Minute).Unix()}
	if err := json.NewDecoder(r.Body).Decode(&claims); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	io.WriteString(w, try(jwt.Signed(p.signer).Claims(claims).Serialize()))
}
