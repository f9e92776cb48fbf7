package bowshot_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"go.uber.org/goleak"

	bowshot "github.com/bowshot/bowshot/clients/go"
)

const top = "../.."

// shared is a server over the tables of tests/datasets.py and big, a billion rows of (id, kind).
var shared *bowshot.Server

func TestMain(m *testing.M) {
	if code, isChild := asChild(); isChild {
		os.Exit(code)
	}
	os.Exit(run(m))
}

func run(m *testing.M) int {
	if err := useBuiltBinary(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	folder, err := os.MkdirTemp("", "bowshot-go-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(folder) }()
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	datasets, err := writeTables(ctx, folder)
	if err == nil {
		shared, err = bowshot.StartServer(ctx, bowshot.ServerOptions{
			Datasets: datasets, Arguments: []string{"--allow-publish"},
		})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code := m.Run()
	if err := shared.Stop(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	if err := goleak.Find(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	return code
}

func useBuiltBinary() error {
	if os.Getenv(bowshot.BinaryVariable) != "" {
		return nil
	}
	built, err := filepath.Abs(filepath.Join(top, "build", "bowshot"))
	if err == nil {
		_, err = os.Stat(built)
	}
	if err != nil {
		return fmt.Errorf("the tests need a server, run ./bow build: %w", err)
	}
	return os.Setenv(bowshot.BinaryVariable, built)
}

const tablesScript = `
import json, os, sys
from pathlib import Path
os.environ.setdefault("BOWSHOT_CACHE", str(Path.home() / ".cache" / "bowshot"))
sys.path[:0] = [sys.argv[1] + "/tests", sys.argv[1] + "/tools"]
import data, datasets
print(json.dumps([*datasets.build(Path(sys.argv[2])), f"big={data.make('tiny-1B')}"]))
`

// writeTables makes the tables that the cases ask, and gives them as arguments of bowshot serve.
func writeTables(ctx context.Context, folder string) ([]string, error) {
	python, err := findPython()
	if err != nil {
		return nil, err
	}
	project, err := filepath.Abs(top)
	if err != nil {
		return nil, err
	}
	command := exec.CommandContext(ctx, python, "-c", tablesScript, project, folder)
	command.Stderr = os.Stderr
	printed, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("writing the tables: %w", err)
	}
	lines := strings.Split(strings.TrimSpace(string(printed)), "\n")
	var datasets []string
	return datasets, json.Unmarshal([]byte(lines[len(lines)-1]), &datasets)
}

// findPython: ./bow test names the tests' environment; without it the newest one.
func findPython() (string, error) {
	if named := os.Getenv("BOWSHOT_PYTHON"); named != "" {
		return named, nil
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	found, err := filepath.Glob(filepath.Join(cache, "bowshot", "python-*", "complete"))
	if err != nil || len(found) == 0 {
		return "", fmt.Errorf("the tests need ./bow test's Python environment, or $BOWSHOT_PYTHON: %w", err)
	}
	madeAt := func(path string) time.Time {
		info, err := os.Stat(path)
		if err != nil {
			return time.Time{}
		}
		return info.ModTime()
	}
	newest := slices.MaxFunc(found, func(a, b string) int { return madeAt(a).Compare(madeAt(b)) })
	return filepath.Join(filepath.Dir(newest), "bin", "python"), nil
}

// connect gives a client of the shared server, and checks at the test's end that it left nothing.
func connect(t *testing.T, options ...bowshot.Option) *bowshot.Client {
	t.Helper()
	client, err := shared.Connect(t.Context(), append(checked(t), options...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

// checked gives an allocator that must be empty when the test ends.
func checked(t *testing.T) []bowshot.Option {
	t.Helper()
	allocator := memory.NewCheckedAllocator(memory.NewGoAllocator())
	t.Cleanup(func() { allocator.AssertSize(t, 0) })
	return []bowshot.Option{bowshot.WithAllocator(allocator)}
}

// fake gives a client of a server that answers as handler does, without retries.
func fake(t *testing.T, handler http.HandlerFunc, options ...bowshot.Option) *bowshot.Client {
	t.Helper()
	server := httptest.NewServer(handler)
	client, err := bowshot.NewClient(server.URL,
		append(append(checked(t), bowshot.WithRetries(0)), options...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		client.Close()
		server.Close()
	})
	return client
}

// wantCode checks that err is an *Error of this code.
func wantCode(t *testing.T, err error, code bowshot.Code) {
	t.Helper()
	if failure := asError(err); failure == nil || failure.Code != code {
		t.Fatalf("want the code %s, the error is: %v", code, err)
	}
}

func asError(err error) *bowshot.Error {
	var failure *bowshot.Error
	if errors.As(err, &failure) {
		return failure
	}
	return nil
}

func metric(t *testing.T, client *bowshot.Client, name string) float64 {
	t.Helper()
	text, err := client.Metrics(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(text) {
		if value, isIt := strings.CutPrefix(line, name+" "); isIt {
			number, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			if err != nil {
				t.Fatal(err)
			}
			return number
		}
	}
	t.Fatalf("no metric %s", name)
	return 0
}

// eventually polls until the condition holds.
func eventually(t *testing.T, within time.Duration, what string, condition func() bool) {
	t.Helper()
	deadline := time.Now().Add(within)
	for !condition() {
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %s", within, what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// numbers is a table (n: int64) of the numbers from 0 on, in batches.
func numbers(allocator memory.Allocator, batches, rows int) array.RecordReader {
	schema := arrow.NewSchema([]arrow.Field{{Name: "n", Type: arrow.PrimitiveTypes.Int64}}, nil)
	made := make([]arrow.RecordBatch, batches)
	for b := range made {
		builder := array.NewInt64Builder(allocator)
		for i := range rows {
			builder.Append(int64(b*rows + i))
		}
		column := builder.NewArray()
		builder.Release()
		made[b] = array.NewRecordBatch(schema, []arrow.Array{column}, int64(rows))
		column.Release()
	}
	reader, err := array.NewRecordReader(schema, made)
	if err != nil {
		panic(err)
	}
	for _, batch := range made {
		batch.Release()
	}
	return reader
}

func contextThatEnds(t *testing.T, after time.Duration) (context.Context, context.CancelFunc) {
	t.Helper()
	return context.WithTimeout(t.Context(), after)
}
