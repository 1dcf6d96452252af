package exchangeonprem

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/trainercal/trainercal/sdk"
)

// Whatever the settings hold, they are accepted or refused with diagnostics.
func FuzzSettings(f *testing.F) {
	f.Add([]byte(`{"url":"https://mail.example/EWS/Exchange.asmx","username":"u","password":"p"}`))
	f.Add([]byte(`{"url":"http://mail.example","username":"a:b","password":"","auth":"ntlm","access":"impersonation","autodiscover":true}`))
	f.Add([]byte(`{"url":1}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var raw rawSettings
		if json.Unmarshal(data, &raw) == nil && raw.CAFile != "" {
			t.Skip("a file of the fuzzer's choice is not read")
		}
		set, err := parseSettings(data)
		var refused *sdk.SettingsError
		switch {
		case err == nil && (set.url == nil || set.username == "" || set.password == ""):
			t.Errorf("%s was accepted", data)
		case err != nil && (!errors.As(err, &refused) || len(refused.Diagnostics) == 0):
			t.Errorf("%v has no diagnostics", err)
		}
	})
}

// An address without a path is completed.
func TestAddress(t *testing.T) {
	for raw, want := range map[string]string{
		"https://mail.example":                          "https://mail.example/EWS/Exchange.asmx",
		"https://mail.example/":                         "https://mail.example/EWS/Exchange.asmx",
		"https://mail.example/ews/exchange.asmx":        "https://mail.example/ews/exchange.asmx",
		"http://127.0.0.1:18080/EWS/Exchange.asmx":      "http://127.0.0.1:18080/EWS/Exchange.asmx",
		"https://mail.example:444/prefix/Exchange.asmx": "https://mail.example:444/prefix/Exchange.asmx",
	} {
		data, err := json.Marshal(map[string]string{"url": raw, "username": "u", "password": "p"})
		if err != nil {
			t.Fatal(err)
		}
		set, err := parseSettings(data)
		if err != nil || set.url.String() != want {
			t.Errorf("%s: %v, %v; want %s", raw, set.url, err, want)
		}
	}
}
