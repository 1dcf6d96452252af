package ntlm

import (
	"crypto"
	"crypto/md5" //nolint:gosec // the protocol names it
	_ "crypto/sha256"
	_ "crypto/sha512"
	"crypto/x509"
	"encoding/binary"
	"errors"
)

// Binding is the hash by which a sign-in is tied to the server's certificate
// (MS-NLMP 2.2.2.1, MsvAvChannelBindings): MD5 over the structure of GSS-API channel
// bindings (RFC 2744 §3.11) whose application data is the certificate's end point
// (RFC 5929 §4). It is nil where the RFC defines none for the certificate.
func Binding(certificate *x509.Certificate) []byte {
	hash := endPointHash(certificate.SignatureAlgorithm)
	if hash == 0 {
		return nil
	}
	h := hash.New()
	h.Write(certificate.Raw)
	data := append([]byte("tls-server-end-point:"), h.Sum(nil)...)
	// Initiator and acceptor have neither type nor address: four zeros of 32 bits.
	gss := make([]byte, 16, 20+len(data))
	gss = binary.LittleEndian.AppendUint32(gss, uint32(len(data)))
	sum := md5.Sum(append(gss, data...))
	return sum[:]
}

// endPointHash is the hash function of the certificate's signature; MD5 and SHA-1 are
// replaced by SHA-256 (RFC 5929 §4.1). 0 is none.
func endPointHash(a x509.SignatureAlgorithm) crypto.Hash {
	switch a {
	case x509.MD5WithRSA, x509.SHA1WithRSA, x509.DSAWithSHA1, x509.ECDSAWithSHA1,
		x509.SHA256WithRSA, x509.DSAWithSHA256, x509.ECDSAWithSHA256, x509.SHA256WithRSAPSS:
		return crypto.SHA256
	case x509.SHA384WithRSA, x509.ECDSAWithSHA384, x509.SHA384WithRSAPSS:
		return crypto.SHA384
	case x509.SHA512WithRSA, x509.ECDSAWithSHA512, x509.SHA512WithRSAPSS:
		return crypto.SHA512
	}
	return 0
}

// The parts of a CHALLENGE message that matter here (MS-NLMP 2.2.1.2), and of the list
// of attributes in it (2.2.2.1).
const (
	targetInfoAt    = 40 // the field: length, room, offset
	challengeHeader = 48
	// maxChallenge bounds a challenge; real ones have a few hundred bytes.
	maxChallenge = 16 << 10

	avEnd             = 0
	avChannelBindings = 10
)

var errChallenge = errors.New("the server's challenge cannot be read")

// bind returns the challenge with the binding among its target information. The client
// answers the target information back inside of what it proves, which is where a server
// looks for the binding; the library itself knows nothing of it.
func bind(challenge, binding []byte) ([]byte, error) {
	if len(challenge) < challengeHeader || len(challenge) > maxChallenge {
		return nil, errChallenge
	}
	if binding == nil {
		return challenge, nil
	}
	size := int(binary.LittleEndian.Uint16(challenge[targetInfoAt:]))
	from := uint64(binary.LittleEndian.Uint32(challenge[targetInfoAt+4:]))
	if from+uint64(size) > uint64(len(challenge)) {
		return nil, errChallenge
	}
	kept, err := without(challenge[from:from+uint64(size)], avChannelBindings)
	if err != nil {
		return nil, err
	}
	kept = appendPair(kept, avChannelBindings, binding)
	kept = appendPair(kept, avEnd, nil)
	out := append([]byte(nil), challenge...)
	binary.LittleEndian.PutUint16(out[targetInfoAt:], uint16(len(kept)))
	binary.LittleEndian.PutUint16(out[targetInfoAt+2:], uint16(len(kept)))
	binary.LittleEndian.PutUint32(out[targetInfoAt+4:], uint32(len(out)))
	return append(out, kept...), nil
}

// without copies a list of attributes, up to its end mark, without those of an id.
func without(pairs []byte, id uint16) ([]byte, error) {
	var kept []byte
	for len(pairs) > 0 {
		if len(pairs) < 4 {
			return nil, errChallenge
		}
		this, size := binary.LittleEndian.Uint16(pairs), int(binary.LittleEndian.Uint16(pairs[2:]))
		if this == avEnd {
			break
		}
		if 4+size > len(pairs) {
			return nil, errChallenge
		}
		if this != id {
			kept = append(kept, pairs[:4+size]...)
		}
		pairs = pairs[4+size:]
	}
	return kept, nil
}

func appendPair(list []byte, id uint16, value []byte) []byte {
	list = binary.LittleEndian.AppendUint16(list, id)
	list = binary.LittleEndian.AppendUint16(list, uint16(len(value)))
	return append(list, value...)
}
