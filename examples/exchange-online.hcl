# One training company with its calendars in Exchange Online (Microsoft 365).
#
# The app registration needs the application permission Calendars.ReadWrite of Microsoft
# Graph with admin consent, or a role of RBAC for Applications that is scoped to the trainers.

installation = "northwind-sync"

provider "northwind" {
  timezone = "Europe/London"
  service  = "exchange-online"

  account "exchange-online" {
    # Names the owner of the connection; with application credentials it needs no mailbox.
    master_account = "calendar@northwind.example"

    # Trainers' mailboxes are in the master account's domain, or in one of these.
    domains = ["northwind-training.example"]

    settings {
      tenant_id     = "9d1f6a52-7c0e-4b7b-8a51-3e5c0f1d2b64"
      client_id     = "27c8e0f3-1a9d-4e46-b1f7-6d0c9b8a7e35"
      client_secret = env("NORTHWIND_CLIENT_SECRET")
    }
  }

  trainer "ana" {
    name      = "Ana Ortiz"
    email     = "ana@northwind.example"
    calendar  = true
    direction = "both"
  }

  # Courses go into Ben's calendar; what else is in it stays there.
  trainer "ben" {
    name      = "Ben Whitfield"
    email     = "ben@northwind-training.example"
    calendar  = true
    direction = "out"
  }
}
