package riverjobs

import (
	"context"
	"log/slog"
)

// logHandler passes on what River warns of. What it tells besides is about itself.
type logHandler struct {
	log   func(message string, args ...any)
	attrs []any
}

func (h logHandler) Enabled(_ context.Context, level slog.Level) bool {
	return h.log != nil && level >= slog.LevelWarn
}

// Handle passes a line on.
func (h logHandler) Handle(_ context.Context, r slog.Record) error {
	args := append([]any(nil), h.attrs...)
	r.Attrs(func(a slog.Attr) bool {
		args = append(args, a.Key, a.Value.String())
		return true
	})
	h.log(r.Message, args...)
	return nil
}

// WithAttrs returns a handler whose lines carry more.
func (h logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	h.attrs = append([]any(nil), h.attrs...)
	for _, a := range attrs {
		h.attrs = append(h.attrs, a.Key, a.Value.String())
	}
	return h
}

// WithGroup returns the handler itself: River's names are not ambiguous.
func (h logHandler) WithGroup(string) slog.Handler { return h }
