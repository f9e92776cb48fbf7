package bowshot_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/apache/arrow-go/v18/arrow/array"

	bowshot "github.com/bowshot/bowshot/clients/go"
)

// The examples ask the tests' own server: elsewhere these are "http://127.0.0.1:8765" and its token.
func server() string { return shared.Address() }
func token() string  { return shared.Token() }

func Example() {
	ctx := context.Background()
	client, err := bowshot.Connect(ctx, server(), bowshot.WithToken(token()))
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()

	people := client.Dataset("people").Filter("age > ?", 40).OrderBy("-age")
	reader, err := people.Select("name", "age").Rows(ctx, bowshot.Window{Offset: 1, Limit: 2})
	if err != nil {
		log.Fatal(err)
	}
	defer reader.Release()
	for reader.Next() {
		batch := reader.RecordBatch()
		names, ages := batch.Column(0).(*array.String), batch.Column(1).(*array.Int32)
		for i := range int(batch.NumRows()) {
			fmt.Println(names.Value(i), ages.Value(i))
		}
	}
	if err := reader.Err(); err != nil {
		log.Fatal(err)
	}
	// Output:
	// say "hi" 99
	//   spaces  63
}

func ExampleStartServer() {
	ctx := context.Background()
	server, err := bowshot.StartServer(ctx, bowshot.ServerOptions{
		Arguments: []string{"--allow-publish"}, // Datasets: []string{"flights=data/flights.parquet"},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = server.Stop(ctx) }()
	client, err := server.Connect(ctx)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	version, err := client.Version(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(version.Name, "speaks protocol", version.Protocol)
	// Output: bowshot speaks protocol 1
}

func ExampleError() {
	ctx := context.Background()
	client, err := bowshot.Connect(ctx, server(), bowshot.WithToken(token()))
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	_, err = client.Dataset("people").Filter("age > 40 AND nme = 'Ann'").Count(ctx)
	var failure *bowshot.Error
	if errors.As(err, &failure) {
		fmt.Println(failure.Code, "at", failure.Position, "perhaps", failure.Suggestions)
	}
	// Output: unknown_column at 13 perhaps [name]
}

func ExampleDataset_Table() {
	ctx := context.Background()
	client, err := bowshot.Connect(ctx, server(), bowshot.WithToken(token()))
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	table, err := client.Dataset("people").Table(ctx, bowshot.Aggregate{
		By: []string{"team"}, Measures: []string{"people:count()", "oldest:max(age)"},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer table.Release()
	rows := array.NewTableReader(table, 0)
	defer rows.Release()
	for rows.Next() {
		batch := rows.RecordBatch()
		for i := range int(batch.NumRows()) {
			fmt.Println(batch.Column(0).ValueStr(i), batch.Column(1).ValueStr(i), batch.Column(2).ValueStr(i))
		}
	}
	// Output:
	// blue 6 120
	// red 6 31
	// (null) 6 99
}

func ExampleDataset_SaveFile() {
	ctx := context.Background()
	client, err := bowshot.Connect(ctx, server(), bowshot.WithToken(token()))
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	folder, err := os.MkdirTemp("", "bowshot-example-")
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(folder) }()
	path := filepath.Join(folder, "people.ndjson")
	var last bowshot.Progress
	facts, err := client.Dataset("people").Filter("id <= 2").Select("id", "joined").
		SaveFile(ctx, bowshot.Window{}, path, bowshot.SaveOptions{
			Progress: func(progress bowshot.Progress) { last = progress },
		})
	if err != nil {
		log.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(facts.Completeness, last.Bytes)
	fmt.Print(string(text))
	// Output:
	// exact 62
	// {"id":1,"joined":"2020-02-20"}
	// {"id":2,"joined":"2020-02-27"}
}

func ExampleReader_Batches() {
	ctx := context.Background()
	client, err := bowshot.Connect(ctx, server(), bowshot.WithToken(token()))
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	reader, err := client.Dataset("big").Filter("id % 2 = 1").Rows(ctx, bowshot.Window{})
	if err != nil {
		log.Fatal(err)
	}
	var rows int64
	for batch, err := range reader.Batches() {
		if err != nil {
			log.Fatal(err)
		}
		if rows += batch.NumRows(); rows > 100_000 {
			break // this releases the reader, and the server stops the query
		}
	}
	fmt.Println(rows > 100_000)
	// Output: true
}

func ExampleClient_Read() {
	ctx := context.Background()
	client, err := bowshot.Connect(ctx, server(), bowshot.WithToken(token()))
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	table, err := client.Table(ctx, bowshot.Request(
		`{"dataset": "people", "shape": "values", "column": "team", "limit": 1}`))
	if err != nil {
		log.Fatal(err)
	}
	defer table.Release()
	fmt.Println(table.Schema().Field(0).Name, table.NumRows())
	// Output: value 1
}

func ExampleName() {
	fmt.Println(bowshot.Name("delay"), bowshot.Name("my column"), bowshot.Name(`5" disk`))
	// Output: delay "my column" "5"" disk"
}
