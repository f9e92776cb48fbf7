package bowshot_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/memory"

	bowshot "github.com/bowshot/bowshot/clients/go"
)

const childVariable = "BOWSHOT_GO_TEST_CHILD"

// asChild is this test program as somebody's child: it starts a server, tells its pid and folder, and
// waits to be killed.
func asChild() (int, bool) {
	if os.Getenv(childVariable) == "" {
		return 0, false
	}
	server, err := bowshot.StartServer(context.Background(), bowshot.ServerOptions{
		Arguments: []string{"--allow-publish"},
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1, true
	}
	fmt.Println(server.PID(), filepath.Dir(server.Socket()))
	<-server.Done()
	return 0, true
}

func isAlive(pid int) bool {
	state, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !strings.Contains(string(state), ") Z ")
}

func TestServerEndsWithAKilledParent(t *testing.T) {
	own, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	child := exec.Command(own)
	child.Env = append(os.Environ(), childVariable+"=1")
	child.Stderr = os.Stderr
	output, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	told := strings.Fields(line)
	pid, err := strconv.Atoi(told[0])
	if err != nil {
		t.Fatal(err)
	}
	if group, err := syscall.Getpgid(pid); err != nil || group != pid {
		t.Errorf("the server's process group is %d, %v", group, err)
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait()
	eventually(t, 20*time.Second, "the server ends", func() bool { return !isAlive(pid) })
	living := startServer(t) // the next one cleans up
	if _, err := os.Stat(told[1]); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("its folder stays: %v", err)
	}
	startServer(t)
	if _, err := os.Stat(living.Socket()); err != nil {
		t.Errorf("the folder of one that lives is gone: %v", err)
	}
}

func startServer(t *testing.T) *bowshot.Server {
	t.Helper()
	server, err := bowshot.StartServer(t.Context(), bowshot.ServerOptions{Arguments: []string{"--allow-publish"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Stop(context.Background()) })
	return server
}

func TestServerStops(t *testing.T) {
	server := startServer(t)
	for path, mode := range map[string]os.FileMode{
		filepath.Dir(server.Socket()): 0o700,
		server.Socket():               0o600,
		filepath.Join(filepath.Dir(server.Socket()), "token"): 0o600,
	} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v %v, want %v", path, info, err, mode)
		}
	}
	_, err := bowshot.Connect(t.Context(), server.Address(), bowshot.WithToken("wrong"))
	wantCode(t, err, bowshot.CodeUnauthorized)
	if status := asError(err).Status; status != 401 {
		t.Errorf("status %d", status)
	}
	pid := server.PID()
	for range 2 { // a second Stop changes nothing
		if err := server.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if isAlive(pid) {
		t.Error("the server runs on")
	}
	if _, err := os.Stat(filepath.Dir(server.Socket())); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder stays: %v", err)
	}
	_, err = server.Connect(t.Context(), bowshot.WithRetries(0))
	wantCode(t, err, bowshot.CodeNetwork)
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("not the socket's absence: %v", err)
	}
}

func TestServerThatDiesIsNoticed(t *testing.T) {
	server := startServer(t)
	if err := syscall.Kill(server.PID(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-server.Done()
	if err := server.Err(); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Errorf("how it ended: %v", err)
	}
	if err := server.Stop(t.Context()); err == nil {
		t.Error("Stop says nothing of the kill")
	}
}

// A client that has connections to a server finds neither it nor its socket: each way to ask is an
// error of the network, for which nobody waits.
func TestASocketThatVanishes(t *testing.T) {
	server := startServer(t)
	client, err := server.Connect(t.Context(), checked(t)...)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if err := errors.Join(os.Remove(server.Socket()), syscall.Kill(server.PID(), syscall.SIGKILL)); err != nil {
		t.Fatal(err)
	}
	<-server.Done()
	ctx, cancel := contextThatEnds(t, time.Minute) // a hang would be cancelled, and have another code
	defer cancel()
	rows := numbers(memory.NewGoAllocator(), 1, 1)
	defer rows.Release()
	dataset := client.Dataset("x")
	for _, one := range []struct {
		what string
		ask  func() error
	}{
		{"a version", func() error { _, err := client.Version(ctx); return err }}, // lets the old connection go
		{"rows", func() error { _, err := dataset.Rows(ctx, bowshot.Window{}); return err }},
		{"a count", func() error { _, err := dataset.Count(ctx); return err }},
		{"publishing", func() error { _, err := client.Publish(ctx, "x", rows); return err }},
		{"a file", func() error { _, err := dataset.OpenFile(ctx, 0); return err }},
		{"saving", func() error {
			_, err := dataset.Save(ctx, bowshot.Window{}, io.Discard, bowshot.SaveOptions{})
			return err
		}},
	} {
		if err := one.ask(); bowshot.CodeOf(err) != bowshot.CodeNetwork || !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: %v", one.what, err)
		}
	}
}

func TestServerThatCannotStart(t *testing.T) {
	for _, options := range []bowshot.ServerOptions{
		{Binary: "/nowhere/bowshot"},
		{Binary: "/bin/false"},
		{Datasets: []string{"data=/nowhere/data.parquet"}},
		{Datasets: []string{"-x.parquet"}},
		{Arguments: []string{"--no-such-flag"}, Datasets: []string{"x=y.parquet"}},
	} {
		_, err := bowshot.StartServer(t.Context(), options)
		wantCode(t, err, bowshot.CodeServerStart)
		t.Log(err)
	}
	_, err := bowshot.StartServer(t.Context(), bowshot.ServerOptions{Binary: top + "/README.md"})
	wantCode(t, err, bowshot.CodeServerStart)
}

func TestServerStartIsCancelled(t *testing.T) {
	silent := filepath.Join(t.TempDir(), "silent")
	if err := os.WriteFile(silent, []byte("#!/bin/sh\nexec sleep 60\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	_, err := bowshot.StartServer(ctx, bowshot.ServerOptions{Binary: silent})
	wantCode(t, err, bowshot.CodeCancelled)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("not the deadline: %v", err)
	}
}

func TestServerOfAPathWithSpaces(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "the späte flüge")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, "a b ü.parquet")
	client := connect(t)
	if _, err := client.Dataset("people").SaveFile(t.Context(), bowshot.Window{}, path, bowshot.SaveOptions{}); err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	server, err := bowshot.StartServer(t.Context(), bowshot.ServerOptions{
		Datasets: []string{path}, Log: &log,
	})
	if err != nil {
		t.Fatal(err)
	}
	own, err := server.Connect(t.Context(), checked(t)...)
	if err != nil {
		t.Fatal(err)
	}
	defer own.Close()
	found, err := own.Datasets(t.Context())
	if err != nil || len(found) != 1 || found[0].Rows != 18 {
		t.Errorf("%+v %v", found, err)
	}
	if err := server.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(log.String(), "stopped") {
		t.Errorf("the log: %s", log.String())
	}
}
