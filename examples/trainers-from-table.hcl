# Trainers from a table, for example one that another system exports every night. A mistake
# in it is shown with its line in the table.
#
# The columns are those of a trainer block, and "id" for its label. Only "id" is required;
# an empty field is an argument left out. A provider can have a table and blocks together.

installation = "northwind-sync"

provider "northwind" {
  timezone = "Europe/London"
  service  = "exchange-online"
  trainers = csvdecode(file("trainers.csv"))

  account "exchange-online" {
    master_account = "calendar@northwind.example"

    settings {
      tenant_id     = "northwind.example"
      client_id     = "27c8e0f3-1a9d-4e46-b1f7-6d0c9b8a7e35"
      client_secret = env("NORTHWIND_CLIENT_SECRET")
    }
  }
}
