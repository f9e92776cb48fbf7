package bowshot

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

const (
	copyBytes        = 256 << 10
	progressInterval = 50 * time.Millisecond
)

// SaveOptions say how an answer is written.
type SaveOptions struct {
	// Format is Parquet by default; of SaveFile, what the file's name ends in.
	Format Format
	// Progress is called every 50 ms at most, and once at the end, by the goroutine that saves.
	Progress func(Progress)
}

// Progress is how far an answer has come.
type Progress struct {
	Bytes      int64 // that were written
	BytesTotal int64 // [Unknown] where the server writes while it computes
	Rows       int64 // of the whole answer, or [Unknown]
}

// Save writes a shape's answer as it arrives. What was written before an error is not the answer.
func (d Dataset) Save(ctx context.Context, shape Shape, to io.Writer, options SaveOptions) (Facts, error) {
	request, err := d.Request(shape)
	if err != nil {
		return Facts{}, err
	}
	return d.client.Save(ctx, request, to, options)
}

// SaveFile writes a shape's answer into a file, which is there when it is whole, and not before; one
// that was there is replaced. What a disk refuses is the error of package os.
func (d Dataset) SaveFile(ctx context.Context, shape Shape, path string, options SaveOptions) (Facts, error) {
	request, err := d.Request(shape)
	if err != nil {
		return Facts{}, err
	}
	return d.client.SaveFile(ctx, request, path, options)
}

// Save writes a request's answer as it arrives. The request must not have a format of its own.
func (c *Client) Save(ctx context.Context, request Request, to io.Writer, options SaveOptions) (Facts, error) {
	if options.Format == "" {
		options.Format = Parquet
	}
	request, err := request.with("format", options.Format)
	if err != nil {
		return Facts{}, err
	}
	answer, err := c.transport.send(ctx, request.message("*/*"))
	if err != nil {
		return Facts{}, err
	}
	defer func() { _ = answer.Body.Close() }()
	facts := factsOf(answer.Header)
	saved := &savedBody{to: to, report: options.Progress, progress: Progress{
		BytesTotal: answer.ContentLength, Rows: facts.Rows,
	}}
	_, err = io.CopyBuffer(writerOnly{saved}, answer.Body, make([]byte, copyBytes))
	switch stopped := cancelled(ctx); {
	case saved.failure != nil:
		return facts, saved.failure // the writer's own
	case stopped != nil:
		return facts, stopped
	case err != nil:
		return facts, c.transport.reasonOf(ctx, facts.RequestID,
			failure(CodeIncompleteAnswer, err, "the answer was cut off after %d bytes: %v",
				saved.progress.Bytes, err))
	}
	if err := saved.checkEnd(options.Format, answer); err != nil {
		return facts, err
	}
	saved.tell()
	return facts, nil
}

// SaveFile writes a request's answer into a file; see [Dataset.SaveFile].
func (c *Client) SaveFile(ctx context.Context, request Request, path string, options SaveOptions) (Facts, error) {
	if options.Format == "" {
		format, err := formatOf(path)
		if err != nil {
			return Facts{}, err
		}
		options.Format = format
	}
	var facts Facts
	err := writeWhole(path, func(file io.Writer) (err error) {
		facts, err = c.Save(ctx, request, file, options)
		return err
	})
	return facts, err
}

var extensions = map[string]Format{
	".arrow": ArrowFile, ".feather": ArrowFile, ".ipc": ArrowFile, ".arrows": ArrowStream,
	".parquet": Parquet, ".csv": CSV, ".json": JSON, ".ndjson": NDJSON, ".jsonl": NDJSON,
	".png": PNG, ".webp": WebP,
}

func formatOf(path string) (Format, error) {
	if format, ok := extensions[filepath.Ext(path)]; ok {
		return format, nil
	}
	return "", failure(CodeBadParameter, nil, "%s: its name does not tell the format; set one in SaveOptions",
		filepath.Base(path))
}

// writeWhole writes beside the path and renames at the end, so that nobody finds a part of a file.
func writeWhole(path string, write func(io.Writer) error) (err error) {
	var random [6]byte
	_, _ = rand.Read(random[:]) // never fails
	partial := path + "." + hex.EncodeToString(random[:]) + ".part"
	file, err := os.OpenFile(partial, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o666) //nolint:gosec // the umask's
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(partial)
		}
	}()
	if err := errors.Join(write(file), file.Sync(), file.Close()); err != nil {
		return err
	}
	return os.Rename(partial, path)
}

// savedBody counts what is written, and remembers its end.
type savedBody struct {
	to       io.Writer
	report   func(Progress)
	reported time.Time
	progress Progress
	tail     []byte
	failure  error
}

const tailBytes = 8

func (s *savedBody) Write(bytes []byte) (int, error) {
	n, err := s.to.Write(bytes)
	if err == nil && n < len(bytes) {
		err = io.ErrShortWrite
	}
	s.failure = err
	s.progress.Bytes += int64(n)
	s.tail = append(s.tail, bytes[max(0, n-tailBytes):n]...)
	s.tail = s.tail[max(0, len(s.tail)-tailBytes):]
	if now := time.Now(); now.Sub(s.reported) >= progressInterval {
		s.reported = now
		s.tell()
	}
	return n, err
}

func (s *savedBody) tell() {
	if s.report != nil {
		s.report(s.progress)
	}
}

var lastBytes = map[Format]string{
	ArrowStream: "\xFF\xFF\xFF\xFF\x00\x00\x00\x00", ArrowFile: "ARROW1", Parquet: "PAR1", JSON: "]}",
	PNG: "IEND\xAE\x42\x60\x82",
}

// checkEnd: HTTP tells of a cut, unless the body's end is that of the connection. A proxy that hides
// a cut is found out where the format has an end of its own.
func (s *savedBody) checkEnd(format Format, answer *http.Response) error {
	ending, hasEnding := lastBytes[format]
	isFramed := answer.ContentLength >= 0 || len(answer.TransferEncoding) > 0 || answer.ProtoMajor > 1
	if hasEnding && !bytes.HasSuffix(bytes.TrimRight(s.tail, "\n"), []byte(ending)) {
		return failure(CodeIncompleteAnswer, nil, "the %s ended early, after %d bytes", format,
			s.progress.Bytes)
	}
	if !hasEnding && !isFramed {
		return failure(CodeIncompleteAnswer, nil,
			"the %s may have been cut off: nothing tells its length", format)
	}
	return nil
}

// writerOnly keeps io.Copy from looking for other methods.
type writerOnly struct{ io.Writer }
