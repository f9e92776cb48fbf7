package bowshot_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	bowshot "github.com/bowshot/bowshot/clients/go"
)

func TestPublishAndRemove(t *testing.T) {
	client := connect(t)
	allocator := memory.NewCheckedAllocator(memory.NewGoAllocator())
	defer allocator.AssertSize(t, 0)
	rows := numbers(allocator, 3, 1000)
	defer rows.Release()
	info, err := client.Publish(t.Context(), "published", rows)
	if err != nil || info.Name != "published" || info.Rows != 3000 || info.Columns[0].Type != "int64" {
		t.Fatalf("%+v %v", info, err)
	}
	if count, err := client.Dataset("published").Filter("n >= 2500").Count(t.Context()); count != 500 || err != nil {
		t.Errorf("%d %v", count, err)
	}
	if err := client.Remove(t.Context(), "published"); err != nil {
		t.Fatal(err)
	}
	_, err = client.Dataset("published").Count(t.Context())
	wantCode(t, err, bowshot.CodeUnknownDataset)
	wantCode(t, client.Remove(t.Context(), "published"), bowshot.CodeUnknownDataset)
	wantCode(t, client.Remove(t.Context(), "people"), bowshot.CodeReadOnlyDataset)
}

func TestChangesUnderAConditionAreNeverOfAnotherState(t *testing.T) {
	client := connect(t)
	publish := func(conditions ...bowshot.Condition) (*bowshot.Info, error) {
		rows := numbers(memory.NewGoAllocator(), 1, 10)
		defer rows.Release()
		return client.Publish(t.Context(), "conditional", rows, conditions...)
	}
	_, err := publish(bowshot.IfVersion("none"))
	wantCode(t, err, bowshot.CodePreconditionFailed)
	first, err := publish(bowshot.IfAbsent())
	if err != nil {
		t.Fatal(err)
	}
	_, err = publish(bowshot.IfAbsent())
	wantCode(t, err, bowshot.CodePreconditionFailed)
	second, err := publish(bowshot.IfVersion(first.Version))
	if err != nil {
		t.Fatal(err)
	}
	err = client.Remove(t.Context(), "conditional", bowshot.IfVersion(first.Version))
	wantCode(t, err, bowshot.CodePreconditionFailed)
	if err := client.Remove(t.Context(), "conditional", bowshot.IfVersion(second.Version)); err != nil {
		t.Fatal(err)
	}
}

func TestPublishFiles(t *testing.T) {
	client := connect(t)
	for _, name := range []string{"a.parquet", "a.arrow", "a.arrows"} {
		path := filepath.Join(t.TempDir(), name)
		if _, err := client.Dataset("types").SaveFile(t.Context(), bowshot.Window{}, path, bowshot.SaveOptions{}); err != nil {
			t.Fatal(err)
		}
		info, err := client.PublishFile(t.Context(), "from_file", path)
		if err != nil || len(info.Columns) < 30 {
			t.Errorf("%s: %+v %v", name, info, err)
		}
	}
	if err := client.Remove(t.Context(), "from_file"); err != nil {
		t.Error(err)
	}
	_, err := client.PublishFile(t.Context(), "x", "a.csv")
	wantCode(t, err, bowshot.CodeBadParameter)
	_, err = client.PublishFile(t.Context(), "x", filepath.Join(t.TempDir(), "gone.parquet"))
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
	text := filepath.Join(t.TempDir(), "text.parquet")
	if err := os.WriteFile(text, []byte("this is no Parquet"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = client.PublishFile(t.Context(), "x", text)
	wantCode(t, err, bowshot.CodeBadData)
}

func TestPublishIsRefusedEarly(t *testing.T) {
	client := connect(t)
	rows := numbers(memory.NewGoAllocator(), 4, 500_000)
	defer rows.Release()
	_, err := client.Publish(t.Context(), "people", rows)
	wantCode(t, err, bowshot.CodeReadOnlyDataset)
	_, err = client.Publish(t.Context(), "not a name", numbers(memory.NewGoAllocator(), 1, 1))
	wantCode(t, err, bowshot.CodeBadParameter)
}

// brokenRows gives one batch and then fails.
type brokenRows struct {
	array.RecordReader
	left int
}

var errRows = errors.New("the source broke")

func (b *brokenRows) Next() bool {
	b.left--
	return b.left >= 0 && b.RecordReader.Next()
}

func (b *brokenRows) Err() error { return errRows }

func TestPublishOfASourceThatBreaks(t *testing.T) {
	client := connect(t)
	rows := numbers(memory.NewGoAllocator(), 5, 1000)
	defer rows.Release()
	_, err := client.Publish(t.Context(), "broken", &brokenRows{rows, 2})
	if !errors.Is(err, errRows) {
		t.Errorf("%v", err)
	}
	_, err = client.Dataset("broken").Info(t.Context())
	wantCode(t, err, bowshot.CodeUnknownDataset)
}

func TestPublishIsCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	client := fake(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.ReadFull(r.Body, make([]byte, 1<<20))
		cancel()
		_, _ = io.Copy(io.Discard, r.Body)
	})
	rows := numbers(memory.NewGoAllocator(), 50, 100_000)
	defer rows.Release()
	_, err := client.Publish(ctx, "x", rows)
	wantCode(t, err, bowshot.CodeCancelled)
}
