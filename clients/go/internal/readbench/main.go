//go:build unix

// Readbench reads every row of a dataset, in turns as a client and as a bare socket that decodes
// nothing, and prints the seconds of both as JSON. bench/sections/go_client.py starts it.
//
//	readbench http://127.0.0.1:8765 DATASET TIMES [reuse]
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	bowshot "github.com/bowshot/bowshot/clients/go"
)

const drainBytes = 1 << 20

// result is what is printed. CPU is of this program alone.
type result struct {
	Rows             int64     `json:"rows"`
	Bytes            int64     `json:"bytes"`
	ClientSeconds    []float64 `json:"client_seconds"`
	FirstSeconds     []float64 `json:"first_seconds"`
	RawSeconds       []float64 `json:"raw_seconds"`
	ClientCPUSeconds float64   `json:"client_cpu_seconds"`
	RawCPUSeconds    float64   `json:"raw_cpu_seconds"`
	PeakMemoryBytes  int64     `json:"peak_memory_bytes"`
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	var options []bowshot.Option
	if len(os.Args) == 5 && os.Args[4] == "reuse" {
		options = append(options, bowshot.WithReusedMemory())
	} else if len(os.Args) != 4 {
		return fmt.Errorf("usage: readbench URL DATASET TIMES [reuse]")
	}
	server, dataset := os.Args[1], os.Args[2]
	times, err := strconv.Atoi(os.Args[3])
	if err != nil {
		return err
	}
	client, err := bowshot.Connect(context.Background(), server, options...)
	if err != nil {
		return err
	}
	defer client.Close()
	var found result
	for range times {
		if err := found.readAsClient(client.Dataset(dataset)); err != nil {
			return err
		}
		if err := found.drain(server, dataset); err != nil {
			return err
		}
	}
	if found.PeakMemoryBytes, err = peakMemoryBytes(); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(found)
}

func (r *result) readAsClient(dataset bowshot.Dataset) error {
	start, cpu := time.Now(), cpuSeconds()
	reader, err := dataset.Rows(context.Background(), bowshot.Window{})
	if err != nil {
		return err
	}
	rows, first := int64(0), 0.0
	for batch, err := range reader.Batches() {
		if err != nil {
			return err
		}
		if rows == 0 {
			first = time.Since(start).Seconds()
		}
		rows += batch.NumRows()
	}
	r.Rows = rows
	r.FirstSeconds = append(r.FirstSeconds, first)
	r.ClientSeconds = append(r.ClientSeconds, time.Since(start).Seconds())
	r.ClientCPUSeconds += cpuSeconds() - cpu
	return nil
}

// drain takes the same body off a socket, chunk framing and all.
func (r *result) drain(server, dataset string) error {
	address, err := url.Parse(server)
	if err != nil {
		return err
	}
	start, cpu := time.Now(), cpuSeconds()
	connection, err := net.Dial("tcp", address.Host) //nolint:noctx,gosec // a benchmark asks whom it is told to
	if err != nil {
		return err
	}
	defer func() { _ = connection.Close() }()
	_, err = fmt.Fprintf(connection, "GET /v1/datasets/%s/rows HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n",
		dataset, address.Host)
	if err != nil {
		return err
	}
	body := bufio.NewReaderSize(connection, drainBytes)
	status, err := body.ReadString('\n')
	if err != nil || !strings.Contains(status, " 200 ") {
		return fmt.Errorf("the server answered %q: %w", status, err)
	}
	buffer := make([]byte, drainBytes)
	r.Bytes = 0
	for err == nil {
		var n int
		n, err = body.Read(buffer)
		r.Bytes += int64(n)
	}
	if err != io.EOF { //nolint:errorlint // exactly that ends a body
		return err
	}
	r.RawSeconds = append(r.RawSeconds, time.Since(start).Seconds())
	r.RawCPUSeconds += cpuSeconds() - cpu
	return nil
}

// peakMemoryBytes is of this program: rusage counts what its parent had when it forked, too.
func peakMemoryBytes() (int64, error) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	_, line, _ := strings.Cut(string(status), "VmHWM:")
	kibibytes := int64(0)
	_, err = fmt.Sscan(line, &kibibytes)
	return kibibytes * 1024, err
}

func cpuSeconds() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return float64(usage.Utime.Sec+usage.Stime.Sec) + float64(usage.Utime.Usec+usage.Stime.Usec)/1e6
}
