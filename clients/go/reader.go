package bowshot

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// How long a broken answer's reason is waited for.
const explainTimeout = 5 * time.Second

// Reader reads an answer's record batches as they arrive. It is an [array.RecordReader]: Release it
// when it is done with, at its end or before; before, that cancels the query at the server. One
// goroutine reads, as with any reader.
type Reader struct {
	transport *transport
	ctx       context.Context // of the caller; governs the whole answer
	cancel    context.CancelFunc
	body      io.ReadCloser
	messages  *messages
	reused    *reusedMemory // nil unless the client was asked for it
	decoder   *ipc.Reader
	facts     Facts
	rows      int64
	isDone    bool
	err       error
	owners    atomic.Int64
}

var _ array.RecordReader = (*Reader)(nil)

// read sends a request whose answer is an Arrow stream, and returns when its schema is there.
func (c *Client) read(ctx context.Context, m *message) (*Reader, error) {
	within, cancel := context.WithCancel(ctx)
	answer, err := c.transport.send(within, m) //nolint:bodyclose // the reader does
	if err != nil {
		cancel()
		return nil, err
	}
	reader := &Reader{
		transport: &c.transport, ctx: ctx, cancel: cancel, body: answer.Body,
		facts: factsOf(answer.Header),
	}
	reader.owners.Store(1)
	if err := reader.open(answer, c); err != nil {
		reader.Release()
		return nil, err
	}
	return reader, nil
}

func (r *Reader) open(answer *http.Response, c *Client) error {
	if !isMedia(answer.Header, mediaArrow) {
		return failure(CodeBadAnswer, nil, "the answer is %q, not an Arrow stream",
			answer.Header.Get("Content-Type"))
	}
	r.messages = newMessages(answer.Body, r.memoryOfBodies(c))
	decoder, err := ipc.NewReaderFromMessageReader(r.messages, ipc.WithAllocator(c.memory))
	if err != nil {
		if r.messages.isAtEnd {
			err = failure(CodeBadAnswer, nil, "the Arrow stream has no schema")
		}
		return r.explain(err)
	}
	r.decoder = decoder
	r.facts = r.facts.completedBy(decoder.Schema().Metadata())
	return nil
}

func (r *Reader) memoryOfBodies(c *Client) memory.Allocator {
	switch c.bodies {
	case bodiesReused:
		r.reused = newReusedMemory(c.memory)
		return r.reused
	case bodiesRecycled:
		return sharedRecycledMemory()
	default:
		return c.memory
	}
}

// Facts are what the answer says of itself.
func (r *Reader) Facts() Facts { return r.facts }

// Schema is that of the batches.
func (r *Reader) Schema() *arrow.Schema { return r.decoder.Schema() }

// Next waits for the next batch. It is false at the end, and after a failure, which [Reader.Err] tells.
func (r *Reader) Next() bool {
	if r.isDone {
		return false
	}
	if r.decoder.Next() {
		r.rows += r.decoder.RecordBatch().NumRows()
		return true
	}
	r.isDone = true
	err := r.decoder.Err()
	if err == nil {
		err = r.checkEnd()
	}
	if err != nil {
		r.err = r.explain(err)
	}
	r.close()
	return false
}

// checkEnd takes an answer for whole only if nothing is missing and nothing follows.
func (r *Reader) checkEnd() error {
	if !r.messages.isAtEnd { // the decoder takes some broken streams for ended ones
		return failure(CodeIncompleteAnswer, r.messages.failure, "the Arrow stream ended early")
	}
	var after [1]byte
	switch n, err := io.ReadFull(r.body, after[:]); {
	case n > 0:
		return failure(CodeBadAnswer, nil, "bytes follow the end of the Arrow stream")
	case !errors.Is(err, io.EOF):
		return failure(CodeIncompleteAnswer, err, "the answer was cut off after its last batch: %v", err)
	}
	if r.facts.Rows != Unknown && r.facts.Rows != r.rows {
		return failure(CodeBadAnswer, nil, "the answer has %d rows, it said %d", r.rows, r.facts.Rows)
	}
	return nil
}

// explain makes an *Error of what ended the answer. After the first byte a broken answer cannot say
// why it broke, so the server is asked.
func (r *Reader) explain(err error) error {
	if stopped := cancelled(r.ctx); stopped != nil {
		return stopped
	}
	var known *Error
	if r.messages.failure != nil {
		err = r.messages.failure
	}
	if !errors.As(err, &known) {
		known = failure(CodeBadAnswer, err, "the Arrow stream cannot be decoded: %v", err)
	}
	if known.Code == CodeIncompleteAnswer {
		known = r.transport.reasonOf(r.ctx, r.facts.RequestID, known)
	}
	known.RequestID = r.facts.RequestID
	return known
}

// reasonOf asks the server why an answer was cut off; what is known already, if it cannot tell.
func (t *transport) reasonOf(ctx context.Context, requestID string, known *Error) *Error {
	if requestID == "" {
		return known
	}
	ctx, cancel := context.WithTimeout(ctx, explainTimeout)
	defer cancel()
	once := *t
	once.retries = 0
	var state RequestState
	if err := once.json(ctx, requestPath(requestID), &state); err != nil || state.Failure == nil {
		return known
	}
	told := state.Failure
	told.cause = known
	return told
}

// RecordBatch is the batch that Next found, valid until the next Next: Retain it to keep it.
func (r *Reader) RecordBatch() arrow.RecordBatch { return r.decoder.RecordBatch() }

// Record is RecordBatch under its old name.
//
// Deprecated: use [Reader.RecordBatch].
func (r *Reader) Record() arrow.RecordBatch { return r.decoder.RecordBatch() }

// Err is why reading ended before the answer's end: an [*Error], or nil.
func (r *Reader) Err() error { return r.err }

// Retain adds an owner.
func (r *Reader) Retain() { r.owners.Add(1) }

// Release takes an owner away; the last one closes the answer, wherever it stands.
func (r *Reader) Release() {
	if r.owners.Add(-1) != 0 {
		return
	}
	r.close()
	if r.decoder != nil {
		r.decoder.Release()
	} else if r.messages != nil {
		r.messages.drop()
	}
	if r.reused != nil {
		r.reused.close()
	}
}

func (r *Reader) close() {
	_ = r.body.Close() // first: cancelling before would take a connection that can be used again
	r.cancel()
}

// Batches ranges over the answer and releases the reader, also when the loop is left early.
//
//	for batch, err := range reader.Batches() { ... }
//
// A batch is valid inside of its turn of the loop. An error is the last thing that comes.
func (r *Reader) Batches() iter.Seq2[arrow.RecordBatch, error] {
	return func(yield func(arrow.RecordBatch, error) bool) {
		defer r.Release()
		for r.Next() {
			if !yield(r.RecordBatch(), nil) {
				return
			}
		}
		if r.err != nil {
			yield(nil, r.err)
		}
	}
}

// Table reads all that is left and releases the reader. The table holds it in memory until it is
// released itself.
func (r *Reader) Table() (arrow.Table, error) {
	defer r.Release()
	var batches []arrow.RecordBatch
	defer func() {
		for _, batch := range batches {
			batch.Release()
		}
	}()
	for r.Next() {
		batch := r.RecordBatch()
		batch.Retain()
		batches = append(batches, batch)
	}
	if r.err != nil {
		return nil, fmt.Errorf("reading a table: %w", r.err)
	}
	return array.NewTableFromRecords(r.Schema(), batches), nil
}
