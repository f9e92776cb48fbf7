// Package parquet fetches answers of a Bowshot server as Parquet, which is several times smaller on
// the wire than Arrow, and reads them back as Arrow tables. It is a package of its own because
// arrow-go's Parquet reader is many times the size of everything else that a client needs.
//
// To keep the Parquet itself, use [bowshot.Dataset.SaveFile].
package parquet

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"

	bowshot "github.com/bowshot/bowshot/clients/go"
)

// Table asks for a shape as Parquet and reads it back, with the types that the server gave the
// columns. The Parquet waits in a temporary file. Release the table; a nil allocator is arrow-go's.
func Table(
	ctx context.Context, dataset bowshot.Dataset, shape bowshot.Shape, allocator memory.Allocator,
) (table arrow.Table, err error) {
	temporary, err := os.CreateTemp("", "bowshot-*.parquet")
	if err != nil {
		return nil, err
	}
	defer func() {
		err = errors.Join(err, temporary.Close(), os.Remove(temporary.Name()))
	}()
	options := bowshot.SaveOptions{Format: bowshot.Parquet}
	if _, err := dataset.Save(ctx, shape, temporary, options); err != nil {
		return nil, err
	}
	return Read(ctx, temporary, allocator)
}

// Read reads a Parquet file whole: an [os.File], or a [bowshot.RemoteFile]. Release the table.
func Read(
	ctx context.Context, source parquet.ReaderAtSeeker, allocator memory.Allocator,
) (arrow.Table, error) {
	if allocator == nil {
		allocator = memory.DefaultAllocator
	}
	table, err := pqarrow.ReadTable(ctx, source, parquet.NewReaderProperties(allocator),
		pqarrow.ArrowReadProperties{Parallel: true}, allocator)
	if err != nil {
		return nil, fmt.Errorf("reading Parquet: %w", err)
	}
	return table, nil
}
