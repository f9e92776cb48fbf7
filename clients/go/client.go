package bowshot

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"strings"

	"github.com/apache/arrow-go/v18/arrow/memory"
)

// Client asks one server. It is safe for concurrent use and keeps connections for the next request;
// [Client.Close] lets them go.
type Client struct {
	transport transport
	memory    memory.Allocator
	bodies    bodyMemory
	codecs    []string
}

// bodyMemory is where the bodies of record batches come from.
type bodyMemory int

const (
	bodiesRecycled bodyMemory = iota // from Go's memory, again when the collector finds them unused
	bodiesPlain                      // from the allocator that was given
	bodiesReused                     // from there, again when they are released
)

// Option changes how [Connect] and [NewClient] make a client.
type Option func(*settings) error

type settings struct {
	token        string
	retries      int
	memory       memory.Allocator
	bodies       bodyMemory
	codecs       []string
	hasCodecs    bool
	tls          *tls.Config
	roundTripper http.RoundTripper
}

// WithToken sends the server's token with every request.
func WithToken(token string) Option {
	return func(s *settings) error {
		for _, letter := range token {
			if letter <= ' ' || letter > '~' {
				return fmt.Errorf("the token has the character %q; tokens are printable ASCII", letter)
			}
		}
		s.token = token
		return nil
	}
}

// WithRetries sets how often a request is sent again after a failure that came before the first byte
// of an answer: 2 by default, 0 for never.
func WithRetries(times int) Option {
	return func(s *settings) error {
		if times < 0 {
			return fmt.Errorf("retries are %d, must be at least 0", times)
		}
		s.retries = times
		return nil
	}
}

// WithAllocator gives the memory that tables are decoded into.
func WithAllocator(allocator memory.Allocator) Option {
	return func(s *settings) error {
		s.memory = allocator
		if s.bodies == bodiesRecycled {
			s.bodies = bodiesPlain
		}
		return nil
	}
}

// WithReusedMemory lets a reader put each batch where an earlier one was that has been released, not
// only where the collector found one unused: long answers then cost two thirds of this program's CPU
// time, and a third of its memory. What a batch held must not be used after the batch, as Arrow says
// anyway, or it changes: also a string that array.String.Value gave. Clone what is kept, or Retain the
// batch.
func WithReusedMemory() Option {
	return func(s *settings) error {
		s.bodies = bodiesReused
		return nil
	}
}

// WithCodecs asks for Arrow bodies that are compressed by the first of these that the server has:
// "zstd", "lz4". None asks for uncompressed ones. By default bodies are compressed unless the server
// is on this machine, where compression costs more than it saves.
func WithCodecs(names ...string) Option {
	return func(s *settings) error {
		for _, name := range names {
			if name != "zstd" && name != "lz4" {
				return fmt.Errorf("there is no codec %q: zstd and lz4", name)
			}
		}
		s.codecs, s.hasCodecs = names, true
		return nil
	}
}

// WithTLS sets certificates and names that are trusted, for https.
func WithTLS(config *tls.Config) Option {
	return func(s *settings) error {
		s.tls = config
		return nil
	}
}

// WithRoundTripper sends requests by something else than the client's own pool of connections. The
// server's address must then be an http or https URL.
func WithRoundTripper(roundTripper http.RoundTripper) Option {
	return func(s *settings) error {
		s.roundTripper = roundTripper
		return nil
	}
}

// NewClient makes a client and sends nothing yet. The address is http://HOST:PORT, https://HOST, or
// unix:PATH of a Unix socket.
func NewClient(address string, options ...Option) (*Client, error) {
	chosen := settings{retries: 2, memory: memory.DefaultAllocator}
	for _, option := range options {
		if err := option(&chosen); err != nil {
			return nil, failure(CodeBadParameter, err, "%v", err)
		}
	}
	made, err := newTransport(address, &chosen)
	if err != nil {
		return nil, err
	}
	codecs := chosen.codecs
	if !chosen.hasCodecs && !made.isLocal {
		codecs = []string{"zstd", "lz4"}
	}
	return &Client{
		transport: made, memory: chosen.memory, bodies: chosen.bodies, codecs: codecs,
	}, nil
}

// Connect makes a client, and asks the server for its version, so that a wrong address or token is an
// error here. The context is of this question only.
func Connect(ctx context.Context, address string, options ...Option) (*Client, error) {
	client, err := NewClient(address, options...)
	if err != nil {
		return nil, err
	}
	version, err := client.Version(ctx)
	if err == nil && (version.Name != "bowshot" || version.Protocol != 1) {
		err = failure(CodeBadAnswer, nil, "%s is %q with protocol %d, not a Bowshot server of protocol 1",
			address, version.Name, version.Protocol)
	}
	if err != nil {
		client.Close()
		return nil, err
	}
	return client, nil
}

// Close lets go of idle connections. Answers that are being read go on.
func (c *Client) Close() { c.transport.closeIdle() }

// Dataset names a dataset of the server. Nothing is sent, so the name may be wrong.
func (c *Client) Dataset(name string) Dataset { return Dataset{client: c, name: name} }

const (
	mediaArrow = "application/vnd.apache.arrow.stream"
	mediaJSON  = "application/json"
)

func (c *Client) acceptArrow() string {
	if len(c.codecs) == 0 {
		return mediaArrow
	}
	return mediaArrow + `;codecs="` + strings.Join(c.codecs, ", ") + `"`
}
