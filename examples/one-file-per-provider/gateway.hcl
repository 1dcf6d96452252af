# A configuration in several files: start with `gateway --config examples/one-file-per-provider`.
# All *.hcl files of the folder count as one, in any order. What is not any provider's own
# stands in this file.

installation = "shared-sync"

sync {
  interval = "10m"
}

# No calendar system may be used together with another one anywhere, not even by two providers.
exclusion "one-system" {
  services = ["exchange-online", "exchange-onprem", "google-calendar", "caldav"]
  scope    = "gateway"
}
