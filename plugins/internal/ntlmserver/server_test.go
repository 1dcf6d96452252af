package ntlmserver

import (
	"bytes"
	"encoding/hex"
	"errors"
	"testing"
)

// The proof of the example in MS-NLMP §4.2.4: user User of Domain, password Password.
func TestProof(t *testing.T) {
	challenge, _ := hex.DecodeString("0123456789abcdef")
	blob, _ := hex.DecodeString("01010000000000000000000000000000aaaaaaaaaaaaaaaa0000000002000c0044006f006d00610069006e0001000c005300650072007600650072000000000000000000")
	a := authenticate{domain: "Domain", user: "User", blob: blob}
	if got, want := hex.EncodeToString(proofOf(a, "Password", challenge)), "68cd0ab851e51c96aabc927bebef6a1c"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// A proof counts once, for the challenge it answers, on the connection it was made for.
func TestStepOutOfTurn(t *testing.T) {
	v := &Server{Password: func(string) (string, bool) { return "", true }}
	proof := append([]byte("NTLMSSP\x00\x03\x00\x00\x00"), make([]byte, 100)...)
	if _, err := v.Step(&Session{}, proof); !errors.Is(err, errRefused) {
		t.Errorf("a proof without a challenge: %v", err)
	}
	if _, err := v.Step(&Session{}, []byte("hello")); !errors.Is(err, errMessage) {
		t.Errorf("no message: %v", err)
	}
}

// Whatever a client sends, it is refused or challenged.
func FuzzStep(f *testing.F) {
	f.Add([]byte("NTLMSSP\x00\x01\x00\x00\x00\x01\x82\x08\xa2"))
	proof := append([]byte("NTLMSSP\x00\x03\x00\x00\x00"), bytes.Repeat([]byte{0x40, 0}, 80)...)
	f.Add(proof)
	f.Fuzz(func(t *testing.T, message []byte) {
		v := &Server{Password: func(string) (string, bool) { return "secret", true }, Protection: Require, Binding: make([]byte, 16)}
		s := &Session{challenge: []byte("12345678")}
		challenge, err := v.Step(s, message)
		if err == nil && len(challenge) == 0 || s.User() != "" {
			t.Errorf("signed in as %q by %x", s.User(), message)
		}
	})
}
