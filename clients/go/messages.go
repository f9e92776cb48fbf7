package bowshot

import (
	"encoding/binary"
	"fmt"
	"io"
	"sync/atomic"

	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

const (
	continuation     = 0xFFFFFFFF
	prefixBytes      = 8
	metadataBytesMax = 64 << 20
	bodyBytesFirst   = 64 << 20 // a longer body is believed only as it arrives
)

// messages reads the framing of an Arrow stream. Unlike the reader of arrow-go it takes nothing but
// the end marker for the end: a stream that was cut between two messages looks whole otherwise.
// See https://arrow.apache.org/docs/format/Columnar.html#ipc-streaming-format.
type messages struct {
	source    io.Reader
	allocator memory.Allocator
	current   *ipc.Message
	failure   error // what ended it, unless the end marker did
	isAtEnd   bool
	owners    atomic.Int64
}

func newMessages(source io.Reader, allocator memory.Allocator) *messages {
	made := &messages{source: source, allocator: allocator}
	made.owners.Store(1)
	return made
}

func (m *messages) Retain() { m.owners.Add(1) }

func (m *messages) Release() {
	if m.owners.Add(-1) == 0 {
		m.drop()
	}
}

func (m *messages) drop() {
	if m.current != nil {
		m.current.Release()
		m.current = nil
	}
}

// Message gives the next message, valid until the one after it; io.EOF after the end marker only.
func (m *messages) Message() (*ipc.Message, error) {
	if m.isAtEnd {
		return nil, io.EOF
	}
	m.drop()
	message, err := m.read()
	if err == io.EOF { //nolint:errorlint // the one value that read returns for the end marker
		m.isAtEnd = true
		return nil, err
	}
	if err != nil {
		m.failure = err
		return nil, err
	}
	m.current = message
	return message, nil
}

func (m *messages) read() (message *ipc.Message, err error) {
	defer func() { // metadata is trusted by the flatbuffers it is read with
		if panicked := recover(); panicked != nil {
			message, err = nil, failure(CodeBadAnswer, nil, "the head of an Arrow message is broken: %v",
				panicked)
		}
	}()
	var prefix [prefixBytes]byte
	if err := m.fill(prefix[:], "before its end marker"); err != nil {
		return nil, err
	}
	if binary.LittleEndian.Uint32(prefix[:4]) != continuation {
		return nil, failure(CodeBadAnswer, nil, "the answer is not an Arrow stream")
	}
	metadataBytes := int32(binary.LittleEndian.Uint32(prefix[4:])) //nolint:gosec // it is signed
	if metadataBytes == 0 {
		return nil, io.EOF
	}
	if metadataBytes < 0 || metadataBytes > metadataBytesMax {
		return nil, failure(CodeBadAnswer, nil, "an Arrow message has a head of %d bytes, at most %d",
			metadataBytes, metadataBytesMax)
	}
	head := make([]byte, metadataBytes)
	if err := m.fill(head, "inside a message"); err != nil {
		return nil, err
	}
	metadata := memory.NewBufferBytes(head)
	body, err := m.readBody(bodyLength(metadata))
	if err != nil {
		return nil, err
	}
	defer body.Release() // the message holds it
	return ipc.NewMessage(metadata, body), nil
}

func bodyLength(metadata *memory.Buffer) int64 {
	probe := ipc.NewMessage(metadata, memory.NewBufferBytes(nil))
	defer probe.Release()
	return probe.BodyLen()
}

func (m *messages) readBody(length int64) (*memory.Buffer, error) {
	if length < 0 {
		return nil, failure(CodeBadAnswer, nil, "an Arrow message has a body of %d bytes", length)
	}
	body := memory.NewResizableBuffer(m.allocator)
	for have := 0; int64(have) < length; {
		ahead := min(length, int64(max(bodyBytesFirst, 2*have)))
		body.Resize(int(ahead))
		if err := m.fill(body.Bytes()[have:], "inside a message"); err != nil {
			body.Release()
			return nil, err
		}
		have = int(ahead)
	}
	return body, nil
}

func (m *messages) fill(buffer []byte, where string) error {
	if _, err := io.ReadFull(m.source, buffer); err != nil {
		return failure(CodeIncompleteAnswer, fmt.Errorf("reading: %w", err),
			"the Arrow stream ended %s: %v", where, err)
	}
	return nil
}
