package bowshot_test

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/iotest"

	"github.com/apache/arrow-go/v18/arrow/memory"

	bowshot "github.com/bowshot/bowshot/clients/go"
)

func TestFilesByRanges(t *testing.T) {
	client := connect(t)
	files, err := client.Dataset("parts").Files(t.Context())
	if err != nil || len(files) < 2 {
		t.Fatalf("%+v %v", files, err)
	}
	for i, listed := range files {
		file, err := client.Dataset("parts").OpenFile(t.Context(), i)
		if err != nil || file.Size() != listed.Bytes {
			t.Fatalf("%+v %v, listed as %+v", file, err, listed)
		}
		whole, err := io.ReadAll(file)
		if err != nil || !bytes.HasPrefix(whole, []byte("PAR1")) || int64(len(whole)) != listed.Bytes {
			t.Fatalf("%d bytes, %v", len(whole), err)
		}
		if _, err := file.Seek(0, io.SeekStart); err != nil {
			t.Fatal(err)
		}
		if i == 0 { // every habit of io.Reader, io.Seeker and io.ReaderAt, a request each
			if err := iotest.TestReader(file, whole[:file.Size()]); err != nil {
				t.Error(err)
			}
		}
		if n, err := file.ReadAt(make([]byte, 8), file.Size()-4); n != 4 || !errors.Is(err, io.EOF) {
			t.Errorf("%d %v", n, err)
		}
		_, err = file.Seek(-1, io.SeekStart)
		wantCode(t, err, bowshot.CodeBadParameter)
	}
	_, err = client.Dataset("parts").OpenFile(t.Context(), len(files))
	if asError(err) == nil || asError(err).Status != 404 {
		t.Errorf("%v", err)
	}
}

func TestAFileThatIsReplaced(t *testing.T) {
	client := connect(t)
	publish := func(rows int) {
		published := numbers(memory.NewGoAllocator(), 1, rows)
		defer published.Release()
		if _, err := client.Publish(t.Context(), "replaced", published); err != nil {
			t.Fatal(err)
		}
	}
	publish(100)
	file, err := client.Dataset("replaced").OpenFile(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.ReadAt(make([]byte, 4), 0); err != nil {
		t.Fatal(err)
	}
	publish(101)
	_, err = file.ReadAt(make([]byte, 4), 0)
	wantCode(t, err, bowshot.CodeVersionChanged)
}
