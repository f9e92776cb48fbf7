package bowshot_test

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/memory"

	bowshot "github.com/bowshot/bowshot/clients/go"
)

const version = `{"name":"bowshot","version":"0.1.0","protocol":1,"limits":{"waiting":256}}`

func problem(w http.ResponseWriter, status int, code bowshot.Code, more string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, `{"code":%q,"status":%d,"title":"Title","detail":"why"%s}`, code, status, more)
}

func TestRetries(t *testing.T) {
	hangUp := func(w http.ResponseWriter) {
		connection, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			_ = connection.Close()
		}
	}
	for _, one := range []struct {
		name  string
		fail  func(w http.ResponseWriter)
		tries int64
	}{
		{"overloaded", func(w http.ResponseWriter) { problem(w, 503, "overloaded", "") }, 3},
		{"not ready", func(w http.ResponseWriter) { problem(w, 503, "not_ready", "") }, 3},
		{"hung up", hangUp, 3},
		{"internal", func(w http.ResponseWriter) { problem(w, 500, "internal", "") }, 1},
		{"a mistake", func(w http.ResponseWriter) { problem(w, 400, "bad_filter", "") }, 1},
		{"after the first byte", func(w http.ResponseWriter) {
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, "{")
		}, 1},
	} {
		t.Run(one.name, func(t *testing.T) {
			var tries atomic.Int64
			client := fake(t, func(w http.ResponseWriter, _ *http.Request) {
				tries.Add(1)
				one.fail(w)
			}, bowshot.WithRetries(2))
			_, err := client.Version(t.Context())
			if err == nil || tries.Load() != one.tries {
				t.Errorf("%d tries, want %d; %v", tries.Load(), one.tries, err)
			}
			tries.Store(0)
			_, err = client.Dataset("x").Count(t.Context()) // a POST is safe to repeat here
			if err == nil || tries.Load() != one.tries {
				t.Errorf("POST: %d tries, want %d; %v", tries.Load(), one.tries, err)
			}
		})
	}
}

func TestARetryThatSucceeds(t *testing.T) {
	var tries atomic.Int64
	start := time.Now()
	client := fake(t, func(w http.ResponseWriter, _ *http.Request) {
		if tries.Add(1) == 1 {
			w.Header().Set("Retry-After", "1")
			problem(w, 503, "overloaded", "")
			return
		}
		_, _ = io.WriteString(w, version)
	}, bowshot.WithRetries(1))
	if _, err := client.Version(t.Context()); err != nil {
		t.Fatal(err)
	}
	if waited := time.Since(start); waited < time.Second {
		t.Errorf("came back after %v, was asked to wait a second", waited)
	}
}

func TestCancelledBetweenRetries(t *testing.T) {
	client := fake(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "5")
		problem(w, 503, "overloaded", "")
	}, bowshot.WithRetries(9))
	ctx, cancel := contextThatEnds(t, 50*time.Millisecond)
	defer cancel()
	_, err := client.Version(ctx)
	wantCode(t, err, bowshot.CodeCancelled)
}

func TestErrorsCarryAllThatTheServerSays(t *testing.T) {
	client := fake(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Bowshot-Request", "r1")
		w.Header().Set("Retry-After", "7")
		problem(w, 400, "unknown_column",
			`,"parameter":"filter","position":0,"pointer":"/filter","suggestions":["delay"]`)
	})
	_, err := client.Version(t.Context())
	wantCode(t, fmt.Errorf("wrapped: %w", err), bowshot.CodeUnknownColumn)
	failure := asError(err)
	if failure.Status != 400 || failure.Parameter != "filter" || failure.Position != 0 ||
		failure.Pointer != "/filter" || fmt.Sprint(failure.Suggestions) != "[delay]" ||
		failure.RequestID != "r1" || failure.RetryAfter != 7*time.Second || failure.Title != "Title" {
		t.Errorf("%+v", failure)
	}
	if got, want := err.Error(), "bowshot: unknown_column: why (perhaps delay)"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestErrorsWithoutAPosition(t *testing.T) {
	client := fake(t, func(w http.ResponseWriter, _ *http.Request) { problem(w, 400, "bad_filter", "") })
	_, err := client.Version(t.Context())
	if asError(err).Position != -1 {
		t.Errorf("%+v", asError(err))
	}
}

func TestAddresses(t *testing.T) {
	for _, address := range []string{
		"", "127.0.0.1:8765", "ftp://host", "http://", "http://user:word@host", "http://host?x=1",
		"http://host#token=x", "unix:", "http://ho st", "://",
	} {
		_, err := bowshot.NewClient(address)
		wantCode(t, err, bowshot.CodeBadParameter)
	}
	for _, option := range []bowshot.Option{
		bowshot.WithToken("a\nb"), bowshot.WithToken("é"), bowshot.WithRetries(-1), bowshot.WithCodecs("gzip"),
	} {
		_, err := bowshot.NewClient("http://127.0.0.1", option)
		wantCode(t, err, bowshot.CodeBadParameter)
	}
	_, err := bowshot.Connect(t.Context(), "unix:"+filepath.Join(t.TempDir(), "gone"), bowshot.WithRetries(0))
	wantCode(t, err, bowshot.CodeNetwork)
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("not the socket's absence: %v", err)
	}
}

func TestConnectKnowsItsServers(t *testing.T) {
	answer := version
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/below/version" || r.Header.Get("Authorization") != "Bearer secret" {
			problem(w, 404, "unknown_path", "")
			return
		}
		_, _ = io.WriteString(w, answer)
	}))
	defer server.Close()
	connectTo := func() error {
		client, err := bowshot.Connect(t.Context(), server.URL+"/below/", bowshot.WithToken("secret"))
		if err == nil {
			client.Close()
		}
		return err
	}
	if err := connectTo(); err != nil {
		t.Fatal(err)
	}
	for _, answer = range []string{
		`{"name":"other","protocol":1}`, `{"name":"bowshot","protocol":2}`, `[]`, `<html>`, ``,
	} {
		wantCode(t, connectTo(), bowshot.CodeBadAnswer)
	}
}

func TestTLS(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, version)
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // a refused handshake is what is tested
	server.StartTLS()
	defer server.Close()
	_, err := bowshot.Connect(t.Context(), server.URL)
	wantCode(t, err, bowshot.CodeNetwork)
	var certificate *tls.CertificateVerificationError
	if !errors.As(err, &certificate) {
		t.Errorf("not the certificate: %v", err)
	}
	trusted := server.Client().Transport.(*http.Transport).TLSClientConfig
	client, err := bowshot.Connect(t.Context(), server.URL, bowshot.WithTLS(trusted))
	if err != nil {
		t.Fatal(err)
	}
	client.Close()
}

func TestConnectionsAreUsedAgain(t *testing.T) {
	client := connect(t)
	before := metric(t, client, "bowshot_connections_total")
	for range 10 {
		table, err := client.Dataset("people").Table(t.Context(), bowshot.Window{})
		if err != nil {
			t.Fatal(err)
		}
		table.Release()
		_, err = client.Dataset("people").Filter("nme = 1").Count(t.Context())
		wantCode(t, err, bowshot.CodeUnknownColumn)
	}
	if more := metric(t, client, "bowshot_connections_total") - before; more != 0 {
		t.Errorf("%v more connections for requests one after the other", more)
	}
}

func TestManyAtOnce(t *testing.T) {
	client := connect(t)
	const askers = 12
	failed := make(chan error, askers)
	for asker := range askers {
		go func() {
			failed <- func() error {
				for i := range 8 {
					offset := int64(asker*1_000_003 + i*777)
					table, err := client.Dataset("big").Select("_row").
						Table(t.Context(), bowshot.Window{Offset: offset, Limit: 50})
					if err != nil {
						return err
					}
					first := spellTable(table)[0].([]any)[0]
					table.Release()
					if first != float64(offset) {
						return fmt.Errorf("row %v, want %d", first, offset)
					}
				}
				return nil
			}()
		}()
	}
	for range askers {
		if err := <-failed; err != nil {
			t.Error(err)
		}
	}
}

func TestStatus(t *testing.T) {
	client := connect(t)
	ctx := t.Context()
	if err := errors.Join(client.Healthy(ctx), client.Ready(ctx)); err != nil {
		t.Error(err)
	}
	told, err := client.Version(ctx)
	if err != nil || told.Protocol != 1 || string(told.Limits["waiting"]) != "256" {
		t.Errorf("%+v %v", told, err)
	}
	if document, err := client.OpenAPI(ctx); err != nil || !strings.Contains(string(document), `"openapi":"3.1`) {
		t.Errorf("%.100s %v", document, err)
	}
	summaries, err := client.Datasets(ctx)
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]int64{}
	for _, summary := range summaries {
		rows[summary.Name] = summary.Rows
	}
	if rows["people"] != 18 || rows["big"] != 1_000_000_000 || rows["empty"] != 0 {
		t.Errorf("%v", rows)
	}
	info, err := client.Dataset("people").Info(ctx)
	if err != nil || info.Rows != 18 || len(info.Columns) != 9 || !info.RowNumbers ||
		info.Source.Kind != "parquet" || info.Columns[6].Type != "timestamp[us, tz=UTC]" {
		t.Errorf("%+v %v", info, err)
	}
	_, err = client.Dataset("peopel").Info(ctx) //nolint:misspell // it is meant
	wantCode(t, err, bowshot.CodeUnknownDataset)
	reader, err := client.Dataset("people").Rows(ctx, bowshot.Window{})
	if err != nil {
		t.Fatal(err)
	}
	reader.Release()
	state, err := client.RequestState(ctx, reader.Facts().RequestID)
	if err != nil || state.ID != reader.Facts().RequestID {
		t.Errorf("%+v %v", state, err)
	}
	_, err = client.RequestState(ctx, "no such id/é")
	if asError(err) == nil {
		t.Errorf("%v", err)
	}
}

func TestPinnedVersions(t *testing.T) {
	client := connect(t)
	publish := func(rows int) *bowshot.Info {
		published := numbers(memory.NewGoAllocator(), 1, rows)
		defer published.Release()
		info, err := client.Publish(t.Context(), "pinned", published)
		if err != nil {
			t.Fatal(err)
		}
		return info
	}
	old := publish(3)
	pinned := client.Dataset("pinned").Pin(old.Version)
	if rows, err := pinned.Count(t.Context()); rows != 3 || err != nil {
		t.Errorf("%d %v", rows, err)
	}
	publish(4)
	_, err := pinned.Count(t.Context())
	wantCode(t, err, bowshot.CodeVersionChanged)
}
