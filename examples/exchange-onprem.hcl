# One training company with an Exchange server of its own.
#
# The master account needs full access to the trainers' mailboxes, or at least rights on their
# calendar folders that include private items: a trainer whose private items the account
# cannot see would look free. `gateway verify` says so.

installation = "lakeside-sync"

state {
  url = "sqlite:///var/lib/gateway/gateway.db"
}

# Only times leave the calendars: nobody's appointments can be read on the platform.
pull {
  detail = "busy"
}

provider "lakeside" {
  timezone = "Europe/Berlin"
  service  = "exchange-onprem"

  account "exchange-onprem" {
    master_account = "calendar@lakeside.example"

    settings {
      url      = "https://mail.lakeside.example/EWS/Exchange.asmx"
      username = "calendar@lakeside.example"
      password = file("/run/secrets/lakeside_password")

      # Where the server offers NTLM only: auth = "ntlm". Where it is to be found by the
      # domain of master_account: autodiscover = true instead of url.
    }
  }

  trainer "ida" {
    name      = "Ida Brandt"
    email     = "ida@lakeside.example"
    calendar  = true
    direction = "both"
  }

  # Karin's calendar tells the platform when she is busy; nothing is written into it.
  trainer "karin" {
    name      = "Karin Vogel"
    email     = "karin@lakeside.example"
    calendar  = true
    direction = "in"
  }

  # Works from another country: whole days are her days.
  trainer "nora" {
    name      = "Nora Hall"
    email     = "nora@lakeside.example"
    calendar  = true
    direction = "both"
    timezone  = "America/New_York"
  }
}
