package exchangeonline

import (
	"fmt"
	"time"

	"github.com/trainercal/trainercal/sdk"
)

// ewsEnds is when Microsoft ends EWS in Exchange Online, without exceptions ("Deprecation
// of Exchange Web Services in Exchange Online"). Servers on premises keep it.
var ewsEnds = time.Date(2027, time.April, 1, 0, 0, 0, 0, time.UTC)

// moveToGraph is how an account leaves EWS.
const moveToGraph = "give the application the Microsoft Graph permission Calendars.ReadWrite with admin consent " +
	"(or the RBAC for Applications role \"Application Calendars.ReadWrite\"), and set api = \"graph\"; the items stay and are found again"

// ewsEnd warns of the end of EWS; observed says when it is.
func ewsEnd(now time.Time) (observed string) {
	if !now.Before(ewsEnds) {
		return "Microsoft ended Exchange Web Services in Exchange Online on 1 April 2027"
	}
	return fmt.Sprintf("Microsoft ends Exchange Web Services in Exchange Online on 1 April 2027, in %d days",
		int(ewsEnds.Sub(now)/(24*time.Hour)))
}

// ewsEnded is the error of an account that still speaks EWS after its end; nil before.
func ewsEnded(now time.Time) *sdk.Error {
	if now.Before(ewsEnds) {
		return nil
	}
	return sdk.CodeMethodNotOffered.New("%s", ewsEnd(now)).WithAdvice("%s", moveToGraph)
}
