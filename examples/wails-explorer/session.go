package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	bowshot "github.com/bowshot/bowshot/clients/go"
	"github.com/bowshot/bowshot/clients/go/wails"
)

const (
	startTimeout  = 60 * time.Second
	answerTimeout = 3 * time.Second
	logLinesShown = 12
)

// session is what the window shows: files, by a server of its own, or a server elsewhere. Another set
// of files is another server: the old one answers until the new one listens. Safe for concurrent use.
type session struct {
	handler *wails.Handler
	onGone  func()

	lock       sync.Mutex
	shown      *shown // nil: nothing
	problem    *problem
	isChecking bool // whether the server is being asked if it lives
}

// shown is one state of a session. Immutable.
type shown struct {
	name     string          // of what was opened last, for people
	server   *bowshot.Server // nil: elsewhere
	address  string
	token    string
	datasets []dataset
}

// problem is why what was shown is gone.
type problem struct {
	Title  string `json:"title"`
	Detail string `json:"detail"`
	// WayBack is what restore does, for its button.
	WayBack string `json:"wayBack"`
	was     *shown
}

// openError is for the reader.
type openError struct{ title, detail string }

func (e *openError) Error() string { return e.title + ": " + e.detail }

func newSession(handler *wails.Handler, onGone func()) *session {
	return &session{handler: handler, onGone: onGone}
}

func (s *session) isOpen() bool { return s.current() != nil }

func (s *session) current() *shown {
	s.lock.Lock()
	defer s.lock.Unlock()
	return s.shown
}

func (s *session) lastProblem() *problem {
	s.lock.Lock()
	defer s.lock.Unlock()
	return s.problem
}

// open shows paths beside the files that are shown, and returns the name of the first as a dataset.
func (s *session) open(ctx context.Context, paths []string) (string, error) {
	var datasets []dataset
	if before := s.current(); before != nil {
		datasets = before.datasets
	}
	datasets, err := withPaths(datasets, paths)
	if err != nil {
		return "", &openError{"It cannot be opened", err.Error()}
	}
	if err := s.start(ctx, filepath.Base(paths[0]), datasets); err != nil {
		return "", err
	}
	first := slices.IndexFunc(datasets, func(d dataset) bool { return d.path == paths[0] })
	return datasets[first].name, nil
}

func (s *session) start(ctx context.Context, name string, datasets []dataset) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	arguments := make([]string, len(datasets))
	for i, one := range datasets {
		arguments[i] = one.name + "=" + one.path
	}
	server, err := bowshot.StartServer(ctx, bowshot.ServerOptions{Datasets: arguments})
	if err != nil {
		return asOpenError(err, datasets)
	}
	return s.use(&shown{
		name: name, server: server, address: server.Address(), token: server.Token(), datasets: datasets,
	})
}

// connect shows a server elsewhere, once it has answered.
func (s *session) connect(ctx context.Context, address, token string) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	client, err := bowshot.Connect(ctx, address, bowshot.WithToken(token), bowshot.WithRetries(0))
	if err != nil {
		return asConnectError(err, address)
	}
	client.Close()
	return s.use(&shown{name: address, address: address, token: token})
}

func (s *session) use(next *shown) error {
	target, err := wails.NewTarget(next.address, next.token)
	if err != nil {
		stop(next)
		return &openError{"That is no address", err.Error()}
	}
	s.lock.Lock()
	before := s.shown
	s.shown, s.problem = next, nil
	s.lock.Unlock()
	s.handler.SetTarget(target)
	if next.server != nil {
		go s.watch(next)
	}
	if before != nil {
		go stop(before)
	}
	return nil
}

// watch ends with the server.
func (s *session) watch(running *shown) {
	<-running.server.Done()
	detail := "It ended by itself."
	if err := running.server.Err(); err != nil {
		detail = strings.TrimPrefix(lastLines(err.Error()), "bowshot: the server ended: ")
	}
	s.lose(running, "The server ended", detail)
}

// checkServer is called for each request that did not reach the server, and asks it once whether it
// lives.
func (s *session) checkServer() {
	s.lock.Lock()
	defer s.lock.Unlock()
	if s.shown == nil || s.isChecking {
		return
	}
	s.isChecking = true
	go func(checked *shown) {
		err := checked.ping()
		s.lock.Lock()
		s.isChecking = false
		s.lock.Unlock()
		if err != nil {
			detail := "It runs, but does not answer any more."
			if checked.server == nil {
				detail = asConnectError(err, checked.address).Error()
			}
			s.lose(checked, "The server cannot be reached", detail)
		}
	}(s.shown)
}

// ping is nil if the server answers.
func (s *shown) ping() error {
	ctx, cancel := context.WithTimeout(context.Background(), answerTimeout)
	defer cancel()
	client, err := bowshot.Connect(ctx, s.address, bowshot.WithToken(s.token))
	if err == nil {
		client.Close()
	}
	return err
}

func (s *session) lose(lost *shown, title, detail string) {
	s.lock.Lock()
	isShown := s.shown == lost
	if isShown {
		s.shown, s.problem = nil, &problem{Title: title, Detail: detail, WayBack: lost.wayBack(), was: lost}
	}
	s.lock.Unlock()
	if !isShown {
		return // it was replaced, or closed
	}
	fmt.Fprintf(os.Stderr, "%s: %s\n", programName, title)
	s.handler.SetTarget(nil)
	s.handler.StopAnswers()
	stop(lost)
	s.onGone()
}

func (s *shown) wayBack() string {
	if s.server == nil {
		return "Connect again"
	}
	return "Start it again"
}

// restore shows again what was lost.
func (s *session) restore(ctx context.Context) error {
	lost := s.lastProblem()
	if lost == nil {
		return nil
	}
	if lost.was.server != nil {
		return s.start(ctx, lost.was.name, lost.was.datasets)
	}
	return s.connect(ctx, lost.was.address, lost.was.token)
}

// close shows nothing, and ends the server, if it is one's own.
func (s *session) close() {
	s.lock.Lock()
	before := s.shown
	s.shown, s.problem = nil, nil
	s.lock.Unlock()
	s.handler.SetTarget(nil)
	s.handler.StopAnswers()
	if before != nil {
		stop(before)
	}
}

// title is the window's.
func (s *session) title() string {
	showing := s.current()
	if showing == nil {
		return "Bowshot"
	}
	return showing.name + " – Bowshot"
}

func stop(ending *shown) {
	if ending.server == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	_ = ending.server.Stop(ctx) // it is over either way
}

// asOpenError keeps what the server said of a file, without what is before it.
func asOpenError(err error, datasets []dataset) error {
	if bowshot.CodeOf(err) != bowshot.CodeServerStart {
		return err
	}
	text := lastLines(err.Error())
	for _, one := range datasets {
		source := "bowshot: dataset " + one.name + " of " + one.path + ": "
		if _, said, found := strings.Cut(text, source); found {
			return &openError{filepath.Base(one.path) + " cannot be opened", said}
		}
	}
	return &openError{"The server cannot be started", text}
}

func asConnectError(err error, address string) error {
	detail := err.Error()
	var failed *bowshot.Error
	if errors.As(err, &failed) {
		detail = failed.Detail
	}
	switch bowshot.CodeOf(err) {
	case bowshot.CodeUnauthorized:
		detail = "The server wants a token, and this is not the one."
	case bowshot.CodeNetwork, bowshot.CodeCancelled:
		detail = "Nobody answers there."
	default:
	}
	return &openError{address + " cannot be shown", detail}
}

// lastLines leaves out what the server's log says of its everyday life.
func lastLines(text string) string {
	lines := slices.DeleteFunc(strings.Split(strings.TrimSpace(text), "\n"), func(line string) bool {
		words := strings.Fields(line)
		return len(words) > 1 && words[1] == "info"
	})
	return strings.Join(lines[max(0, len(lines)-logLinesShown):], "\n")
}
