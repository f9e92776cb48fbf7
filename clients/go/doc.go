// Package bowshot is the Go client of a Bowshot server: it asks for exactly the part of a table that
// is needed, and reads it as Apache Arrow while it arrives.
//
//	client, err := bowshot.Connect(ctx, "http://127.0.0.1:8765", bowshot.WithToken(token))
//	flights := client.Dataset("flights")
//	reader, err := flights.Filter("delay > ?", 60).OrderBy("-delay").Rows(ctx, bowshot.Window{Limit: 100})
//	defer reader.Release()
//	for reader.Next() {
//		batch := reader.RecordBatch() // valid until the next Next; Retain it to keep it
//	}
//	return reader.Err()
//
// A [Dataset] describes rows; a [Shape] ([Window], [Aggregate], [Sample], ...) says what is wanted of
// them. [Dataset.Read] streams the answer, [Dataset.Table] takes it whole, [Dataset.Save] and
// [Dataset.SaveFile] write it as Parquet, Arrow, CSV or JSON, [Dataset.Picture] draws it. A [Request]
// is the same as JSON, for what has no type here.
//
// The context given to a call governs the whole answer: cancelling it, or releasing the reader early,
// closes the connection, and with it the server stops the query. Every failure is an [*Error], but for
// those of files and writers of yours, which come as they are; an answer that was cut off is always one,
// and never a shorter table.
//
// [StartServer] runs a server of one's own on a Unix socket, for as long as this program lives.
package bowshot
