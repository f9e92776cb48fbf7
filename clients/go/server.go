package bowshot

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
)

// BinaryVariable is the environment variable that names the server's binary.
const BinaryVariable = "BOWSHOT_BINARY"

const (
	binaryName    = "bowshot"
	listeningLine = "bowshot: listening on "
	stopGrace     = 15 * time.Second // the server gives running answers 10 s
	logBytesKept  = 16 << 10
)

// ServerOptions say what [StartServer] runs.
type ServerOptions struct {
	// Datasets are NAME=PATH or PATH: a file, a directory or a glob.
	Datasets []string
	// Arguments are further flags of bowshot serve: "--allow-publish", "--engine-memory-bytes", "2000000000".
	Arguments []string
	// Binary is the server's path. By default the one that $BOWSHOT_BINARY names, or else the first
	// bowshot beside this program or on $PATH.
	Binary string
	// Log takes the server's log; nil drops it. It is written by one goroutine.
	Log io.Writer
}

// Server is a bowshot process of this program's own. It listens on a Unix socket, behind a token,
// both in a folder that only this user can open, and runs in its own process group, so that Ctrl-C in
// a terminal is this program's to handle. It ends with this program, however that ends: it stops when its
// input is closed, and on Linux the system tells it. The folder of a program that was killed is removed
// by the next StartServer.
type Server struct {
	command *exec.Cmd
	folder  *serverFolder
	socket  string
	token   string
	log     *logTail

	stop sync.Once
	done chan struct{} // closed when the process has ended
	err  error         // how; read after done
}

// StartServer runs a server and returns when it listens. The context is of the start only; [Server.Stop]
// ends the server.
func StartServer(ctx context.Context, options ServerOptions) (*Server, error) {
	binary, err := findBinary(options.Binary)
	if err != nil {
		return nil, err
	}
	folder, err := newServerFolder()
	if err != nil {
		return nil, failure(CodeServerStart, err, "no folder for the socket: %v", err)
	}
	server := &Server{
		folder: folder, socket: filepath.Join(folder.path, "socket"), token: newToken(),
		log: &logTail{also: options.Log}, done: make(chan struct{}),
	}
	if err := server.start(ctx, binary, options); err != nil {
		folder.remove()
		return nil, err
	}
	return server, nil
}

func (s *Server) start(ctx context.Context, binary string, options ServerOptions) error {
	tokenFile := filepath.Join(s.folder.path, "token")
	if err := os.WriteFile(tokenFile, []byte(s.token+"\n"), 0o600); err != nil {
		return failure(CodeServerStart, err, "the token's file: %v", err)
	}
	arguments := slices.Concat(
		[]string{
			"serve", "--listen", s.Address(), "--no-tcp", "--token-file", tokenFile, "--stop-with-input",
		},
		options.Arguments, []string{"--"}, options.Datasets)
	s.command = exec.Command(binary, arguments...) //nolint:gosec,noctx // the caller's; ctx is of the start
	s.command.Stderr = s.log
	inOwnGroup(s.command)
	if _, err := s.command.StdinPipe(); err != nil { // closed when the server has ended, or this program
		return failure(CodeServerStart, err, "%v", err)
	}
	output, err := s.command.StdoutPipe()
	if err != nil {
		return failure(CodeServerStart, err, "%v", err)
	}
	started := make(chan error, 1)
	listens := make(chan struct{})
	go s.run(output, started, listens)
	if err := <-started; err != nil {
		return failure(CodeServerStart, err, "%s cannot be run: %v", binary, err)
	}
	select {
	case <-listens:
		return nil
	case <-s.done:
		return failure(CodeServerStart, s.err, "%s ended before it listened: %v\n%s", binary, s.err, s.log)
	case <-ctx.Done():
		s.kill()
		<-s.done
		return cancelled(ctx)
	}
}

// run starts the process and waits for its end in one thread: on Linux the process is told of its
// parent's death when the thread that started it ends.
func (s *Server) run(output io.Reader, started chan<- error, listens chan<- struct{}) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := s.command.Start()
	started <- err
	if err != nil {
		close(s.done)
		return
	}
	lines := bufio.NewScanner(output)
	for isTold := false; lines.Scan(); {
		if !isTold && strings.HasPrefix(lines.Text(), listeningLine) {
			isTold = true
			close(listens)
		}
	}
	_, _ = io.Copy(io.Discard, output)
	s.err = s.command.Wait()
	close(s.done)
}

// Connect makes a client of this server.
func (s *Server) Connect(ctx context.Context, options ...Option) (*Client, error) {
	return Connect(ctx, s.Address(), append([]Option{WithToken(s.token)}, options...)...)
}

// Address is the server's, as [Connect] takes it: unix:PATH.
func (s *Server) Address() string { return "unix:" + s.socket }

// Socket is the path of the server's Unix socket.
func (s *Server) Socket() string { return s.socket }

// Token is what requests need.
func (s *Server) Token() string { return s.token }

// PID is the server's process id.
func (s *Server) PID() int { return s.command.Process.Pid }

// Done is closed when the server has ended, by Stop or by itself; [Server.Err] tells how.
func (s *Server) Done() <-chan struct{} { return s.done }

// Err is how the server ended, with the end of its log; nil while it runs, and after a clean end.
func (s *Server) Err() error {
	if s.isRunning() || s.err == nil {
		return nil
	}
	return fmt.Errorf("bowshot: the server ended: %w\n%s", s.err, s.log)
}

func (s *Server) isRunning() bool {
	select {
	case <-s.done:
		return false
	default:
		return true
	}
}

// Stop ends the server, which lets running answers end within 10 s; when the context ends before, and
// at the latest after 15 s, it is killed. The socket's folder is removed. Further calls wait for the
// same end.
func (s *Server) Stop(ctx context.Context) error {
	s.stop.Do(func() {
		if s.isRunning() { // else its process id may be another's by now
			s.terminate()
		}
		timer := time.NewTimer(stopGrace)
		defer timer.Stop()
		select {
		case <-s.done:
		case <-timer.C:
			s.kill()
		case <-ctx.Done():
			s.kill()
		}
		<-s.done
		s.folder.remove()
	})
	<-s.done
	return s.Err()
}

func findBinary(given string) (string, error) {
	if given == "" {
		given = os.Getenv(BinaryVariable)
	}
	if given == "" {
		if own, err := os.Executable(); err == nil {
			beside := filepath.Join(filepath.Dir(own), binaryName)
			if found, err := exec.LookPath(beside); err == nil {
				return found, nil
			}
		}
		given = binaryName
	}
	found, err := exec.LookPath(given)
	if err == nil {
		found, err = filepath.Abs(found)
	}
	if err != nil {
		return "", failure(CodeServerStart, err,
			"no server binary %s: name one in ServerOptions.Binary or in $%s", given, BinaryVariable)
	}
	return found, nil
}

func newToken() string {
	var secret [32]byte
	_, _ = rand.Read(secret[:]) // never fails
	return hex.EncodeToString(secret[:])
}

// logTail keeps the end of the server's log for errors, and passes all of it on.
type logTail struct {
	also io.Writer
	lock sync.Mutex
	kept []byte
}

func (l *logTail) Write(text []byte) (int, error) {
	l.lock.Lock()
	defer l.lock.Unlock()
	l.kept = append(l.kept, text...)
	if excess := len(l.kept) - logBytesKept; excess > 0 {
		l.kept = append(l.kept[:0], l.kept[excess:]...)
	}
	if l.also != nil {
		_, _ = l.also.Write(text) // a log that cannot be written must not stop the server
	}
	return len(text), nil
}

func (l *logTail) String() string {
	l.lock.Lock()
	defer l.lock.Unlock()
	return string(bytes.TrimSpace(l.kept))
}
