package main

import (
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"os"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// readSigningKey reads the file again each time: after a rotation it holds another key, which has another id.
func readSigningKey(file string) (key crypto.Signer, kid string, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, "", err
	}
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "PRIVATE KEY" {
		return nil, "", errors.New(file + " must hold a private key in PEM (PKCS#8), not encrypted")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, "", err
	}
	key = parsed.(crypto.Signer)
	// Not the thumbprint of RFC 7638: Keycloak takes the SHA-256 of the public key (SubjectPublicKeyInfo).
	spki, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return nil, "", err
	}
	hash := sha256.Sum256(spki)
	return key, base64.RawURLEncoding.EncodeToString(hash[:]), nil
}

// signAssertion says who asks for a token (RFC 7523). Each is good for one request.
func signAssertion(s settings) (string, error) {
	key, kid, err := readSigningKey(s.keyFile)
	if err != nil {
		return "", err
	}
	// <assertion>
	jwk := jose.JSONWebKey{Key: key, KeyID: kid}
	options := (&jose.SignerOptions{}).WithType("JWT")
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(s.algorithm), Key: jwk}, options)
	if err != nil {
		return "", err
	}
	now := time.Now()
	return jwt.Signed(signer).Claims(jwt.Claims{
		Issuer:   s.clientID,
		Subject:  s.clientID,
		Audience: jwt.Audience{s.issuer}, // whatever address it is posted to
		IssuedAt: jwt.NewNumericDate(now),
		Expiry:   jwt.NewNumericDate(now.Add(time.Minute)),
		ID:       kid[:8] + "." + rand.Text(), // accepted once
	}).Serialize()
	// </assertion>
}
