package config

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/url"
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// minSecret is the shortest secret of a token, in bytes: shorter ones can be guessed.
const minSecret = 16

// The Standard Webhooks scheme: how a secret begins, and how long its key may be.
const (
	webhookPrefix  = "whsec_"
	minWebhookKey  = 24
	maxWebhookKey  = 64
	webhookExample = "openssl rand -base64 32"
)

func scopes() []string {
	return []string{string(ScopeRead), string(ScopeSchedule), string(ScopeOperate)}
}

// tokens decodes who may ask.
func (d *decoder) tokens(a *block) {
	names, hashes := map[string]hcl.Range{}, map[[32]byte]hcl.Range{}
	for _, block := range a.blocks.OfType("token") {
		if !d.newName(block, "a token", names) {
			continue
		}
		t, ok := d.token(block)
		if first, again := hashes[t.Hash]; ok && again {
			d.report(block.DefRange, "Secret used twice", "Two tokens with one secret cannot be told apart.", related(first, "the first one"))
		}
		if ok {
			hashes[t.Hash] = block.DefRange
		}
		d.cfg.API.Tokens = append(d.cfg.API.Tokens, t)
	}
}

// newName checks the name of a block, and that no other of its kind has it.
func (d *decoder) newName(block *hcl.Block, what string, names map[string]hcl.Range) bool {
	name := block.Labels[0]
	if first, again := names[name]; again {
		d.report(block.LabelRanges[0], "Duplicate "+block.Type,
			fmt.Sprintf("There is %s %q already.", what, name), related(first, "the first one"))
		return false
	}
	names[name] = block.DefRange
	return d.name(block.LabelRanges[0], what, name)
}

// token decodes one token, and reports whether its secret could be read.
func (d *decoder) token(block *hcl.Block) (Token, bool) {
	t := Token{Name: block.Labels[0], Range: block.DefRange}
	b := d.open(block.Body, block.DefRange, "secret secret_sha256 scopes providers")
	var ok bool
	t.Hash, ok = d.tokenHash(b)
	list := get[[]string](b, "scopes")
	switch {
	case !list.set:
		b.missing("scopes", "what the token may do, of "+andList(scopes()))
	case list.ok && len(list.v) == 0:
		d.report(list.rng, "Empty list", "The token could do nothing. Want "+orList(scopes())+".")
	}
	for i, scope := range list.v {
		if !contains(scopes(), scope) {
			d.unknownWord(list.item(i), "scopes", scope, scopes())
		}
		t.Scopes = append(t.Scopes, Scope(scope))
	}
	t.Providers = d.providersNamed(b)
	return t, ok
}

// tokenHash reads the secret, or its digest. The secret is in no report.
func (d *decoder) tokenHash(b *block) (hash [32]byte, ok bool) {
	secret, digest := get[string](b, "secret"), get[string](b, "secret_sha256")
	switch {
	case secret.set && digest.set:
		d.report(digest.rng, "Conflicting arguments", `Just one of "secret" and "secret_sha256" can be set.`, related(secret.rng, "set here already"))
	case !secret.set && !digest.set:
		b.missing("secret", `with env("…") or file("…"); or "secret_sha256" with its SHA-256 in hex`)
	case digest.ok:
		raw, err := hex.DecodeString(digest.v)
		if err != nil || len(raw) != len(hash) {
			d.secretMistake(digest.rng, "Invalid digest", `Want the 64 hexadecimal digits that sha256sum prints for the secret, without a line end: printf %s "$SECRET" | sha256sum.`)
			return hash, false
		}
		return [32]byte(raw), true
	case secret.ok && len(secret.v) < minSecret:
		d.secretMistake(secret.rng, "Secret too short", fmt.Sprintf("A token's secret has at least %d characters; %s makes one.", minSecret, webhookExample))
	case secret.ok:
		d.warnWrittenOut(b, "secret", `write its digest as "secret_sha256" instead, or `)
		return sha256.Sum256([]byte(secret.v)), true
	}
	return hash, false
}

// warnWrittenOut warns of a secret that stands in the file itself.
func (d *decoder) warnWrittenOut(b *block, name, instead string) {
	if attr := b.attrs[name]; writtenOut(attr.Expr) {
		d.warn(attr.NameRange, "Secret in the configuration",
			fmt.Sprintf(`The argument %q is a secret; %skeep it out of the file with env("…") or file("…").`, name, instead))
	}
}

// secretMistake reports something at a value that is not shown.
func (d *decoder) secretMistake(at hcl.Range, summary, detail string) {
	d.report(at, summary, detail)
	hide(d.diags[len(d.diags)-1])
}

// webhooks decodes who is told.
func (d *decoder) webhooks(a *block) {
	names := map[string]hcl.Range{}
	for _, block := range a.blocks.OfType("webhook") {
		if d.newName(block, "a webhook", names) {
			d.cfg.API.Webhooks = append(d.cfg.API.Webhooks, d.webhook(block))
		}
	}
}

func (d *decoder) webhook(block *hcl.Block) Webhook {
	w := Webhook{Name: block.Labels[0], Range: block.DefRange}
	b := d.open(block.Body, block.DefRange, "url secret events providers")
	w.URL, w.Secret = d.webhookURL(b), d.webhookSecret(b)
	events := get[[]string](b, "events")
	if events.ok && len(events.v) == 0 {
		d.report(events.rng, "Empty list", `It would be told nothing. Leave "events" out for all.`)
	}
	for i, event := range events.v {
		if !contains(Events(), event) {
			d.unknownWord(events.item(i), "events", event, Events())
		}
	}
	w.Events, w.Providers = events.v, d.providersNamed(b)
	return w
}

func (d *decoder) webhookURL(b *block) string {
	v := get[string](b, "url")
	if !v.set {
		b.missing("url", "the address that messages are sent to")
	}
	if !v.ok {
		return ""
	}
	if u, err := url.Parse(v.v); err != nil || !webAddress(u) || u.Fragment != "" {
		d.report(v.rng, "Invalid address", `Want an address such as "https://platform.example/hooks/calendar", without a password; plain http for a loopback address only.`)
		return ""
	}
	return v.v
}

// webhookSecret reads the key that messages are signed with.
func (d *decoder) webhookSecret(b *block) string {
	v := get[string](b, "secret")
	if !v.set {
		b.missing("secret", `"whsec_" and a key in base64, with env("…") or file("…")`)
	}
	if !v.ok {
		return ""
	}
	key, prefixed := strings.CutPrefix(v.v, webhookPrefix)
	raw, err := base64.StdEncoding.DecodeString(key)
	if !prefixed || err != nil || len(raw) < minWebhookKey || len(raw) > maxWebhookKey {
		d.secretMistake(v.rng, "Invalid secret", fmt.Sprintf(
			"Want %q and %d to %d bytes in base64; %s makes what comes after the prefix.", webhookPrefix, minWebhookKey, maxWebhookKey, webhookExample))
		return ""
	}
	d.warnWrittenOut(b, "secret", "")
	return v.v
}
