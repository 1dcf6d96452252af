package ews

import (
	"fmt"
	"slices"
	"strings"
)

// sequences are the children of the request elements this server reads, in the
// order of Microsoft's schema (messages.xsd and types.xsd of Exchange2016). Exchange
// validates every request by its schema and refuses what is out of order. Alternatives
// are joined by "|"; "!" marks a required child, "+" one that may repeat.
var sequences = parseSequences(map[string]string{
	"GetFolder":          "FolderShape! FolderIds!",
	"FindFolder":         "FolderShape! IndexedPageFolderView|FractionalPageFolderView Restriction ParentFolderIds!",
	"GetItem":            "ItemShape! ItemIds!",
	"CreateItem":         "SavedItemFolderId Items!",
	"UpdateItem":         "SavedItemFolderId ItemChanges!",
	"DeleteItem":         "ItemIds!",
	"SyncFolderItems":    "ItemShape! SyncFolderId! SyncState Ignore MaxChangesReturned! SyncScope",
	"ConvertId":          "SourceIds!",
	"GetServerTimeZones": "Ids",
	"ResolveNames":       "ParentFolderIds UnresolvedEntry!",
	"FindItem": "ItemShape! IndexedPageItemView|FractionalPageItemView|SeekToConditionPageItemView|CalendarView|ContactsView " +
		"GroupBy|DistinguishedGroupBy Restriction SortOrder ParentFolderIds! QueryString",
	"Subscribe":                    "PullSubscriptionRequest|PushSubscriptionRequest|StreamingSubscriptionRequest!",
	"StreamingSubscriptionRequest": "FolderIds EventTypes!",
	"EventTypes":                   "EventType!+",
	"Unsubscribe":                  "SubscriptionId!",
	"GetStreamingEvents":           "SubscriptionIds! ConnectionTimeout!",
	"SubscriptionIds":              "SubscriptionId!+",
	"GetUserAvailabilityRequest":   "TimeZone MailboxDataArray! FreeBusyViewOptions SuggestionsViewOptions",

	"FolderShape": "BaseShape! AdditionalProperties",
	"ItemShape": "BaseShape! IncludeMimeContent BodyType UniqueBodyType NormalizedBodyType FilterHtmlContent " +
		"ConvertHtmlCodePageToUTF8 InlineImageUrlTemplate BlockExternalImages AddBlankTargetToLinks MaximumBodySize AdditionalProperties",
	"AdditionalProperties":  "FieldURI|IndexedFieldURI|ExtendedFieldURI!+",
	"FolderIds":             "FolderId|DistinguishedFolderId!+",
	"ParentFolderIds":       "FolderId|DistinguishedFolderId!+",
	"SyncFolderId":          "FolderId|DistinguishedFolderId|AddressListId!",
	"SavedItemFolderId":     "FolderId|DistinguishedFolderId|AddressListId!",
	"ItemIds":               "ItemId|OccurrenceItemId|RecurringMasterItemId|RecurringMasterItemIdRanges!+",
	"DistinguishedFolderId": "Mailbox",
	"ItemChanges":           "ItemChange!+",
	"ItemChange":            "ItemId|OccurrenceItemId|RecurringMasterItemId! Updates!",
	"Updates":               "AppendToItemField|SetItemField|DeleteItemField!+",
	"DeleteItemField":       "FieldURI|IndexedFieldURI|ExtendedFieldURI!",
	"SetItemField":          "FieldURI|IndexedFieldURI|ExtendedFieldURI! " + itemKinds,
	"AppendToItemField":     "FieldURI|IndexedFieldURI|ExtendedFieldURI! " + itemKinds,
	"Items":                 itemKinds + "+",
	"CalendarItem":          calendarItemSequence,
	"ExtendedProperty":      "ExtendedFieldURI! Value|Values!",
	"SourceIds":             "AlternateId|AlternatePublicFolderId|AlternatePublicFolderItemId!+",
	"Ids":                   "Id!+",

	"Recurrence": "RelativeYearlyRecurrence|AbsoluteYearlyRecurrence|RelativeMonthlyRecurrence|AbsoluteMonthlyRecurrence|" +
		"WeeklyRecurrence|DailyRecurrence! NoEndRecurrence|EndDateRecurrence|NumberedRecurrence!",
	"RelativeYearlyRecurrence":  "DaysOfWeek! DayOfWeekIndex! Month!",
	"AbsoluteYearlyRecurrence":  "DayOfMonth! Month!",
	"RelativeMonthlyRecurrence": "Interval! DaysOfWeek! DayOfWeekIndex!",
	"AbsoluteMonthlyRecurrence": "Interval! DayOfMonth!",
	"WeeklyRecurrence":          "Interval! DaysOfWeek! FirstDayOfWeek",
	"DailyRecurrence":           "Interval!",
	"NoEndRecurrence":           "StartDate!",
	"EndDateRecurrence":         "StartDate! EndDate!",
	"NumberedRecurrence":        "StartDate! NumberOfOccurrences!",

	"Restriction":        searchExpressions + "!",
	"Not":                searchExpressions + "!",
	"And":                searchExpressions + "!+",
	"Or":                 searchExpressions + "!+",
	"Exists":             "FieldURI|IndexedFieldURI|ExtendedFieldURI!",
	"Contains":           "FieldURI|IndexedFieldURI|ExtendedFieldURI! Constant!",
	"IsEqualTo":          "FieldURI|IndexedFieldURI|ExtendedFieldURI! FieldURIOrConstant!",
	"IsNotEqualTo":       "FieldURI|IndexedFieldURI|ExtendedFieldURI! FieldURIOrConstant!",
	"FieldURIOrConstant": "FieldURI|IndexedFieldURI|ExtendedFieldURI|Constant!",
})

const (
	itemKinds = "Item|Message|SharingMessage|CalendarItem|Contact|DistributionList|MeetingMessage|MeetingRequest|" +
		"MeetingResponse|MeetingCancellation|Task|PostItem|AcceptItem|TentativelyAcceptItem|DeclineItem|CancelCalendarItem!"
	searchExpressions = "Exists|Excludes|IsEqualTo|IsNotEqualTo|IsGreaterThan|IsGreaterThanOrEqualTo|IsLessThan|" +
		"IsLessThanOrEqualTo|Contains|Not|And|Or"
)

// values are what elements, and attributes as "Element@Attribute", may hold.
var values = map[string]func(string) bool{
	"BaseShape":                           isEnum("IdOnly Default AllProperties PcxPeopleSearch"),
	"BodyType":                            isEnum("Best HTML Text"),
	"Body@BodyType":                       isEnum("HTML Text"),
	"Sensitivity":                         isEnum("Normal Personal Private Confidential"),
	"Importance":                          isEnum("Low Normal High"),
	"LegacyFreeBusyStatus":                isEnum("Free Tentative Busy OOF WorkingElsewhere NoData"),
	"DayOfWeekIndex":                      isEnum("First Second Third Fourth Last"),
	"FindItem@Traversal":                  isEnum("Shallow SoftDeleted Associated"),
	"FindFolder@Traversal":                isEnum("Shallow Deep SoftDeleted"),
	"DeleteItem@DeleteType":               isEnum("HardDelete SoftDelete MoveToDeletedItems"),
	"ConvertId@DestinationFormat":         isEnum("EwsLegacyId EwsId EntryId HexEntryId StoreId OwaId"),
	"AlternateId@Format":                  isEnum("EwsLegacyId EwsId EntryId HexEntryId StoreId OwaId"),
	"SyncScope":                           isEnum("NormalItems NormalAndAssociatedItems"),
	"UpdateItem@ConflictResolution":       isEnum("NeverOverwrite AutoResolve AlwaysOverwrite"),
	"CreateItem@SendMeetingInvitations":   isEnum("SendToNone SendOnlyToAll SendToAllAndSaveCopy"),
	"DeleteItem@SendMeetingCancellations": isEnum("SendToNone SendOnlyToAll SendToAllAndSaveCopy"),
	"UpdateItem@SendMeetingInvitationsOrCancellations": isEnum("SendToNone SendOnlyToAll SendOnlyToChanged SendToAllAndSaveCopy SendToChangedAndSaveCopy"),
	"ExtendedFieldURI@PropertyType": isEnum("ApplicationTime ApplicationTimeArray Binary BinaryArray Boolean CLSID CLSIDArray " +
		"Currency CurrencyArray Double DoubleArray Error Float FloatArray Integer IntegerArray Long LongArray Null Object " +
		"ObjectArray Short ShortArray SystemTime SystemTimeArray String StringArray"),

	"IsAllDayEvent":                      isBool,
	"ReminderIsSet":                      isBool,
	"IsResponseRequested":                isBool,
	"ReminderMinutesBeforeStart":         isInt,
	"MaxChangesReturned":                 func(s string) bool { return isInt(s) && inRange(s, 1, 512) },
	"ConnectionTimeout":                  func(s string) bool { return isInt(s) && inRange(s, 1, 30) },
	"EventType":                          isEnum("CopiedEvent CreatedEvent DeletedEvent ModifiedEvent MovedEvent NewMailEvent FreeBusyChangedEvent"),
	"Interval":                           isInt,
	"DayOfMonth":                         isInt,
	"NumberOfOccurrences":                isInt,
	"Start":                              isDateTime,
	"End":                                isDateTime,
	"StartDate":                          isDate,
	"EndDate":                            isDate,
	"CalendarView@StartDate":             isDateTime,
	"CalendarView@EndDate":               isDateTime,
	"IndexedPageItemView@Offset":         isInt,
	"OccurrenceItemId@InstanceIndex":     isInt,
	"ResolveNames@ReturnFullContactData": isBool,
}

// requiredAttributes are those without which the schema refuses the element.
var requiredAttributes = map[string][]string{
	"FindItem":              {"Traversal"},
	"FindFolder":            {"Traversal"},
	"UpdateItem":            {"ConflictResolution"},
	"DeleteItem":            {"DeleteType"},
	"ConvertId":             {"DestinationFormat"},
	"AlternateId":           {"Format", "Id", "Mailbox"},
	"ResolveNames":          {"ReturnFullContactData"},
	"CalendarView":          {"StartDate", "EndDate"},
	"IndexedPageItemView":   {"Offset", "BasePoint"},
	"ItemId":                {"Id"},
	"FolderId":              {"Id"},
	"DistinguishedFolderId": {"Id"},
	"OccurrenceItemId":      {"RecurringMasterId", "InstanceIndex"},
	"RecurringMasterItemId": {"OccurrenceId"},
	"FieldURI":              {"FieldURI"},
	"ExtendedFieldURI":      {"PropertyType"},
	"Constant":              {"Value"},
	"Body":                  {"BodyType"},
}

// unchecked elements hold names that mean something else inside.
var unchecked = []string{"StartTimeZone", "EndTimeZone", "MeetingTimeZone", "TimeZone", "FreeBusyViewOptions"}

// slot is one place in a sequence.
type slot struct {
	names            []string
	required, repeat bool
}

func parseSequences(texts map[string]string) map[string][]slot {
	out := make(map[string][]slot, len(texts))
	for name, text := range texts {
		for word := range strings.FieldsSeq(text) {
			s := slot{required: strings.Contains(word, "!"), repeat: strings.Contains(word, "+")}
			s.names = strings.Split(strings.TrimRight(word, "!+"), "|")
			out[name] = append(out[name], s)
		}
	}
	return out
}

// validate refuses what Exchange's schema validation would refuse, as far as this
// server reads the request at all.
func validate(e *element) *failure {
	for _, a := range requiredAttributes[e.name] {
		if _, ok := e.attrs[a]; !ok {
			return errSchema(e, fmt.Sprintf("The required attribute '%s' of element '%s' is missing.", a, e.name))
		}
	}
	if f := validateValues(e); f != nil {
		return f
	}
	if f := validateSequence(e); f != nil {
		return f
	}
	for _, c := range e.children {
		if slices.Contains(unchecked, c.name) {
			continue
		}
		if f := validate(c); f != nil {
			return f
		}
	}
	return nil
}

func validateValues(e *element) *failure {
	if ok := values[e.name]; ok != nil && len(e.children) == 0 && !ok(strings.TrimSpace(e.content())) {
		return errSchema(e, fmt.Sprintf("The value of element '%s' is invalid.", e.name))
	}
	for name, value := range e.attrs {
		if ok := values[e.name+"@"+name]; ok != nil && !ok(value) {
			return errSchema(e, fmt.Sprintf("The value of attribute '%s' of element '%s' is invalid.", name, e.name))
		}
	}
	if e.name == "FieldURI" && !knownURI(e.attr("FieldURI")) {
		return errSchema(e, "The value of attribute 'FieldURI' is not a known property.")
	}
	return nil
}

func validateSequence(e *element) *failure {
	slots, checked := sequences[e.name]
	if !checked {
		return nil
	}
	used := make([]int, len(slots))
	at := 0
	for _, c := range e.children {
		next := slices.IndexFunc(slots[at:], func(s slot) bool { return slices.Contains(s.names, c.name) })
		if next < 0 || next == 0 && used[at] > 0 && !slots[at].repeat {
			return errSchema(c, fmt.Sprintf("The element '%s' has invalid child element '%s'.", e.name, c.name))
		}
		at += next
		used[at]++
	}
	for i, s := range slots {
		if s.required && used[i] == 0 {
			return errSchema(e, fmt.Sprintf("The element '%s' has incomplete content: '%s' is missing.", e.name, s.names[0]))
		}
	}
	return nil
}
