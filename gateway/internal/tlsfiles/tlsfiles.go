// Package tlsfiles serves TLS with a certificate that is read from files again when they
// change, so that a renewed one needs no restart.
//
// Main types: [Certificate]; its Config is what a server takes, its State what an operator
// should know.
//
// It promises that a pair of files that cannot be used leaves the former certificate in
// use, and is told once.
//
// Neighbours: app listens with it.
package tlsfiles

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"os"
	"sync"
	"time"
)

// Certificate is a certificate and its key in two files.
type Certificate struct {
	certFile, keyFile string
	// warn hears why changed files cannot be used.
	warn func(error)

	mu        sync.Mutex
	cert, key []byte
	current   *tls.Certificate
	// problem is why the files as they are now cannot be used; nil when they are.
	problem error
}

// State is what is served just now.
type State struct {
	// Ends is when the certificate in use does.
	Ends time.Time
	// Problem says why the files as they are now cannot be used; nil when they are in use.
	Problem error
}

// Load reads the files, which must hold a pair that fits.
func Load(certFile, keyFile string, warn func(error)) (*Certificate, error) {
	c := &Certificate{certFile: certFile, keyFile: keyFile, warn: warn}
	if err := c.read(); err != nil {
		return nil, err
	}
	return c, nil
}

// Config is TLS of today's versions with the certificate.
func (c *Certificate) Config() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
		return c.now(), nil
	}}
}

// State looks at the files and says what the next connection gets.
func (c *Certificate) State() State {
	current := c.now()
	c.mu.Lock()
	defer c.mu.Unlock()
	return State{Ends: current.Leaf.NotAfter, Problem: c.problem}
}

// now is the certificate of the files, or the last good one.
func (c *Certificate) now() *tls.Certificate {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.read(); err != nil {
		c.warn(fmt.Errorf("the former certificate stays in use: %w", err))
	}
	return c.current
}

// read takes the pair in when the files have changed. What was read is remembered, also
// when it is of no use: a problem is answered once.
func (c *Certificate) read() error {
	cert, err := os.ReadFile(c.certFile)
	if err != nil {
		return c.unreadable(err)
	}
	key, err := os.ReadFile(c.keyFile)
	if err != nil {
		return c.unreadable(err)
	}
	if bytes.Equal(cert, c.cert) && bytes.Equal(key, c.key) {
		return nil
	}
	c.cert, c.key = cert, key
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		c.problem = fmt.Errorf("the certificate %s with the key %s: %w", c.certFile, c.keyFile, err)
		return c.problem
	}
	c.current, c.problem = &pair, nil
	return nil
}

// unreadable tells once of files that cannot be read.
func (c *Certificate) unreadable(err error) error {
	told := c.current != nil && c.cert == nil
	c.cert, c.key = nil, nil
	c.problem = fmt.Errorf("read the certificate and its key: %w", err)
	if told {
		return nil
	}
	return c.problem
}
