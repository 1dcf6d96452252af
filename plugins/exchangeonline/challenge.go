package exchangeonline

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
)

// maxClaims bounds the claims that a server may have passed on, in bytes of JSON.
const maxClaims = 8 << 10

// challenge is what a refused request asks the next token to be made with: the claims
// of its WWW-Authenticate header as JSON, empty for none ("Claims challenges, claims
// requests and client capabilities"). What is not a claims challenge is ignored: then
// a new token is all that there is to try.
func challenge(h http.Header) string {
	for _, value := range h.Values("WWW-Authenticate") {
		scheme, rest, _ := strings.Cut(strings.TrimSpace(value), " ")
		if !strings.EqualFold(scheme, "Bearer") {
			continue
		}
		if claims := readClaims(parameter(rest, "claims")); claims != "" {
			return claims
		}
	}
	return ""
}

// parameter is the value of an authentication parameter (RFC 9110, 11.2), empty when
// it is not there.
func parameter(list, name string) string {
	for list != "" {
		var key, value string
		key, list, _ = strings.Cut(list, "=")
		key = strings.Trim(key, " \t,")
		value, list = parameterValue(strings.TrimLeft(list, " \t"))
		if strings.EqualFold(key, name) {
			return value
		}
	}
	return ""
}

// parameterValue takes a token or a quoted string off the front of a list.
func parameterValue(list string) (value, rest string) {
	if !strings.HasPrefix(list, `"`) {
		value, rest, _ = strings.Cut(list, ",")
		return strings.TrimSpace(value), rest
	}
	var b strings.Builder
	for i := 1; i < len(list); i++ {
		switch list[i] {
		case '"':
			return b.String(), list[i+1:]
		case '\\':
			if i++; i == len(list) {
				return "", ""
			}
		}
		b.WriteByte(list[i])
	}
	return "", "" // the quotes are not closed
}

// readClaims decodes claims, which come in base64 of either alphabet. They are an
// object in JSON, or not believed.
func readClaims(encoded string) string {
	if encoded == "" || len(encoded) > base64.StdEncoding.EncodedLen(maxClaims) {
		return ""
	}
	plain, err := base64.RawURLEncoding.DecodeString(strings.NewReplacer("+", "-", "/", "_", "=", "").Replace(encoded))
	if err != nil {
		return ""
	}
	var object map[string]json.RawMessage
	if json.Unmarshal(plain, &object) != nil || len(object) == 0 {
		return ""
	}
	return string(plain)
}
