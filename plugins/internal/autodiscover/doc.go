// Package autodiscover finds the address of Exchange Web Services by an email address,
// the way Outlook does, in the plain form of Exchange's Autodiscover (POX).
//
// Main type: [Finder]. It asks the hosts that a domain's Autodiscover may live at, in the
// documented order: the domain itself, the host named autodiscover in it, where a plain
// GET to that host leads, and the domain's SRV record; and follows where these lead.
//
// The package promises:
//   - credentials go over https alone, to confirmed hosts alone: those of the address's
//     own domain, and those that the operator names. Where Autodiscover leads elsewhere,
//     that is an error which names the host;
//   - credentials are sent to no host that did not ask for them by a scheme of theirs;
//   - one refused sign-in ends a search, and the next search asks elsewhere first, so that
//     an account is not locked out by many candidates;
//   - a search ends: redirects, requests and the size of answers are bounded.
//
// Services in Active Directory that only members of a domain can ask (SCP) are not asked.
//
// Neighbours: plugins/exchangeonprem asks it, plugins/internal/transport sends the
// requests, plugins/exchangesim plays the hosts in tests.
package autodiscover
