package ews

import (
	"errors"
	"strings"

	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

// caller is who sends a request.
type caller struct {
	// account signed in with a password; nil for an application with a token.
	account *world.Account
	// acting is the mailbox whose owner the caller impersonates, nil without.
	acting *world.Mailbox
}

// name tells accounts apart; all applications are one.
func (c caller) name() string {
	if c.account == nil {
		return "application"
	}
	return strings.ToLower(c.account.User)
}

// target is a mailbox, and what the caller may do with it.
type target struct {
	box    *world.Mailbox
	access world.Access
}

// errNoSender is an account without a mailbox that names none.
var errNoSender = fail("ErrorMissingEmailAddress", "When making a request as an account that does not have a mailbox, you must specify the mailbox primary SMTP address for any distinguished folder Ids.")

// impersonate makes the caller act as the user that the request's header names.
func (c *call) impersonate(sid *element) *failure {
	switch sid.name {
	case "PrimarySmtpAddress", "SmtpAddress", "PrincipalName":
	default:
		return fail("ErrorInvalidExchangeImpersonationHeaderData", "Users can be named by address or principal name only.")
	}
	box, err := c.world.Mailbox(strings.TrimSpace(sid.content()))
	if err != nil {
		return errNoMailbox
	}
	denied := fail("ErrorImpersonateUserDenied", "The account does not have permission to impersonate the requested user.")
	if c.who.account != nil && !c.who.account.AccessTo(box).Impersonate {
		return denied
	}
	if err := c.reachable(box); errors.Is(err, world.ErrAccessDenied) {
		return denied
	} else if err != nil {
		return worldFailure(err)
	}
	c.who.acting = box
	return nil
}

// reachable says why the mailbox is out of the caller's reach, if so: applications
// find what is in Exchange Online.
func (c *call) reachable(box *world.Mailbox) error {
	if c.who.account == nil {
		return c.world.Online(box)
	}
	return box.Usable()
}

// open finds a mailbox by address or user id for the caller. Like Exchange, it
// speaks of a folder that is not there when the caller has no right to see it.
func (c *call) open(name string) (target, *failure) {
	box, err := c.world.Mailbox(name)
	if err != nil {
		return target{}, errNoMailbox
	}
	if c.who.acting != nil {
		if box != c.who.acting {
			return target{}, errFolderNotFound
		}
		return target{box: box, access: world.Access{Full: true, ViewPrivate: true}}, nil
	}
	if err := box.Usable(); err != nil {
		return target{}, worldFailure(err)
	}
	access := c.who.account.AccessTo(box)
	if !access.Full && !access.Delegate {
		return target{}, errFolderNotFound
	}
	return target{box: box, access: access}, nil
}

// own opens the caller's own mailbox, the impersonated one with impersonation.
func (c *call) own() (target, *failure) {
	if c.who.acting != nil {
		return c.open(c.who.acting.Address())
	}
	t, f := c.open(c.who.account.User)
	if f == errNoMailbox {
		return t, errNoSender
	}
	return t, f
}

// hides reports whether the caller may know of the item's time only.
func (t target) hides(it world.Item) bool {
	return !t.access.Full && !t.access.ViewPrivate && it.Sensitivity == world.Private
}

func (t target) itemID(it world.Item) itemID {
	return itemID{mailbox: t.box.Profile().UserID, folder: it.Folder, ref: it.Ref}
}

// rightsNode is EffectiveRights, of an item or of the folder that holds it.
func (t target) rightsNode(name string, item bool) *node {
	return el(name,
		boolEl("t:CreateAssociated", !item && t.access.Full), boolEl("t:CreateContents", !item),
		boolEl("t:CreateHierarchy", !item && t.access.Full), boolEl("t:Delete", true), boolEl("t:Modify", true),
		boolEl("t:Read", true), boolEl("t:ViewPrivateItems", t.access.Full || t.access.ViewPrivate))
}

// worldFailures are the codes of what can be wrong in the world.
var worldFailures = []struct {
	err     error
	failure *failure
}{
	{world.ErrMailboxNotFound, errNoMailbox},
	// A mailbox that lives in another organisation is a mere mail user here.
	{world.ErrMailboxMoved, errNoMailbox},
	{world.ErrAccessDenied, errAccessDenied},
	{world.ErrMailboxDisabled, fail("ErrorAccountDisabled", "The account is disabled.")},
	{world.ErrMailboxMoving, fail("ErrorMailboxMoveInProgress", "Mailbox move in progress. Try again later.")},
	{world.ErrItemNotFound, errItemNotFound},
	{world.ErrConflict, fail("ErrorIrresolvableConflict", "The send or update operation could not be performed because the change key passed in the request does not match the current change key for the item.")},
	{world.ErrOccurrenceDeleted, fail("ErrorCalendarOccurrenceIsDeletedFromRecurrence", "The occurrence was deleted from the recurrence.")},
	{world.ErrOccurrenceRange, fail("ErrorCalendarOccurrenceIndexIsOutOfRecurrenceRange", "Occurrence index is out of recurrence range.")},
	{world.ErrOccurrenceCrossing, fail("ErrorOccurrenceCrossingBoundary", "Modified occurrence is crossing or overlapping adjacent occurrence.")},
	{world.ErrEndBeforeStart, fail("ErrorCalendarEndDateIsEarlierThanStartDate", "EndDate is earlier than StartDate.")},
	{world.ErrTooLong, fail("ErrorCalendarDurationIsTooLong", "Calendar duration is too long.")},
	{world.ErrRecurrence, errRecurrence},
	{world.ErrInvalidProperty, fail("ErrorInvalidPropertySet", "Set action is invalid for property.")},
	{world.ErrQuota, fail("ErrorQuotaExceeded", "The mailbox is over its quota.")},
}

// worldFailure turns an error of the world into EWS's words.
func worldFailure(err error) *failure {
	if err == nil {
		return nil
	}
	var f *failure
	if errors.As(err, &f) {
		return f
	}
	for _, w := range worldFailures {
		if errors.Is(err, w.err) {
			return w.failure
		}
	}
	return fail("ErrorInternalServerError", "An internal server error occurred. The operation failed.")
}
