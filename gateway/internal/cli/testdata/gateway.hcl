installation = "script-test"

sync {
  engine   = false
  interval = "15m"
}

provider "northwind" {
  timezone = "Europe/London"
  service  = "exchange-online"

  account "exchange-online" {
    master_account = "calendar@northwind.example"
    settings {
      tenant_id     = "6f2c1f5e-3b1a-4d6e-9c3f-0a5d7e8b9c10"
      client_id     = "0d9e4c7a-52b8-4f0e-8a66-1b2c3d4e5f60"
      client_secret = env("CLIENT_SECRET", "unset")
      graph_url     = env("GRAPH_URL", "http://127.0.0.1:9/graph")
      login_url     = env("LOGIN_URL", "http://127.0.0.1:9/login")
    }
  }

  trainer "ana" {
    name      = "Ana Ortiz"
    email     = "ana@northwind.example"
    calendar  = true
    direction = "both"
  }

  trainer "ben" {
    email     = "ben@northwind.example"
    calendar  = true
    direction = "out"
  }
}

provider "lakeside" {
  timezone = "Europe/Berlin"
  service  = "exchange-onprem"

  account "exchange-onprem" {
    master_account = "calendar@lakeside.example"
    settings {
      url      = env("EWS_URL", "http://127.0.0.1:9/EWS/Exchange.asmx")
      username = "calendar@lakeside.example"
      password = env("EWS_PASSWORD", "unset")
    }
  }

  trainer "ida" {
    email     = "ida@lakeside.example"
    calendar  = true
    direction = "both"
  }

  trainer "jonas" {
    email     = "jonas@lakeside.example"
    calendar  = true
    direction = "both"
  }
}
