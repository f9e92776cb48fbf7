// Pagehost serves the explorer page and a server of its own to a browser by the handler that a Wails
// window has, and treats the handler as a web view does: an abort is told to nobody, and a body that
// is cut off ends well. So what bridge.js makes up for can be seen in a browser that has its tools;
// tests/e2e/test_wails_page.py starts it. It prints its address and the server's token as JSON, and
// ends with its standard input.
//
//	pagehost PAGE_FOLDER NAME=PATH...
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	bowshot "github.com/bowshot/bowshot/clients/go"
	"github.com/bowshot/bowshot/clients/go/wails"
)

const headerPatience = 10 * time.Second

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: pagehost PAGE_FOLDER NAME=PATH...")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, "pagehost:", err)
		os.Exit(1)
	}
}

func run(page string, datasets []string) error {
	ctx := context.Background()
	server, err := bowshot.StartServer(ctx, bowshot.ServerOptions{Datasets: datasets, Log: os.Stderr})
	if err != nil {
		return err
	}
	defer func() { _ = server.Stop(ctx) }()
	target, err := wails.NewTarget(server.Address(), server.Token())
	if err != nil {
		return err
	}
	handler := wails.NewHandler(wails.Options{Page: os.DirFS(page)})
	handler.SetTarget(target)
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	said := map[string]string{"url": "http://" + listener.Addr().String(), "token": server.Token()}
	if err := json.NewEncoder(os.Stdout).Encode(said); err != nil {
		return err
	}
	front := http.Server{Handler: asInAView(handler), ReadHeaderTimeout: headerPatience}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		handler.StopAnswers()
		_ = front.Close()
	}()
	if err := front.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// asInAView keeps from a handler what only a server of net/http tells it: that the page left.
func asInAView(handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handler.ServeHTTP(w, r.WithContext(context.Background()))
	})
}
