package bowshot_test

import (
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	bowshot "github.com/bowshot/bowshot/clients/go"
)

// Without any option, what points into a batch that was released stays as it was, for as long as it
// is there; and yet long answers do not take new memory for each batch.
func TestMemoryIsTakenAgainOnceNothingPointsToIt(t *testing.T) {
	client, err := shared.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	const rows, keepEvery = 4_000_000, 16
	reader, err := client.Dataset("big").Select("id").Rows(t.Context(), bowshot.Window{Limit: rows})
	if err != nil {
		t.Fatal(err)
	}
	heap, before := heapBytes(), allocatedBytes()
	var kept [][]int64
	batches, next := 0, int64(0)
	for batch, err := range reader.Batches() {
		if err != nil {
			t.Fatal(err)
		}
		values := idsOf(t, batch, next)
		next += batch.NumRows()
		if batches%keepEvery == 0 { // a part of a batch keeps it, as a string of it would
			kept = append(kept, values[len(values)-10:])
		}
		batches++
		runtime.GC()
	}
	if next != rows || batches < 2*keepEvery {
		t.Fatalf("%d rows in %d batches", next, batches)
	}
	if taken := allocatedBytes() - before; taken > rows*8/2 {
		t.Errorf("%d bytes were taken for %d", taken, rows*8)
	}
	for _, values := range kept {
		for i, value := range values {
			if value != values[0]+int64(i) {
				t.Fatalf("what was kept is %v", values)
			}
		}
	}
	slices.SortFunc(kept, func(a, b []int64) int { return int(a[0] - b[0]) })
	kept = slices.CompactFunc(kept, func(a, b []int64) bool { return a[0] == b[0] })
	if want := (batches + keepEvery - 1) / keepEvery; len(kept) != want {
		t.Errorf("%d of %d ends of batches are as they were", len(kept), want)
	}
	eventually(t, time.Minute, "the collector takes what nobody needs any more", func() bool {
		runtime.GC()
		return heapBytes() < heap+rows*8/16
	})
}

// idsOf gives a batch's only column, whose values must count on from first.
func idsOf(t *testing.T, batch arrow.RecordBatch, first int64) []int64 {
	t.Helper()
	values := batch.Column(0).(*array.Int64).Int64Values()
	for i, value := range values {
		if value != first+int64(i) {
			t.Fatalf("row %d is %d", first+int64(i), value)
		}
	}
	return values
}

func heapBytes() int {
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int(stats.HeapAlloc)
}

func allocatedBytes() int {
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int(stats.TotalAlloc)
}

func TestReusedMemory(t *testing.T) {
	client := connect(t, bowshot.WithReusedMemory())
	reader, err := client.Dataset("big").Select("id").Rows(t.Context(), bowshot.Window{Limit: 2_000_000})
	if err != nil {
		t.Fatal(err)
	}
	var kept []arrow.RecordBatch
	places := map[*int64]int{}
	next := int64(0)
	for batch, err := range reader.Batches() {
		if err != nil {
			t.Fatal(err)
		}
		values := idsOf(t, batch, next)
		next += batch.NumRows()
		places[&values[0]]++
		if len(kept) < 3 { // they outlive the reader, and must not change
			batch.Retain()
			kept = append(kept, batch)
		}
	}
	if next != 2_000_000 || len(places) > 12 {
		t.Errorf("%d rows, in %d places", next, len(places))
	}
	next = 0
	for _, batch := range kept {
		idsOf(t, batch, next)
		next += batch.NumRows()
		batch.Release()
	}
}
