// Package tlsfiles serves TLS with a certificate that is read from files again when they
// change, so that a renewed one needs no restart.
//
// Main types: [Certificate]; its Config is what a server takes.
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
)

// Certificate is a certificate and its key in two files.
type Certificate struct {
	certFile, keyFile string
	// warn hears why changed files cannot be used.
	warn func(error)

	mu        sync.Mutex
	cert, key []byte
	current   *tls.Certificate
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
// when it is of no use.
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
		return fmt.Errorf("the certificate %s with the key %s: %w", c.certFile, c.keyFile, err)
	}
	c.current = &pair
	return nil
}

// unreadable tells once of files that cannot be read.
func (c *Certificate) unreadable(err error) error {
	if c.current != nil && c.cert == nil {
		return nil
	}
	c.cert, c.key = nil, nil
	return fmt.Errorf("read the certificate and its key: %w", err)
}
