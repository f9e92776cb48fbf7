package wails

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"net/url"

	"github.com/bowshot/bowshot/clients/go/internal/address"
)

// Target is a server that requests go to, with its pool of connections. Immutable; [NewTarget] makes
// one and sends nothing.
type Target struct {
	base  url.URL
	token string
	pool  *http.Transport
}

// NewTarget takes http://HOST:PORT, https://HOST or unix:PATH, and the server's token, "" for none.
func NewTarget(server, token string) (*Target, error) {
	return NewTargetTLS(server, token, nil)
}

// NewTargetTLS is [NewTarget] with the certificates and names that https trusts.
func NewTargetTLS(server, token string, config *tls.Config) (*Target, error) {
	parsed, err := address.Parse(server)
	if err != nil {
		return nil, err
	}
	return &Target{base: parsed.Base(), token: token, pool: parsed.Pool(config)}, nil
}

func (t *Target) closeIdle() { t.pool.CloseIdleConnections() }

// passedOn are the headers of the page that a server should see; its cookies, its origin and whatever
// names the web view are none of them.
var passedOn = []string{
	"Accept", "Content-Type", "Content-Encoding", "If-None-Match", "If-Match", "Range", "If-Range",
}

// redirectError is an answer that no Bowshot server gives.
type redirectError struct{ status int }

func (e *redirectError) Error() string {
	return fmt.Sprintf("the address answers with a redirection (%d): it is no Bowshot server", e.status)
}

// send passes a request on, with the token. The answer's body is not read yet.
func (t *Target) send(ctx context.Context, asked *http.Request) (*http.Response, error) {
	location := t.base
	location.Path += asked.URL.Path // refused unless clean: see isProtocolPath
	location.RawQuery = asked.URL.RawQuery
	request, err := http.NewRequestWithContext(ctx, asked.Method, location.String(), nil)
	if err != nil {
		return nil, err
	}
	if hasBody(asked) {
		request.Body = asked.Body
		request.ContentLength = asked.ContentLength // -1 from Wails: sent in chunks
	}
	for _, name := range passedOn {
		if values := asked.Header.Values(name); len(values) > 0 {
			request.Header[name] = values
		}
	}
	request.Header.Set("User-Agent", "bowshot-wails")
	if t.token != "" {
		request.Header.Set("Authorization", "Bearer "+t.token)
	}
	response, err := t.pool.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode >= 300 && response.StatusCode <= 399 && response.StatusCode != http.StatusNotModified {
		_ = response.Body.Close()
		return nil, &redirectError{response.StatusCode}
	}
	return response, nil
}

// hasBody: Wails gives every request a body, of an unknown length.
func hasBody(r *http.Request) bool {
	switch r.Method {
	case http.MethodPost, http.MethodPut, methodQuery:
		return r.Body != nil && r.Body != http.NoBody
	default:
		return false
	}
}
