package graph

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"strings"
	"time"

	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

// Both forms of ids hold the same facts behind a prefix and padding of their own.
// Clients see opaque, case-sensitive text of about the length of the real ones: 72
// characters for immutable ids, 152 for classic ones.
type idForm struct {
	prefix []byte
	length int
}

var (
	classicID   = idForm{prefix: []byte{0x00, 0x03, 0x24}, length: 114}
	immutableID = idForm{prefix: []byte{0x00, 0x09, 0x00, 0x2e}, length: 54}
)

// idFacts is how many bytes of an id have a meaning: mailbox, item, day, checksum.
const idFacts = 16 + 8 + 4 + 4

var (
	errMalformedID  = errors.New("the id is malformed")
	errOtherForm    = errors.New("the id is of the other form: Prefer: IdType must be the same in all requests")
	errOtherMailbox = errors.New("the id belongs to another mailbox")
)

// encode writes the id of an item of a mailbox.
func (f idForm) encode(m *world.Mailbox, ref world.Ref) string {
	raw := make([]byte, f.length)
	copy(raw, f.prefix)
	facts := raw[f.length-idFacts:]
	copy(facts, mailboxKey(m))
	binary.BigEndian.PutUint64(facts[16:], uint64(ref.Item))
	copy(facts[24:], encodeDay(ref.Occurrence))
	binary.BigEndian.PutUint32(facts[28:], crc32.ChecksumIEEE(facts[:28]))
	return base64.URLEncoding.EncodeToString(raw)
}

// decode reads an id for a mailbox.
func (f idForm) decode(m *world.Mailbox, id string) (world.Ref, error) {
	raw, err := base64.URLEncoding.DecodeString(id)
	if err != nil || len(raw) < idFacts {
		return world.Ref{}, fmt.Errorf("id %.12q…: %w", id, errMalformedID)
	}
	facts := raw[len(raw)-idFacts:]
	switch {
	case binary.BigEndian.Uint32(facts[28:]) != crc32.ChecksumIEEE(facts[:28]):
		return world.Ref{}, fmt.Errorf("id %.12q…: %w", id, errMalformedID)
	case len(raw) != f.length || !strings.HasPrefix(string(raw), string(f.prefix)):
		return world.Ref{}, errOtherForm
	case string(facts[:16]) != string(mailboxKey(m)):
		return world.Ref{}, errOtherMailbox
	}
	return world.Ref{
		Item:       world.ItemID(binary.BigEndian.Uint64(facts[16:])),
		Occurrence: decodeDay(facts[24:28]),
	}, nil
}

// mailboxKey tells mailboxes apart in ids and tokens.
func mailboxKey(m *world.Mailbox) []byte {
	sum := sha256.Sum256([]byte(m.UserID()))
	return sum[:16]
}

// folderID is a calendar's id; container ids have one form only.
func folderID(m *world.Mailbox, f world.Folder) string {
	return classicID.encode(m, world.Ref{Item: f.ID})
}

func encodeDay(d world.Date) []byte {
	return []byte{byte(d.Year >> 8), byte(d.Year), byte(d.Month), byte(d.Day)}
}

func decodeDay(b []byte) world.Date {
	return world.Date{Year: int(b[0])<<8 | int(b[1]), Month: time.Month(b[2]), Day: int(b[3])}
}

// changeKey writes an item's version as Graph does.
func changeKey(m *world.Mailbox, version uint64) string {
	raw := append([]byte{0x0f, 0x00, 0x00, 0x00}, mailboxKey(m)[:12]...)
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint64(raw, version))
}

// etag is the version as an entity tag.
func etag(m *world.Mailbox, version uint64) string { return `W/"` + changeKey(m, version) + `"` }
