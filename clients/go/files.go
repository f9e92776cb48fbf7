package bowshot

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// File is one of the Parquet files behind a dataset.
type File struct {
	URL   string `json:"url"` // a path below the server's address
	Rows  int64  `json:"rows"`
	Bytes int64  `json:"bytes"`
}

// Files lists the Parquet files behind a dataset, for readers that fetch ranges themselves.
func (d Dataset) Files(ctx context.Context) ([]File, error) {
	var answer struct {
		Files []File `json:"files"`
	}
	if err := d.client.transport.json(ctx, d.path()+"/files", &answer); err != nil {
		return nil, err
	}
	return answer.Files, nil
}

// RemoteFile reads one Parquet file of a dataset by ranges. It is an [io.ReaderAt] and an
// [io.ReadSeeker], so arrow-go's Parquet reader takes it. All of it is of one state of the file: a
// file that is replaced meanwhile is [CodeVersionChanged]. ReadAt is safe for concurrent use.
type RemoteFile struct {
	ctx    context.Context
	client *Client
	target string
	size   int64
	tag    string
	offset int64
}

// OpenFile opens the i-th of [Dataset.Files]. The context is that of all reads.
func (d Dataset) OpenFile(ctx context.Context, i int) (*RemoteFile, error) {
	file := &RemoteFile{
		ctx: ctx, client: d.client, target: fmt.Sprintf("%s/files/%d.parquet", d.path(), i),
	}
	answer, err := d.client.transport.send(ctx, &message{method: http.MethodHead, target: file.target})
	if err != nil {
		return nil, err
	}
	_ = answer.Body.Close()
	file.size, file.tag = answer.ContentLength, answer.Header.Get("ETag")
	if file.size < 0 || file.tag == "" {
		return nil, failure(CodeBadAnswer, nil, "%s has no length or no ETag", file.target)
	}
	return file, nil
}

// Size is the file's length in bytes.
func (f *RemoteFile) Size() int64 { return f.size }

// ReadAt reads a range in one request.
func (f *RemoteFile) ReadAt(buffer []byte, offset int64) (int, error) {
	if offset < 0 {
		return 0, failure(CodeBadParameter, nil, "an offset of %d", offset)
	}
	wanted := min(int64(len(buffer)), f.size-offset)
	if wanted <= 0 {
		if len(buffer) == 0 {
			return 0, nil
		}
		return 0, io.EOF
	}
	answer, err := f.client.transport.send(f.ctx, &message{
		method: http.MethodGet, target: f.target, header: http.Header{
			"Range": {fmt.Sprintf("bytes=%d-%d", offset, offset+wanted-1)}, "If-Range": {f.tag},
		},
	})
	if err != nil {
		return 0, err
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.Header.Get("ETag") != f.tag {
		return 0, failure(CodeVersionChanged, nil, "%s is another file by now", f.target)
	}
	if answer.StatusCode != http.StatusPartialContent || answer.ContentLength != wanted {
		return 0, failure(CodeBadAnswer, nil, "asked for %d bytes, the answer is %s with %d", wanted,
			answer.Status, answer.ContentLength)
	}
	n, err := io.ReadFull(answer.Body, buffer[:wanted])
	if err != nil {
		if stopped := cancelled(f.ctx); stopped != nil {
			return n, stopped
		}
		return n, failure(CodeIncompleteAnswer, err, "the range was cut off: %v", err)
	}
	if n < len(buffer) {
		return n, io.EOF
	}
	return n, nil
}

// Read reads on from where the last Read or Seek ended.
func (f *RemoteFile) Read(buffer []byte) (int, error) {
	n, err := f.ReadAt(buffer, f.offset)
	f.offset += int64(n)
	if n > 0 && errors.Is(err, io.EOF) {
		err = nil
	}
	return n, err
}

// Seek sets where the next Read begins.
func (f *RemoteFile) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += f.offset
	case io.SeekEnd:
		offset += f.size
	}
	if offset < 0 {
		return f.offset, failure(CodeBadParameter, nil, "an offset of %d", offset)
	}
	f.offset = offset
	return offset, nil
}
