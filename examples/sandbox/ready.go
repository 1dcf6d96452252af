package main

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/trainercal/trainercal/plugins/exchangesim"
)

// ready is the line that tells how to reach the sandbox.
type ready struct {
	EWSURL      string   `json:"ews_url"`
	GraphURL    string   `json:"graph_url"`
	LoginURL    string   `json:"login_url"`
	TokenURL    string   `json:"token_url"`
	ControlURL  string   `json:"control_url"`
	PageURL     string   `json:"page_url"`
	TenantID    string   `json:"tenant_id"`
	ClientID    string   `json:"client_id"`
	Secret      string   `json:"client_secret"`
	EWSUser     string   `json:"ews_user"`
	EWSPassword string   `json:"ews_password"`
	AccessModes []string `json:"access_modes"`
	Mailboxes   []string `json:"mailboxes"`
	// CAFile is the certificate to trust with --tls.
	CAFile string `json:"ca_file,omitempty"`
}

// announce prints the ready line.
func announce(w io.Writer, sim *exchangesim.Server) error {
	line := ready{
		EWSURL: sim.EWSURL(), GraphURL: sim.GraphURL(), LoginURL: sim.LoginURL(), TokenURL: sim.TokenURL(), ControlURL: sim.ControlURL(), PageURL: sim.URL() + "/",
		TenantID: tenantID, ClientID: clientID, Secret: clientSecret, EWSUser: ewsUser, EWSPassword: ewsPassword,
		AccessModes: []string{"full", "impersonation"}, Mailboxes: []string{}, CAFile: sim.CAFile(),
	}
	for _, box := range sim.World().Mailboxes() {
		line.Mailboxes = append(line.Mailboxes, box.Address())
	}
	if err := json.NewEncoder(w).Encode(line); err != nil {
		return fmt.Errorf("tell that the sandbox is ready: %w", err)
	}
	return nil
}
