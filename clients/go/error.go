package bowshot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Code says what went wrong: a word of the protocol's table (PROTOCOL.md, section 7), or one of the
// client's own.
type Code string

// The codes that programs most often ask for; an [Error] may have any other of the protocol's.
const (
	CodeBadFilter          Code = "bad_filter"
	CodeBadParameter       Code = "bad_parameter"
	CodeUnknownParameter   Code = "unknown_parameter"
	CodeMissingParameter   Code = "missing_parameter"
	CodeUnknownColumn      Code = "unknown_column"
	CodeTypeMismatch       Code = "type_mismatch"
	CodeOverflow           Code = "overflow"
	CodeBadJSON            Code = "bad_json"
	CodeBadData            Code = "bad_data"
	CodeNoRowNumbers       Code = "no_row_numbers"
	CodeUnauthorized       Code = "unauthorized"
	CodePublishDisabled    Code = "publish_disabled"
	CodeUnknownDataset     Code = "unknown_dataset"
	CodeUnknownPath        Code = "unknown_path"
	CodeUnknownShape       Code = "unknown_shape"
	CodeNotAcceptable      Code = "not_acceptable"
	CodeVersionChanged     Code = "version_changed"
	CodeReadOnlyDataset    Code = "read_only_dataset"
	CodePreconditionFailed Code = "precondition_failed"
	CodeInternal           Code = "internal"
	CodeOverloaded         Code = "overloaded"
	CodeNotReady           Code = "not_ready"
	CodeDeadlineExceeded   Code = "deadline_exceeded"

	// CodeCancelled: the request's context ended. The error wraps the context's.
	CodeCancelled Code = "cancelled"
	// CodeNetwork: the server was not reached, or hung up before it answered.
	CodeNetwork Code = "network"
	// CodeIncompleteAnswer: the answer began, and was cut off.
	CodeIncompleteAnswer Code = "incomplete_answer"
	// CodeBadAnswer: the answer is not what the protocol says; perhaps this is no Bowshot server.
	CodeBadAnswer Code = "bad_answer"
	// CodeServerStart: [StartServer] found no binary, or the server ended before it listened.
	CodeServerStart Code = "server_start"
)

// Error is every failure of this package. Use [errors.As]:
//
//	var failure *bowshot.Error
//	if errors.As(err, &failure) && failure.Code == bowshot.CodeUnknownColumn {
//		suggest(failure.Suggestions)
//	}
type Error struct {
	Code   Code
	Status int // of HTTP; 0 when there was no answer
	Title  string
	Detail string // what was wrong, for people

	Parameter   string   // whose value is wrong, where it is one parameter's
	Position    int      // 0-based byte offset in the parameter's text; -1 where there is none
	Pointer     string   // JSON Pointer into the request
	Suggestions []string // names that may have been meant

	RequestID  string        // as in the server's log and in [Client.RequestState]
	RetryAfter time.Duration // how long the server asked to wait; 0 if it did not

	cause error
}

func (e *Error) Error() string {
	text := e.Detail
	if text == "" {
		text = e.Title
	}
	if len(e.Suggestions) > 0 {
		text += " (perhaps " + strings.Join(e.Suggestions, ", ") + ")"
	}
	return "bowshot: " + string(e.Code) + ": " + text
}

// Unwrap gives the error below: of the network, the decoder, or the context.
func (e *Error) Unwrap() error { return e.cause }

// CodeOf is the code of the [*Error] in err's chain, "" if there is none.
func CodeOf(err error) Code {
	var failure *Error
	if errors.As(err, &failure) {
		return failure.Code
	}
	return ""
}

// problem is an RFC 9457 document.
type problem struct {
	Code        Code     `json:"code"`
	Title       string   `json:"title"`
	Status      int      `json:"status"`
	Detail      string   `json:"detail"`
	Parameter   string   `json:"parameter"`
	Position    *int     `json:"position"`
	Pointer     string   `json:"pointer"`
	Suggestions []string `json:"suggestions"`
}

func (p *problem) asError(requestID string) *Error {
	position := -1
	if p.Position != nil {
		position = *p.Position
	}
	return &Error{
		Code: p.Code, Status: p.Status, Title: p.Title, Detail: p.Detail,
		Parameter: p.Parameter, Position: position, Pointer: p.Pointer, Suggestions: p.Suggestions,
		RequestID: requestID,
	}
}

var clientTitles = map[Code]string{
	CodeCancelled:        "The request was cancelled",
	CodeNetwork:          "The server cannot be reached",
	CodeIncompleteAnswer: "The answer ended before it was complete",
	CodeBadAnswer:        "The answer is not what the protocol says",
	CodeServerStart:      "The server cannot be started",
}

func failure(code Code, cause error, format string, values ...any) *Error {
	return &Error{
		Code: code, Title: clientTitles[code], Detail: fmt.Sprintf(format, values...),
		Position: -1, cause: cause,
	}
}

// cancelled is what a context's end makes of any failure; nil while the context stands.
func cancelled(ctx context.Context) *Error {
	if ctx.Err() == nil {
		return nil
	}
	return failure(CodeCancelled, errors.Join(ctx.Err(), context.Cause(ctx)), "%v", context.Cause(ctx))
}

const problemBytesMax = 1 << 20

// errorOf reads the answer of a request that failed, and closes it.
func errorOf(answer *http.Response) *Error {
	defer func() { _ = answer.Body.Close() }()
	requestID := answer.Header.Get(headerRequest)
	var document problem
	body, err := io.ReadAll(io.LimitReader(answer.Body, problemBytesMax))
	if err == nil {
		err = json.Unmarshal(body, &document)
	}
	var told *Error
	if err == nil && document.Code != "" {
		told = document.asError(requestID)
	} else {
		told = failure(CodeBadAnswer, err, "status %d without a problem document", answer.StatusCode)
		told.RequestID = requestID
	}
	told.Status = answer.StatusCode
	if seconds, err := strconv.Atoi(answer.Header.Get("Retry-After")); err == nil && seconds > 0 {
		told.RetryAfter = time.Duration(seconds) * time.Second
	}
	return told
}
