package parquet_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"go.uber.org/goleak"

	bowshot "github.com/bowshot/bowshot/clients/go"
	"github.com/bowshot/bowshot/clients/go/parquet"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// served gives a dataset of 20,000 rows on a server of its own, with a dictionary, nulls and times.
func served(t *testing.T) bowshot.Dataset {
	t.Helper()
	if os.Getenv(bowshot.BinaryVariable) == "" {
		built, err := filepath.Abs("../../../build/bowshot")
		if err != nil {
			t.Fatal(err)
		}
		t.Setenv(bowshot.BinaryVariable, built)
	}
	server, err := bowshot.StartServer(t.Context(), bowshot.ServerOptions{
		Arguments: []string{"--allow-publish"},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	client, err := server.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	table := flights()
	defer table.Release()
	reader := array.NewTableReader(table, 7000)
	defer reader.Release()
	if _, err := client.Publish(t.Context(), "flights", reader); err != nil {
		t.Fatal(err)
	}
	return client.Dataset("flights")
}

func flights() arrow.Table {
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "id", Type: arrow.PrimitiveTypes.Int64, Nullable: true},
		{Name: "origin", Type: &arrow.DictionaryType{
			IndexType: arrow.PrimitiveTypes.Int32, ValueType: arrow.BinaryTypes.String,
		}, Nullable: true},
		{Name: "at", Type: &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "UTC"}, Nullable: true},
	}, nil)
	builder := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer builder.Release()
	for i := range 20_000 {
		builder.Field(0).(*array.Int64Builder).Append(int64(i))
		if i%7 == 0 {
			builder.Field(1).AppendNull()
		} else if err := builder.Field(1).(*array.BinaryDictionaryBuilder).AppendString(
			[]string{"JFK", "LGA", "EWR"}[i%3]); err != nil {
			panic(err)
		}
		builder.Field(2).(*array.TimestampBuilder).Append(arrow.Timestamp(i * 1_000_003))
	}
	batch := builder.NewRecordBatch()
	defer batch.Release()
	return array.NewTableFromRecords(schema, []arrow.RecordBatch{batch})
}

// text is a table's cells, whatever its chunks and its indices.
func text(table arrow.Table) string {
	var out bytes.Buffer
	for c := range int(table.NumCols()) {
		fmt.Fprintln(&out, table.Schema().Field(c).Name, table.Schema().Field(c).Type)
		for _, chunk := range table.Column(c).Data().Chunks() {
			for i := range chunk.Len() {
				fmt.Fprintln(&out, chunk.ValueStr(i))
			}
		}
	}
	return out.String()
}

func TestTableIsThatOfArrow(t *testing.T) {
	dataset := served(t).Filter("id >= 100").OrderBy("-id")
	allocator := memory.NewCheckedAllocator(memory.NewGoAllocator())
	defer allocator.AssertSize(t, 0)
	byParquet, err := parquet.Table(t.Context(), dataset, bowshot.Window{Limit: 19_000}, allocator)
	if err != nil {
		t.Fatal(err)
	}
	defer byParquet.Release()
	byArrow, err := dataset.Table(t.Context(), bowshot.Window{Limit: 19_000})
	if err != nil {
		t.Fatal(err)
	}
	defer byArrow.Release()
	if byParquet.NumRows() != 19_000 || text(byParquet) != text(byArrow) {
		t.Errorf("%.300s\nby Arrow: %.300s", text(byParquet), text(byArrow))
	}
	_, err = parquet.Table(t.Context(), dataset.Filter("x = 1"), bowshot.Window{}, allocator)
	if bowshot.CodeOf(err) != bowshot.CodeUnknownColumn {
		t.Errorf("%v", err)
	}
}

func TestReadOfARemoteFile(t *testing.T) {
	dataset := served(t)
	file, err := dataset.OpenFile(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	table, err := parquet.Read(t.Context(), file, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer table.Release()
	if table.NumRows() != 20_000 {
		t.Errorf("%d rows", table.NumRows())
	}
}

func TestWhatIsNoParquet(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "PAR1 and then no footer PAR1")
	}))
	defer server.Close()
	client, err := bowshot.NewClient(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	t.Setenv("TMPDIR", t.TempDir())
	if _, err := parquet.Table(t.Context(), client.Dataset("d"), bowshot.Window{}, nil); err == nil {
		t.Error("read as if it were Parquet")
	}
	if left, err := os.ReadDir(os.Getenv("TMPDIR")); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = parquet.Table(ctx, client.Dataset("d"), bowshot.Window{}, nil)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}
