// A service that calls machine-b and protects an API of its own, by x/oauth2, go-oidc and go-jose.
//
//	eval "$(m2m env --client ID)"; API=http://localhost:3000/api/protected PORT=8000 go run .
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

type settings struct {
	issuer, tokenEndpoint, jwksURI, clientID, keyFile, algorithm, api string
}

func main() {
	s := settings{
		issuer:        os.Getenv("ISSUER"),
		tokenEndpoint: os.Getenv("TOKEN_ENDPOINT"),
		jwksURI:       os.Getenv("JWKS_URI"),
		clientID:      os.Getenv("CLIENT_ID"),
		keyFile:       os.Getenv("KEY_FILE"),
		algorithm:     os.Getenv("ALGORITHM"),
		api:           os.Getenv("API"),
	}
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", protect(newVerifier(s), orders(newMachine(s), s.api)))
	server := &http.Server{
		Addr:              "127.0.0.1:" + cmp.Or(os.Getenv("PORT"), "8000"),
		Handler:           mux,
		ReadHeaderTimeout: 10 * time.Second,
	}
	log.Fatal(server.ListenAndServe())
}

// tokens signs a new assertion for each token, with the key that is in the file then.
type tokens struct{ settings }

func (t tokens) Token() (*oauth2.Token, error) {
	assertion, err := signAssertion(t.settings)
	if err != nil {
		return nil, err
	}
	config := clientcredentials.Config{
		ClientID:  t.clientID,
		TokenURL:  t.tokenEndpoint,
		AuthStyle: oauth2.AuthStyleInParams,
		EndpointParams: url.Values{
			"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
			"client_assertion":      {assertion},
		},
	}
	return config.Token(context.WithValue(context.Background(), oauth2.HTTPClient, &http.Client{Timeout: 5 * time.Second}))
}

// newMachine makes a client whose requests have a token, renewed 30 s before it ends.
func newMachine(s settings) *http.Client {
	source := oauth2.ReuseTokenSourceWithExpiry(nil, tokens{s}, 30*time.Second)
	return &http.Client{Transport: &oauth2.Transport{Source: source}, Timeout: 10 * time.Second}
}

func callMachineB(ctx context.Context, machine *http.Client, api string) (json.RawMessage, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, api, nil)
	if err != nil {
		return nil, err
	}
	response, err := machine.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answered %s", api, response.Status)
	}
	var answer json.RawMessage
	return answer, json.NewDecoder(response.Body).Decode(&answer)
}

// newVerifier checks signature, issuer, audience and times. The keys are fetched again for a kid that is not known.
// <verifying>
func newVerifier(s settings) *oidc.IDTokenVerifier {
	ctx := oidc.ClientContext(context.Background(), &http.Client{Timeout: 5 * time.Second})
	return oidc.NewVerifier(s.issuer, oidc.NewRemoteKeySet(ctx, s.jwksURI), &oidc.Config{
		ClientID:             s.clientID,           // must be in aud: only who is granted a call has it
		SupportedSigningAlgs: []string{oidc.RS256}, // what the realm signs with; never what the token says
	})
}

// </verifying>

type callerKey struct{}

func protect(verifier *oidc.IDTokenVerifier, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		scheme, text, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		if !strings.EqualFold(scheme, "Bearer") || text == "" {
			refuse(w, "Bearer", "unauthorized")
			return
		}
		var claims struct {
			Type   string `json:"typ"`
			Caller string `json:"azp"`
		}
		token, err := verifier.Verify(r.Context(), text)
		if err == nil {
			err = token.Claims(&claims)
		}
		if err != nil || claims.Type != "Bearer" || claims.Caller == "" { // an access token, and no ID token
			refuse(w, `Bearer error="invalid_token"`, "invalid_token")
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), callerKey{}, claims.Caller)))
	})
}

func refuse(w http.ResponseWriter, challenge, code string) {
	w.Header().Set("WWW-Authenticate", challenge)
	answer(w, http.StatusUnauthorized, map[string]any{"error": code})
}

func orders(machine *http.Client, api string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := callMachineB(r.Context(), machine, api)
		if err != nil {
			log.Print(err)
			answer(w, http.StatusServiceUnavailable, map[string]any{"error": "temporarily_unavailable"})
			return
		}
		answer(w, http.StatusOK, map[string]any{"caller": r.Context().Value(callerKey{}), "answer": body})
	})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
