package graph

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/trainercal/trainercal/plugins/internal/winzone"
)

// preferences are what a request's Prefer headers ask for.
type preferences struct {
	// zone is the zone of times in the answer, zoneName its name as the client wrote it.
	zone     *time.Location
	zoneName string
	ids      idForm
	textBody bool
	// pageSize is 0 where none is asked for.
	pageSize int
	// applied are the preferences to acknowledge in Preference-Applied.
	applied []string
}

// parsePrefer reads the Prefer headers. Preferences that are unknown are ignored, as
// RFC 7240 asks.
func parsePrefer(h http.Header) (preferences, error) {
	p := preferences{zone: time.UTC, zoneName: "UTC", ids: classicID}
	for _, part := range strings.Split(strings.Join(h.Values("Prefer"), ","), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		if err := p.set(strings.TrimSpace(name), strings.Trim(strings.TrimSpace(value), `"`)); err != nil {
			return p, err
		}
	}
	return p, nil
}

func (p *preferences) set(name, value string) error {
	switch strings.ToLower(name) {
	case "outlook.timezone":
		zone, err := winzone.Load(value)
		if err != nil {
			return fmt.Errorf("%w: %q", errTimeZone, value)
		}
		p.zone, p.zoneName = zone, value
	case "idtype":
		if strings.EqualFold(value, "ImmutableId") {
			p.ids = immutableID
		}
	case "outlook.body-content-type":
		p.textBody = strings.EqualFold(value, "text")
	case "odata.maxpagesize":
		n, err := strconv.Atoi(value)
		if err != nil || n < 1 {
			return nil
		}
		p.pageSize = n
	default:
		return nil
	}
	p.applied = append(p.applied, fmt.Sprintf("%s=%q", name, value))
	return nil
}
