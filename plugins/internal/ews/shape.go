package ews

import "github.com/trainercal/trainercal/plugins/internal/exchange"

// fieldURI names a property of Exchange's own, such as "item:Subject".
type fieldURI struct {
	FieldURI string `xml:"FieldURI,attr"`
}

// extendedFieldURI names a MAPI property: a named one by its set and name, another by its
// tag.
type extendedFieldURI struct {
	PropertySetID string `xml:"PropertySetId,attr,omitempty"`
	PropertyName  string `xml:"PropertyName,attr,omitempty"`
	PropertyTag   string `xml:"PropertyTag,attr,omitempty"`
	PropertyType  string `xml:"PropertyType,attr"`
}

// markerField is the property that holds the gateway's marker.
var markerField = extendedFieldURI{
	PropertySetID: exchange.MarkerPropertySet,
	PropertyName:  exchange.MarkerPropertyName,
	PropertyType:  "String",
}

type properties struct {
	Fields   []fieldURI         `xml:"t:FieldURI"`
	Extended []extendedFieldURI `xml:"t:ExtendedFieldURI"`
}

// itemShape says which properties of items an answer holds.
type itemShape struct {
	BaseShape            string      `xml:"t:BaseShape"`
	BodyType             string      `xml:"t:BodyType,omitempty"`
	AdditionalProperties *properties `xml:"t:AdditionalProperties"`
}

type folderShape struct {
	BaseShape            string     `xml:"t:BaseShape"`
	AdditionalProperties properties `xml:"t:AdditionalProperties"`
}

// rightsShape asks what the account may do in a folder.
func rightsShape() folderShape {
	return folderShape{BaseShape: "IdOnly", AdditionalProperties: properties{Fields: []fieldURI{{"folder:EffectiveRights"}}}}
}

// markShape asks for what a [Mark] holds.
func markShape() folderShape {
	return folderShape{BaseShape: "IdOnly", AdditionalProperties: properties{
		Fields: []fieldURI{{"folder:TotalCount"}}, Extended: []extendedFieldURI{commitTimeField, deletedCountField},
	}}
}

// idOnly asks for the ids and change keys alone.
var idOnly = itemShape{BaseShape: "IdOnly"}

// blockFields are the properties that tell when an item blocks time, whose it is and
// which folder it lies in. FindItem returns all of them; it cuts strings at 255 characters.
var blockFields = []string{
	"item:ParentFolderId",
	"item:Subject",
	"item:Sensitivity",
	"calendar:Start",
	"calendar:End",
	"calendar:IsAllDayEvent",
	"calendar:LegacyFreeBusyStatus",
	"calendar:Location",
	"calendar:IsCancelled",
	"calendar:CalendarItemType",
	"calendar:MyResponseType",
	"calendar:UID",
	"calendar:StartTimeZoneId",
}

// blockShape asks for blockFields and the marker.
func blockShape() itemShape {
	return itemShape{BaseShape: "IdOnly", AdditionalProperties: fields(blockFields...)}
}

// wholeShape asks for what blockShape does, for the item's zone as older servers tell it, and, with body set, for the body as plain text. FindItem
// cannot answer it.
func wholeShape(body bool) itemShape {
	shape := itemShape{BaseShape: "IdOnly", AdditionalProperties: fields(blockFields...)}
	extra := []string{"calendar:StartTimeZone"}
	if body {
		shape.BodyType = "Text"
		extra = append(extra, "item:Body")
	}
	for _, name := range extra {
		shape.AdditionalProperties.Fields = append(shape.AdditionalProperties.Fields, fieldURI{name})
	}
	return shape
}

func fields(names ...string) *properties {
	p := &properties{Extended: []extendedFieldURI{markerField}}
	for _, name := range names {
		p.Fields = append(p.Fields, fieldURI{name})
	}
	return p
}

// distinguishedFolder is the calendar of a mailbox. Naming the mailbox is what full
// access and delegation want; a request without it means the caller's own.
type distinguishedFolder struct {
	ID      string   `xml:"Id,attr"`
	Mailbox *mailbox `xml:"t:Mailbox"`
}

type mailbox struct {
	EmailAddress string `xml:"t:EmailAddress"`
}

func calendarOf(address string) distinguishedFolder {
	f := distinguishedFolder{ID: "calendar"}
	if address != "" {
		f.Mailbox = &mailbox{EmailAddress: legal(address)}
	}
	return f
}

// ItemID names an item, and with a change key one state of it. Both are opaque and
// case-sensitive.
type ItemID struct {
	ID        string `xml:"Id,attr"`
	ChangeKey string `xml:"ChangeKey,attr,omitempty"`
}
