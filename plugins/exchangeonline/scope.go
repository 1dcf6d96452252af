package exchangeonline

import (
	"context"
	"slices"
	"strings"

	"github.com/trainercal/trainercal/sdk"
)

// verifyScope tries whether the application reaches a mailbox that it should not. It asks
// for the calendar and for nothing in it. Without probe_outside there is no such step.
func (c *connection) verifyScope(ctx context.Context, server api, mailboxes []sdk.Mailbox) sdk.Check {
	outside := c.settings.probeOutside
	if outside == "" {
		return sdk.Check{}
	}
	if slices.ContainsFunc(mailboxes, func(m sdk.Mailbox) bool { return strings.EqualFold(m.Address, outside) }) {
		return sdk.Check{
			Step: "scope", Outcome: sdk.Warned, Observed: "probe_outside names a trainer's mailbox, which the application must reach",
			Advice: "set probe_outside to a mailbox that no trainer has",
		}
	}
	err := server.reach(ctx, outside)
	if err == nil {
		return sdk.Check{
			Step: "scope", Outcome: sdk.Warned, Advice: c.scoping(),
			Observed: "the application also reaches the mailbox of probe_outside, and so probably every mailbox of the tenant",
		}
	}
	switch err.Code {
	case sdk.CodeAccessDenied:
		return sdk.Check{Step: "scope", Outcome: sdk.Passed, Observed: "the mailbox of probe_outside is out of the application's reach (" + err.Detail + ")"}
	case sdk.CodeMailboxNotFound, sdk.CodeMailboxUnavailable:
		return sdk.Check{
			Step: "scope", Outcome: sdk.Warned, Observed: "nothing is known of the application's reach: " + err.Message + " (" + err.Detail + ")",
			Advice: "set probe_outside to a mailbox that exists in Exchange Online and that no trainer has",
		}
	}
	return sdk.Check{
		Step: "scope", Outcome: sdk.Warned, Observed: "nothing is known of the application's reach: " + err.Message + " (" + err.Detail + ")",
		Advice: "run gateway verify again",
	}
}

// scoping is how an administrator limits the application to the trainers ("Role Based
// Access Control for Applications in Exchange Online").
func (c *connection) scoping() string {
	role, consent := "Application Calendars.ReadWrite", wanted[apiGraph]
	if c.settings.api == apiEWS {
		role, consent = "Application EWS.AccessAsApp", wanted[apiEWS]
	}
	app := c.settings.proof.clientID
	return "limit it to the trainers in Exchange Online PowerShell: " +
		"New-ServicePrincipal -AppId " + app + " -ObjectId OBJECT-ID-OF-THE-ENTERPRISE-APPLICATION; " +
		"New-ManagementScope -Name Trainers -RecipientRestrictionFilter FILTER; " +
		"New-ManagementRoleAssignment -App " + app + " -Role \"" + role + "\" -CustomResourceScope Trainers; " +
		"then remove the admin consent for " + consent + " from the app registration, because permissions add up. " +
		"It works within two hours; Test-ServicePrincipalAuthorization -Identity " + app + " -Resource MAILBOX tells"
}
