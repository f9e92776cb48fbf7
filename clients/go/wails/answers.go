package wails

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"sync"
	"time"
)

const (
	// headerAnswer: in a request, the page's name for its answer; in an answer, that it comes streamed.
	headerAnswer   = "Bowshot-Page-Answer"
	answerStreamed = "streamed"

	// roomBytes may be on their way to the page beyond what it has read. A web view takes whatever it
	// is given into its memory: this is all of the backpressure there is.
	roomBytes = 4 << 20
	// stalledTimeout: a page that reads nothing for as long has no answer any more. The server's own
	// limit is the same.
	stalledTimeout = 300 * time.Second
	answersMax     = 1024
	endsKept       = 256
)

var (
	errStopped = errors.New("the page stopped the request")
	errStalled = fmt.Errorf("the page read nothing for %s", stalledTimeout)
	answerName = regexp.MustCompile(`^[a-z0-9-]{1,64}$`)
)

// answers are those under way, by the name that the page gave them, and how the last ones ended.
type answers struct {
	lock     sync.Mutex
	running  map[string]*answer
	nameless map[*answer]struct{}
	ends     map[string]error // nil: whole
	ended    []string         // in the order of their ends
}

func newAnswers() answers {
	return answers{
		running: map[string]*answer{}, nameless: map[*answer]struct{}{}, ends: map[string]error{},
	}
}

// answer is one on its way to the page. Its context ends when the page stops it.
type answer struct {
	name       string
	isStreamed bool            // of the goroutine that relays it
	context    context.Context //nolint:containedctx // it is what the answer lives by
	stop       context.CancelCauseFunc

	lock   sync.Mutex
	sent   int64
	read   int64
	room   chan struct{} // signals that read has grown
	failed error
}

// begin registers an answer; without a name it has no flow control, and only its pipe tells of a page
// that left.
func (a *answers) begin(parent context.Context, name string) (*answer, error) {
	if name != "" && !answerName.MatchString(name) {
		return nil, fmt.Errorf("%s must be lower case letters, digits and -, at most 64", headerAnswer)
	}
	a.lock.Lock()
	defer a.lock.Unlock()
	if len(a.running)+len(a.nameless) >= answersMax {
		return nil, fmt.Errorf("%d requests are running, the most there may be", answersMax)
	}
	if _, isTaken := a.running[name]; isTaken {
		return nil, fmt.Errorf("a request with this %s is running", headerAnswer)
	}
	began := &answer{name: name, room: make(chan struct{}, 1)}
	began.context, began.stop = context.WithCancelCause(parent)
	if stopped := a.ends[name]; stopped != nil {
		began.stop(stopped) // the page's word was quicker than its request
	}
	if name == "" {
		a.nameless[began] = struct{}{}
	} else {
		a.running[name] = began
	}
	return began, nil
}

// end lets go of an answer, and remembers for a while how a streamed one ended: the page asks.
func (a *answers) end(ending *answer) {
	ending.stop(nil)
	a.lock.Lock()
	defer a.lock.Unlock()
	if !ending.isNamed() {
		delete(a.nameless, ending)
		return
	}
	delete(a.running, ending.name)
	if ending.isStreamed {
		a.remember(ending.name, ending.failure())
	}
}

func (a *answers) remember(name string, failed error) {
	if _, isKnown := a.ends[name]; !isKnown {
		if len(a.ended) == endsKept {
			delete(a.ends, a.ended[0])
			a.ended = append(a.ended[:0], a.ended[1:]...)
		}
		a.ended = append(a.ended, name)
	}
	a.ends[name] = failed
}

// stop ends an answer, which may not have begun yet.
func (a *answers) stop(name string) {
	a.lock.Lock()
	defer a.lock.Unlock()
	if running := a.running[name]; running != nil {
		running.stop(errStopped)
	} else if answerName.MatchString(name) {
		a.remember(name, errStopped)
	}
}

func (a *answers) find(name string) *answer {
	a.lock.Lock()
	defer a.lock.Unlock()
	return a.running[name]
}

// endOf tells how an answer ended, if that is known.
func (a *answers) endOf(name string) (failed error, isKnown bool) {
	a.lock.Lock()
	defer a.lock.Unlock()
	failed, isKnown = a.ends[name]
	return failed, isKnown
}

func (a *answers) stopAll() {
	a.lock.Lock()
	defer a.lock.Unlock()
	for _, running := range a.running {
		running.stop(errStopped)
	}
	for running := range a.nameless {
		running.stop(errStopped)
	}
}

func (a *answers) bytesUnread() int64 {
	a.lock.Lock()
	defer a.lock.Unlock()
	total := int64(0)
	for _, running := range a.running {
		total += running.unread()
	}
	return total
}

func (a *answer) isNamed() bool { return a.name != "" }

func (a *answer) fail(err error) {
	a.lock.Lock()
	defer a.lock.Unlock()
	a.failed = err
}

func (a *answer) failure() error {
	a.lock.Lock()
	defer a.lock.Unlock()
	return a.failed
}

// hasRead takes the page's word on how many bytes it has read since the answer's begin.
func (a *answer) hasRead(bytes int64) {
	a.lock.Lock()
	a.read = max(a.read, min(bytes, a.sent))
	a.lock.Unlock()
	select {
	case a.room <- struct{}{}:
	default:
	}
}

// awaitRoom returns when so many bytes more may be sent, and counts them as sent.
func (a *answer) awaitRoom(bytes int) error {
	var timer *time.Timer
	for !a.take(int64(bytes)) {
		if timer == nil {
			timer = time.NewTimer(stalledTimeout)
			defer timer.Stop()
		}
		select {
		case <-a.room:
		case <-timer.C:
			return errStalled
		case <-a.context.Done():
			return context.Cause(a.context)
		}
	}
	return nil
}

func (a *answer) unread() int64 {
	a.lock.Lock()
	defer a.lock.Unlock()
	return a.sent - a.read
}

func (a *answer) take(bytes int64) bool {
	a.lock.Lock()
	defer a.lock.Unlock()
	if a.isNamed() && a.sent-a.read+bytes > roomBytes {
		return false
	}
	a.sent += bytes
	return true
}
