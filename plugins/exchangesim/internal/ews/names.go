package ews

import "strings"

// calendarItemNames are the children of t:CalendarItem in the order of the schema
// (ItemType and its extension CalendarItemType, Exchange2016). Requests must keep
// it and answers do.
var calendarItemNames = strings.Fields(`
	MimeContent ItemId ParentFolderId ItemClass Subject Sensitivity Body Attachments DateTimeReceived Size
	Categories Importance InReplyTo IsSubmitted IsDraft IsFromMe IsResend IsUnmodified InternetMessageHeaders
	DateTimeSent DateTimeCreated ResponseObjects ReminderDueBy ReminderIsSet ReminderNextTime
	ReminderMinutesBeforeStart DisplayCc DisplayTo DisplayBcc HasAttachments ExtendedProperty Culture
	EffectiveRights LastModifiedName LastModifiedTime IsAssociated WebClientReadFormQueryString
	WebClientEditFormQueryString ConversationId UniqueBody Flag StoreEntryId InstanceKey NormalizedBody
	EntityExtractionResult PolicyTag ArchiveTag RetentionDate Preview RightsManagementLicenseData
	PredictedActionReasons IsClutter BlockStatus HasBlockedImages TextBody IconIndex SearchKey SortKey Hashtags
	Mentions MentionedMe MentionsPreview MentionsEx AppliedHashtags AppliedHashtagsPreview Likes LikesPreview
	PendingSocialActivityTagIds AtAllMention CanDelete InferenceClassification UID RecurrenceId DateTimeStamp
	Start End OriginalStart IsAllDayEvent LegacyFreeBusyStatus Location When IsMeeting IsCancelled IsRecurring
	MeetingRequestWasSent IsResponseRequested CalendarItemType MyResponseType Organizer RequiredAttendees
	OptionalAttendees Resources InboxReminders ConflictingMeetingCount AdjacentMeetingCount ConflictingMeetings
	AdjacentMeetings Duration TimeZone AppointmentReplyTime AppointmentSequenceNumber AppointmentState Recurrence
	FirstOccurrence LastOccurrence ModifiedOccurrences DeletedOccurrences MeetingTimeZone StartTimeZone
	EndTimeZone ConferenceType AllowNewTimeProposal IsOnlineMeeting MeetingWorkspaceUrl NetShowUrl
	EnhancedLocation StartWallClock EndWallClock StartTimeZoneId EndTimeZoneId IntendedFreeBusyStatus
	JoinOnlineMeetingUrl OnlineMeetingSettings IsOrganizer CalendarActivityData DoNotForwardMeeting
`)

// calendarItemSequence is the same for [sequences].
var calendarItemSequence = strings.Replace(strings.Join(calendarItemNames, " "), "ExtendedProperty", "ExtendedProperty+", 1)

// calendarItemOrder is where each child belongs.
var calendarItemOrder = orderOf(calendarItemNames)

func orderOf(names []string) map[string]int {
	order := make(map[string]int, len(names))
	for i, name := range names {
		order[name] = i
	}
	return order
}

// uriNames are the properties that the schema's UnindexedFieldURIType knows for
// items, appointments and folders. Asking for any of them is allowed; those that
// this server keeps are in fields.
var uriNames = map[string]string{
	"folder": `
	FolderId ParentFolderId DisplayName UnreadCount TotalCount ChildFolderCount FolderClass SearchParameters
	ManagedFolderInformation PermissionSet EffectiveRights SharingEffectiveRights DistinguishedFolderId PolicyTag
	ArchiveTag ReplicaList
`,
	"item": `
	ItemId ParentFolderId ItemClass MimeContent Attachments Subject DateTimeReceived Size Categories
	HasAttachments Importance InReplyTo InternetMessageHeaders IsAssociated IsDraft IsFromMe IsResend IsSubmitted
	IsUnmodified DateTimeSent DateTimeCreated Body ResponseObjects Sensitivity ReminderDueBy ReminderIsSet
	ReminderNextTime ReminderMinutesBeforeStart DisplayTo DisplayCc DisplayBcc Culture EffectiveRights
	LastModifiedName LastModifiedTime ConversationId UniqueBody Flag StoreEntryId InstanceKey NormalizedBody
	EntityExtractionResult PolicyTag ArchiveTag RetentionDate Preview PredictedActionReasons IsClutter
	RightsManagementLicenseData BlockStatus HasBlockedImages WebClientReadFormQueryString
	WebClientEditFormQueryString TextBody IconIndex MimeContentUTF8 Mentions MentionedMe MentionsPreview
	MentionsEx Hashtags AppliedHashtags AppliedHashtagsPreview Likes LikesPreview PendingSocialActivityTagIds
	AtAllMention CanDelete InferenceClassification FirstBody
`,
	"calendar": `
	Start End OriginalStart StartWallClock EndWallClock StartTimeZoneId EndTimeZoneId IsAllDayEvent
	LegacyFreeBusyStatus Location EnhancedLocation When IsMeeting IsCancelled IsRecurring MeetingRequestWasSent
	IsResponseRequested CalendarItemType MyResponseType Organizer RequiredAttendees OptionalAttendees Resources
	ConflictingMeetingCount AdjacentMeetingCount ConflictingMeetings AdjacentMeetings InboxReminders Duration
	TimeZone AppointmentReplyTime AppointmentSequenceNumber AppointmentState Recurrence FirstOccurrence
	LastOccurrence ModifiedOccurrences DeletedOccurrences MeetingTimeZone ConferenceType AllowNewTimeProposal
	IsOnlineMeeting MeetingWorkspaceUrl NetShowUrl UID RecurrenceId DateTimeStamp StartTimeZone EndTimeZone
	JoinOnlineMeetingUrl OnlineMeetingSettings IsOrganizer CalendarActivityData DoNotForwardMeeting
`,
}

var knownURIs = func() map[string]bool {
	known := make(map[string]bool)
	for family, names := range uriNames {
		for name := range strings.FieldsSeq(names) {
			known[family+":"+name] = true
		}
	}
	return known
}()

// knownURI reports whether a FieldURI is in the schema. The families of mails,
// contacts and tasks are, whatever their names: no calendar item has any of them.
func knownURI(uri string) bool {
	family, _, _ := strings.Cut(uri, ":")
	return knownURIs[uri] || uriNames[family] == "" && strings.Contains(otherFamilies, " "+family+" ")
}

const otherFamilies = " message meeting meetingRequest contacts distributionlist task conversation persona postitem person contacts "
