package transport

import (
	"errors"
	"net"
	"net/url"
	"strings"
)

// CheckEndpoint reads a server address that an operator wrote. Only https is
// accepted, and http for loopback addresses: credentials travel with every
// request. The error does not repeat the address, which may hold a password.
func CheckEndpoint(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Host == "" || u.Opaque != "":
		return nil, errors.New("not an address of the form https://server/path")
	case u.User != nil:
		return nil, errors.New("credentials do not belong in the address")
	case u.RawQuery != "" || u.Fragment != "":
		return nil, errors.New("the address must not have a query or a fragment")
	case u.Scheme == "https":
		return u, nil
	case u.Scheme == "http" && loopback(u.Hostname()):
		return u, nil
	case u.Scheme == "http":
		return nil, errors.New("plain http is accepted for loopback addresses only; use https")
	}
	return nil, errors.New("want an https address")
}

func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
