package main

import (
	"fmt"
	"io"
	"net/http"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// hooks takes webhooks: those with a good signature of the last minutes are told, all
// others are refused. A webhook may come twice, with the same webhook-id, or never: what
// counts is the feed, which it only tells to look at.
func hooks(secret string, tell func(id string, message []byte)) (http.Handler, error) {
	signer, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		return nil, fmt.Errorf("read the secret of webhooks: %w", err)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		message, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
		if err != nil || r.Method != http.MethodPost {
			http.Error(w, "want a webhook", http.StatusBadRequest)
			return
		}
		if err := signer.Verify(message, r.Header); err != nil {
			http.Error(w, "the signature is not good", http.StatusUnauthorized)
			return
		}
		tell(r.Header.Get("webhook-id"), message)
		w.WriteHeader(http.StatusNoContent)
	}), nil
}
