package sdktest

import (
	"context"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/trainercal/trainercal/sdk"
)

// listenerPath is where the listener of an account is on its server.
const listenerPath = "/notify/suite"

// Listen plays the host's listener for an account: what reaches the address it returns
// is handed to the account's Deliver, and hint hears of the mailboxes in the answers,
// from any goroutine. It ends with the test.
func Listen(t testing.TB, account sdk.Account, hint func(mailboxes []string)) (notificationURL string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer, err := delivered(r.Context(), account, r)
		if err != nil {
			t.Errorf("deliver a request that the server sent: %v", err)
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		if len(answer.Dirty) > 0 {
			hint(answer.Dirty)
		}
		maps.Copy(w.Header(), answer.Header)
		w.WriteHeader(answer.Status)
		_, _ = w.Write(answer.Body) // who sent it may have gone
	}))
	t.Cleanup(server.Close)
	return server.URL + listenerPath
}

// delivered hands a request to the account.
func delivered(ctx context.Context, account sdk.Account, r *http.Request) (sdk.DeliverResponse, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, sdk.MaxDeliverBytes+1))
	if err != nil {
		return sdk.DeliverResponse{Status: http.StatusBadRequest}, nil
	}
	return sdk.Deliver(ctx, account, sdk.DeliverRequest{
		Method: r.Method, Target: strings.TrimPrefix(r.RequestURI, listenerPath), Header: r.Header, Body: body,
	})
}
