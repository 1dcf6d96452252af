package httpapi

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/httpapi/apitest"
)

func newClient(r *rig, secret string) *apitest.ClientWithResponses {
	r.Helper()
	c, err := apitest.NewClientWithResponses(r.url, apitest.WithRequestEditorFn(func(_ context.Context, req *http.Request) error {
		req.Header.Set("Authorization", "Bearer "+secret)
		return nil
	}))
	if err != nil {
		r.Fatal(err)
	}
	return c
}

func clientCourse(id string) apitest.Course {
	return apitest.Course{
		Id: id, Name: "Go", Kind: "class", Status: "confirmed", Start: "2026-12-01T09:00", End: "2026-12-01T17:00",
		Trainers: []apitest.CourseTrainer{{Id: "ana"}},
	}
}

// lines are values as NDJSON.
func lines(t *testing.T, values ...any) *strings.Reader {
	t.Helper()
	var out strings.Builder
	for _, v := range values {
		if err := json.NewEncoder(&out).Encode(v); err != nil {
			t.Fatal(err)
		}
	}
	return strings.NewReader(out.String())
}

// TestGeneratedClientObjects: a client that a public generator made of the document
// makes, reads and deletes objects.
func TestGeneratedClientObjects(t *testing.T) {
	r := newRig(t)
	c, ctx := newClient(r, northwindOnly), t.Context()
	star := "*"
	made, err := c.PutCourseWithResponse(ctx, "northwind", "1", &apitest.PutCourseParams{IfNoneMatch: &star}, clientCourse("1"))
	if err != nil || made.JSON201 == nil || made.JSON201.Result != "created" {
		t.Fatalf("%+v, %v", made, err)
	}
	again, err := c.PutCourseWithResponse(ctx, "northwind", "1", &apitest.PutCourseParams{IfNoneMatch: &star}, clientCourse("1"))
	if err != nil || again.ApplicationproblemJSON412 == nil {
		t.Errorf("%+v, %v", again, err)
	}
	got, err := c.GetCourseWithResponse(ctx, "northwind", "1", nil)
	if err != nil || got.JSON200 == nil || got.JSON200.Name != "Go" || got.HTTPResponse.Header.Get("ETag") != made.HTTPResponse.Header.Get("ETag") {
		t.Errorf("%+v, %v", got, err)
	}
	block := apitest.Unavailability{Id: "7", Trainer: "ana", Start: "2026-12-03T14:00", End: "2026-12-03T15:00"}
	if put, err := c.PutUnavailabilityWithResponse(ctx, "northwind", "7", nil, block); err != nil || put.JSON201 == nil {
		t.Errorf("%+v, %v", put, err)
	}
	if gone, err := c.DeleteCourseWithResponse(ctx, "northwind", "1", nil); err != nil || gone.StatusCode() != http.StatusNoContent {
		t.Errorf("%+v, %v", gone, err)
	}
	if other, err := c.GetCourseWithResponse(ctx, "contoso", "1", nil); err != nil || other.ApplicationproblemJSON404 == nil {
		t.Errorf("%+v, %v", other, err)
	}
}

// TestGeneratedClientMany: it sends objects in bulk and as a snapshot, and reads changes
// and availability.
func TestGeneratedClientMany(t *testing.T) {
	r := newRig(t)
	c, ctx := newClient(r, northwindOnly), t.Context()
	one, two := clientCourse("1"), clientCourse("2")
	bulk, err := c.BulkWithBodyWithResponse(ctx, "northwind", ndjson, lines(t,
		apitest.BulkLine{Op: "upsert", Course: &one}, apitest.BulkLine{Op: "upsert", Course: &two}, apitest.BulkLine{Op: "upsert"}))
	if err != nil || bulk.JSON200 == nil || bulk.JSON200.Created != 2 || len(bulk.JSON200.Errors) != 1 {
		t.Fatalf("%+v, %v", bulk, err)
	}
	allow := int64(1)
	swept, err := c.PutSnapshotWithBodyWithResponse(ctx, "northwind", &apitest.PutSnapshotParams{AllowRemovals: &allow}, ndjson, lines(t, apitest.SnapshotLine{Course: &one}))
	if err != nil || swept.JSON200 == nil || swept.JSON200.Removed != 1 {
		t.Fatalf("%+v, %v", swept, err)
	}
	page, err := c.ListCoursesWithResponse(ctx, "northwind", nil)
	if err != nil || page.JSON200 == nil || len(page.JSON200.Courses) != 1 || page.JSON200.Courses[0].Id != "1" {
		t.Errorf("%+v, %v", page, err)
	}
	changes, err := c.ListChangesWithResponse(ctx, nil)
	if err != nil || changes.JSON200 == nil || changes.JSON200.Changes == nil {
		t.Errorf("%+v, %v", changes, err)
	}
	window := &apitest.GetAvailabilityParams{Trainer: []string{"northwind/ana"}, Start: noon, End: noon.Add(24 * time.Hour)}
	free, err := c.GetAvailabilityWithResponse(ctx, window)
	if err != nil || free.JSON200 == nil || len(free.JSON200.Trainers) != 1 {
		t.Errorf("%+v, %v", free, err)
	}
}
