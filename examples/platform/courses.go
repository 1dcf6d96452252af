package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
)

func (c *client) coursePath(id string) string {
	return "/v1/providers/" + url.PathEscape(c.provider) + "/courses/" + url.PathEscape(id)
}

// putCourse creates a course or changes it, unless somebody else changed it since it was
// looked at a moment ago. The course is JSON with an id, and best with a version: then an
// older state that comes late is refused, too.
func (c *client) putCourse(ctx context.Context, course []byte) (string, error) {
	var head struct {
		ID any `json:"id"`
	}
	decoder := json.NewDecoder(bytes.NewReader(course))
	decoder.UseNumber()
	if err := decoder.Decode(&head); err != nil || head.ID == nil {
		return "", fmt.Errorf("the course is no JSON object with an id: %w", err)
	}
	id := fmt.Sprint(head.ID)
	header := http.Header{"Content-Type": {"application/json"}}
	stored, err := c.try(ctx, http.MethodGet, c.coursePath(id), nil, nil, nil)
	switch {
	case answered(err, http.StatusNotFound):
		header.Set("If-None-Match", "*")
	case err != nil:
		return id, err
	default:
		header.Set("If-Match", stored.Get("ETag"))
	}
	// Asked once: after a lost answer the ETag would be another, and the caller looks anew.
	_, err = c.ask(ctx, http.MethodPut, c.coursePath(id), header, course, nil)
	return id, err
}

// deleteCourse deletes a course; one that is gone already is no error.
func (c *client) deleteCourse(ctx context.Context, id string) error {
	_, err := c.try(ctx, http.MethodDelete, c.coursePath(id), nil, nil, nil)
	if answered(err, http.StatusNotFound) {
		return nil
	}
	return err
}

// schedule is a file with everything that is planned.
type schedule struct {
	Courses        []json.RawMessage `json:"courses"`
	Unavailability []json.RawMessage `json:"unavailability"`
}

// snapshot tells the gateway everything that is planned, so that what a lost request
// would have told is put right: what is missing is removed. The gateway holds back very
// many removals; allow is the number that it then asks to be told.
func (c *client) snapshot(ctx context.Context, s schedule, allow int) (json.RawMessage, error) {
	var lines bytes.Buffer
	for kind, objects := range map[string][]json.RawMessage{"course": s.Courses, "unavailability": s.Unavailability} {
		for _, object := range objects {
			if err := json.NewEncoder(&lines).Encode(map[string]json.RawMessage{kind: object}); err != nil {
				return nil, err
			}
		}
	}
	path := "/v1/providers/" + url.PathEscape(c.provider) + "/snapshot"
	if allow > 0 {
		path += fmt.Sprintf("?allow_removals=%d", allow)
	}
	var out json.RawMessage
	_, err := c.try(ctx, http.MethodPut, path, http.Header{"Content-Type": {"application/x-ndjson"}}, lines.Bytes(), &out)
	return out, err
}
