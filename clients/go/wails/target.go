package wails

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	connectTimeout  = 10 * time.Second
	idleTimeout     = 60 * time.Second // the server closes idle connections after 75 s
	idleConnections = 16
)

// Target is a server that requests go to, with its pool of connections. Immutable; [NewTarget] makes
// one and sends nothing.
type Target struct {
	base  *url.URL
	token string
	pool  *http.Transport
}

// NewTarget takes http://HOST:PORT, https://HOST or unix:PATH, and the server's token, "" for none.
func NewTarget(address, token string) (*Target, error) {
	return NewTargetTLS(address, token, nil)
}

// NewTargetTLS is [NewTarget] with the certificates and names that https trusts.
func NewTargetTLS(address, token string, config *tls.Config) (*Target, error) {
	dialer := &net.Dialer{Timeout: connectTimeout, KeepAlive: 15 * time.Second}
	made := &Target{token: token, pool: &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         dialer.DialContext,
		TLSClientConfig:     config,
		TLSHandshakeTimeout: connectTimeout,
		MaxIdleConnsPerHost: idleConnections,
		IdleConnTimeout:     idleTimeout,
		DisableCompression:  true, // web views do not decode the bodies of their own schemes
		ReadBufferSize:      64 << 10,
	}}
	if socket, isUnix := strings.CutPrefix(address, "unix:"); isUnix {
		if socket == "" {
			return nil, fmt.Errorf("%q names no socket", address)
		}
		made.base = &url.URL{Scheme: "http", Host: "localhost"}
		made.pool.Proxy = nil
		made.pool.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, "unix", socket)
		}
		return made, nil
	}
	base, err := url.Parse(strings.TrimRight(address, "/"))
	if err != nil || (base.Scheme != "http" && base.Scheme != "https") || base.Host == "" ||
		base.User != nil || base.RawQuery != "" || base.Fragment != "" {
		return nil, fmt.Errorf("%q is not an address: http://HOST:PORT, https://HOST or unix:PATH", address)
	}
	made.base = base
	return made, nil
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
	location := *t.base
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
