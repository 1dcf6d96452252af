# A training company that writes its own texts into the calendars, with an appointment for
# each session, and where a change of a room or a webinar link is written at once.
#
# A template is text or an expression over course, session, trainer and provider. What the
# platform did not say is empty text. The files are checked when they are read: a template
# that would fail for a class, a webinar or an unavailability is an error at its line.

installation = "northwind-sync"

push {
  sessions  = "split" # an appointment a session; "whole" is one from the first to the last day
  repush_on = "all"   # every change of a course is written at once

  title = "${course.label}${session.count > 1 ? " (${session.number}/${session.count})" : ""}"

  # Without a template, the venue's name and address.
  location = course.kind == "webinar" ? "Online" : course.location

  # course.body is what is written without a template.
  body = <<-EOT
    ${trainer.name}, you are the ${coalesce(trainer.role, "trainer")}.

    ${course.body}
  EOT

  # What is made on the platform itself, such as leave.
  unavailability {
    title = "${unavailability.description} (${provider.name})"
  }
}

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
