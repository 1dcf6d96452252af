package icstest

import (
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
)

// claimLength is where the expectations cut the lists of a dispute.
const claimLength = 12

// verdict says which libraries the calendar agrees with in a dispute, and why.
type verdict struct {
	js, rie bool
	why     string
}

const (
	zonesNotBuiltIn = "ical.js has no zone data of its own and reads the local times of zones that the file does not define as UTC"
	floatingTimes   = "a zone that nobody defines leaves the times floating, ical.js reads them as UTC"
	rdateForm       = "ical.js fails at an RDATE with a period"
)

// verdicts are all disputes, by RFC 5545 and by what Exchange can hold.
var verdicts = map[identity]verdict{
	{"cal_lots_of_timezones.ics", "abcde"}:                                          {rie: true, why: "ical.js ignores the zone of the end"},
	{"calconnect9.ics", "6BA1ECA4D58B306C85256FDB0071B664-Lotus_Notes_Generated"}:   {rie: true, why: rdateForm},
	{"DateTime1.ics", "nc2o66s0u36iesitl2l0b8inn8@google.com"}:                      {rie: true, why: "the change of a start that is off its own pattern counts"},
	{"event_dt_multi_recuid_no_master.ics", "abe304dc-f7b1-4f2b-997d-5c8bcfaa7e0b"}: {rie: true, why: floatingTimes},
	{"event_dtr_notz_untilz.ics", "273A4F5B7"}:                                      {rie: true, why: floatingTimes},
	{"event_rrule_recuid_cancelled.ics", "event_rrule_recurrence_id"}:               {rie: true, why: zonesNotBuiltIn},
	{"event_rrule_recuid_invalid_tzid.ics", "event_rrule_recurrence_id"}:            {rie: true, why: floatingTimes},
	{"google_birthday.ics", "2014_BIRTHDAY_79d389868f96182e@google.com"}:            {js: true, why: "an RDATE with a day marked as UTC is a day, the other library fails at it"},
	{"google_birthday.ics", "BIRTHDAY_79d389868f96182e@google.com"}:                 {js: true, why: "the other library fails at the file"},
	{"issue_237_fail_to_parse_timezone_with_non_ascii_tzid.ics", noUID}:             {js: true, rie: true, why: "they only write the missing UID in different ways"},
	{"issue_27_t1.ics", "3bbe38c205956551730fc9233525fe268296ec02"}:                 {rie: true, why: zonesNotBuiltIn},
	{"issue_27_t2.ics", "3bbe38c205956551730fc9233525fe268296ec02"}:                 {rie: true, why: zonesNotBuiltIn},
	{"issue_28_rrule_with_UTC_endinginZ.ics", "040000008200E00074C5B7101A82E00800000000017E1BADC42ED601000000000000000010000000FBF1FBAE2E9FBC4D81F16854E2F4D51B"}: {
		rie: true, why: "Exchange names whole days of a series by their midnight; ical.js misses those changes",
	},
	{"issue_36_recurrence_ID_format.ics", "series 1"}:                  {rie: true, why: "ical.js fails at the file"},
	{"issue_36_recurrence_ID_format.ics", "series 2"}:                  {rie: true, why: "ical.js fails at the file"},
	{"mult_uids_and_recuid_no_order.ics", "event_rrule_recurrence_id"}: {rie: true, why: zonesNotBuiltIn},
	{"pacific_fiji.ics", "noend123"}:                                   {js: true, why: "of two starts the first counts, the other library fails at it"},
	{"period_with_timezone.ics", "1"}:                                  {rie: true, why: rdateForm},
	{"rdate.ics", noUID}:                                               {rie: true, why: "ical.js knows no series without a UID"},
	{"recur_instances.ics", "623c13c0-6c2b-45d6-a12b-c33ad61c4868"}:    {rie: true, why: "ical.js fails at a zone of the file"},
}

// checkDisputed holds the calendar against the verdicts: it agrees with the libraries
// that are right and with no other.
func (m *mailbox) checkDisputed(t *testing.T, expected expectations, shown map[identity][]row) {
	t.Helper()
	checked := 0
	for file, uids := range expected.Disputed {
		for uid := range uids {
			id := identity{file: file, uid: uid}
			if uid == "null" {
				id.uid = noUID
			}
			v, known := verdicts[id]
			if !known {
				t.Errorf("nobody has judged %s, UID %s", file, uid)
			}
			checked++
			got := times(shown[id])
			m.checkClaim(t, id, icalJS, v.js, expected, got)
			m.checkClaim(t, id, rie, v.rie, expected, got)
		}
	}
	if checked != disputed {
		t.Errorf("%d disputes, want %d", checked, disputed)
	}
}

func (m *mailbox) checkClaim(t *testing.T, id identity, library string, right bool, expected expectations, got []occurrence) {
	t.Helper()
	claim := m.absolute(expected.claim(id, library))
	if len(claim) == claimLength {
		got = got[:min(claimLength, len(got))]
	}
	if agrees := gocmp.Equal(claim, got); agrees != right {
		t.Errorf("%s, %s, UID %s: agrees with %s: %v, want %v (%s)\n%s",
			m.owner.Address, id.file, id.uid, library, agrees, right, verdicts[id].why, gocmp.Diff(claim, got))
	}
}
