package exchangeonline

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/trainercal/trainercal/plugins/internal/transport"
	"github.com/trainercal/trainercal/sdk"
)

// notSignIn is what to do about an answer that is a web page, or otherwise not the
// sign-in service's.
const notSignIn = "check login_url, and that no proxy between the gateway and the sign-in service answers in its place (a sign-in page of its own, a block page)"

// tokenAnswer is the body of a refused token request.
type tokenAnswer struct {
	Error         string `json:"error"`
	Codes         []int  `json:"error_codes"`
	TraceID       string `json:"trace_id"`
	CorrelationID string `json:"correlation_id"`
	Timestamp     string `json:"timestamp"`
}

// refusal reads a refused token request. Logic goes by status and `error`; the
// AADSTS number only chooses the words for the operator, as Microsoft asks.
func refusal(resp *http.Response, body []byte, now time.Time) *sdk.Error {
	if resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode >= 500 {
		return busy(resp, now)
	}
	var answer tokenAnswer
	if err := json.Unmarshal(body, &answer); err != nil || answer.Error == "" {
		return sdk.CodeBadAnswer.New("the sign-in service answered something that is not its protocol").
			WithDetail(statusDetail(resp.StatusCode)).WithAdvice("%s", notSignIn)
	}
	if answer.Error == "temporarily_unavailable" {
		return sdk.CodeUnavailable.New("the sign-in service is unavailable for now").WithDetail(safeCode(answer.Error)).
			WithAdvice("%s", signInLater)
	}
	return explainAADSTS(answer)
}

// signInLater is what to do about a sign-in service that fails: in the end, nothing.
const signInLater = "nothing, if it passes: the gateway tries again by itself; if it lasts, look at the service health of Microsoft Entra, and at the proxy between"

func busy(resp *http.Response, now time.Time) *sdk.Error {
	wait, _ := transport.RetryAfter(resp.Header, now)
	e := sdk.CodeUnavailable.New("the sign-in service is failing for now")
	if resp.StatusCode == http.StatusTooManyRequests {
		e = sdk.CodeThrottled.New("the sign-in service asks to wait")
	}
	return e.WithAdvice("%s", signInLater).WithDetail(statusDetail(resp.StatusCode)).WithRetryAfter(wait)
}

// The forms of what Microsoft's support asks for; nothing else of an answer is shown.
var (
	idForm    = regexp.MustCompile(`^[0-9A-Fa-f-]{8,64}$`)
	stampForm = regexp.MustCompile(`^[0-9TZ:. +-]{8,40}$`)
)

// support adds to a code what Microsoft's support finds the request by.
func (a tokenAnswer) support(code string) string {
	parts := []string{code}
	for _, p := range []struct {
		name, value string
		form        *regexp.Regexp
	}{
		{"trace", a.TraceID, idForm}, {"correlation", a.CorrelationID, idForm}, {"at", a.Timestamp, stampForm},
	} {
		if p.form.MatchString(p.value) {
			parts = append(parts, p.name+" "+p.value)
		}
	}
	return strings.Join(parts, ", ")
}
