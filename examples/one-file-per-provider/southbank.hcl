provider "southbank" {
  timezone = "America/Toronto"
  service  = "exchange-online"
  engine   = false # only `gateway sync` works on this provider, nothing runs by itself

  # What the provider's own calendars give away, and when its courses are written again.
  pull {
    detail  = "subject"
    show_as = ["busy", "oof"]
  }

  push {
    repush_on         = "all"
    cancelled_show_as = "tentative"
  }

  account "exchange-online" {
    master_account = "calendar@southbank.example"

    settings {
      tenant_id     = "southbank.example"
      client_id     = "b3a7c5d1-0e2f-4a68-9c7b-5d4e3f2a1b09"
      client_secret = env("SOUTHBANK_CLIENT_SECRET")
    }
  }

  # The label is unique within the provider only.
  trainer "ana" {
    name      = "Ana Tremblay"
    email     = "ana@southbank.example"
    calendar  = true
    direction = "both"
  }
}
