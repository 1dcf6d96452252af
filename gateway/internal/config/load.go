package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// StandardServices are the kinds of calendar the gateway knows by name, whether or
// not their plugins are installed.
var StandardServices = []string{"exchange-online", "exchange-onprem", "google-calendar", "caldav"}

// Options are what loading takes from its surroundings.
type Options struct {
	// Now is the clock that exclusion rules' dates are compared with; nil for [time.Now].
	Now func() time.Time
	// LookupEnv answers env(); nil for [os.LookupEnv].
	LookupEnv func(name string) (string, bool)
	// KnownServices are services beyond [StandardServices] and the plugin blocks,
	// for example of plugins found beside the gateway.
	KnownServices []string
	// Plugin says why the program of a service's plugin cannot be found; nil when
	// that is not to be checked.
	Plugin func(Plugin) error
}

// Load reads a configuration from a file, or from all *.hcl files of a folder
// together. It reports every mistake it can find at once, in the order of files
// and lines. The Config is never nil, but only one without errors may be run;
// with errors, just its Files, EvalContext, Plugins and Accounts are of use.
func Load(path string, opts Options) (*Config, hcl.Diagnostics) {
	d := newDecoder(opts)
	sources, err := d.sources(path)
	if err != nil {
		d.diags = append(d.diags, &hcl.Diagnostic{
			Severity: hcl.DiagError,
			Summary:  "Cannot read the configuration",
			Detail:   fmt.Sprintf("%s. Name a file or a folder of *.hcl files with --config.", err),
		})
		return d.cfg, d.diags
	}
	return d.load(sources)
}

// source is a configuration file's name, as the operator sees it, and its text.
type source struct {
	name string
	text []byte
}

// decoder collects a Config and everything that is wrong with it.
type decoder struct {
	opts  Options
	cfg   *Config
	diags hcl.Diagnostics
	// shown is the folder of the configuration as the operator wrote it.
	shown string
	// partial: a file could not be parsed, so what seems missing may be there. damaged
	// are those files.
	partial   bool
	damaged   map[string]bool
	providers []*providerDraft
	rules     []*rule
}

func newDecoder(opts Options) *decoder {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.LookupEnv == nil {
		opts.LookupEnv = os.LookupEnv
	}
	return &decoder{opts: opts, cfg: &Config{Files: map[string]*hcl.File{}}, damaged: map[string]bool{}}
}

// sources reads the file, or the files of the folder, and fixes the folder that
// relative paths start from.
func (d *decoder) sources(path string) ([]source, error) {
	names, err := fileNames(path)
	if err != nil {
		return nil, err
	}
	d.shown = filepath.Dir(names[0])
	if d.cfg.Dir, err = filepath.Abs(d.shown); err != nil {
		return nil, fmt.Errorf("cannot tell the folder of %s: %w", path, err)
	}
	var out []source
	for _, name := range names {
		text, readErr := readFile(name)
		out, err = append(out, source{name, text}), errors.Join(err, readErr)
	}
	return out, err
}

func fileNames(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, explain(path, err)
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, explain(path, err)
	}
	var names []string
	for _, e := range entries {
		hidden := strings.HasPrefix(e.Name(), ".") // editors' lock and backup files
		if !e.IsDir() && !hidden && filepath.Ext(e.Name()) == ".hcl" {
			names = append(names, filepath.Join(path, e.Name()))
		}
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("the folder %s has no *.hcl file", path)
	}
	return names, nil
}

// load parses, decodes and checks. Each stage goes on with what the former could
// use, so that one mistake does not hide another, nor cause a second report.
func (d *decoder) load(sources []source) (*Config, hcl.Diagnostics) {
	d.cfg.EvalContext = &hcl.EvalContext{Functions: functions(d.cfg.Dir, d.opts.LookupEnv)}
	var files []*hcl.File
	for _, s := range sources {
		if file := d.parse(s); file != nil {
			files = append(files, file)
		}
	}
	d.cfg.Digest = digest(d.cfg.Files, d.cfg.EvalContext)
	start := hcl.Range{Filename: sources[0].name, Start: hcl.InitialPos, End: hcl.InitialPos}
	d.root(hcl.MergeFiles(files), start)
	d.check()
	d.dropDamagedAccounts()
	sortDiagnostics(d.diags)
	return d.cfg, d.diags
}

// parse parses one file. What could be understood of a file with errors is used.
func (d *decoder) parse(s source) *hcl.File {
	d.cfg.Files[s.name] = &hcl.File{Bytes: s.text}
	if diag := tooComplex(s); diag != nil {
		d.diags, d.partial, d.damaged[s.name] = append(d.diags, diag), true, true
		return nil
	}
	file, diags := hclsyntax.ParseConfig(s.text, s.name, hcl.InitialPos)
	diags = withoutFollowUps(diags)
	for _, diag := range diags {
		if mayHoldSecret(sourceLine(file, subject(diag).Start)) {
			hide(diag)
		}
	}
	d.cfg.Files[s.name] = file
	d.diags = append(d.diags, diags...)
	if diags.HasErrors() {
		d.partial, d.damaged[s.name] = true, true
	}
	return file
}

// withoutFollowUps drops what the parser reports in consequence of something before:
// further words on the same place, and further open quotes, as one shifts them all.
func withoutFollowUps(diags hcl.Diagnostics) hcl.Diagnostics {
	const openQuote = "Invalid multi-line string"
	var out hcl.Diagnostics
	seen, quoted := map[hcl.Pos]bool{}, false
	for _, diag := range diags {
		at := subject(diag).Start
		if seen[at] || (quoted && diag.Summary == openQuote) {
			continue
		}
		seen[at], quoted = true, quoted || diag.Summary == openQuote
		out = append(out, diag)
	}
	return out
}

// dropDamagedAccounts takes the accounts out whose settings may be incomplete, so that
// no plugin is asked about them.
func (d *decoder) dropDamagedAccounts() {
	for i := range d.cfg.Providers {
		p := &d.cfg.Providers[i]
		p.Accounts = slices.DeleteFunc(p.Accounts, func(a Account) bool { return d.damaged[a.Range.Filename] })
	}
}

// root decodes the top level.
func (d *decoder) root(body hcl.Body, start hcl.Range) {
	b := d.open(body, start, "installation",
		header("state"), header("api"), header("sync"), header("push"), header("pull"),
		header("telemetry"), header("plugin", "service"), header("exclusion", "name"), header("provider", "name"))
	d.installation(b)
	d.state(b)
	d.sync(b)
	d.telemetry(b)
	push, pull := d.push(b, Push{CancelledShowAs: defaultCancelled}), d.pull(b, defaultPull())
	d.plugins(b)
	d.exclusions(b)
	for _, block := range b.blocks.OfType("provider") {
		d.provider(block, push, pull)
	}
	d.api(b)
	d.defaultPlugins()
}

func header(kind string, labels ...string) hcl.BlockHeaderSchema {
	return hcl.BlockHeaderSchema{Type: kind, LabelNames: labels}
}
