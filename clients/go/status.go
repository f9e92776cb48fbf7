package bowshot

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
)

// Summary is one line of the list of datasets. A dataset whose files cannot be opened now has a
// Problem, and neither version nor rows.
type Summary struct {
	Name    string
	Version string
	Rows    int64
	Columns int64 // their number
	Problem *Error
}

// Datasets lists what the server serves.
func (c *Client) Datasets(ctx context.Context) ([]Summary, error) {
	var answer struct {
		Datasets []struct {
			Summary
			Problem *problem `json:"problem"`
		} `json:"datasets"`
	}
	if err := c.transport.json(ctx, "/v1/datasets", &answer); err != nil {
		return nil, err
	}
	found := make([]Summary, len(answer.Datasets))
	for i, one := range answer.Datasets {
		found[i] = one.Summary
		if one.Problem != nil {
			found[i].Problem = one.Problem.asError("")
		}
	}
	return found, nil
}

// ServerVersion is what the server says of itself. Limits are by their names in PROTOCOL.md, section
// 8; all are numbers but cache_directory.
type ServerVersion struct {
	Name     string                     `json:"name"`
	Version  string                     `json:"version"`
	Protocol int                        `json:"protocol"`
	Engine   string                     `json:"engine"`
	Shapes   []string                   `json:"shapes"`
	Limits   map[string]json.RawMessage `json:"limits"`
}

// Version asks what the server is, and what its limits are.
func (c *Client) Version(ctx context.Context) (*ServerVersion, error) {
	var version ServerVersion
	if err := c.transport.json(ctx, "/version", &version); err != nil {
		return nil, err
	}
	return &version, nil
}

// Healthy is nil if the server answers at all.
func (c *Client) Healthy(ctx context.Context) error {
	_, err := c.text(ctx, "/healthz")
	return err
}

// Ready is nil once every dataset is open; before, the error has [CodeNotReady].
func (c *Client) Ready(ctx context.Context) error {
	_, err := c.text(ctx, "/readyz")
	return err
}

// Metrics are the server's counters, as Prometheus text.
func (c *Client) Metrics(ctx context.Context) (string, error) { return c.text(ctx, "/metrics") }

// OpenAPI is the description of the server's interface, as JSON.
func (c *Client) OpenAPI(ctx context.Context) (json.RawMessage, error) {
	var document json.RawMessage
	err := c.transport.json(ctx, "/openapi.json", &document)
	return document, err
}

func (c *Client) text(ctx context.Context, target string) (string, error) {
	body, _, err := c.transport.whole(ctx, &message{method: http.MethodGet, target: target})
	return string(body), err
}

// RequestState is what became of a request. The server remembers it for 10 minutes.
type RequestState struct {
	ID      string
	State   string // "running", "done" or "failed"
	Failure *Error // why, if it failed
}

// UnmarshalJSON reads the server's form of it.
func (s *RequestState) UnmarshalJSON(encoded []byte) error {
	var wire struct {
		ID      string   `json:"id"`
		State   string   `json:"state"`
		Problem *problem `json:"problem"`
	}
	if err := json.Unmarshal(encoded, &wire); err != nil {
		return err
	}
	*s = RequestState{ID: wire.ID, State: wire.State}
	if wire.Problem != nil {
		s.Failure = wire.Problem.asError(wire.ID)
	}
	return nil
}

// RequestState asks what became of a request, by its [Facts.RequestID] or [Error.RequestID].
func (c *Client) RequestState(ctx context.Context, id string) (*RequestState, error) {
	var state RequestState
	if err := c.transport.json(ctx, requestPath(id), &state); err != nil {
		return nil, err
	}
	return &state, nil
}

func requestPath(id string) string { return "/v1/requests/" + url.PathEscape(id) }
