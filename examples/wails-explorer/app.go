package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/wailsapp/wails/v2/pkg/options"
	"github.com/wailsapp/wails/v2/pkg/runtime"

	"github.com/bowshot/bowshot/clients/go/wails"
)

// app is the window: what it shows, and what its menu, its dialogs and its page's scripts ask for.
type app struct {
	given    *arguments
	settings *settings
	handler  *wails.Handler
	session  *session
	saves    *saves
	routes   *http.ServeMux
	test     *selfTest // nil unless it was asked for

	window context.Context //nolint:containedctx // Wails' handle of the window
	begin  sync.Once
	opened sync.Mutex // one thing is opened at a time
}

func newApp(given *arguments, page fs.FS) (*app, error) {
	kept, err := loadSettings(given.settings)
	if err != nil {
		return nil, err
	}
	a := &app{given: given, settings: kept}
	a.handler = wails.NewHandler(wails.Options{
		Page: page, Scripts: []string{desktopScript},
		OnUnreachable: func(error) { a.session.checkServer() },
	})
	a.session = newSession(a.handler, a.serverIsGone)
	a.saves = newSaves(a.handler)
	a.routes = a.desktopRoutes()
	if given.selfTest {
		a.test = newSelfTest(a)
	}
	return a, nil
}

// ServeHTTP answers the page: this window's own paths, the start page while nothing is open, and else
// the explorer and its data.
func (a *app) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case strings.HasPrefix(r.URL.Path, desktopPrefix):
		a.routes.ServeHTTP(w, r)
	case r.URL.Path == "/" && !a.session.isOpen():
		a.serveStart(w, r)
	default:
		a.handler.ServeHTTP(w, r)
	}
}

func (a *app) startup(window context.Context) {
	a.window = window
	runtime.OnFileDrop(window, func(_, _ int, paths []string) { go a.openPaths(paths) })
	if a.test != nil {
		go a.test.watch()
	}
}

// domReady comes with every page that was loaded. What the command line names is opened only now: by
// then a second instance has handed it to the first, and has ended.
func (a *app) domReady(context.Context) {
	a.begin.Do(func() {
		a.restorePosition()
		go a.openGiven(a.given)
	})
}

func (a *app) openGiven(given *arguments) {
	if given.server == "" {
		a.openPaths(given.paths)
		return
	}
	token, err := given.token()
	if err == nil {
		err = a.connect(given.server, token)
	}
	a.tell(err)
}

// openPaths adds files or folders to what is shown.
func (a *app) openPaths(paths []string) {
	if len(paths) == 0 { // a drop of something else than files
		return
	}
	a.opened.Lock()
	defer a.opened.Unlock()
	a.notice(notice{Title: "Opening " + filepath.Base(paths[0]) + " …", IsBusy: true})
	name, err := a.session.open(a.window, paths)
	if err != nil {
		a.tell(err)
		return
	}
	for _, path := range paths {
		a.settings.remember(path)
	}
	a.show(name)
}

// connect shows a server that is there already.
func (a *app) connect(address, token string) error {
	a.opened.Lock()
	defer a.opened.Unlock()
	if err := a.session.connect(a.window, address, token); err != nil {
		return err
	}
	a.settings.remember(address)
	a.show("")
	return nil
}

// show loads the explorer, at a dataset if one is named.
func (a *app) show(dataset string) {
	runtime.WindowSetTitle(a.window, a.session.title())
	hash := ""
	if dataset != "" {
		hash = "#/" + dataset
	}
	a.execute("history.replaceState(null, '', '/' + %s); location.reload()", hash)
}

func (a *app) showStart() { a.execute("location.href = %s", startPath) }

// closeAll goes back to the start.
func (a *app) closeAll() {
	a.opened.Lock()
	defer a.opened.Unlock()
	a.session.close()
	a.show("")
}

// serverIsGone: the page that is shown gives way to one that says so; its hash stays for the way back.
func (a *app) serverIsGone() {
	if a.window != nil {
		runtime.WindowSetTitle(a.window, a.session.title())
		a.execute("location.reload()")
	}
}

// restore is the way back: the page that asks for it loads itself anew.
func (a *app) restore(ctx context.Context) error {
	a.opened.Lock()
	defer a.opened.Unlock()
	if err := a.session.restore(ctx); err != nil {
		return err
	}
	runtime.WindowSetTitle(a.window, a.session.title())
	return nil
}

func (a *app) secondInstance(second options.SecondInstanceData) {
	runtime.WindowUnminimise(a.window)
	runtime.Show(a.window)
	given, err := parseArguments(second.Args, second.WorkingDirectory)
	if err != nil {
		a.tell(err)
		return
	}
	go a.openGiven(given)
}

// instanceName: one window for each folder of settings.
func (a *app) instanceName() string {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(a.given.settings)) // never fails
	return fmt.Sprintf("bowshot-explorer-%x", hash.Sum64())
}

// notice is a line over the page; see desktop.js.
type notice struct {
	Title  string `json:"title"`
	Detail string `json:"detail,omitempty"`
	IsBusy bool   `json:"isBusy,omitempty"`
	// Progress, from 0 to 1, or below 0 where the end is not known.
	Progress float64 `json:"progress,omitempty"`
	// Cancel is the path that a DELETE of ends what is under way.
	Cancel string `json:"cancel,omitempty"`
}

func (a *app) notice(shown notice) { a.execute("bowshotDesktop.notice(%s)", shown) }

// tell says what went wrong, if anything did.
func (a *app) tell(err error) {
	if err == nil {
		return
	}
	fmt.Fprintf(os.Stderr, "%s: %v\n", programName, err)
	var failed *openError
	if errors.As(err, &failed) {
		a.notice(notice{Title: failed.title, Detail: failed.detail})
		return
	}
	a.notice(notice{Title: "That did not work", Detail: err.Error()})
}

// execute runs a line of script in the page; its values are written as JSON, which is script.
func (a *app) execute(script string, values ...any) {
	written := make([]any, len(values))
	for i, value := range values {
		text, err := json.Marshal(value)
		if err != nil {
			panic(err) // texts and numbers of ours
		}
		written[i] = text
	}
	runtime.WindowExecJS(a.window, fmt.Sprintf(script, written...))
}

const stopTimeout = 5 * time.Second

func (a *app) beforeClose(context.Context) bool {
	a.keepWindow()
	a.saves.abortAll()
	a.handler.StopAnswers()
	return false
}

func (a *app) outcome() error {
	if a.test != nil {
		return a.test.outcome()
	}
	return nil
}
