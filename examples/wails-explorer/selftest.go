package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/wailsapp/wails/v2/pkg/runtime"

	"github.com/bowshot/bowshot/clients/go/wails"
)

// parts of the self-test that can be asked for alone.
var parts = []string{partJumps, partSave, partDirect}

const (
	partJumps  = "jumps"
	partSave   = "save"
	partDirect = "direct"

	stepTimeout = 120 * time.Second
	askEvery    = 300 * time.Millisecond
	reportBytes = 32 << 20
)

// selfTest drives the window as a reader would, by self_test.js in the page, and prints what it found.
// It needs a file or a server on the command line, and shows every failure in its report.
type selfTest struct {
	app    *app
	folder string
	words  chan json.RawMessage // what the page reports

	lock   sync.Mutex
	report report
}

type report struct {
	Checks  []check            `json:"checks"`
	Figures map[string]float64 `json:"figures"`
}

type check struct {
	Name   string `json:"name"`
	Passed bool   `json:"passed"`
	Detail string `json:"detail,omitempty"`
}

// pageReport is what self_test.js says at its end. Seen is all that a script of the page can read.
type pageReport struct {
	report
	Seen string `json:"seen"`
}

func newSelfTest(a *app) *selfTest {
	test := &selfTest{
		app: a, words: make(chan json.RawMessage, 1), report: report{Figures: map[string]float64{}},
	}
	test.addRoutes(a.routes)
	return test
}

// watch runs the steps, and closes the window.
func (t *selfTest) watch() {
	defer runtime.Quit(t.app.window)
	folder, err := os.MkdirTemp("", "bowshot-self-test-")
	if err != nil {
		t.add("a folder to save to", err)
		return
	}
	defer func() { _ = os.RemoveAll(folder) }()
	t.folder = folder
	if t.app.given.part != partSave {
		t.saveTo(folder)
	}
	t.drivePage()
	if t.app.given.part != "" {
		return
	}
	t.checkSaved()
	if showing := t.app.session.current(); showing != nil && showing.server != nil {
		t.killServer()
	}
}

// drivePage lets the script do its part in the explorer, once it is there.
func (t *selfTest) drivePage() {
	begin := `if (!window.bowshotSelfTest && document.querySelector('[role=grid]')) {
		window.bowshotSelfTest = true;
		window.bowshotSelfTestPart = '` + t.app.given.part + `';
		document.head.append(Object.assign(document.createElement('script'), { src: '/desktop/self_test.js' }));
	}`
	if t.app.given.part == partDirect { // the explorer's page may ask nobody but its own origin
		begin = `if (!window.bowshotSelfTest && document.querySelector('[role=grid]')) {
			window.bowshotSelfTest = true;
			location.href = '/desktop/direct.html' + location.hash;
		}`
	}
	word, err := t.await(begin)
	var said pageReport
	if err == nil {
		err = json.Unmarshal(word, &said)
	}
	t.add("the page reports", err)
	t.lock.Lock()
	defer t.lock.Unlock()
	t.report.Checks = append(t.report.Checks, said.Checks...)
	for name, figure := range said.Figures {
		t.report.Figures[name] = figure
	}
	token := ""
	if showing := t.app.session.current(); showing != nil {
		token = showing.token
	}
	isHidden := token == "" || (said.Seen != "" && !strings.Contains(said.Seen, token))
	t.report.Checks = append(t.report.Checks, check{Name: "the token stays out of the page", Passed: isHidden})
}

// checkSaved: the export that the page made, and the link that it saved in its place, are a whole
// Parquet file, and nothing lies beside it.
func (t *selfTest) checkSaved() {
	found, err := filepath.Glob(filepath.Join(t.folder, "*.parquet"))
	if err == nil && len(found) != 1 {
		err = fmt.Errorf("%d Parquet files were saved", len(found))
	}
	if err == nil {
		var content []byte
		content, err = os.ReadFile(found[0])
		if err == nil && (!bytes.HasPrefix(content, []byte("PAR1")) || !bytes.HasSuffix(content, []byte("PAR1"))) {
			err = errors.New("it is not a whole Parquet file")
		}
		t.figure("saved_bytes", float64(len(content)))
	}
	t.add("the page's export is a file", err)
	parts, _ := filepath.Glob(filepath.Join(t.folder, ".*.part"))
	if len(parts) > 0 {
		err = fmt.Errorf("there are parts left: %v", parts)
	}
	t.add("nothing else lies beside it", err)
}

// killServer: the page says that it is gone, and its button brings it back.
func (t *selfTest) killServer() {
	process, err := os.FindProcess(t.app.session.current().server.PID())
	if err == nil {
		err = process.Kill()
	}
	if err == nil {
		_, err = t.await(`if (document.querySelector('#problem:not([hidden])') && !window.bowshotTold) {
			window.bowshotTold = true;
			fetch('/desktop/report', { method: 'POST', body: '{}' });
		}`)
	}
	t.add("a killed server is told of", err)
	began := time.Now()
	_, err = t.await(`document.querySelector('#problem button')?.click();
		if (document.querySelector('[role=row][aria-rowindex] [role=gridcell]') && !window.bowshotTold) {
			window.bowshotTold = true;
			fetch('/desktop/report', { method: 'POST', body: '{}' });
		}`)
	t.add("its button brings the rows back", err)
	t.figure("way_back_seconds", time.Since(began).Seconds())
}

// await runs a script in the page, again and again, until the page reports.
func (t *selfTest) await(script string) (json.RawMessage, error) {
	deadline := time.After(stepTimeout)
	for {
		t.app.execute(strings.ReplaceAll(script, "%", "%%"))
		select {
		case word := <-t.words:
			return word, nil
		case <-deadline:
			return nil, fmt.Errorf("not within %s", stepTimeout)
		case <-time.After(askEvery):
		}
	}
}

// take is a word of the page.
func (t *selfTest) take(body io.Reader) {
	word, err := io.ReadAll(io.LimitReader(body, reportBytes))
	if err == nil {
		t.words <- word
	}
}

// addRoutes adds what self_test.js and direct.js ask for: numbers that a page cannot know, and faults.
func (t *selfTest) addRoutes(routes *http.ServeMux) {
	addOwn(routes, "self_test.js", "direct.html", "direct.js")
	routes.HandleFunc("POST /desktop/self-test/unread", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, map[string]int64{"bytes": t.app.handler.BytesUnread()})
	})
	routes.HandleFunc("POST /desktop/self-test/address", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, map[string]string{"address": t.app.session.current().address})
	})
	routes.HandleFunc("POST /desktop/self-test/cut-answers", func(w http.ResponseWriter, _ *http.Request) {
		answerDone(w, t.cutAnswers())
	})
	routes.HandleFunc("POST /desktop/self-test/whole-answers", func(w http.ResponseWriter, _ *http.Request) {
		showing := t.app.session.current()
		answerDone(w, t.sendTo(showing.address, showing.token))
	})
	routes.HandleFunc("POST /desktop/self-test/saves", func(w http.ResponseWriter, r *http.Request) {
		t.saveTo(filepath.Join(t.folder, r.URL.Query().Get("folder")))
		done(w)
	})
}

// saveTo chooses a folder in place of the reader's dialogs.
func (t *selfTest) saveTo(folder string) {
	t.app.saves.ask = func(suggested string) (string, error) { return filepath.Join(folder, suggested), nil }
}

// cutAnswers puts a server that cuts every answer off in the place of the session's.
func (t *selfTest) cutAnswers() error {
	var config net.ListenConfig
	listener, err := config.Listen(t.app.window, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	cutting := &http.Server{Handler: http.HandlerFunc(cutOff), ReadHeaderTimeout: stepTimeout}
	go func() { _ = cutting.Serve(listener) }() // as long as the program
	return t.sendTo("http://"+listener.Addr().String(), "")
}

func (t *selfTest) sendTo(address, token string) error {
	target, err := wails.NewTarget(address, token)
	if err == nil {
		t.app.handler.SetTarget(target)
	}
	return err
}

func cutOff(w http.ResponseWriter, _ *http.Request) {
	_, _ = w.Write([]byte("a,b\r\n1,2\r\n"))
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

func (t *selfTest) add(name string, err error) {
	t.lock.Lock()
	defer t.lock.Unlock()
	found := check{Name: name, Passed: err == nil}
	if err != nil {
		found.Detail = err.Error()
	}
	t.report.Checks = append(t.report.Checks, found)
}

func (t *selfTest) figure(name string, value float64) {
	t.lock.Lock()
	defer t.lock.Unlock()
	t.report.Figures[name] = value
}

// outcome prints the report; a check that failed is an error.
func (t *selfTest) outcome() error {
	t.lock.Lock()
	defer t.lock.Unlock()
	text, err := json.MarshalIndent(t.report, "", "  ")
	if err != nil {
		return err
	}
	fmt.Println(string(text))
	failed := 0
	for _, one := range t.report.Checks {
		if !one.Passed {
			failed++
		}
	}
	if failed > 0 || len(t.report.Checks) == 0 {
		return fmt.Errorf("%d of %d checks failed", failed, len(t.report.Checks))
	}
	return nil
}
