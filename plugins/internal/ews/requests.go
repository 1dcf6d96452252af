package ews

import (
	"encoding/xml"
	"time"
)

// The requests that read. The fields of each struct are in the order of the schema
// files (messages.xsd, types.xsd).

type getFolder struct {
	XMLName xml.Name              `xml:"m:GetFolder"`
	Shape   folderShape           `xml:"m:FolderShape"`
	IDs     []distinguishedFolder `xml:"m:FolderIds>t:DistinguishedFolderId"`
}

func (getFolder) operation() string { return "GetFolder" }

type findItem struct {
	XMLName      xml.Name              `xml:"m:FindItem"`
	Traversal    string                `xml:"Traversal,attr"`
	Shape        itemShape             `xml:"m:ItemShape"`
	PageView     *indexedView          `xml:"m:IndexedPageItemView"`
	CalendarView *calendarView         `xml:"m:CalendarView"`
	Restriction  *restriction          `xml:"m:Restriction"`
	Folders      []distinguishedFolder `xml:"m:ParentFolderIds>t:DistinguishedFolderId"`
}

func (findItem) operation() string { return "FindItem" }

// calendarView lists occurrences instead of series. It goes together with neither a
// restriction nor an order, and has no offset.
type calendarView struct {
	MaxEntriesReturned int    `xml:"MaxEntriesReturned,attr"`
	StartDate          string `xml:"StartDate,attr"`
	EndDate            string `xml:"EndDate,attr"`
}

type indexedView struct {
	MaxEntriesReturned int    `xml:"MaxEntriesReturned,attr"`
	Offset             int    `xml:"Offset,attr"`
	BasePoint          string `xml:"BasePoint,attr"`
}

// restriction keeps the items that have the marker's property, all of them or those
// with one value. Servers keep a search view for each restriction, so there are no
// other ones.
type restriction struct {
	Exists  *extendedExists `xml:"t:Exists"`
	IsEqual *extendedEquals `xml:"t:IsEqualTo"`
}

type extendedExists struct {
	Field extendedFieldURI `xml:"t:ExtendedFieldURI"`
}

type extendedEquals struct {
	Field extendedFieldURI `xml:"t:ExtendedFieldURI"`
	Value constant         `xml:"t:FieldURIOrConstant>t:Constant"`
}

type constant struct {
	Value string `xml:"Value,attr"`
}

type getItem struct {
	XMLName xml.Name  `xml:"m:GetItem"`
	Shape   itemShape `xml:"m:ItemShape"`
	IDs     []ItemID  `xml:"m:ItemIds>t:ItemId"`
}

func (getItem) operation() string { return "GetItem" }

type syncFolderItems struct {
	XMLName    xml.Name         `xml:"m:SyncFolderItems"`
	Shape      itemShape        `xml:"m:ItemShape"`
	Folder     syncFolderTarget `xml:"m:SyncFolderId"`
	State      string           `xml:"m:SyncState,omitempty"`
	MaxChanges int              `xml:"m:MaxChangesReturned"`
}

func (syncFolderItems) operation() string { return "SyncFolderItems" }

type syncFolderTarget struct {
	Folder distinguishedFolder `xml:"t:DistinguishedFolderId"`
}

// instant writes a time as EWS wants it: absolute, in whole seconds.
func instant(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }
