package ews

import "strings"

// The response messages, as far as they are used.

type folderMessage struct {
	Status
	Folders struct {
		List []folder `xml:",any"`
	} `xml:"Folders"`
}

type folder struct {
	ID         ItemID     `xml:"FolderId"`
	Total      *int64     `xml:"TotalCount"`
	Properties []property `xml:"ExtendedProperty"`
	Rights     *struct {
		Create      bool  `xml:"CreateContents"`
		Delete      bool  `xml:"Delete"`
		Modify      bool  `xml:"Modify"`
		Read        bool  `xml:"Read"`
		ViewPrivate *bool `xml:"ViewPrivateItems"`
	} `xml:"EffectiveRights"`
}

type findMessage struct {
	Status
	Root *struct {
		// Last is nil where the server does not say whether the view is whole.
		Last  *bool  `xml:"IncludesLastItemInRange,attr"`
		Total *int   `xml:"TotalItemsInView,attr"`
		Items *items `xml:"Items"`
	} `xml:"RootFolder"`
}

// items are an answer's items; what is not a calendar item is kept apart, so that
// counting misses nothing.
type items struct {
	Calendar []Item     `xml:"CalendarItem"`
	Other    []struct{} `xml:",any"`
}

func (i *items) count() int { return len(i.Calendar) + len(i.Other) }

type itemsMessage struct {
	Status
	Items items `xml:"Items"`
}

type syncMessage struct {
	Status
	State   string `xml:"SyncState"`
	Last    *bool  `xml:"IncludesLastItemInRange"`
	Changes *struct {
		Create []struct{} `xml:"Create"`
		Update []struct{} `xml:"Update"`
		Delete []struct{} `xml:"Delete"`
	} `xml:"Changes"`
}

// Changes counts what happened to the items of a calendar.
type Changes struct{ Created, Updated, Deleted int }

// Any reports whether anything happened.
func (c Changes) Any() bool { return c != Changes{} }

// deleteMessage says nothing but how it went.
type deleteMessage struct{ Status }

// property is a MAPI property of an item or a folder.
type property struct {
	Field struct {
		Set  string `xml:"PropertySetId,attr"`
		Name string `xml:"PropertyName,attr"`
		Tag  string `xml:"PropertyTag,attr"`
	} `xml:"ExtendedFieldURI"`
	Value string `xml:"Value"`
}

// TypeSeries is the Type of the item that stands for all occurrences of a series.
const TypeSeries = "RecurringMaster"

// Item is a calendar item as the server shows it.
type Item struct {
	ItemID       ItemID     `xml:"ItemId"`
	ParentFolder ItemID     `xml:"ParentFolderId"`
	Subject      string     `xml:"Subject"`
	Sensitivity  string     `xml:"Sensitivity"`
	Body         *string    `xml:"Body"`
	Properties   []property `xml:"ExtendedProperty"`
	UID          string     `xml:"UID"`
	Start        *moment    `xml:"Start"`
	End          *moment    `xml:"End"`
	AllDay       bool       `xml:"IsAllDayEvent"`
	FreeBusy     string     `xml:"LegacyFreeBusyStatus"`
	Location     string     `xml:"Location"`
	Cancelled    bool       `xml:"IsCancelled"`
	Type         string     `xml:"CalendarItemType"`
	MyResponse   string     `xml:"MyResponseType"`
	// Lists tell the zone's id alone (since 2013), whole items the zone as well.
	StartTimeZoneID string         `xml:"StartTimeZoneId"`
	StartTimeZone   zoneDefinition `xml:"StartTimeZone"`
}

// MarkerText is the value of the marker's property, empty where there is none.
// Property set ids are compared without letter case, names with it.
func (i Item) MarkerText() string {
	for _, p := range i.Properties {
		if p.Field.Name == markerField.PropertyName && strings.EqualFold(p.Field.Set, markerField.PropertySetID) {
			return p.Value
		}
	}
	return ""
}

// zoneID is the name of the zone the item was made in, a Windows name most often.
func (i Item) zoneID() string {
	if i.StartTimeZone.ID != "" {
		return i.StartTimeZone.ID
	}
	return i.StartTimeZoneID
}
