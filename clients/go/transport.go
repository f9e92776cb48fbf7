package bowshot

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"time"

	"github.com/bowshot/bowshot/clients/go/internal/address"
)

const (
	retryDelay     = 150 * time.Millisecond
	retryDelayMax  = 5 * time.Second
	answerBytesMax = 64 << 20 // of JSON and text, which is read whole
)

// transport sends requests, turns every failure into an *Error, and repeats what may be repeated.
type transport struct {
	base    string // without a slash at its end
	token   string
	retries int
	client  *http.Client
	isLocal bool
}

func newTransport(text string, chosen *settings) (transport, error) {
	server, err := address.Parse(text)
	if err != nil {
		return transport{}, failure(CodeBadParameter, err, "%v", err)
	}
	roundTripper := chosen.roundTripper
	switch {
	case roundTripper == nil:
		roundTripper = server.Pool(chosen.tls)
	case server.IsUnix():
		return transport{}, failure(CodeBadParameter, nil,
			"%q is a Unix socket: with WithRoundTripper it must be an http or https URL", text)
	}
	base := server.Base()
	return transport{
		base: base.String(), token: chosen.token, retries: chosen.retries, isLocal: server.IsLocal(),
		client: &http.Client{
			Transport: roundTripper,
			// The protocol has no redirects; a token must not follow one.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

func (t *transport) closeIdle() { t.client.CloseIdleConnections() }

// message is one request of HTTP. A body that is a stream can be sent once only.
type message struct {
	method  string
	target  string
	accept  string
	header  http.Header
	content []byte
	stream  io.Reader
}

// send returns the answer of a request that succeeded, its body unread. It sends again where nothing
// of an answer came, or the server said that it had no room.
func (t *transport) send(ctx context.Context, m *message) (*http.Response, error) {
	for attempt := 0; ; attempt++ {
		answer, err := t.sendOnce(ctx, m)
		if err == nil {
			return answer, nil
		}
		if attempt >= t.retries || m.stream != nil || !isWorthRepeating(err) {
			return nil, err
		}
		if stopped := pause(ctx, delayOf(err, attempt)); stopped != nil {
			return nil, stopped
		}
	}
}

func (t *transport) sendOnce(ctx context.Context, m *message) (*http.Response, *Error) {
	body := m.stream
	if body == nil && m.content != nil {
		body = bytes.NewReader(m.content)
	}
	request, err := http.NewRequestWithContext(ctx, m.method, t.base+m.target, body)
	if err != nil {
		return nil, failure(CodeBadParameter, err, "%v", err)
	}
	for name, values := range m.header {
		request.Header[name] = values
	}
	if m.accept != "" {
		request.Header.Set("Accept", m.accept)
	}
	if t.token != "" {
		request.Header.Set("Authorization", "Bearer "+t.token)
	}
	answer, err := t.client.Do(request)
	if err != nil {
		if stopped := cancelled(ctx); stopped != nil {
			return nil, stopped
		}
		return nil, failure(CodeNetwork, err, "%v", withoutURL(err))
	}
	if answer.StatusCode < 200 || answer.StatusCode > 299 {
		return nil, errorOf(answer)
	}
	return answer, nil
}

// withoutURL leaves out what the caller knows already.
func withoutURL(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}

func isWorthRepeating(err *Error) bool {
	var certificate *tls.CertificateVerificationError
	if errors.As(err, &certificate) {
		return false
	}
	return err.Code == CodeNetwork || err.Code == CodeOverloaded || err.Code == CodeNotReady
}

func delayOf(err *Error, attempt int) time.Duration {
	spread := 0.75 + rand.Float64()/2 //nolint:gosec // so that clients do not come back together
	backoff := time.Duration(float64(retryDelay<<(2*attempt)) * spread)
	return min(max(err.RetryAfter, backoff), retryDelayMax)
}

func pause(ctx context.Context, delay time.Duration) error {
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return cancelled(ctx)
	}
}

// whole reads a short answer to its end, which lets the connection be used again.
func (t *transport) whole(ctx context.Context, m *message) ([]byte, http.Header, error) {
	answer, err := t.send(ctx, m)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(answer.Body, answerBytesMax+1))
	if err != nil {
		if stopped := cancelled(ctx); stopped != nil {
			return nil, nil, stopped
		}
		return nil, nil, failure(CodeIncompleteAnswer, err, "the answer was cut off: %v", err)
	}
	if len(body) > answerBytesMax {
		return nil, nil, failure(CodeBadAnswer, nil, "the answer has more than %d bytes", answerBytesMax)
	}
	return body, answer.Header, nil
}

// json reads a JSON answer into value.
func (t *transport) json(ctx context.Context, target string, value any) error {
	body, _, err := t.whole(ctx, &message{method: http.MethodGet, target: target, accept: mediaJSON})
	if err != nil {
		return err
	}
	if err := json.Unmarshal(body, value); err != nil {
		return failure(CodeBadAnswer, err, "the answer to %s is not the JSON expected: %v", target, err)
	}
	return nil
}
