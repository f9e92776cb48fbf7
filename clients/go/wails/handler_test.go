package wails_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"go.uber.org/goleak"

	"github.com/bowshot/bowshot/clients/go/wails"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	token      = "s3cret"
	patience   = 10 * time.Second
	nameHeader = "Bowshot-Page-Answer"
	roomBytes  = 4 << 20
)

// serve runs a server that answers as told, and a handler in front of it, on a Unix socket as at home.
func serve(t *testing.T, answer http.HandlerFunc) (*wails.Handler, *httptest.Server) {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "socket")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	upstream := httptest.NewUnstartedServer(answer)
	upstream.Listener = listener
	upstream.Start()
	page := fstest.MapFS{"index.html": {Data: []byte("<html><head></head></html>")}}
	handler := wails.NewHandler(wails.Options{Page: page})
	target, err := wails.NewTarget("unix:"+socket, token)
	if err != nil {
		t.Fatal(err)
	}
	handler.SetTarget(target)
	front := httptest.NewServer(handler)
	t.Cleanup(func() {
		handler.StopAnswers()
		front.Close()
		handler.SetTarget(nil)
		upstream.Close()
	})
	return handler, front
}

func ask(t *testing.T, front *httptest.Server, method, target string, body io.Reader, header ...string) (*http.Response, error) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, front.URL+target, body)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	return front.Client().Do(request)
}

func get(t *testing.T, front *httptest.Server, target string, header ...string) *http.Response {
	t.Helper()
	response, err := ask(t, front, http.MethodGet, target, nil, header...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = response.Body.Close() })
	return response
}

func problemCode(t *testing.T, response *http.Response) string {
	t.Helper()
	var problem struct {
		Code   string `json:"code"`
		Status int    `json:"status"`
	}
	if err := json.NewDecoder(response.Body).Decode(&problem); err != nil {
		t.Fatalf("no problem document: %v", err)
	}
	if problem.Status != response.StatusCode {
		t.Errorf("the document says %d, the status is %d", problem.Status, response.StatusCode)
	}
	return problem.Code
}

func within(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if holds() {
			return
		}
	}
	t.Fatalf("not within %s: %s", patience, what)
}

func TestPassesRequestsOnWithTheTokenAndWithoutThePagesHeaders(t *testing.T) {
	var seen *http.Request
	_, front := serve(t, func(w http.ResponseWriter, r *http.Request) {
		seen = r
		w.Header().Set("Bowshot-Rows", "7")
		w.Header().Set("Set-Cookie", "a=b")
		w.Header().Set("Access-Control-Allow-Origin", "*")
		w.Header().Set("Www-Authenticate", "Bearer")
		_, _ = io.WriteString(w, "table")
	})
	response := get(t, front, "/v1/datasets/flights/rows?filter=delay%20%3E%2060&limit=%2B7",
		"Accept", "text/csv", "Origin", "wails://wails", "Cookie", "c=d", "Authorization", "Bearer other",
		"Referer", "wails://wails/", "Accept-Encoding", "gzip")
	body, _ := io.ReadAll(response.Body)
	if string(body) != "table" || response.Header.Get("Bowshot-Rows") != "7" {
		t.Errorf("body %q, rows %q", body, response.Header.Get("Bowshot-Rows"))
	}
	if seen.URL.RequestURI() != "/v1/datasets/flights/rows?filter=delay%20%3E%2060&limit=%2B7" {
		t.Errorf("the server was asked for %s", seen.URL.RequestURI())
	}
	if seen.Header.Get("Authorization") != "Bearer "+token || seen.Header.Get("Accept") != "text/csv" {
		t.Errorf("the server saw %v", seen.Header)
	}
	for _, name := range []string{"Origin", "Cookie", "Referer", "Accept-Encoding"} {
		if seen.Header.Get(name) != "" {
			t.Errorf("the server saw %s: %s", name, seen.Header.Get(name))
		}
	}
	for _, name := range []string{"Set-Cookie", "Access-Control-Allow-Origin", "Www-Authenticate"} {
		if response.Header.Get(name) != "" {
			t.Errorf("the page saw %s", name)
		}
	}
}

func TestOnlyTheProtocolsPathsReachTheServer(t *testing.T) {
	var asked atomic.Int64
	_, front := serve(t, func(http.ResponseWriter, *http.Request) { asked.Add(1) })
	for _, path := range []string{
		"/v1/login", "/v1/session", "/v1/../metrics", "/v1/datasets/../login", "/v1/datasets/%2e%2e/x",
		"/v1/datasets//rows", "/v1/datasets/a/rows/", "/v1/datasets/a%2Fb/../rows", "/v1/datasets/.hidden",
		"/v1/datasets/a%00b", "/v1/requests/1/2", "/v2/datasets", "/debug/pprof", "/v1", "/secret",
		"/v1/datasets/a/tiles/1/2/3/4.png", "/v1/query/x",
	} {
		response, err := ask(t, front, http.MethodPost, path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if code := problemCode(t, response); response.StatusCode != http.StatusNotFound || code != "unknown_path" {
			t.Errorf("%s: %d %s", path, response.StatusCode, code)
		}
		_ = response.Body.Close()
	}
	if asked.Load() != 0 {
		t.Fatalf("%d requests reached the server", asked.Load())
	}
	for _, path := range []string{
		"/v1/datasets", "/v1/datasets/a", "/v1/datasets/a/rows", "/v1/datasets/a/tiles/1/2/3@2x.png",
		"/v1/datasets/a/tiles.json", "/v1/datasets/a/files/0.parquet", "/v1/requests/ff", "/version",
		"/v1/query", "/healthz", "/readyz", "/metrics", "/openapi.json",
	} {
		before := asked.Load()
		if response := get(t, front, path); response.StatusCode != http.StatusOK || asked.Load() != before+1 {
			t.Errorf("%s: %d, and %d reached the server", path, response.StatusCode, asked.Load()-before)
		}
	}
}

func TestRefusesMethodsSitesAndNamesOfAnswers(t *testing.T) {
	_, front := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("the server was asked") })
	response, err := ask(t, front, http.MethodPatch, "/v1/datasets/a", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if code := problemCode(t, response); code != "method_not_allowed" || response.Header.Get("Allow") == "" {
		t.Errorf("PATCH: %s, Allow: %s", code, response.Header.Get("Allow"))
	}
	if code := problemCode(t, get(t, front, "/version", "Sec-Fetch-Site", "cross-site")); code != "forbidden_origin" {
		t.Errorf("another site: %s", code)
	}
	if code := problemCode(t, get(t, front, "/version", nameHeader, "No Name")); code != "bad_parameter" {
		t.Errorf("a bad name: %s", code)
	}
}

func TestStreamsBodiesToTheServer(t *testing.T) {
	arrived := make(chan []byte)
	_, front := serve(t, func(w http.ResponseWriter, r *http.Request) {
		first := make([]byte, 4)
		_, _ = io.ReadFull(r.Body, first)
		arrived <- first
		rest, err := io.ReadAll(r.Body)
		w.WriteHeader(http.StatusCreated)
		_, _ = fmt.Fprintf(w, "%s %d %v", r.Method, len(rest), err)
	})
	for _, method := range []string{http.MethodPost, http.MethodPut, "QUERY"} {
		body, source := io.Pipe()
		go func() {
			_, _ = source.Write([]byte("head"))
			<-arrived // it reached the server before the rest was there
			_, _ = source.Write(bytes.Repeat([]byte("x"), 1<<20))
			_ = source.Close()
		}()
		response, err := ask(t, front, method, "/v1/datasets/new", body)
		if err != nil {
			t.Fatal(err)
		}
		told, _ := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if string(told) != method+" 1048576 <nil>" || response.StatusCode != http.StatusCreated {
			t.Errorf("%d %s", response.StatusCode, told)
		}
	}
}

func TestAPageThatStopsEndsTheServersWork(t *testing.T) {
	began, ended := make(chan struct{}, 1), make(chan struct{}, 1)
	_, front := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Has("head") {
			w.WriteHeader(http.StatusOK)
			_ = http.NewResponseController(w).Flush()
		}
		began <- struct{}{}
		<-r.Context().Done()
		ended <- struct{}{}
	})
	for i, target := range []string{"/v1/datasets/a/rows", "/v1/datasets/a/rows?head"} {
		name := fmt.Sprintf("page-%d", i)
		finished := make(chan struct{})
		go func() {
			defer close(finished)
			if response, err := ask(t, front, http.MethodGet, target, nil, nameHeader, name); err == nil {
				_, _ = io.Copy(io.Discard, response.Body)
				_ = response.Body.Close()
			}
		}()
		<-began
		if response, err := ask(t, front, http.MethodPost, "/bowshot/answers/"+name+"?stop", nil); err != nil {
			t.Fatal(err)
		} else {
			_ = response.Body.Close()
		}
		for what, done := range map[string]<-chan struct{}{"the server's work": ended, "the answer": finished} {
			select {
			case <-done:
			case <-time.After(patience):
				t.Fatalf("%s: %s went on", target, what)
			}
		}
	}
}

func TestAStopThatOvertakesItsRequestHolds(t *testing.T) {
	_, front := serve(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	stop, err := ask(t, front, http.MethodPost, "/bowshot/answers/early-1?stop", nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = stop.Body.Close()
	if code := problemCode(t, get(t, front, "/v1/datasets", nameHeader, "early-1")); code != "cancelled" {
		t.Errorf("the request was answered with %s", code)
	}
}

// unread is a page's web view that keeps all it gets, as WebKit does, and counts it.
type unread struct {
	header http.Header
	bytes  atomic.Int64
	refuse atomic.Bool
}

func (u *unread) Header() http.Header { return u.header }
func (u *unread) WriteHeader(int)     {}
func (u *unread) Write(part []byte) (int, error) {
	if u.refuse.Load() {
		return 0, errors.New("broken pipe")
	}
	u.bytes.Add(int64(len(part)))
	return len(part), nil
}

func (u *unread) start(ctx context.Context, handler http.Handler, target, name string) <-chan struct{} {
	request := httptest.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if name != "" {
		request.Header.Set(nameHeader, name)
	}
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		handler.ServeHTTP(u, request)
	}()
	return finished
}

func tell(handler http.Handler, word string) string {
	recorder := httptest.NewRecorder()
	method := http.MethodPost
	if !strings.Contains(word, "?") {
		method = http.MethodGet
	}
	handler.ServeHTTP(recorder, httptest.NewRequest(method, "/bowshot/answers/"+word, nil))
	return recorder.Body.String()
}

func TestSendsNoMoreThanThePageHasRoomFor(t *testing.T) {
	const total = 3 * roomBytes
	handler, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.CopyN(w, zeros{}, total)
	})
	view := &unread{header: http.Header{}}
	finished := view.start(t.Context(), handler, "/v1/datasets/a/rows", "slow-1")
	most := int64(0)
	for read := int64(0); read < total; read += 1 << 20 {
		within(t, "the room is used", func() bool {
			return view.bytes.Load()+(256<<10) > min(read+roomBytes, total)
		})
		most = max(most, view.bytes.Load()-read)
		tell(handler, fmt.Sprintf("slow-1?read=%d", read+1<<20))
	}
	select {
	case <-finished:
	case <-time.After(patience):
		t.Fatal("the answer did not end")
	}
	if view.bytes.Load() != total || most > roomBytes {
		t.Errorf("%d bytes came, at most %d unread", view.bytes.Load(), most)
	}
	if end := tell(handler, "slow-1"); end != `{"whole":true}` {
		t.Errorf("the end is told as %s", end)
	}
}

// zeros never end.
type zeros struct{}

func (zeros) Read(part []byte) (int, error) { return len(part), nil }

func TestAViewThatClosesItsPipeEndsTheServersWork(t *testing.T) {
	ended := make(chan struct{})
	handler, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(w, zeros{})
		<-r.Context().Done()
		close(ended)
	})
	view := &unread{header: http.Header{}}
	finished := view.start(t.Context(), handler, "/v1/datasets/a/rows", "")
	within(t, "the answer begins", func() bool { return view.bytes.Load() > 0 })
	view.refuse.Store(true)
	for _, done := range []<-chan struct{}{finished, ended} {
		select {
		case <-done:
		case <-time.After(patience):
			t.Fatal("it went on")
		}
	}
}

func TestAPageThatIsLoadedAnewHasLeftItsAnswers(t *testing.T) {
	handler, front := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.Copy(w, zeros{}) })
	view := &unread{header: http.Header{}}
	finished := view.start(t.Context(), handler, "/v1/datasets/a/rows", "old-1")
	within(t, "the room is used", func() bool { return view.bytes.Load()+(256<<10) > roomBytes })
	get(t, front, "/")
	select {
	case <-finished:
	case <-time.After(patience):
		t.Fatal("the answer went on")
	}
	if end := tell(handler, "old-1"); !strings.Contains(end, `"whole":false`) {
		t.Errorf("the end is told as %s", end)
	}
}

func cutOff(w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Has("short") {
		w.Header().Set("Content-Length", "1000")
	}
	_, _ = w.Write(make([]byte, 500))
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

func TestAnAnswerThatIsCutOffIsNeverTakenForTheWhole(t *testing.T) {
	handler, front := serve(t, cutOff)
	// Over HTTP: as a connection that breaks.
	response := get(t, front, "/v1/datasets/a/rows")
	if _, err := io.ReadAll(response.Body); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("over HTTP the body ended with %v", err)
	}
	// In a web view: as what the bridge asks for.
	view := &unread{header: http.Header{}}
	<-view.start(t.Context(), handler, "/v1/datasets/a/rows", "cut-1")
	if view.header.Get(nameHeader) != "streamed" || view.bytes.Load() != 500 {
		t.Errorf("%d bytes came, with %v", view.bytes.Load(), view.header)
	}
	if end := tell(handler, "cut-1"); !strings.Contains(end, `"whole":false`) {
		t.Errorf("the end is told as %s", end)
	}
	// A short one with a length: as an error with a status.
	short := get(t, front, "/v1/datasets/a/rows?short")
	if code := problemCode(t, short); code != "incomplete_answer" || short.StatusCode != http.StatusBadGateway {
		t.Errorf("%d %s", short.StatusCode, code)
	}
	if end := tell(handler, "never-heard-of"); !strings.Contains(end, `"whole":false`) {
		t.Errorf("an unknown answer's end is told as %s", end)
	}
}

func TestSaysWhenThereIsNoServer(t *testing.T) {
	var told atomic.Int64
	handler := wails.NewHandler(wails.Options{OnUnreachable: func(error) { told.Add(1) }})
	front := httptest.NewServer(handler)
	defer front.Close()
	response := get(t, front, "/v1/datasets")
	if code := problemCode(t, response); code != "no_server" || response.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("without a target: %d %s", response.StatusCode, code)
	}
	target, err := wails.NewTarget("unix:"+filepath.Join(t.TempDir(), "vanished"), token)
	if err != nil {
		t.Fatal(err)
	}
	handler.SetTarget(target)
	response = get(t, front, "/v1/datasets")
	body, _ := io.ReadAll(response.Body)
	if response.StatusCode != http.StatusBadGateway || !strings.Contains(string(body), `"network"`) ||
		strings.Contains(string(body), "vanished") || told.Load() != 1 {
		t.Errorf("a vanished socket: %d %s, told %d times", response.StatusCode, body, told.Load())
	}
}

func TestARedirectionIsNoAnswer(t *testing.T) {
	_, front := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "https://elsewhere.example/login", http.StatusFound)
	})
	if code := problemCode(t, get(t, front, "/v1/datasets")); code != "network" {
		t.Errorf("it was answered with %s", code)
	}
}

func TestTargetsAreAddresses(t *testing.T) {
	for _, address := range []string{"", "flights", "unix:", "ftp://a", "http://", "http://u:p@a", "http://a?b", "http://a/#c"} {
		if _, err := wails.NewTarget(address, ""); err == nil {
			t.Errorf("%q was taken", address)
		}
	}
	for _, address := range []string{"http://127.0.0.1:8765", "https://data.example/", "https://a/base", "unix:/run/x"} {
		if _, err := wails.NewTarget(address, ""); err != nil {
			t.Errorf("%q: %v", address, err)
		}
	}
}

func TestServesThePageWithItsScripts(t *testing.T) {
	page := fstest.MapFS{
		"index.html":   {Data: []byte("<!doctype html><html><head><title>x</title></head></html>")},
		"assets/a.js":  {Data: []byte("1")},
		"favicon.svg":  {Data: []byte("<svg/>")},
		"private.txt~": {Data: []byte("")},
	}
	handler := wails.NewHandler(wails.Options{Page: page, Scripts: []string{"/desktop/desktop.js"}})
	front := httptest.NewServer(handler)
	defer front.Close()
	index := get(t, front, "/")
	body, _ := io.ReadAll(index.Body)
	want := `<head><script src="/bowshot/bridge.js"></script><script src="/desktop/desktop.js"></script><title>`
	if !strings.Contains(string(body), want) {
		t.Errorf("the page is %s", body)
	}
	if !strings.Contains(index.Header.Get("Content-Security-Policy"), "default-src 'self'") {
		t.Errorf("the page may do: %s", index.Header.Get("Content-Security-Policy"))
	}
	for path, mediaType := range map[string]string{
		"/assets/a.js": "text/javascript; charset=utf-8", "/favicon.svg": "image/svg+xml",
		"/bowshot/bridge.js": "text/javascript; charset=utf-8",
	} {
		if response := get(t, front, path); response.Header.Get("Content-Type") != mediaType {
			t.Errorf("%s is %d %s", path, response.StatusCode, response.Header.Get("Content-Type"))
		}
	}
	for _, path := range []string{"/assets", "/none", "/../handler.go", "/assets/../../x"} {
		if response := get(t, front, path); response.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d", path, response.StatusCode)
		}
	}
}
