package app

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/trainercal/trainercal/sdk"
)

// NeedKind is what sort of need it is.
type NeedKind string

// The kinds of needs, the gravest first.
const (
	// NeedDisk: the disk of the state is nearly full, or cannot be written to.
	NeedDisk NeedKind = "disk"
	// NeedServe: gateway serve does not run, and nothing happens by itself.
	NeedServe NeedKind = "serve"
	// NeedAccount: something keeps a whole account from working.
	NeedAccount NeedKind = "account"
	// NeedFailing, NeedStale and NeedUnknown: trainers whose last run did not get through,
	// who were not proven in sync for too long, or never.
	NeedFailing NeedKind = "failing"
	NeedStale   NeedKind = "stale"
	NeedUnknown NeedKind = "unknown"
	// NeedApproval: removals wait for approval.
	NeedApproval NeedKind = "approval"
	// NeedVerification: the last verification failed, of what does not fail otherwise.
	NeedVerification NeedKind = "verification"
	// NeedCredential: the credentials of an account end soon, or have ended.
	NeedCredential NeedKind = "credential"
	// NeedCertificate: that of the API ends soon, has ended, or was replaced by files that
	// cannot be used.
	NeedCertificate NeedKind = "certificate"
	// NeedQueue: work waits too long.
	NeedQueue NeedKind = "queue"
	// NeedWebhook: a receiver takes no messages.
	NeedWebhook NeedKind = "webhook"
	// NeedWatch: calendars are not watched, for a reason that does not mend itself.
	NeedWatch NeedKind = "watch"
	// NeedReload: the files hold another configuration than the one in force.
	NeedReload NeedKind = "reload"
)

// Need is one thing that needs an operator.
type Need struct {
	Kind NeedKind
	// About is the account, the webhook or the file; empty for the gateway as a whole.
	About string
	// Trainers are those concerned, as "provider/label".
	Trainers []string
	// Since is when it began, as far as that is known.
	Since time.Time
	// Text says what is the matter, Advice what to do.
	Text, Advice string
}

// From when on things need somebody.
const (
	certificateSoon = 14 * 24 * time.Hour
	credentialSoon  = 30 * 24 * time.Hour
	// queueLong is how long work may wait.
	queueLong = 15 * time.Minute
	// roomSpare is the room that is to be left on the state's disk besides that of a copy,
	// which a backup and an upgrade make.
	roomSpare = 256 << 20
)

// Needs are the things that need an operator, the gravest first: none when all is well.
func (o Overview) Needs() []Need {
	var all []Need
	for _, some := range [][]Need{
		o.diskNeeds(), o.serveNeeds(), o.accountNeeds(), o.trainerNeeds(), o.verificationNeeds(), o.credentialNeeds(),
		o.certificateNeeds(), o.queueNeeds(), o.webhookNeeds(), o.watchNeeds(),
	} {
		all = append(all, some...)
	}
	if o.Outdated {
		all = append(all, Need{
			Kind: NeedReload, Text: "gateway serve runs with another configuration than the files hold",
			Advice: "gateway reload has it read them",
		})
	}
	return all
}

func (o Overview) diskNeeds() []Need {
	switch d := o.Disk; {
	case d == nil:
		return nil
	case !d.Writable:
		return []Need{{Kind: NeedDisk, About: d.Path, Text: "the disk of the state cannot be written to: " + d.Path, Advice: "make the folder writable for the gateway's user, or have the disk mounted for writing"}}
	case d.Free < d.Size+roomSpare:
		return []Need{{
			Kind: NeedDisk, About: d.Path, Text: fmt.Sprintf("%d MiB are free on the disk of the state %s, which takes %d MiB", d.Free>>20, d.Path, d.Size>>20),
			Advice: "make room: a full disk stops all changes, and loses none; a backup and an upgrade need room for a copy",
		}}
	}
	return nil
}

func (o Overview) serveNeeds() []Need {
	if o.Serving != nil || !o.Expected {
		return nil
	}
	n := Need{Kind: NeedServe, Text: "gateway serve is not running", Advice: "start it; what changed meanwhile is applied by the first runs"}
	if o.Busy {
		n.Text = "gateway serve does not answer, and another gateway process has the state"
		n.Advice = "wait while it starts or ends, or a command changes something; if it stays so, look at its log"
	}
	return []Need{n}
}

func (o Overview) accountNeeds() []Need {
	var out []Need
	for _, a := range o.Accounts {
		if a.Failing != nil {
			out = append(out, Need{
				Kind: NeedAccount, About: a.Name, Since: a.Failing.Since.UTC(), Advice: a.Failing.Advice,
				Text: fmt.Sprintf("the account %s fails: %s (%s)", a.Name, a.Failing.Message, a.Failing.Code),
			})
		}
	}
	return out
}

// fails reports whether an account as a whole does: its trainers' trouble is that, and not
// told again (auth-4).
func (o Overview) fails(account string) bool {
	return slices.ContainsFunc(o.Accounts, func(a AccountStatus) bool { return a.Name == account && a.Failing != nil })
}

func (o Overview) verificationNeeds() []Need {
	var out []Need
	for _, a := range o.Accounts {
		if a.Failing != nil || a.Paused != nil {
			continue
		}
		n := Need{Kind: NeedVerification, About: a.Name, Since: a.Verified.UTC(), Advice: "see what it says; when that is mended, gateway verify looks again"}
		switch bad := o.unverified(a); {
		case anyFailed(a.Checks):
			n.Text = "the account " + a.Name + " did not pass its verification"
		case len(bad) > 0:
			n.Trainers, n.Text = bad, fmt.Sprintf("%s of %s did not pass the verification", counted(len(bad), "trainer"), a.Name)
		default:
			continue
		}
		out = append(out, n)
	}
	return out
}

// unverified are the trainers whose mailbox did not pass, and of whom no more is told.
func (o Overview) unverified(a AccountStatus) []string {
	provider, _, _ := strings.Cut(a.Name, "/")
	var out []string
	for _, v := range a.Mappings {
		told := slices.ContainsFunc(o.Mappings, func(m Mapping) bool {
			return m.Account == a.Name && m.Trainer.Label == v.Label && (m.Health == Failing || m.Health == Paused)
		})
		if anyFailed(v.Checks) && !told {
			out = append(out, provider+"/"+v.Label)
		}
	}
	return out
}

func anyFailed(checks []sdk.Check) bool {
	return slices.ContainsFunc(checks, func(c sdk.Check) bool { return c.Outcome == sdk.Failed })
}

// Expires is when the account's credentials end, as its last verification says; zero
// where that is not known.
func (a AccountStatus) Expires() time.Time {
	var ends time.Time
	for _, c := range a.Checks {
		if !c.Ends.IsZero() && (ends.IsZero() || c.Ends.Before(ends)) {
			ends = c.Ends
		}
	}
	return ends
}

func (o Overview) credentialNeeds() []Need {
	var out []Need
	for _, a := range o.Accounts {
		ends := a.Expires()
		if ends.IsZero() || ends.Sub(o.Now) >= credentialSoon {
			continue
		}
		out = append(out, Need{
			Kind: NeedCredential, About: a.Name, Text: fmt.Sprintf("the credentials of %s %s", a.Name, endWords("end", o.Now, ends)),
			Advice: "renew them, or all trainers of the account stop; then gateway verify --provider " + strings.SplitN(a.Name, "/", 2)[0] + " looks at the new ones",
		})
	}
	return out
}

// endWords say when something ends: "end on 2026-12-03, in 9 days".
func endWords(verb string, now, ends time.Time) string {
	day := ends.UTC().Format(time.DateOnly)
	if !ends.After(now) {
		return "ended on " + day
	}
	return fmt.Sprintf("%s on %s, in %s", verb, day, counted(int(ends.Sub(now)/(24*time.Hour)), "day"))
}

func (o Overview) certificateNeeds() []Need {
	c := o.Certificate
	if c == nil {
		return nil
	}
	var out []Need
	if c.Problem != "" {
		n := Need{Kind: NeedCertificate, About: c.File, Text: "the files of the API's certificate cannot be used: " + c.Problem, Advice: "put a certificate and its key in place; no restart is needed"}
		if o.Serving == nil {
			n.Advice = "put a certificate and its key in place: gateway serve does not start without"
		}
		out = append(out, n)
	}
	if !c.Ends.IsZero() && c.Ends.Sub(o.Now) < certificateSoon {
		out = append(out, Need{
			Kind: NeedCertificate, About: c.File, Text: "the API's certificate " + endWords("ends", o.Now, c.Ends),
			Advice: "replace the files of api { tls }; no restart is needed",
		})
	}
	return out
}

func (o Overview) queueNeeds() []Need {
	if o.Serving == nil || !o.Serving.Engine || o.Queue.Waiting == 0 || o.Now.Sub(o.Queue.Since) <= queueLong {
		return nil
	}
	return []Need{{
		Kind: NeedQueue, Since: o.Queue.Since.UTC(), Text: counted(o.Queue.Waiting, "trainer") + " due and not worked on",
		Advice: "see gateway runs for how long runs take, and the accounts for throttling; a longer sync { interval } asks for less",
	}}
}

func (o Overview) webhookNeeds() []Need {
	var out []Need
	for _, w := range o.Webhooks {
		t := w.Trouble
		if t == nil {
			continue
		}
		n := Need{Kind: NeedWebhook, About: w.Name, Since: t.Since.UTC(), Text: fmt.Sprintf("the webhook %s takes no messages: %s", w.Name, t.Reason), Advice: "look at the receiver; the webhook is tried again by itself"}
		if t.Disabled {
			n.Text = fmt.Sprintf("the webhook %s is disabled: %s", w.Name, t.Reason)
			n.Advice = "gateway reload sends it messages again, or take it out"
		}
		out = append(out, n)
	}
	return out
}
