package autodiscover

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"net/url"
	"strings"
)

// The namespaces of POX: of requests, and of the answers that are asked for.
const (
	nsRequest = "http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006"
	nsAnswer  = "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"
)

// maxAnswer bounds an answer, in bytes. Real ones have some ten thousand.
const maxAnswer = 256 << 10

// request asks for the settings of a mailbox.
func request(address string) []byte {
	var b bytes.Buffer
	b.WriteString(xml.Header + `<Autodiscover xmlns="` + nsRequest + `"><Request><EMailAddress>`)
	_ = xml.EscapeText(&b, []byte(address)) // a Buffer takes everything
	b.WriteString(`</EMailAddress><AcceptableResponseSchema>` + nsAnswer + `</AcceptableResponseSchema></Request></Autodiscover>`)
	return b.Bytes()
}

// answer is what Autodiscover says, read by local name.
type answer struct {
	XMLName  xml.Name `xml:"Autodiscover"`
	Response struct {
		Error *struct {
			Code string `xml:"ErrorCode"`
		} `xml:"Error"`
		Account struct {
			Action          string `xml:"Action"`
			RedirectURL     string `xml:"RedirectUrl"`
			RedirectAddress string `xml:"RedirectAddr"`
			Protocols       []struct {
				Type   string `xml:"Type"`
				EWSURL string `xml:"EwsUrl"`
			} `xml:"Protocol"`
		} `xml:"Account"`
	} `xml:"Response"`
}

var errAnswer = errors.New("not an answer of Autodiscover")

// read decodes an answer. A document type definition is none, and neither is half of one.
func read(body []byte) (answer, error) {
	if len(body) > maxAnswer {
		return answer{}, errAnswer
	}
	dec := xml.NewTokenDecoder(noDTD{xml.NewDecoder(bytes.NewReader(bytes.TrimPrefix(body, []byte("\uFEFF"))))})
	var a answer
	if err := dec.Decode(&a); err != nil {
		return answer{}, errAnswer
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) && err != nil {
		return answer{}, errAnswer
	}
	return a, nil
}

// noDTD passes on tokens, and refuses a document type definition.
type noDTD struct{ next *xml.Decoder }

// Token returns the next token.
func (r noDTD) Token() (xml.Token, error) {
	t, err := r.next.Token()
	if _, directive := t.(xml.Directive); directive {
		return nil, errAnswer
	}
	return t, err
}

// services are the addresses of EWS in the answer, the one for clients from outside first:
// it holds inside, too, where names are set up as Microsoft advises.
func (a answer) services() []string {
	var list []string
	for _, kind := range []string{"EXPR", "EXCH"} {
		for _, p := range a.Response.Account.Protocols {
			if strings.EqualFold(strings.TrimSpace(p.Type), kind) && strings.TrimSpace(p.EWSURL) != "" {
				list = append(list, strings.TrimSpace(p.EWSURL))
			}
		}
	}
	return list
}

// address reads an address that a server named: https, a host, and nothing that could
// carry more than a way. It is the only form that may be followed.
func address(raw string) (*url.URL, bool) {
	u, err := url.Parse(strings.TrimSpace(raw))
	if err != nil || u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.Opaque != "" || u.Fragment != "" {
		return nil, false
	}
	u.Host = strings.ToLower(u.Host)
	return u, true
}
