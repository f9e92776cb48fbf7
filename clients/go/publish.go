package bowshot

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
)

// Condition is what must hold of a dataset for [Client.Publish], [Client.PublishFile] or
// [Client.Remove] to change it; else the error is [CodePreconditionFailed]. The server looks at it
// together with the change: of two writers with the same condition one succeeds.
type Condition func(http.Header)

// IfVersion holds while the dataset is there in this version; see [Info.Version].
func IfVersion(version string) Condition {
	return func(header http.Header) { header.Set("If-Match", `"`+version+`"`) }
}

// IfAbsent holds while there is no dataset of the name.
func IfAbsent() Condition {
	return func(header http.Header) { header.Set("If-None-Match", "*") }
}

// Publish sends a table under a name, which the server serves from then on; a published table of that
// name is replaced. It reads the reader to its end and does not release it. The server must allow it,
// else the error is [CodePublishDisabled].
func (c *Client) Publish(
	ctx context.Context, name string, rows array.RecordReader, conditions ...Condition,
) (*Info, error) {
	body, into := io.Pipe()
	written := make(chan error, 1)
	go func() {
		err := writeStream(into, rows)
		_ = into.CloseWithError(err) // without its end marker a body that failed is refused
		written <- err
	}()
	info, err := c.publish(ctx, name, mediaArrow, body, conditions)
	_ = body.CloseWithError(io.ErrClosedPipe) // the server may have refused before it had read all
	if failed := <-written; failed != nil && !errors.Is(failed, io.ErrClosedPipe) {
		err = failed
	}
	return info, err
}

func writeStream(into io.Writer, rows array.RecordReader) error {
	writer := ipc.NewWriter(into, ipc.WithSchema(rows.Schema()))
	for rows.Next() {
		if err := writer.Write(rows.RecordBatch()); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return writer.Close()
}

var publishedMedia = map[string]string{
	".parquet": "application/vnd.apache.parquet",
	".arrow":   "application/vnd.apache.arrow.file",
	".feather": "application/vnd.apache.arrow.file",
	".ipc":     "application/vnd.apache.arrow.file",
	".arrows":  mediaArrow,
}

// PublishFile sends a Parquet or Arrow file, by what its name ends in: .parquet, .arrow, .feather,
// .ipc, or .arrows for an Arrow stream.
func (c *Client) PublishFile(
	ctx context.Context, name, path string, conditions ...Condition,
) (*Info, error) {
	media, isKnown := publishedMedia[filepath.Ext(path)]
	if !isKnown {
		return nil, failure(CodeBadParameter, nil,
			"%s: .parquet, .arrow, .feather, .ipc and .arrows can be published", filepath.Base(path))
	}
	file, err := os.Open(path) //nolint:gosec // the caller's
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	return c.publish(ctx, name, media, file, conditions)
}

func (c *Client) publish(
	ctx context.Context, name, media string, body io.Reader, conditions []Condition,
) (*Info, error) {
	header := headerOf(conditions)
	header.Set("Content-Type", media)
	header.Set("Expect", "100-continue")
	answer, _, err := c.transport.whole(ctx, &message{
		method: http.MethodPut, target: c.Dataset(name).path(), accept: mediaJSON, stream: body,
		header: header,
	})
	if err != nil {
		return nil, err
	}
	var info Info
	if err := json.Unmarshal(answer, &info); err != nil {
		return nil, failure(CodeBadAnswer, err, "the answer is not a dataset's description: %v", err)
	}
	return &info, nil
}

// Remove takes a published dataset away; of others the error is [CodeReadOnlyDataset].
func (c *Client) Remove(ctx context.Context, name string, conditions ...Condition) error {
	_, _, err := c.transport.whole(ctx, &message{
		method: http.MethodDelete, target: c.Dataset(name).path(), header: headerOf(conditions),
	})
	return err
}

func headerOf(conditions []Condition) http.Header {
	header := http.Header{}
	for _, condition := range conditions {
		condition(header)
	}
	return header
}
