package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/wailsapp/wails/v2/pkg/runtime"

	"github.com/bowshot/bowshot/clients/go/wails"
)

const (
	partBytesMax  = 16 << 20 // of one write of the page
	copyBytes     = 1 << 20
	progressEvery = 200 * time.Millisecond
	savesMax      = 16
)

// saves are files being written. Each is whole, under its name, or not there: it is written beside its
// place and renamed at the end. Safe for concurrent use.
type saves struct {
	handler *wails.Handler
	// ask lets the reader choose a path, "" for none; the self-test chooses by itself.
	ask func(suggested string) (string, error)

	lock    sync.Mutex
	last    int
	running map[string]*save
}

type save struct {
	path   string
	file   *os.File
	cancel context.CancelFunc // of a save that the program makes, without the page
	lock   sync.Mutex         // of one write
	bytes  int64
}

func newSaves(handler *wails.Handler) *saves {
	return &saves{handler: handler, running: map[string]*save{}}
}

func (s *saves) addRoutes(routes *http.ServeMux, a *app) {
	s.ask = func(suggested string) (string, error) {
		return runtime.SaveFileDialog(a.window, runtime.SaveDialogOptions{
			Title: "Save as", DefaultFilename: filepath.Base(suggested), CanCreateDirectories: true,
		})
	}
	routes.HandleFunc("POST /desktop/saves", s.begin)
	routes.HandleFunc("POST /desktop/saves/{id}/part", s.part)
	routes.HandleFunc("POST /desktop/saves/{id}/end", s.end)
	routes.HandleFunc("DELETE /desktop/saves/{id}", func(w http.ResponseWriter, r *http.Request) {
		s.abort(r.PathValue("id"))
		done(w)
	})
	routes.HandleFunc("POST /desktop/downloads", func(w http.ResponseWriter, r *http.Request) {
		s.download(w, r, a)
	})
}

// begin asks where to, and answers with the save's id; 204 when the reader thought better of it.
func (s *saves) begin(w http.ResponseWriter, r *http.Request) {
	id, _, err := s.open(r.URL.Query().Get("name"), nil)
	switch {
	case err != nil:
		refuse(w, err)
	case id == "":
		done(w)
	default:
		writeJSON(w, http.StatusCreated, map[string]string{"id": id})
	}
}

func (s *saves) open(suggested string, cancel context.CancelFunc) (string, *save, error) {
	path, err := s.ask(suggested)
	if err != nil || path == "" {
		return "", nil, err
	}
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*.part")
	if err != nil {
		return "", nil, fmt.Errorf("%s cannot be written: %w", path, errors.Unwrap(err))
	}
	began := &save{path: path, file: file, cancel: cancel}
	s.lock.Lock()
	defer s.lock.Unlock()
	if len(s.running) >= savesMax {
		began.drop()
		return "", nil, fmt.Errorf("%d files are being written, the most there may be", savesMax)
	}
	s.last++
	id := strconv.Itoa(s.last)
	s.running[id] = began
	return id, began, nil
}

// part writes what comes at an offset: parts are in order, and none is written twice.
func (s *saves) part(w http.ResponseWriter, r *http.Request) {
	found := s.find(r.PathValue("id"))
	if found == nil {
		refuse(w, errors.New("the file is not being written any more"))
		return
	}
	found.lock.Lock()
	defer found.lock.Unlock()
	if at := r.URL.Query().Get("at"); at != strconv.FormatInt(found.bytes, 10) {
		refuse(w, fmt.Errorf("a part for byte %s came where byte %d is next", at, found.bytes))
		return
	}
	written, err := io.Copy(found.file, io.LimitReader(r.Body, partBytesMax))
	found.bytes += written
	if err != nil {
		refuse(w, fmt.Errorf("%s cannot be written: %w", found.path, err))
		return
	}
	done(w)
}

func (s *saves) end(w http.ResponseWriter, r *http.Request) {
	found := s.take(r.PathValue("id"))
	if found == nil {
		refuse(w, errors.New("the file is not being written any more"))
		return
	}
	if bytes := r.URL.Query().Get("bytes"); bytes != strconv.FormatInt(found.bytes, 10) {
		found.drop()
		refuse(w, fmt.Errorf("%d bytes came of %s", found.bytes, bytes))
		return
	}
	if err := found.keep(); err != nil {
		refuse(w, err)
		return
	}
	done(w)
}

func (s *saves) find(id string) *save {
	s.lock.Lock()
	defer s.lock.Unlock()
	return s.running[id]
}

// take removes a save from those that run: who takes it ends it.
func (s *saves) take(id string) *save {
	s.lock.Lock()
	defer s.lock.Unlock()
	taken := s.running[id]
	delete(s.running, id)
	return taken
}

func (s *saves) abort(id string) {
	if taken := s.take(id); taken != nil {
		taken.drop()
	}
}

func (s *saves) abortAll() {
	s.lock.Lock()
	all := s.running
	s.running = map[string]*save{}
	s.lock.Unlock()
	for _, one := range all {
		one.drop()
	}
}

// keep gives a whole file its name.
func (s *save) keep() error {
	err := s.file.Sync()
	err = errors.Join(err, s.file.Close())
	if err == nil {
		err = os.Chmod(s.file.Name(), 0o644) //nolint:gosec // as any file that a reader saves
	}
	if err == nil {
		err = os.Rename(s.file.Name(), s.path) //nolint:gosec // the place that the reader chose
	}
	if err != nil {
		_ = os.Remove(s.file.Name()) //nolint:gosec // as above
		return fmt.Errorf("%s cannot be written: %w", s.path, err)
	}
	return nil
}

func (s *save) drop() {
	if s.cancel != nil {
		s.cancel()
	}
	_ = s.file.Close()
	_ = os.Remove(s.file.Name()) //nolint:gosec // beside the place that the reader chose
}

// download saves a link of the page without the page: the bytes go from the server into the file, and
// the page is told how far it is.
func (s *saves) download(w http.ResponseWriter, r *http.Request, a *app) {
	ctx, cancel := context.WithCancel(context.Background())
	id, began, err := s.open(r.URL.Query().Get("name"), cancel)
	if err != nil || id == "" {
		cancel()
		if err != nil {
			refuse(w, err)
			return
		}
		done(w)
		return
	}
	go func() {
		defer cancel()
		err := s.fill(ctx, id, began, r.URL.Query().Get("from"), a)
		a.notice(s.finish(id, began, err))
	}()
	done(w)
}

// finish keeps the file if all of it came and nobody cancelled, and says what became of it.
func (s *saves) finish(id string, ending *save, err error) notice {
	if s.take(id) == nil {
		return notice{Title: "Cancelled. No file was kept."}
	}
	name := filepath.Base(ending.path)
	if err == nil {
		err = ending.keep()
	} else {
		ending.drop()
	}
	if err != nil {
		return notice{Title: name + " was not saved", Detail: err.Error()}
	}
	return notice{Title: "Saved " + name, Detail: fmt.Sprintf("%d bytes", ending.bytes)}
}

func (s *saves) fill(ctx context.Context, id string, filled *save, from string, a *app) error {
	response, err := s.handler.Fetch(ctx, from)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	shown := notice{
		Title: "Saving " + filepath.Base(filled.path), IsBusy: true, Progress: -1,
		Cancel: "/desktop/saves/" + id,
	}
	last := time.Time{}
	buffer := make([]byte, copyBytes)
	for {
		size, err := response.Body.Read(buffer)
		if _, failed := filled.file.Write(buffer[:size]); failed != nil {
			return failed
		}
		filled.bytes += int64(size)
		if time.Since(last) > progressEvery {
			last = time.Now()
			if response.ContentLength > 0 {
				shown.Progress = float64(filled.bytes) / float64(response.ContentLength)
			}
			shown.Detail = fmt.Sprintf("%.1f MB", float64(filled.bytes)/1e6)
			a.notice(shown)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
