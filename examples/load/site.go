package main

import (
	"encoding/csv"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/trainercal/trainercal/plugins/exchangesim"
	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

// site is the simulator, and a folder with the gateway's configuration and state.
type site struct {
	dir, listen string
	sim         *exchangesim.Server
	boxes       []*world.Mailbox
}

// token opens the gateway of this program's alone.
const token = "load-program-on-this-machine"

// ownItems is how many appointments each trainer has from the beginning.
const ownItems = 3

// slowShare of the simulator's answers take slowBy times as long as the others.
const (
	slowShare = 0.01
	slowBy    = 40
)

func newSite(o options, monday time.Time) (*site, error) {
	sim, err := exchangesim.Start(exchangesim.Options{Latency: o.latency})
	if err != nil {
		return nil, fmt.Errorf("start the simulator: %w", err)
	}
	s := &site{sim: sim}
	if err := s.fill(o, monday); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *site) fill(o options, monday time.Time) error {
	if o.latency >= time.Millisecond {
		if _, err := s.sim.AddFault(exchangesim.Fault{Mode: exchangesim.FaultSlow, Rate: slowShare, DelayMS: int(slowBy * o.latency.Milliseconds())}); err != nil {
			return fmt.Errorf("make the simulator slow: %w", err)
		}
	}
	if err := s.people(o, monday); err != nil {
		return err
	}
	var err error
	if s.dir, err = os.MkdirTemp("", "load-"); err != nil {
		return fmt.Errorf("make a folder for the gateway: %w", err)
	}
	if s.listen, err = freePort(); err != nil {
		return err
	}
	return s.configure(o)
}

// people makes the trainers' mailboxes, with appointments of their own.
func (s *site) people(o options, monday time.Time) error {
	random := rand.New(rand.NewPCG(o.seed, 1<<33))
	g := generator{random: random, trainers: o.trainers, monday: monday}
	for n := range o.trainers {
		box, err := s.sim.World().AddMailbox(world.Profile{SMTP: address(n), Name: fmt.Sprintf("Trainer %d", n), Zone: homeZone})
		if err != nil {
			return fmt.Errorf("make a mailbox: %w", err)
		}
		s.boxes = append(s.boxes, box)
		for i := range ownItems {
			start, end := g.times(home)
			a := world.Appointment{
				Subject: fmt.Sprintf("First appointment %d", i), Start: clock(start).In(home), End: clock(end).In(home), StartZone: homeZone, EndZone: homeZone,
			}
			if _, err := box.Create(a, world.SendNone); err != nil {
				return fmt.Errorf("fill a calendar: %w", err)
			}
		}
	}
	return nil
}

func address(n int) string { return label(n) + "@sim.example" }

// freePort is an address that nobody listens on.
func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	defer l.Close() //nolint:errcheck // nobody was accepted
	return l.Addr().String(), nil
}

// configuration is the gateway's, with the places of %s filled in. The guard would hold
// what trainers delete at random.
const configuration = `installation = "load"

sync {
  interval = %q

  guard {
    max_fraction = 1
  }
}

plugin "exchange-online" {}

provider %q {
  timezone = %q
  service  = "exchange-online"
  trainers = csvdecode(file("trainers.csv"))

  account "exchange-online" {
    master_account = "calendar@sim.example"

    settings {
      tenant_id     = %q
      client_id     = %q
      client_secret = env("LOAD_CLIENT_SECRET")
      graph_url     = %q
      login_url     = %q
    }
  }
}

api {
  listen     = %q
  public_url = %q

  rate_limit {
    per_second = 5000
    burst      = 10000
  }

  token "load" {
    secret = env("LOAD_TOKEN")
    scopes = ["schedule:write", "read"]
  }
}
`

func (s *site) configure(o options) error {
	text := fmt.Sprintf(configuration, o.interval.String(), provider, homeZone, exchangesim.DefaultTenantID, exchangesim.DefaultClientID,
		s.sim.GraphURL(), s.sim.LoginURL(), s.listen, "http://"+s.listen)
	if err := os.WriteFile(filepath.Join(s.dir, "gateway.hcl"), []byte(text), 0o600); err != nil {
		return fmt.Errorf("write the configuration: %w", err)
	}
	file, err := os.Create(filepath.Join(s.dir, "trainers.csv"))
	if err != nil {
		return fmt.Errorf("write the trainers: %w", err)
	}
	defer file.Close() //nolint:errcheck // flushed below
	table := csv.NewWriter(file)
	rows := [][]string{{"id", "name", "email", "calendar", "direction"}}
	for n := range o.trainers {
		rows = append(rows, []string{label(n), fmt.Sprintf("Trainer %d", n), address(n), "true", "both"})
	}
	if err := table.WriteAll(rows); err != nil {
		return fmt.Errorf("write the trainers: %w", err)
	}
	return nil
}

func (s *site) close() {
	_ = s.sim.Close() // nothing is kept of it
}
