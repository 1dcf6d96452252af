// Program platform is a small training platform that uses the gateway's HTTP API: it
// schedules courses, takes over what its trainers' calendars say, and listens to webhooks.
//
// It is meant to be read and copied, so it uses the API alone and nothing of the
// gateway's code. The files are the subjects: courses.go writes the schedule, feed.go
// follows the calendars and survives being killed anywhere, hooks.go checks webhooks,
// availability.go shows a trainer's time and never calls unknown time free.
//
// Neighbours: the API's document is at /openapi.json of a running gateway.
package main
