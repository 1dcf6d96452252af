package ntlmserver

import (
	"bytes"
	"crypto/hmac"
	"crypto/md5"
	"encoding/binary"
	"errors"
	"strings"
	"unicode/utf16"

	"golang.org/x/crypto/md4" //lint:ignore SA1019 NTLM is built on it
)

// The types of messages (MS-NLMP 2.2.1), and where their fields are.
const (
	negotiateType    = 1
	challengeType    = 2
	authenticateType = 3

	headerSize       = 12
	challengeSize    = 56
	authenticateSize = 64
)

// The attributes of target information (MS-NLMP 2.2.2.1).
const (
	endOfList       = 0
	computerName    = 1
	domainName      = 2
	timestamp       = 7
	channelBindings = 10
)

// The flags that the server agrees to when the client asks for them: signing, extended
// session security, 128 and 56 bit; and those it sets on its own, as Windows does: unicode,
// NTLM, target type and target information. There are clients that ask for neither of the
// first two and count on them.
const (
	agreedFlags = 0x00008000 | 0x00080000 | 0x20000000 | 0x80000000
	serverFlags = 0x00000001 | 0x00000200 | 0x00000004 | 0x00010000 | 0x00800000
)

var errMessage = errors.New("not an NTLM message")

func kindOf(m []byte) (uint32, error) {
	if len(m) < headerSize+4 || !bytes.HasPrefix(m, []byte("NTLMSSP\x00")) {
		return 0, errMessage
	}
	return binary.LittleEndian.Uint32(m[8:]), nil
}

func flagsOf(negotiate []byte) uint32 { return binary.LittleEndian.Uint32(negotiate[headerSize:]) }

// challengeMessage writes a CHALLENGE message of the domain SIM.
func challengeMessage(asked uint32, challenge []byte) []byte {
	target := utf16le("SIM")
	var info []byte
	info = appendPair(info, domainName, target)
	info = appendPair(info, computerName, utf16le("EXCH01"))
	info = appendPair(info, timestamp, []byte{0, 0x80, 0x3e, 0xd5, 0xde, 0xb1, 0x9d, 1})
	info = appendPair(info, endOfList, nil)
	m := append([]byte("NTLMSSP\x00"), challengeType, 0, 0, 0)
	m = appendField(m, len(target), challengeSize)
	m = binary.LittleEndian.AppendUint32(m, asked&agreedFlags|serverFlags)
	m = append(append(m, challenge...), make([]byte, 8)...)
	m = appendField(m, len(info), challengeSize+len(target))
	m = append(m, 10, 0, 0x7c, 0x4f, 0, 0, 0, 15)
	return append(append(m, target...), info...)
}

func appendPair(list []byte, id uint16, value []byte) []byte {
	list = binary.LittleEndian.AppendUint16(list, id)
	list = binary.LittleEndian.AppendUint16(list, uint16(len(value)))
	return append(list, value...)
}

func appendField(m []byte, size, offset int) []byte {
	m = binary.LittleEndian.AppendUint16(m, uint16(size))
	m = binary.LittleEndian.AppendUint16(m, uint16(size))
	return binary.LittleEndian.AppendUint32(m, uint32(offset))
}

// authenticate is what an AUTHENTICATE message says.
type authenticate struct {
	domain, user string
	// proof is NTProofStr over the challenge and blob, which holds pairs.
	proof, blob []byte
	pairs       map[uint16][]byte
}

// name is the name that the user signs in with.
func (a authenticate) name() string {
	if a.domain == "" {
		return a.user
	}
	return a.domain + `\` + a.user
}

func readAuthenticate(m []byte) (authenticate, error) {
	if len(m) < authenticateSize {
		return authenticate{}, errMessage
	}
	response, ok1 := field(m, 20)
	domain, ok2 := field(m, 28)
	user, ok3 := field(m, 36)
	// The proof, then a blob whose attributes begin at 28 (MS-NLMP 2.2.2.7).
	if !ok1 || !ok2 || !ok3 || len(response) < 16+28 {
		return authenticate{}, errMessage
	}
	a := authenticate{domain: text(domain), user: text(user), proof: response[:16], blob: response[16:]}
	var err error
	a.pairs, err = readPairs(a.blob[28:])
	return a, err
}

// field is the part of a message that the field at an offset names.
func field(m []byte, at int) ([]byte, bool) {
	size, from := uint64(binary.LittleEndian.Uint16(m[at:])), uint64(binary.LittleEndian.Uint32(m[at+4:]))
	if from+size > uint64(len(m)) {
		return nil, false
	}
	return m[from : from+size], true
}

func readPairs(list []byte) (map[uint16][]byte, error) {
	pairs := map[uint16][]byte{}
	for len(list) >= 4 {
		id, size := binary.LittleEndian.Uint16(list), int(binary.LittleEndian.Uint16(list[2:]))
		if id == endOfList {
			return pairs, nil
		}
		if 4+size > len(list) {
			return nil, errMessage
		}
		pairs[id] = list[4 : 4+size]
		list = list[4+size:]
	}
	return nil, errMessage
}

// proofOf is the NTProofStr that the user's password gives (MS-NLMP 3.3.2).
func proofOf(a authenticate, password string, challenge []byte) []byte {
	hash := md4.New()
	hash.Write(utf16le(password))
	key := mac(hash.Sum(nil), utf16le(strings.ToUpper(a.user)+a.domain))
	return mac(key, challenge, a.blob)
}

func mac(key []byte, parts ...[]byte) []byte {
	h := hmac.New(md5.New, key)
	for _, p := range parts {
		h.Write(p)
	}
	return h.Sum(nil)
}

func utf16le(s string) []byte {
	var out []byte
	for _, u := range utf16.Encode([]rune(s)) {
		out = binary.LittleEndian.AppendUint16(out, u)
	}
	return out
}

func text(b []byte) string {
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	return string(utf16.Decode(units))
}
