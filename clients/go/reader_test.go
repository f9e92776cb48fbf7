package bowshot_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"

	bowshot "github.com/bowshot/bowshot/clients/go"
)

func TestRowsAsInTheReadme(t *testing.T) {
	client := connect(t)
	reader, err := client.Dataset("people").Filter("age > 30").OrderBy("-age").
		Rows(t.Context(), bowshot.Window{Offset: 1, Limit: 3})
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Release()
	var _ array.RecordReader = reader
	var ages []int32
	for reader.Next() {
		ages = append(ages, reader.RecordBatch().Column(2).(*array.Int32).Int32Values()...)
	}
	if err := reader.Err(); err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(ages), "[99 63 52]"; got != want {
		t.Errorf("ages %s, want %s", got, want)
	}
	facts := reader.Facts()
	if facts.Completeness != bowshot.Exact || facts.Version == "" || facts.RequestID == "" {
		t.Errorf("facts %+v", facts)
	}
	table, err := client.Dataset("people").Rows(t.Context(), bowshot.Window{Offset: 16, Limit: 5})
	if err != nil {
		t.Fatal(err)
	}
	defer table.Release()
	if facts := table.Facts(); facts.Rows != 2 || facts.TotalRows != 18 {
		t.Errorf("facts %+v", facts)
	}
}

// A stream with several messages, dictionaries among them.
func wholeStream(t *testing.T) []byte {
	t.Helper()
	var body bytes.Buffer
	dataset := connect(t).Dataset("types_parts")
	if _, err := dataset.Save(t.Context(), bowshot.Window{Limit: 9}, &body,
		bowshot.SaveOptions{Format: bowshot.ArrowStream}); err != nil {
		t.Fatal(err)
	}
	return body.Bytes()
}

func readAll(ctx context.Context, client *bowshot.Client) error {
	table, err := client.Table(ctx, bowshot.Request(`{}`))
	if err == nil {
		table.Release()
	}
	return err
}

// answerArrow writes a part of a stream, and ends the answer as HTTP does for a whole one.
func answerArrow(part []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/vnd.apache.arrow.stream")
		_, _ = w.Write(part)
	}
}

func TestAStreamCutAnywhereIsIncomplete(t *testing.T) {
	whole := wholeStream(t)
	var part []byte
	client := fake(t, func(w http.ResponseWriter, r *http.Request) { answerArrow(part)(w, r) })
	for length := range whole {
		if length > 64 && length < len(whole)-64 && length%7 != 0 && length%8 != 0 {
			continue // every message begins and ends at a multiple of 8
		}
		part = whole[:length]
		if err := readAll(t.Context(), client); bowshot.CodeOf(err) != bowshot.CodeIncompleteAnswer {
			t.Fatalf("cut at %d of %d: %v", length, len(whole), err)
		}
	}
	part = whole
	if err := readAll(t.Context(), client); err != nil {
		t.Fatal(err)
	}
	part = append(bytes.Clone(whole), 'x')
	wantCode(t, readAll(t.Context(), client), bowshot.CodeBadAnswer)
	part = append(bytes.Clone(whole), whole...)
	wantCode(t, readAll(t.Context(), client), bowshot.CodeBadAnswer)
}

func TestAStreamWithBrokenBytesEndsAsAnError(t *testing.T) {
	whole := wholeStream(t)
	broken := bytes.Clone(whole)
	client := fake(t, func(w http.ResponseWriter, r *http.Request) { answerArrow(broken)(w, r) },
		bowshot.WithAllocator(memory.NewGoAllocator())) // the decoder leaks where it panics
	for i := range 8 { // the framing; what is within is for the decoder to judge
		broken = bytes.Clone(whole)
		broken[i] ^= 0xA5
		if err := readAll(t.Context(), client); asError(err) == nil {
			t.Errorf("byte %d: %v", i, err)
		}
	}
	for _, head := range []string{
		"", "\x00\x00\x00\x00", "\xFF\xFF\xFF\xFF\x00\x00\x00\x00", "<html>no such page</html>",
		"\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x7F", "\xFF\xFF\xFF\xFF\x00\x00\x00\x80",
	} {
		broken = []byte(head)
		if err := readAll(t.Context(), client); asError(err) == nil {
			t.Errorf("%q: %v", head, err)
		}
	}
}

func TestAWrongNumberOfRowsIsNotWhole(t *testing.T) {
	rows := numbers(memory.NewGoAllocator(), 1, 5)
	defer rows.Release()
	var body bytes.Buffer
	writer := ipc.NewWriter(&body, ipc.WithSchema(rows.Schema()))
	for rows.Next() {
		if err := writer.Write(rows.RecordBatch()); err != nil {
			t.Fatal(err)
		}
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	told := "5"
	client := fake(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Bowshot-Rows", told)
		answerArrow(body.Bytes())(w, r)
	})
	if err := readAll(t.Context(), client); err != nil {
		t.Fatal(err)
	}
	told = "6"
	wantCode(t, readAll(t.Context(), client), bowshot.CodeBadAnswer)
}

// rawAnswer serves one canned answer on a socket, then ends the connection as it is told.
func rawAnswer(t *testing.T, text string, reset bool) *bowshot.Client {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = connection.Read(make([]byte, 4096))
			_, _ = io.WriteString(connection, text)
			if tcp, ok := connection.(*net.TCPConn); ok && reset {
				_ = tcp.SetLinger(0)
			}
			_ = connection.Close()
		}
	}()
	client, err := bowshot.NewClient("http://"+listener.Addr().String(),
		append(checked(t), bowshot.WithRetries(0))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		client.Close()
		_ = listener.Close()
		<-done
	})
	return client
}

func TestATransferThatBreaks(t *testing.T) {
	whole := string(wholeStream(t))
	const head = "HTTP/1.1 200 OK\r\nContent-Type: application/vnd.apache.arrow.stream\r\n"
	chunked := head + "Transfer-Encoding: chunked\r\n\r\n" + strconv.FormatInt(int64(len(whole)), 16) +
		"\r\n" + whole + "\r\n"
	for name, one := range map[string]struct {
		text  string
		reset bool
		code  bowshot.Code
	}{
		"whole":                       {chunked + "0\r\n\r\n", false, ""},
		"last chunk missing":          {chunked, false, bowshot.CodeIncompleteAnswer},
		"last chunk missing, reset":   {chunked, true, bowshot.CodeIncompleteAnswer},
		"cut in a chunk":              {chunked[:len(chunked)-200], false, bowshot.CodeIncompleteAnswer},
		"cut in a chunk, reset":       {chunked[:len(chunked)-200], true, bowshot.CodeIncompleteAnswer},
		"longer Content-Length":       {head + fmt.Sprintf("Content-Length: %d\r\n\r\n", len(whole)+1) + whole, false, bowshot.CodeIncompleteAnswer},
		"shorter Content-Length":      {head + fmt.Sprintf("Content-Length: %d\r\n\r\n", len(whole)-8) + whole[:len(whole)-8], false, bowshot.CodeIncompleteAnswer},
		"ended by the connection":     {head + "Connection: close\r\n\r\n" + whole, false, ""},
		"cut before the connection's": {head + "Connection: close\r\n\r\n" + whole[:len(whole)-8], false, bowshot.CodeIncompleteAnswer},
		"broken chunk":                {head + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n", false, bowshot.CodeIncompleteAnswer},
		"no answer":                   {"", false, bowshot.CodeNetwork},
		"not HTTP":                    {"220 mail.example.org ESMTP\r\n", false, bowshot.CodeNetwork},
		"a page": {"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 4\r\n\r\nhtml", false,
			bowshot.CodeBadAnswer},
		"a proxy's error": {"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 3\r\n\r\nno\n", false,
			bowshot.CodeBadAnswer},
		"a redirect": {"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
			false, bowshot.CodeBadAnswer},
	} {
		t.Run(name, func(t *testing.T) {
			err := readAll(t.Context(), rawAnswer(t, one.text, one.reset))
			if bowshot.CodeOf(err) != one.code {
				t.Errorf("want %q: %v", one.code, err)
			}
		})
	}
}

func TestTheServersReasonForABrokenAnswer(t *testing.T) {
	client := fake(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/requests/abc" {
			_, _ = io.WriteString(w, `{"id":"abc","state":"failed","problem":{"code":"overflow",`+
				`"title":"Overflow","status":400,"detail":"at row 7"}}`)
			return
		}
		w.Header().Set("Bowshot-Request", "abc")
		answerArrow([]byte("\xFF\xFF\xFF\xFF\x00\x01\x00\x0012345678"))(w, r)
	})
	err := readAll(t.Context(), client)
	wantCode(t, err, bowshot.CodeOverflow)
	failure := asError(err)
	if failure.Detail != "at row 7" || failure.RequestID != "abc" || failure.Status != 400 {
		t.Errorf("%+v", failure)
	}
	if !strings.Contains(fmt.Sprint(errors.Unwrap(failure)), "ended inside a message") {
		t.Errorf("the cause: %v", errors.Unwrap(failure))
	}
}

func TestOverflowInMidStream(t *testing.T) {
	client := connect(t)
	reader, err := client.Dataset("big").Compute("huge", "id * 9000000000000").
		Select("huge").Rows(t.Context(), bowshot.Window{})
	for err == nil && reader.Next() {
		continue
	}
	if err == nil {
		err = reader.Err()
		reader.Release()
	}
	wantCode(t, err, bowshot.CodeOverflow)
}

func TestCancellingStopsTheServersQuery(t *testing.T) {
	client := connect(t)
	scan := client.Dataset("big").Filter("(id * 7) % 11 = 3")
	isIdle := func() bool { return metric(t, client, "bowshot_queries_running") == 0 }
	eventually(t, 10*time.Second, "an idle server", isIdle)

	t.Run("context, in mid-stream", func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		reader, err := scan.Rows(ctx, bowshot.Window{})
		if err != nil {
			t.Fatal(err)
		}
		defer reader.Release()
		if !reader.Next() || isIdle() {
			t.Fatalf("the query does not run: %v", reader.Err())
		}
		reason := errors.New("the window was closed")
		cancel(reason)
		for reader.Next() {
			continue // what had come already
		}
		wantCode(t, reader.Err(), bowshot.CodeCancelled)
		if !errors.Is(reader.Err(), context.Canceled) || !errors.Is(reader.Err(), reason) {
			t.Errorf("the error hides the context's: %v", reader.Err())
		}
		eventually(t, 10*time.Second, "the query stops", isIdle)
	})
	t.Run("release, in mid-stream", func(t *testing.T) {
		reader, err := scan.Rows(t.Context(), bowshot.Window{})
		if err != nil {
			t.Fatal(err)
		}
		if !reader.Next() {
			t.Fatal(reader.Err())
		}
		reader.Release()
		eventually(t, 10*time.Second, "the query stops", isIdle)
	})
	t.Run("leaving the loop", func(t *testing.T) {
		reader, err := scan.Rows(t.Context(), bowshot.Window{})
		if err != nil {
			t.Fatal(err)
		}
		for batch, err := range reader.Batches() {
			if err != nil || batch.NumRows() == 0 {
				t.Errorf("%v %v", batch, err)
			}
			break
		}
		eventually(t, 10*time.Second, "the query stops", isIdle)
	})
	t.Run("context, before the answer", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		failed := make(chan error, 1)
		go func() {
			_, err := scan.Filter("id % 5 = 4").Count(ctx)
			failed <- err
		}()
		eventually(t, 10*time.Second, "the query runs", func() bool { return !isIdle() })
		cancel()
		wantCode(t, <-failed, bowshot.CodeCancelled)
		eventually(t, 10*time.Second, "the query stops", isIdle)
	})
}

func TestAServerKilledInMidStream(t *testing.T) {
	server, err := bowshot.StartServer(t.Context(), bowshot.ServerOptions{
		Arguments: []string{"--allow-publish"},
	})
	if err != nil {
		t.Fatal(err)
	}
	client, err := server.Connect(t.Context(), append(checked(t), bowshot.WithRetries(0))...)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	rows := numbers(memory.NewGoAllocator(), 40, 100_000)
	defer rows.Release()
	if _, err := client.Publish(t.Context(), "numbers", rows); err != nil {
		t.Fatal(err)
	}
	reader, err := client.Dataset("numbers").Rows(t.Context(), bowshot.Window{})
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Release()
	if !reader.Next() {
		t.Fatal(reader.Err())
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := server.Stop(ctx); err == nil { // it has no time to end, so it is killed
		t.Error("a kill is a clean end")
	}
	for reader.Next() {
		continue
	}
	wantCode(t, reader.Err(), bowshot.CodeIncompleteAnswer)
}

func TestCodecs(t *testing.T) {
	plain, zstd, lz4 := new(counter), new(counter), new(counter)
	texts := make([]string, 0, 3)
	for _, one := range []struct {
		bytes  *counter
		codecs []string
	}{{plain, nil}, {zstd, []string{"zstd"}}, {lz4, []string{"lz4"}}} {
		client := connect(t, bowshot.WithCodecs(one.codecs...))
		table, err := client.Dataset("big").Table(t.Context(), bowshot.Window{Limit: 100_000})
		if err != nil {
			t.Fatal(err)
		}
		ids := table.Column(0).Data()
		texts = append(texts, fmt.Sprint(ids.Len(), ids.Chunk(len(ids.Chunks())-1)))
		table.Release()
		one.bytes.ask(t, one.codecs)
	}
	if texts[0] != texts[1] || texts[0] != texts[2] {
		t.Errorf("codecs change values: %.200q", texts)
	}
	if zstd.bytes >= plain.bytes || lz4.bytes >= plain.bytes || plain.bytes == 0 {
		t.Errorf("bodies: plain %d, zstd %d, lz4 %d", plain.bytes, zstd.bytes, lz4.bytes)
	}
}

// counter counts the bytes of a body, as they are on the wire.
type counter struct{ bytes int64 }

func (c *counter) ask(t *testing.T, codecs []string) {
	t.Helper()
	inner := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", shared.Socket())
	}}
	defer inner.CloseIdleConnections()
	client, err := bowshot.NewClient("http://localhost", append(checked(t), bowshot.WithCodecs(codecs...),
		bowshot.WithToken(shared.Token()), bowshot.WithRoundTripper(counting{inner, c}))...)
	if err != nil {
		t.Fatal(err)
	}
	table, err := client.Dataset("big").Table(t.Context(), bowshot.Window{Limit: 100_000})
	if err != nil {
		t.Fatal(err)
	}
	table.Release()
}

type counting struct {
	inner http.RoundTripper
	into  *counter
}

func (c counting) RoundTrip(request *http.Request) (*http.Response, error) {
	answer, err := c.inner.RoundTrip(request)
	if err == nil {
		answer.Body = &countingBody{answer.Body, c.into}
	}
	return answer, err
}

type countingBody struct {
	io.ReadCloser
	into *counter
}

func (b *countingBody) Read(buffer []byte) (int, error) {
	n, err := b.ReadCloser.Read(buffer)
	b.into.bytes += int64(n)
	return n, err
}
