package pluginhost

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/trainercal/trainercal/sdk"
)

// Refusal says that a server refused an account's credentials. They are not tried again
// by themselves, in this process or a later one, so that no master account is locked out.
type Refusal struct {
	// Account is "provider/service".
	Account string
	// Fingerprint is a digest of the credentials. The contents of files they are read
	// from are part of it.
	Fingerprint string
	Err         *sdk.Error
	Since       time.Time
}

// refuse keeps the opened account's credentials from being tried again by themselves.
func (h *Host) refuse(o *opened, err *sdk.Error) {
	r := Refusal{Account: o.name, Fingerprint: o.credentials, Err: err, Since: h.opts.Now()}
	h.mu.Lock()
	if known, again := h.refused[o.credentials]; again {
		r.Since = known.Since
	}
	h.refused[o.credentials] = r
	h.mu.Unlock()
	h.opts.Refused(r)
}

// refusal is why the account's credentials are not tried; nil when they are.
func (h *Host) refusal(o *opened) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	known, refused := h.refused[o.credentials]
	if !refused {
		return nil
	}
	again := *known.Err
	again.Message = "the credentials were refused before and are not tried again: " + known.Err.Message
	if again.Advice == "" {
		again.Advice = "correct them, then run gateway verify"
	}
	return &again
}

// forgive lets refused credentials be tried again.
func (h *Host) forgive(o *opened) {
	h.mu.Lock()
	changed := false
	for fingerprint, r := range h.refused {
		if fingerprint == o.credentials || r.Account == o.name {
			delete(h.refused, fingerprint)
			changed = true
		}
	}
	h.mu.Unlock()
	if changed {
		h.opts.Accepted(o.name, o.credentials)
	}
}

// worked notes that an account answered: credentials that it had before, and that were
// refused, are of no interest any more.
func (h *Host) worked(o *opened) {
	h.mu.Lock()
	_, current := h.refused[o.credentials]
	stale := false
	for _, r := range h.refused {
		stale = stale || r.Account == o.name
	}
	h.mu.Unlock()
	if stale && !current {
		h.forgive(o)
	}
}

// maxCredentialFile bounds what is read of a file with credentials.
const maxCredentialFile = 1 << 20

// credentialsOf is a digest of everything that an account signs in with: its settings,
// and the contents of the files that they name. By convention the names of such settings
// end in "_file".
func credentialsOf(spec Spec, settings json.RawMessage) string {
	parts := []string{spec.Service, spec.MasterAccount, string(settings)}
	var values map[string]any
	if json.Unmarshal(settings, &values) == nil {
		for _, name := range slices.Sorted(maps.Keys(values)) {
			if path, ok := values[name].(string); ok && path != "" && strings.HasSuffix(name, "_file") {
				parts = append(parts, name, contentOf(path))
			}
		}
	}
	return fingerprint(parts...)
}

// contentOf is a digest of a file; one that cannot be read is as good as an empty one.
func contentOf(path string) string {
	file, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer file.Close() //nolint:errcheck // only read from
	sum := sha256.New()
	if _, err := io.Copy(sum, io.LimitReader(file, maxCredentialFile)); err != nil {
		return ""
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// renewed reports whether an opened account that was refused has other credentials now:
// a file they are read from was replaced.
func (h *Host) renewed(o *opened) bool {
	return h.refusal(o) != nil && credentialsOf(o.spec, o.settings) != o.credentials
}
