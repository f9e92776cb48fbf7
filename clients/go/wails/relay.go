package wails

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
)

const (
	// wholeBytesMax: an answer of a known length up to this is read before its head leaves, so that
	// one that is cut off is an error with a status.
	wholeBytesMax = 1 << 20
	copyBytes     = 256 << 10
	// statusClosedRequest is what logs commonly say of a client that left.
	statusClosedRequest = 499
)

// relay sends a server's answer to the page: whole if it is short, else as it comes.
func relay(w http.ResponseWriter, r *http.Request, response *http.Response, answer *answer) {
	copyHeaders(w.Header(), response.Header)
	length := response.ContentLength
	if r.Method == http.MethodHead || (length >= 0 && length <= wholeBytesMax) {
		relayWhole(w, response, answer)
		return
	}
	if answer.isNamed() {
		answer.isStreamed = true
		w.Header().Set(headerAnswer, answerStreamed)
	}
	if length > 0 {
		w.Header().Set("Content-Length", strconv.FormatInt(length, 10))
	}
	w.WriteHeader(response.StatusCode)
	if err := relayStream(w, response.Body, answer); err != nil {
		answer.fail(err)
		breakOff(r)
	}
}

func relayWhole(w http.ResponseWriter, response *http.Response, answer *answer) {
	body, err := io.ReadAll(response.Body)
	if err != nil {
		answer.fail(err)
		clear(w.Header())
		writeProblem(w, http.StatusBadGateway, "incomplete_answer", "the answer was cut off")
		return
	}
	if response.ContentLength >= 0 {
		w.Header().Set("Content-Length", strconv.FormatInt(response.ContentLength, 10))
	}
	w.WriteHeader(response.StatusCode)
	_, _ = w.Write(body) // a page that left needs nothing
}

// relayStream copies until the end, and never sends more than the page has room for.
func relayStream(w http.ResponseWriter, body io.Reader, answer *answer) error {
	flusher := http.NewResponseController(w)
	buffer := make([]byte, copyBytes)
	for {
		size, err := body.Read(buffer)
		if size > 0 {
			if waited := answer.awaitRoom(size); waited != nil {
				return waited
			}
			if _, failed := w.Write(buffer[:size]); failed != nil {
				return &pageGoneError{failed}
			}
			_ = flusher.Flush() // where there is such a thing; Wails passes on at once
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// pageGoneError: the web view closed the answer's pipe.
type pageGoneError struct{ cause error }

func (e *pageGoneError) Error() string { return "the page left: " + e.cause.Error() }
func (e *pageGoneError) Unwrap() error { return e.cause }

// breakOff makes a cut visible where that is possible: net/http resets the connection. Wails ends
// every body well, so there bridge.js asks how an answer ended.
func breakOff(r *http.Request) {
	if r.Context().Value(http.ServerContextKey) != nil {
		panic(http.ErrAbortHandler)
	}
}

// keptBack are headers of this hop, or of matters that are between this process and the server.
var keptBack = map[string]bool{
	"Connection": true, "Keep-Alive": true, "Transfer-Encoding": true, "Trailer": true, "Upgrade": true,
	"Proxy-Authenticate": true, "Proxy-Connection": true, "Te": true, "Www-Authenticate": true,
	"Set-Cookie": true, "Content-Length": true, "Content-Security-Policy": true, headerAnswer: true,
}

func copyHeaders(to, from http.Header) {
	for name, values := range from {
		if !keptBack[name] && !strings.HasPrefix(name, "Access-Control-") {
			to[name] = values
		}
	}
}

// writeProblem answers as the server does: RFC 9457, with the protocol's code.
func writeProblem(w http.ResponseWriter, status int, code, detail string) {
	title := titles[code]
	if title == "" {
		title = http.StatusText(status)
	}
	body, _ := json.Marshal(map[string]any{ // texts and a number: never fails
		"type": "about:blank", "title": title, "status": status, "code": code, "detail": detail,
	})
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

var titles = map[string]string{
	"no_server":         "Nothing is open",
	"network":           "The server cannot be reached",
	"incomplete_answer": "The answer ended before it was complete",
	"cancelled":         "The request was cancelled",
}

// problemOf is an answer that is an error, in its own words.
func problemOf(response *http.Response) error {
	var problem struct{ Title, Detail string }
	body := io.LimitReader(response.Body, wholeBytesMax)
	if json.NewDecoder(body).Decode(&problem) != nil || problem.Title == "" {
		return fmt.Errorf("the server answered with status %d", response.StatusCode)
	}
	return fmt.Errorf("%s: %s", problem.Title, problem.Detail)
}
