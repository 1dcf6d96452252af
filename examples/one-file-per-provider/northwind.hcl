provider "northwind" {
  timezone = "Europe/London"
  service  = "exchange-online"

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
