//go:build !unix

package sqlite

import "errors"

type lock struct{}

func acquire(string) (*lock, error) {
	return nil, errors.New("this operating system offers no lock that ends with the process: the gateway runs on Unix systems")
}

// Owned reports whether a process owns the state at path.
func Owned(string) (bool, error) { return false, nil }

func (*lock) release() error { return nil }
