package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/trainercal/trainercal/gateway/internal/app"
	"github.com/trainercal/trainercal/gateway/internal/platform"
)

// importFlags are the flags of import.
type importFlags struct {
	replace, dryRun        bool
	columns, values, words []string
	table                  platform.TableOptions
}

func (c *cli) importData() *cobra.Command {
	var f importFlags
	cmd := &cobra.Command{
		Use:   "import FILE...",
		Short: "Take in courses and unavailability from JSON or CSV files",
		Long: "Stores what the files hold; what is in no file stays as it is, unless --replace is given: then\n" +
			"what the files' providers have stored and the files lack is deleted. All files are read before\n" +
			"anything is stored, and one mistake in them keeps everything out. When gateway serve is running,\n" +
			"it takes the data in. Calendars are written by the next run.\n\n" +
			"A table may be a company's own: columns are recognised by their headers, or named.",
		Example: "  gateway import courses.json\n" +
			"  gateway import courses.csv --column status=\"Booking state\" --word status:Booked=confirmed \\\n" +
			"    --set kind=class --date-format DD/MM/YYYY --ignore-other-columns --dry-run",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("name at least one file, .json, .csv or .tsv")
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error { return c.runImport(args, f) },
	}
	flags := cmd.Flags()
	flags.BoolVar(&f.replace, "replace", false, "delete what the files no longer hold")
	flags.BoolVar(&f.dryRun, "dry-run", false, "say what would be done, and how columns are read; store nothing")
	flags.StringArrayVar(&f.columns, "column", nil, "tables: FIELD=HEADER, the column of a field; may be repeated")
	flags.StringArrayVar(&f.values, "set", nil, "tables: FIELD=VALUE, a field of all rows that lack it; may be repeated")
	flags.StringArrayVar(&f.words, "word", nil, "tables: FIELD:WORD=VALUE, what a word of the table means; may be repeated")
	flags.StringVar(&f.table.DateFormat, "date-format", "", "tables: how dates are written, such as DD/MM/YYYY")
	flags.StringVar(&f.table.Encoding, "encoding", "", "tables: how text is written when it is not UTF-8, such as windows-1252")
	flags.BoolVar(&f.table.IgnoreOthers, "ignore-other-columns", false, "tables: leave out columns that are no field")
	return cmd
}

// options reads the flags that say how tables are written.
func (f importFlags) options() (platform.TableOptions, error) {
	t := f.table
	t.Columns, t.Constants, t.Words = map[string]string{}, map[string]string{}, map[string]map[string]string{}
	for _, part := range []struct {
		flag, form string
		texts      []string
		put        func(field, value string) bool
	}{
		{"--column", "FIELD=HEADER", f.columns, func(field, value string) bool { return once(t.Columns, field, value) }},
		{"--set", "FIELD=VALUE", f.values, func(field, value string) bool { return once(t.Constants, field, value) }},
		{"--word", "FIELD:WORD=VALUE", f.words, func(field, value string) bool {
			field, word, ok := strings.Cut(field, ":")
			if t.Words[field] == nil {
				t.Words[field] = map[string]string{}
			}
			return ok && once(t.Words[field], word, value)
		}},
	} {
		for _, text := range part.texts {
			field, value, ok := strings.Cut(text, "=")
			if !ok || field == "" || value == "" || !part.put(field, value) {
				return t, fmt.Errorf("%s %q: want %s, each once", part.flag, text, part.form)
			}
		}
	}
	return t, nil
}

func once(m map[string]string, name, value string) bool {
	_, again := m[name]
	m[name] = value
	return !again && name != ""
}

// importJSON is the form that import --json prints.
type importJSON struct {
	Created   int `json:"created"`
	Updated   int `json:"updated"`
	Triggered int `json:"triggered"`
	Unchanged int `json:"unchanged"`
	Deleted   int `json:"deleted"`
	Stale     int `json:"stale"`
	// DryRun: it is what would be done.
	DryRun bool `json:"dry_run,omitempty"`
	// Columns says as which fields the columns of tables were read.
	Columns []columnJSON `json:"columns"`
	// Unmapped are trainers of courses without an active mapping that is pushed to.
	Unmapped []string `json:"unmapped"`
}

// columnJSON is a column of a table.
type columnJSON struct {
	File   string `json:"file"`
	Header string `json:"header"`
	Field  string `json:"field"`
}

func (c *cli) runImport(files []string, f importFlags) (err error) {
	table, err := f.options()
	if err != nil {
		return err
	}
	a, err := c.open()
	if err != nil {
		return err
	}
	defer done(a, &err)
	data, err := app.ReadImport(a.Config(), files, table)
	var mistakes platform.ImportErrors
	if errors.As(err, &mistakes) {
		fmt.Fprintf(c.Stderr, "%v\n", mistakes)
		return fmt.Errorf("nothing was imported: %s in the files", plural(len(mistakes), "mistake"))
	}
	if err != nil {
		return err
	}
	do := a.Import
	if f.dryRun {
		do = a.TryImport
	}
	result, err := do(c.Drain, data, f.replace)
	if err != nil {
		return err
	}
	return c.showImport(result, data.Columns, f.dryRun)
}

// importOf is the result's JSON form.
func importOf(r app.Imported, columns []platform.Column, dryRun bool) importJSON {
	out := importJSON{
		Created: r.Created, Updated: r.Updated, Triggered: r.Triggered, Unchanged: r.Unchanged, Deleted: r.Deleted, Stale: r.Stale,
		DryRun: dryRun, Columns: []columnJSON{}, Unmapped: []string{},
	}
	for _, column := range columns {
		out.Columns = append(out.Columns, columnJSON(column))
	}
	for _, t := range r.Unmapped {
		out.Unmapped = append(out.Unmapped, t.String())
	}
	return out
}

func (c *cli) showImport(r app.Imported, columns []platform.Column, dryRun bool) error {
	if c.json {
		return c.printJSON(importOf(r, columns, dryRun))
	}
	w := &writer{out: c.Stdout}
	if dryRun {
		for _, column := range columns {
			w.printf("%s: column %q is %s\n", column.File, column.Header, column.Field)
		}
		w.printf("nothing was stored; it would be: ")
	}
	w.printf("%d created, %d updated%s, %d unchanged, %d deleted\n", r.Created, r.Updated, triggered(r), r.Unchanged, r.Deleted)
	if r.Stale > 0 {
		w.printf("%d refused: older versions than what is stored\n", r.Stale)
	}
	for _, t := range r.Unmapped {
		w.printf("%s is on a course and has no mapping that is pushed to: its courses are kept, and pushed when it gets one\n", t)
	}
	return w.err
}

// triggered says which updates the next run does not write into the calendars,
// because none of the fields that changed is in repush_on (push-7).
func triggered(r app.Imported) string {
	if waiting := r.Updated - r.Triggered; waiting > 0 {
		return fmt.Sprintf(" (%d without a change that is pushed by itself)", waiting)
	}
	return ""
}
