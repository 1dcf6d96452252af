# A training company in the middle of its move from its own Exchange server to Exchange
# Online.
#
# Both accounts stay declared while it lasts. A trainer moves by one word, the service; the
# next run writes the appointments to the new calendar. When all have moved, change the
# provider's service, and remove the trainers' own and the old account.

installation = "lakeside-sync"

# A standing rule lets a provider use only one of the two. This block of the same name lets
# the move pass until the day named; from 14 days before the gateway warns, and from that day
# on it refuses the configuration.
exclusion "exchange-online-or-onprem" {
  allow_until = "2030-06-30"
}

provider "lakeside" {
  timezone = "Europe/Berlin"
  service  = "exchange-onprem" # of everybody who has not moved

  account "exchange-onprem" {
    master_account = "calendar@lakeside.example"

    settings {
      url      = "https://mail.lakeside.example/EWS/Exchange.asmx"
      username = "calendar@lakeside.example"
      password = env("LAKESIDE_PASSWORD")
    }
  }

  account "exchange-online" {
    master_account = "calendar@lakeside.example"

    settings {
      tenant_id     = "lakeside.example"
      client_id     = "c6b1d0a9-5e4f-4f0b-9d3a-2b1c0e9f8d76"
      client_secret = env("LAKESIDE_CLIENT_SECRET")
    }
  }

  trainer "ida" {
    name      = "Ida Brandt"
    email     = "ida@lakeside.example"
    service   = "exchange-online" # has moved
    calendar  = true
    direction = "both"
  }

  trainer "jonas" {
    name      = "Jonas Keller"
    email     = "jonas@lakeside.example"
    calendar  = true
    direction = "both"
  }
}
