# The gateway's configuration. As it stands it works against the sandbox: two simulated
# Exchange worlds on this machine, started by `make run` or by hand with
#
#   go run ./examples/sandbox --listen 127.0.0.1:18080
#
# Check it with `gateway validate`. Every option is explained in gateway/README.md; files for
# other situations are in examples/.
#
# env("NAME", "default") reads a variable of the environment. The defaults here are the
# sandbox's; for a real system set the variables, or write the values in. Secrets stay out of
# this file: use env("NAME") or file("path").

# In every marker that the gateway leaves on an appointment. Choose it once, never change it.
installation = "trainercal-sandbox"

# What the gateway remembers. A relative path starts at the folder of this file.
state {
  url = env("GATEWAY_STATE", "sqlite://gateway.db")
}

# The HTTP API for training platforms; the README's second chapter uses it.
api {
  listen     = env("GATEWAY_LISTEN", "127.0.0.1:8642")            # beyond this machine only with a "tls" block
  public_url = env("GATEWAY_PUBLIC_URL", "http://127.0.0.1:8642") # where calendars send notifications

  token "platform" {
    secret = env("GATEWAY_TOKEN", "sandbox-platform-token") # for a real system: openssl rand -base64 32
    scopes = ["schedule:write", "read"]
  }
}

sync {
  interval = env("GATEWAY_INTERVAL", "15m") # how often calendars are read and checked

  window {
    past   = "7d"
    future = "365d"
  }
}

# One plugin for each kind of calendar. Without further words it is the program
# gateway-plugin-<service> beside the gateway's own.
plugin "exchange-online" {}
plugin "exchange-onprem" {}

# ---------------------------------------------------------------------------------------------
# Northwind Training keeps its calendars in Exchange Online (Microsoft 365).

provider "northwind" {
  timezone = "Europe/London"   # of its courses and trainers, unless they say otherwise
  service  = "exchange-online" # of its trainers, unless they say otherwise

  account "exchange-online" {
    master_account = "calendar@northwind.example"

    settings {
      tenant_id     = env("NORTHWIND_TENANT_ID", "6f2c1f5e-3b1a-4d6e-9c3f-0a5d7e8b9c10")
      client_id     = env("NORTHWIND_CLIENT_ID", "0d9e4c7a-52b8-4f0e-8a66-1b2c3d4e5f60")
      client_secret = env("NORTHWIND_CLIENT_SECRET", "sandbox-client-secret")

      # Only for the sandbox: without these two, Microsoft's own addresses are used.
      graph_url = env("NORTHWIND_GRAPH_URL", "http://127.0.0.1:18080/graph")
      login_url = env("NORTHWIND_LOGIN_URL", "http://127.0.0.1:18080/login")
    }
  }

  # The block's label is the trainer's id on the training platform.
  trainer "ana" {
    name      = "Ana Ortiz"
    email     = "ana@northwind.example"
    calendar  = true   # off unless switched on
    direction = "both" # "out": courses to the calendar, "in": busy time to the platform
  }

  trainer "ben" {
    name      = "Ben Whitfield"
    email     = "ben@northwind.example"
    calendar  = true
    direction = "both"
  }

  trainer "chloe" {
    name      = "Chloé Martin"
    email     = "chloe@northwind.example"
    calendar  = true
    direction = "both"
    timezone  = "Europe/Paris"
  }

  trainer "dev" {
    name      = "Dev Patel"
    email     = "dev@northwind.example"
    calendar  = true
    direction = "in"
    timezone  = "Asia/Calcutta" # the older name of Asia/Kolkata works too
  }

  trainer "emma" {
    name      = "Emma Byrne"
    email     = "emma@northwind.example"
    calendar  = true
    direction = "both"
    timezone  = "Eire" # another name of Europe/Dublin
  }

  trainer "finn" {
    name      = "Finn Larsen"
    email     = "finn@northwind.example"
    calendar  = true
    direction = "out"
  }

  # Declared, but not synchronised: grace has no direction, hugo's calendar is off.
  trainer "grace" {
    name      = "Grace Okafor"
    email     = "grace@northwind.example"
    calendar  = true
    direction = "none"
  }

  trainer "hugo" {
    name      = "Hugo Reyes"
    email     = "hugo@northwind.example"
    calendar  = false
    direction = "both"
  }
}

# ---------------------------------------------------------------------------------------------
# Lakeside Academy runs an Exchange server of its own.

provider "lakeside" {
  timezone = "Europe/Berlin"
  service  = "exchange-onprem"

  account "exchange-onprem" {
    master_account = "calendar@lakeside.example"

    settings {
      url      = env("LAKESIDE_EWS_URL", "http://127.0.0.1:18080/EWS/Exchange.asmx")
      username = env("LAKESIDE_USERNAME", "calendar@lakeside.example")
      password = env("LAKESIDE_PASSWORD", "sandbox-password")
    }
  }

  trainer "ida" {
    name      = "Ida Brandt"
    email     = "ida@lakeside.example"
    calendar  = true
    direction = "both"
  }

  trainer "jonas" {
    name      = "Jonas Keller"
    email     = "jonas@lakeside.example"
    calendar  = true
    direction = "both"
  }

  trainer "karin" {
    name      = "Karin Vogel"
    email     = "karin@lakeside.example"
    calendar  = true
    direction = "in"
  }

  trainer "luca" {
    name      = "Luca Moretti"
    email     = "luca@lakeside.example"
    calendar  = true
    direction = "out"
    timezone  = "Europe/Rome"
  }

  trainer "mira" {
    name      = "Mira Novak"
    email     = "mira@lakeside.example"
    calendar  = true
    direction = "both"
    timezone  = "Europe/Ljubljana"
  }

  trainer "nora" {
    name      = "Nora Hall"
    email     = "nora@lakeside.example"
    calendar  = true
    direction = "both"
    timezone  = "US/Eastern"
  }

  trainer "otto" {
    name      = "Otto Lehmann"
    email     = "otto@lakeside.example"
    calendar  = true
    direction = "none"
  }

  trainer "paula" {
    name      = "Paula Weiss"
    email     = "paula@lakeside.example"
    calendar  = false
    direction = "both"
  }
}
