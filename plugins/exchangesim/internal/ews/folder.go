package ews

import (
	"slices"
	"strings"
	"time"

	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

// folder is a folder that the caller may use.
type folder struct {
	target
	// name is the distinguished name.
	name string
}

// distinguished are the folders a mailbox has here, by their distinguished names.
// The root and the top of what users see differ by identity only.
var distinguished = map[string]world.FolderKind{
	"root": world.Root, "msgfolderroot": world.Root, "calendar": world.Calendar, "deleteditems": world.DeletedItems,
}

// findFolder finds what a FolderId or DistinguishedFolderId names.
func (c *call) findFolder(e *element) (folder, *failure) {
	var f folder
	var err *failure
	if e.name == "FolderId" {
		id, bad := parseFolderID(e.attr("Id"))
		if bad != nil {
			return f, bad
		}
		f.name = id.folder
		f.target, err = c.open(id.mailbox)
	} else {
		f.name = e.attr("Id")
		if address := e.first("Mailbox").value("EmailAddress"); address != "" {
			f.target, err = c.open(address)
		} else {
			f.target, err = c.own()
		}
	}
	if err != nil {
		return f, err
	}
	if _, known := distinguished[f.name]; !known || !f.access.Full && f.name != "calendar" {
		return f, errFolderNotFound
	}
	return f, nil
}

func (f folder) kind() world.FolderKind { return distinguished[f.name] }

// info describes the folder; every mailbox has the distinguished ones.
func (f folder) info() world.Folder {
	info, err := f.box.Folder(f.kind())
	if err != nil {
		return world.Folder{Kind: f.kind()}
	}
	return info
}

func (f folder) id() folderID { return folderID{mailbox: f.box.Profile().UserID, folder: f.name} }

// folderNode is the id of the folder of that kind.
func (t target) folderNode(name string, kind world.FolderKind) *node {
	wire := "root"
	switch kind {
	case world.Calendar:
		wire = "calendar"
	case world.DeletedItems:
		wire = "deleteditems"
	}
	return folder{target: t, name: wire}.idNode(name)
}

func (f folder) idNode(name string) *node {
	return el(name).with("Id", f.id().String()).with("ChangeKey", changeKey(f.info().Version))
}

// The MAPI properties of a folder that tell cheaply whether something changed:
// PR_LOCAL_COMMIT_TIME_MAX and PR_DELETED_COUNT_TOTAL.
const (
	tagLocalCommitTimeMax = 0x670A
	tagDeletedCountTotal  = 0x670B
)

// stillTime is the last change of a folder whose change properties do not move.
var stillTime = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)

// folderShape is which properties of a folder a client wants.
type folderShape struct {
	names    []string
	extended []extendedField
	// still: the change properties stay as they are, whatever happens in the folder.
	still bool
}

// folderNames are the properties of a folder in the schema's order.
var folderNames = []string{
	"FolderId", "ParentFolderId", "FolderClass", "DisplayName", "TotalCount", "ChildFolderCount", "EffectiveRights",
	"DistinguishedFolderId", "UnreadCount",
}

var folderOrder = orderOf([]string{
	"FolderId", "ParentFolderId", "FolderClass", "DisplayName", "TotalCount", "ChildFolderCount", "ExtendedProperty",
	"ManagedFolderInformation", "EffectiveRights", "DistinguishedFolderId", "UnreadCount",
})

func (c *call) readFolderShape(e *element) (folderShape, *failure) {
	s := folderShape{names: []string{"FolderId"}, still: c.opts.StillFolders}
	switch e.value("BaseShape") {
	case "Default":
		s.names = []string{"FolderId", "DisplayName", "TotalCount", "ChildFolderCount", "UnreadCount"}
	case "AllProperties":
		s.names = folderNames
	}
	for _, p := range e.first("AdditionalProperties").elements() {
		if p.name == "ExtendedFieldURI" {
			x, f := readExtendedField(p)
			if f != nil {
				return s, f
			}
			s.extended = append(s.extended, x)
			continue
		}
		name := strings.TrimPrefix(p.attr("FieldURI"), "folder:")
		if slices.Contains(folderNames, name) && !slices.Contains(s.names, name) {
			s.names = append(s.names, name)
		}
	}
	return s, nil
}

// node writes the folder by a shape.
func (f folder) node(s folderShape) *node {
	info := f.info()
	n := el("t:Folder")
	if f.kind() == world.Calendar {
		n.name = "t:CalendarFolder"
	}
	for _, name := range s.names {
		n.add(f.property(name, info))
	}
	if s.still {
		info.LastChange, info.Removed = stillTime, 0
	}
	for _, x := range s.extended {
		n.add(f.extendedNode(x, info))
	}
	return n.inOrder(folderOrder)
}

func (f folder) property(name string, info world.Folder) *node {
	switch name {
	case "FolderId":
		return f.idNode("t:FolderId")
	case "ParentFolderId":
		return f.parentNode()
	case "FolderClass":
		if info.Class == "" {
			return nil
		}
		return textEl("t:FolderClass", info.Class)
	case "DisplayName":
		return textEl("t:DisplayName", f.displayName(info))
	case "TotalCount":
		return intEl("t:TotalCount", info.Items)
	case "ChildFolderCount":
		return intEl("t:ChildFolderCount", len(f.children()))
	case "EffectiveRights":
		return f.rightsNode("t:EffectiveRights", false)
	case "DistinguishedFolderId":
		return textEl("t:DistinguishedFolderId", f.name)
	case "UnreadCount":
		if f.kind() != world.Calendar {
			return intEl("t:UnreadCount", 0)
		}
	}
	return nil
}

func (f folder) displayName(info world.Folder) string {
	switch f.name {
	case "root":
		return ""
	case "msgfolderroot":
		return "Top of Information Store"
	default:
		return info.Name
	}
}

// parentNode is the id of the folder above; the root is its own parent, as in MAPI.
func (f folder) parentNode() *node {
	parent := folder{target: f.target, name: "msgfolderroot"}
	if f.kind() == world.Root {
		parent.name = "root"
	}
	return parent.idNode("t:ParentFolderId")
}

// children are the folders directly below.
func (f folder) children() []folder {
	var names []string
	switch f.name {
	case "root":
		names = []string{"msgfolderroot"}
	case "msgfolderroot":
		names = []string{"calendar", "deleteditems"}
	}
	list := make([]folder, len(names))
	for i, name := range names {
		list[i] = folder{target: f.target, name: name}
	}
	return list
}

func (f folder) extendedNode(x extendedField, info world.Folder) *node {
	var value *node
	switch x.property.Tag {
	case tagLocalCommitTimeMax:
		if info.LastChange.IsZero() {
			return nil
		}
		// In whole seconds: two changes shortly after one another look the same.
		value = textEl("t:Value", info.LastChange.UTC().Format(time.RFC3339))
	case tagDeletedCountTotal:
		value = intEl("t:Value", info.Removed)
	default:
		return nil
	}
	return el("t:ExtendedProperty", x.node(), value)
}

func getFolder(c *call, e *element) *node {
	shape, bad := c.readFolderShape(e.first("FolderShape"))
	return c.batch("GetFolder", e.first("FolderIds"), "m:Folders", func(id *element) ([]*node, *failure) {
		if bad != nil {
			return nil, bad
		}
		found, f := c.findFolder(id)
		if f != nil {
			return nil, f
		}
		return []*node{el("m:Folders", found.node(shape))}, nil
	})
}

func findFolders(c *call, e *element) *node {
	shape, bad := c.readFolderShape(e.first("FolderShape"))
	return c.batch("FindFolder", e.first("ParentFolderIds"), "", func(id *element) ([]*node, *failure) {
		if bad != nil {
			return nil, bad
		}
		parent, f := c.findFolder(id)
		if f != nil {
			return nil, f
		}
		if e.first("Restriction") != nil {
			return nil, fail("ErrorUnsupportedPathForQuery", "This server searches folders without a restriction only.")
		}
		return findChildren(parent, e, shape)
	})
}

func findChildren(parent folder, e *element, shape folderShape) ([]*node, *failure) {
	found := parent.children()
	if e.attr("Traversal") == "Deep" {
		for _, child := range found {
			found = append(found, child.children()...)
		}
	}
	p, f := readPage(e.first("IndexedPageFolderView"), len(found), maxFound)
	if f != nil {
		return nil, f
	}
	list := el("t:Folders")
	for _, child := range found[p.from:p.to] {
		list.add(child.node(shape))
	}
	return []*node{p.mark(el("m:RootFolder", list))}, nil
}
