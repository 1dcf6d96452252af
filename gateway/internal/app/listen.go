package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/httpapi"
	"github.com/trainercal/trainercal/gateway/internal/store"
	"github.com/trainercal/trainercal/gateway/internal/tlsfiles"
)

// apiPatience is how long the end of the gateway waits for requests under way.
const apiPatience = 10 * time.Second

// serveAPI answers the HTTP API, if the configuration has one, until the function it
// returns is called, after stopping was closed. That waits for the runs that requests began,
// which end with ctx, then takes no more requests, and waits for those under way.
func (a *App) serveAPI(ctx context.Context, state store.Store, stopping <-chan struct{}) (stop func(), err error) {
	api := a.Config().API
	if api.Listen == "" {
		return func() {}, nil
	}
	_, tel, err := a.plugins(ctx, true)
	if err != nil {
		return nil, err
	}
	service := &apiService{app: a, Store: state, ctx: ctx, began: a.opts.Now(), stopping: stopping}
	server := httpapi.New(service, httpapi.Options{Log: a.opts.Log.Named("api"), Tracer: tel.Provider(), Now: a.opts.Now}).HTTP()
	if api.CertFile != "" {
		certificate, err := tlsfiles.Load(api.CertFile, api.KeyFile, func(err error) { a.opts.Log.Warn("api { tls }", "error", err) })
		if err != nil {
			return nil, err
		}
		server.TLSConfig = certificate.Config()
		a.certificate.Store(certificate)
	}
	listener, err := net.Listen("tcp", api.Listen)
	if err != nil {
		return nil, fmt.Errorf("listen for the API: %w", err)
	}
	over := make(chan error, 1)
	go func() {
		if api.CertFile != "" {
			over <- server.ServeTLS(listener, "", "") // the certificate is in its configuration
		} else {
			over <- server.Serve(listener)
		}
	}()
	a.opts.Log.Info("the API answers", "address", listener.Addr().String(), "tls", api.CertFile != "")
	return func() { a.endAPI(server, service, over) }, nil
}

func (a *App) endAPI(server *http.Server, service *apiService, over <-chan error) {
	service.endRuns()
	patience, cancel := context.WithTimeout(service.ctx, apiPatience)
	defer cancel()
	if err := server.Shutdown(patience); err != nil {
		a.opts.Log.Warn("some API requests took too long and were cut off", "error", err)
		_ = server.Close() // nobody is waited for any more
	}
	if err := <-over; !errors.Is(err, http.ErrServerClosed) {
		a.opts.Log.Error("the API ended", "error", err)
	}
}
