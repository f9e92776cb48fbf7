// Package wails gives a Wails application's page its data: an [http.Handler] for Wails' AssetServer
// that passes the protocol's requests to a Bowshot server, over its Unix socket or the network.
//
//	server, err := bowshot.StartServer(ctx, bowshot.ServerOptions{Datasets: []string{"flights.parquet"}})
//	target, err := wails.NewTarget(server.Address(), server.Token())
//	handler := wails.NewHandler(wails.Options{Page: page})
//	handler.SetTarget(target)
//	err = wailsapp.Run(&options.App{AssetServer: &assetserver.Options{Handler: handler}})
//
// The page is the explorer or one's own, unchanged: its base URL is "", its own origin. The server's
// token stays in this process. What Wails' web views lack, a script that the handler puts into the
// page makes up for: see bridge.js.
package wails

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"sync/atomic"
)

// Options say what a [Handler] serves beside the server's answers.
type Options struct {
	// Page holds the built page: index.html and what it asks for. Nil: no page.
	Page fs.FS
	// Scripts are paths of further scripts that index.html begins with, after bridge.js.
	Scripts []string
	// OnUnreachable is told of every request that did not reach the server. It must not block.
	OnUnreachable func(error)
}

// Handler serves one window: its page, and the answers of a server that can change meanwhile. It is
// safe for concurrent use, and starts no goroutine.
type Handler struct {
	options Options
	target  atomic.Pointer[Target]
	answers answers
}

// NewHandler makes a handler without a server: until [Handler.SetTarget], requests are refused with
// the code no_server.
func NewHandler(options Options) *Handler {
	return &Handler{options: options, answers: newAnswers()}
}

// SetTarget sends requests from now on to another server; nil: to none. Answers that have begun go on.
func (h *Handler) SetTarget(target *Target) {
	if old := h.target.Swap(target); old != nil && old != target {
		old.closeIdle()
	}
}

// StopAnswers ends every answer that is under way, and so the server's queries.
func (h *Handler) StopAnswers() { h.answers.stopAll() }

// BytesUnread is how much of the answers under way was sent to the page and is not read yet; an answer
// has room for 4 MiB.
func (h *Handler) BytesUnread() int64 { return h.answers.bytesUnread() }

// ServeHTTP answers a request of the page.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Header.Get("Sec-Fetch-Site") == "cross-site":
		writeProblem(w, http.StatusForbidden, "forbidden_origin", "only this window's own page may ask")
	case isBridgePath(r.URL.Path):
		h.serveBridge(w, r)
	case isProtocolPath(r.URL.Path):
		h.forward(w, r)
	default:
		h.servePage(w, r)
	}
}

// forward passes a request on and its answer back.
func (h *Handler) forward(w http.ResponseWriter, r *http.Request) {
	if !isProtocolMethod(r.Method) {
		w.Header().Set("Allow", allowedMethods)
		writeProblem(w, http.StatusMethodNotAllowed, "method_not_allowed", "the methods are "+allowedMethods)
		return
	}
	target := h.target.Load()
	if target == nil {
		writeProblem(w, http.StatusServiceUnavailable, "no_server", "no file and no server is open")
		return
	}
	answer, err := h.answers.begin(r.Context(), r.Header.Get(headerAnswer))
	if err != nil {
		writeProblem(w, http.StatusBadRequest, "bad_parameter", err.Error())
		return
	}
	defer h.answers.end(answer)
	response, err := target.send(answer.context, r)
	if err != nil {
		h.tellUnreachable(w, answer, err)
		return
	}
	defer func() { _ = response.Body.Close() }()
	relay(w, r, response, answer)
}

// tellUnreachable: to the page, in the words of a problem document; a page that left is told nothing.
func (h *Handler) tellUnreachable(w http.ResponseWriter, answer *answer, err error) {
	answer.fail(err)
	if answer.context.Err() != nil {
		writeProblem(w, statusClosedRequest, "cancelled", "the page left")
		return
	}
	if h.options.OnUnreachable != nil {
		h.options.OnUnreachable(err)
	}
	detail := "the server did not answer"
	var redirect *redirectError
	if errors.As(err, &redirect) {
		detail = err.Error()
	}
	writeProblem(w, http.StatusBadGateway, "network", detail)
}

// Fetch asks the server for what a link of the page names, `/v1/datasets/flights/rows?format=csv`, for
// a program that saves it to a file. The same paths are allowed as to the page. A body that is cut off
// ends with an error; the caller closes it. An answer that is not 2xx is an error.
func (h *Handler) Fetch(ctx context.Context, link string) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, link, nil)
	if err != nil {
		return nil, err
	}
	target := h.target.Load()
	if !isProtocolPath(request.URL.Path) || target == nil {
		return nil, fmt.Errorf("%s cannot be fetched", request.URL.Path)
	}
	response, err := target.send(ctx, request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode < 200 || response.StatusCode > 299 {
		defer func() { _ = response.Body.Close() }()
		return nil, problemOf(response)
	}
	return response, nil
}
