package httpapi

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/trainercal/trainercal/gateway/internal/store"
	"github.com/trainercal/trainercal/sdk"
)

// Notified takes what servers of calendars send.
type Notified interface {
	// Deliver hands a request that was sent to an account's address to its plugin.
	// traceparent is its trace context, for the run that it causes. Of an account that is
	// not known, or takes no notifications, it answers [store.ErrNotFound].
	Deliver(ctx context.Context, account, traceparent string, req sdk.DeliverRequest) (sdk.DeliverResponse, error)
}

// NotificationPath is where notifications for an account are sent to, below the public
// address.
func NotificationPath(account string) string { return notifications + account }

const (
	notifications = "/notifications/"
	// deliverPatience bounds the whole of a notification: Microsoft Graph takes an address
	// for slow that needs more than 3 seconds, and waits for 10 at most.
	deliverPatience = 8 * time.Second
	// How many notifications a second an account gets, and one address sends, in the long
	// run and at once. A server repeats what was refused.
	notifyPerSecond, notifyBurst = 200, 2000
)

// notificationRoutes adds the listener for notifications. There is no token: whoever
// sends one is a stranger, until the account's plugin finds the proof in it.
func (s *Server) notificationRoutes() {
	l := &listener{server: s, accounts: allowances{}, addresses: allowances{}}
	s.mux.HandleFunc(notifications+"{provider}/{service}", l.serve)
	s.mux.HandleFunc(notifications+"{provider}/{service}/{rest...}", l.serve)
}

// listener takes notifications.
type listener struct {
	server              *Server
	mu                  sync.Mutex
	accounts, addresses allowances
}

// allowances are those of notifications, by account or address.
type allowances map[string]*rate.Limiter

// take takes one off an allowance and reports whether there was one left.
func (a allowances) take(name string, now time.Time) bool {
	limiter := a[name]
	if limiter == nil {
		if len(a) >= maxAddresses {
			clear(a)
		}
		limiter = rate.NewLimiter(notifyPerSecond, notifyBurst)
		a[name] = limiter
	}
	return limiter.AllowN(now, 1)
}

// allowed takes a notification off the allowances of its sender and of an account that
// exists.
func (l *listener) allowed(remote, account string) bool {
	now := l.server.opts.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.addresses.take(hostOf(remote), now) && l.accounts.take(account, now)
}

// serve hands a request to the account's plugin and its answer to the sender.
func (l *listener) serve(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
	account := r.PathValue("provider") + "/" + r.PathValue("service")
	if !l.exists(account) {
		if !l.server.limits.failed(r.RemoteAddr) {
			l.tooMany(w)
			return
		}
		http.NotFound(w, r)
		return
	}
	if !l.allowed(r.RemoteAddr, account) {
		l.tooMany(w)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), deliverPatience)
	defer cancel()
	req, err := deliveryOf(w, r)
	if err != nil {
		refuseDelivery(w, err)
		return
	}
	answer, err := l.server.service.Deliver(ctx, account, traceparent(ctx), req)
	if err != nil {
		l.failed(w, r, account, err)
		return
	}
	for _, name := range []string{"Content-Type", "Allow", "Retry-After"} {
		for _, value := range answer.Header.Values(name) {
			w.Header().Add(name, value)
		}
	}
	w.WriteHeader(answer.Status)
	_, _ = w.Write(answer.Body) // the sender is gone
}

// exists reports whether an account is configured.
func (l *listener) exists(account string) bool {
	for _, p := range l.server.service.Config().Providers {
		for _, a := range p.Accounts {
			if a.Name() == account {
				return true
			}
		}
	}
	return false
}

func (l *listener) tooMany(w http.ResponseWriter) {
	w.Header().Set("Retry-After", "10")
	http.Error(w, "too many requests", http.StatusTooManyRequests)
}

// failed answers for a plugin that could not: its server tries again, and what is lost
// then is found at the interval.
func (l *listener) failed(w http.ResponseWriter, r *http.Request, account string, err error) {
	switch {
	case errors.Is(err, store.ErrNotFound), errors.Is(err, sdk.ErrUnsupported):
		http.NotFound(w, r)
	case errors.Is(err, sdk.ErrInvalidRequest):
		http.Error(w, "no notification", http.StatusBadRequest)
	default:
		l.server.opts.Log.Debug("a notification could not be handed to its plugin", "account", account, "error", err)
		w.Header().Set("Retry-After", "30")
		http.Error(w, "try again later", http.StatusServiceUnavailable)
	}
}

// deliveryOf is the request as plugins get it: bounded, and without any header that they
// do not need.
func deliveryOf(w http.ResponseWriter, r *http.Request) (sdk.DeliverRequest, error) {
	body := r.Body
	if patient, ok := body.(*patientBody); ok {
		body = patient.ReadCloser // all of it must come in time
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(deliverPatience)) // not every test's writer has one
	data, err := io.ReadAll(http.MaxBytesReader(w, body, sdk.MaxDeliverBytes))
	if err != nil {
		return sdk.DeliverRequest{}, err
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
	req := sdk.DeliverRequest{Method: r.Method, Target: targetOf(r), Header: http.Header{}, Body: data}
	for name, values := range r.Header {
		if name == "Content-Type" || strings.HasPrefix(name, "X-") && !forwarded(name) {
			req.Header[name] = values
		}
	}
	return req, nil
}

// forwarded: proxies add these, with addresses of people.
func forwarded(name string) bool {
	return strings.HasPrefix(name, "X-Forwarded-") || name == "X-Real-Ip"
}

// targetOf is what follows the account's own address.
func targetOf(r *http.Request) string {
	path := strings.TrimPrefix(r.URL.EscapedPath(), notifications)
	target := ""
	if parts := strings.SplitN(path, "/", 3); len(parts) == 3 {
		target = "/" + parts[2]
	}
	if r.URL.RawQuery != "" {
		target += "?" + r.URL.RawQuery
	}
	return target
}

// refuseDelivery answers for a body that was too long, or did not come.
func refuseDelivery(w http.ResponseWriter, err error) {
	var long *http.MaxBytesError
	if errors.As(err, &long) {
		http.Error(w, "too long", http.StatusRequestEntityTooLarge)
		return
	}
	http.Error(w, "the body did not come", http.StatusBadRequest)
}
