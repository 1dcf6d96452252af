# A plugin that is kept apart from the gateway, and pinned: the gateway starts just the
# program with this checksum. Print it with `sha256sum PROGRAM`, and change it with every
# upgrade.

installation = "lakeside-sync"

plugin "exchange-onprem" {
  command = "/opt/trainercal/plugins/gateway-plugin-exchange-onprem"
  sha256  = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

  # A plugin gets none of the gateway's environment but a short list, which has the variables
  # of proxies and certificates. These are passed on besides.
  env = ["GODEBUG"]
}

telemetry {
  traces_endpoint = env("OTEL_EXPORTER_OTLP_ENDPOINT", "") # for example http://127.0.0.1:4318
  keep_runs       = "90d"
}

provider "lakeside" {
  timezone = "Europe/Berlin"
  service  = "exchange-onprem"

  account "exchange-onprem" {
    master_account = "calendar@lakeside.example"

    settings {
      url      = "https://mail.lakeside.example/EWS/Exchange.asmx"
      username = "LAKESIDE\\calendar"
      password = env("LAKESIDE_PASSWORD")
    }
  }

  trainer "ida" {
    name      = "Ida Brandt"
    email     = "ida@lakeside.example"
    calendar  = true
    direction = "both"
  }
}
