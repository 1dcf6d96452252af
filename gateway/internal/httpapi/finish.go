package httpapi

import (
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
)

// finish completes what huma leaves out of the document: what answers mean, what
// examples look like.
func finish(api *huma.OpenAPI) {
	for _, item := range api.Paths {
		for _, op := range operationsOf(item) {
			for status, r := range op.Responses {
				finishResponse(status, r)
			}
			finishBody(api, op.RequestBody)
		}
	}
	for name, text := range descriptions {
		if s := api.Components.Schemas.Map()[name]; s != nil {
			s.Description = text
		}
	}
}

// meanings are what the statuses of answers mean.
var meanings = map[int]string{
	http.StatusOK: "Done.", http.StatusCreated: "Made anew.", http.StatusAccepted: "Begun.", http.StatusNoContent: "Done; there is nothing to tell.",
	http.StatusNotModified:           "The client has it already.",
	http.StatusBadRequest:            "The body was not whole.",
	http.StatusUnauthorized:          "There is no valid token.",
	http.StatusForbidden:             "The token lacks the scope.",
	http.StatusNotFound:              "It is not there, or not for this token.",
	http.StatusConflict:              "It does not go together with what is stored.",
	http.StatusPreconditionFailed:    "A condition does not hold.",
	http.StatusRequestEntityTooLarge: "The body is too long.",
	http.StatusGone:                  "It is no longer kept.",
	http.StatusUnprocessableEntity:   "Something in the request is wrong; errors names it.",
	http.StatusTooManyRequests:       "The token has used up its allowance; Retry-After tells when to come back.",
	http.StatusInternalServerError:   "A defect.",
	http.StatusServiceUnavailable:    "Not just now; Retry-After tells when to come back.",
}

func finishResponse(status string, r *huma.Response) {
	code, err := strconv.Atoi(status)
	if err != nil {
		return
	}
	if text := meanings[code]; text != "" {
		r.Description = text
	}
	if code == http.StatusNotModified {
		r.Content = nil
	}
	if code == http.StatusTooManyRequests || code == http.StatusServiceUnavailable {
		if r.Headers == nil {
			r.Headers = map[string]*huma.Param{}
		}
		r.Headers["Retry-After"] = &huma.Param{Description: "Seconds to wait.", Schema: &huma.Schema{Type: huma.TypeInteger}}
	}
	if media := r.Content[problemType]; media != nil {
		p := problem(code, "%s", meanings[code])
		media.Example = map[string]any{"title": p.Title, "status": code, "detail": p.Detail}
	}
}

// finishBody gives bodies that huma reads an example, from those of their fields.
func finishBody(api *huma.OpenAPI, body *huma.RequestBody) {
	if body == nil {
		return
	}
	for _, media := range body.Content {
		if media.Example == nil {
			media.Example = exampleOf(api, media.Schema)
		}
	}
}

func exampleOf(api *huma.OpenAPI, s *huma.Schema) any {
	for s.Ref != "" {
		s = api.Components.Schemas.SchemaFromRef(s.Ref)
	}
	out := map[string]any{}
	for name, p := range s.Properties {
		if len(p.Examples) > 0 {
			out[name] = p.Examples[0]
		}
	}
	return out
}
