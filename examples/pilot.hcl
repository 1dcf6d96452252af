# A training company that tries the gateway out, beside one that uses it.
#
# In a pilot everything is read and planned, and each run reports what it would have done:
# `gateway runs last`, `gateway plan`. Nothing is written, neither to the calendars nor to
# the platform's data. To go live, take the word out.

installation = "shared-sync"

provider "northwind" {
  timezone = "Europe/London"
  service  = "exchange-online"

  # When a trainer is switched off or taken out, what is still to come is removed from the
  # calendar, and the trainer's unavailability from the platform. The default is "keep".
  on_stop = "remove"

  account "exchange-online" {
    master_account = "calendar@northwind.example"

    settings {
      tenant_id     = "northwind.example"
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
}

provider "southbank" {
  timezone = "America/Toronto"
  service  = "exchange-online"
  mode     = "pilot"

  # Its calendars are read rarely and not far ahead.
  sync {
    interval = "1h"

    window {
      future = "90d"
    }
  }

  account "exchange-online" {
    master_account = "calendar@southbank.example"

    settings {
      tenant_id     = "southbank.example"
      client_id     = "b3a7c5d1-0e2f-4a68-9c7b-5d4e3f2a1b09"
      client_secret = env("SOUTHBANK_CLIENT_SECRET")
    }
  }

  trainer "bea" {
    name      = "Bea Lund"
    email     = "bea@southbank.example"
    calendar  = true
    direction = "both"
  }
}
