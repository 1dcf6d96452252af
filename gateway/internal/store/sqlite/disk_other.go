//go:build !unix

package sqlite

import "errors"

func roomAt(string) (int64, error) { return 0, errors.ErrUnsupported }

func writable(string) bool { return true }
