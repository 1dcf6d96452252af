package ews

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"strings"
	"time"

	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

// itemID is what an ItemId of the wire says. Like Exchange's, it is opaque and
// case-sensitive, names the mailbox, and changes when the item moves to another
// folder.
type itemID struct {
	mailbox string // the mailbox's user id
	folder  world.FolderKind
	ref     world.Ref
}

// folderID is what a FolderId of the wire says.
type folderID struct {
	mailbox string
	folder  string // the distinguished name
}

// idHead makes ids begin with "AAMk", as Exchange's do.
var idHead = []byte{0x00, 0x03, 0x24}

const (
	idItem   = 'I'
	idFolder = 'F'
)

// seal closes an id's content with a checksum, so that a damaged id is told apart
// from one of an item that is gone.
func seal(kind byte, fields ...string) string {
	content := append([]byte{}, idHead...)
	content = append(content, kind)
	content = append(content, strings.Join(fields, "\x00")...)
	content = binary.BigEndian.AppendUint32(content, crc32.ChecksumIEEE(content))
	return base64.StdEncoding.EncodeToString(content)
}

func unseal(id string, kind byte, count int) ([]string, bool) {
	content, err := base64.StdEncoding.DecodeString(id)
	// An id is the same in every character: the decoder would pass over line ends.
	if err != nil || len(content) < len(idHead)+5 || base64.StdEncoding.EncodeToString(content) != id {
		return nil, false
	}
	sum := len(content) - 4
	if crc32.ChecksumIEEE(content[:sum]) != binary.BigEndian.Uint32(content[sum:]) {
		return nil, false
	}
	if string(content[:len(idHead)]) != string(idHead) || content[len(idHead)] != kind {
		return nil, false
	}
	fields := strings.Split(string(content[len(idHead)+1:sum]), "\x00")
	return fields, len(fields) == count
}

// String writes the id; an occurrence's day is part of it.
func (i itemID) String() string {
	day := ""
	if !i.ref.Occurrence.IsZero() {
		day = i.ref.Occurrence.String()
	}
	return seal(idItem, i.mailbox, string(i.folder), fmt.Sprintf("%016x", int64(i.ref.Item)), day)
}

func parseItemID(s string) (itemID, *failure) {
	fields, ok := unseal(s, idItem, 4)
	if !ok {
		return itemID{}, errIDMalformed
	}
	id := itemID{mailbox: fields[0], folder: world.FolderKind(fields[1])}
	if _, err := fmt.Sscanf(fields[2], "%x", &id.ref.Item); err != nil {
		return itemID{}, errIDMalformed
	}
	if fields[3] != "" {
		day, err := world.ParseDate(fields[3])
		if err != nil {
			return itemID{}, errIDMalformed
		}
		id.ref.Occurrence = day
	}
	return id, nil
}

func (f folderID) String() string { return seal(idFolder, f.mailbox, f.folder) }

func parseFolderID(s string) (folderID, *failure) {
	fields, ok := unseal(s, idFolder, 2)
	if !ok {
		return folderID{}, errIDMalformed
	}
	return folderID{mailbox: fields[0], folder: fields[1]}, nil
}

// changeKey writes an item's version; Exchange's keys of items begin with "DwAA".
func changeKey(version uint64) string {
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint64([]byte{0x0F, 0, 0, 0, 0x16, 0, 0, 0}, version))
}

func parseChangeKey(s string) (uint64, *failure) {
	content, err := base64.StdEncoding.DecodeString(s)
	if err != nil || len(content) != 16 {
		return 0, fail("ErrorInvalidChangeKey", "The change key is invalid.")
	}
	return binary.BigEndian.Uint64(content[8:]), nil
}

// syncState is where a client stands in a folder's changes. A walk over several
// pages keeps its base, so that what happened meanwhile is still told from there.
type syncState struct {
	mailbox string
	base    world.Position
	// seen is the last change of the walk that was handed out; the whole log when
	// the walk is over.
	seen uint64
}

const stateHead = "SYNC1"

func (s syncState) String() string {
	text := fmt.Sprintf("%s\x00%s\x00%x\x00%x\x00%x", stateHead, s.mailbox, s.base.Epoch, s.base.Sequence, s.seen)
	content := binary.BigEndian.AppendUint32([]byte(text), crc32.ChecksumIEEE([]byte(text)))
	return base64.StdEncoding.EncodeToString(content)
}

func parseSyncState(text string) (syncState, *failure) {
	content, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(content) < 4 {
		return syncState{}, errSyncState
	}
	sum := len(content) - 4
	fields := strings.Split(string(content[:sum]), "\x00")
	if crc32.ChecksumIEEE(content[:sum]) != binary.BigEndian.Uint32(content[sum:]) || len(fields) != 5 || fields[0] != stateHead {
		return syncState{}, errSyncState
	}
	s := syncState{mailbox: fields[1]}
	_, err = fmt.Sscanf(strings.Join(fields[2:], " "), "%x %x %x", &s.base.Epoch, &s.base.Sequence, &s.seen)
	if err != nil {
		return syncState{}, errSyncState
	}
	return s, nil
}

// instant writes a time as Exchange does: in UTC, to the second.
func instant(t time.Time) string { return t.UTC().Format(time.RFC3339) }
