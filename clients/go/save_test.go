package bowshot_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	bowshot "github.com/bowshot/bowshot/clients/go"
)

func TestSaveEveryFormat(t *testing.T) {
	client := connect(t)
	dataset := client.Dataset("people").Filter("id < 4").Select("id", "name")
	for name, want := range map[string]string{
		"a.csv":     "id,name\r\n1,Ann\r\n2,Zoë\r\n3,\r\n",
		"a.ndjson":  "{\"id\":1,\"name\":\"Ann\"}\n{\"id\":2,\"name\":\"Zoë\"}\n{\"id\":3,\"name\":null}\n",
		"a.json":    `{"columns":[{"name":"id"`,
		"a.parquet": "PAR1",
		"a.arrow":   "ARROW1",
		"a.arrows":  "\xFF\xFF\xFF\xFF",
	} {
		path := filepath.Join(t.TempDir(), name)
		facts, err := dataset.SaveFile(t.Context(), bowshot.Window{}, path, bowshot.SaveOptions{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		text, err := os.ReadFile(path)
		if err != nil || !bytes.HasPrefix(text, []byte(want)) || facts.Version == "" {
			t.Errorf("%s: %q %v %+v", name, text, err, facts)
		}
	}
	_, err := dataset.SaveFile(t.Context(), bowshot.Window{}, "x.xlsx", bowshot.SaveOptions{})
	wantCode(t, err, bowshot.CodeBadParameter)
	_, err = dataset.SaveFile(t.Context(), bowshot.Window{}, filepath.Join(t.TempDir(), "no", "x.csv"), bowshot.SaveOptions{})
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
}

func TestSaveTellsProgress(t *testing.T) {
	client := connect(t)
	var told []bowshot.Progress
	var body bytes.Buffer
	_, err := client.Dataset("big").Save(t.Context(), bowshot.Window{Limit: 300_000}, &body,
		bowshot.SaveOptions{Format: bowshot.CSV, Progress: func(p bowshot.Progress) { told = append(told, p) }})
	if err != nil {
		t.Fatal(err)
	}
	last := told[len(told)-1]
	if last.Bytes != int64(body.Len()) || last.Rows != 300_000 {
		t.Errorf("%+v, the body has %d bytes", last, body.Len())
	}
	for i := 1; i < len(told); i++ {
		if told[i].Bytes < told[i-1].Bytes {
			t.Errorf("progress goes back: %+v", told)
		}
	}
	lines, err := csv.NewReader(&body).ReadAll()
	if err != nil || len(lines) != 300_001 {
		t.Errorf("%d lines, %v", len(lines), err)
	}
}

func wantEmptyFolder(t *testing.T, folder string) {
	t.Helper()
	left, err := os.ReadDir(folder)
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

func TestSaveLeavesNoPartOfAFile(t *testing.T) {
	client := connect(t)
	folder := t.TempDir()
	path := filepath.Join(folder, "big.csv")
	ctx, cancel := context.WithCancel(t.Context())
	_, err := client.Dataset("big").SaveFile(ctx, bowshot.Window{}, path, bowshot.SaveOptions{
		Progress: func(p bowshot.Progress) {
			if p.Bytes > 1<<20 {
				cancel()
			}
		},
	})
	wantCode(t, err, bowshot.CodeCancelled)
	wantEmptyFolder(t, folder)

	_, err = client.Dataset("big").Compute("huge", "id * 9000000000000").
		SaveFile(t.Context(), bowshot.Window{}, path, bowshot.SaveOptions{})
	wantCode(t, err, bowshot.CodeOverflow)
	wantEmptyFolder(t, folder)

	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = client.Dataset("people").Filter("nme = 1").
		SaveFile(t.Context(), bowshot.Window{}, path, bowshot.SaveOptions{})
	wantCode(t, err, bowshot.CodeUnknownColumn)
	if text, err := os.ReadFile(path); string(text) != "old" {
		t.Errorf("%q %v", text, err)
	}
}

type brokenWriter struct{ room int }

var errFull = errors.New("the disk is full")

func (w *brokenWriter) Write(bytes []byte) (int, error) {
	n := min(len(bytes), w.room)
	w.room -= n
	if n < len(bytes) {
		return n, errFull
	}
	return n, nil
}

func TestSaveToAWriterThatFails(t *testing.T) {
	client := connect(t)
	_, err := client.Dataset("big").Save(t.Context(), bowshot.Window{}, &brokenWriter{1 << 20},
		bowshot.SaveOptions{Format: bowshot.NDJSON})
	if !errors.Is(err, errFull) {
		t.Errorf("%v", err)
	}
}

// A proxy may hide that it cut a body: by a length of its own, or by ending the connection.
func TestSaveOfABodyThatWasCut(t *testing.T) {
	client := connect(t)
	for format, isSeen := range map[bowshot.Format]bool{
		bowshot.ArrowStream: true, bowshot.ArrowFile: true, bowshot.Parquet: true, bowshot.JSON: true,
		bowshot.CSV: false, bowshot.NDJSON: false,
	} {
		var whole bytes.Buffer
		options := bowshot.SaveOptions{Format: format}
		if _, err := client.Dataset("people").Save(t.Context(), bowshot.Window{}, &whole, options); err != nil {
			t.Fatal(err)
		}
		isClosing := false
		part := whole.Bytes()
		cut := fake(t, func(w http.ResponseWriter, _ *http.Request) {
			if !isClosing {
				_, _ = w.Write(part)
				return
			}
			connection, buffered, err := w.(http.Hijacker).Hijack()
			if err == nil {
				_, _ = fmt.Fprintf(buffered, "HTTP/1.0 200 OK\r\n\r\n%s", part)
				_ = buffered.Flush()
				_ = connection.Close()
			}
		})
		save := func() error {
			_, err := cut.Save(t.Context(), bowshot.Request(`{}`), io.Discard, options)
			return err
		}
		if err := save(); err != nil {
			t.Errorf("%s, whole: %v", format, err)
		}
		part = part[:len(part)-9]
		if err := save(); isSeen != (bowshot.CodeOf(err) == bowshot.CodeIncompleteAnswer) {
			t.Errorf("%s, cut by a proxy that counts: %v", format, err)
		}
		isClosing = true
		if err := save(); bowshot.CodeOf(err) != bowshot.CodeIncompleteAnswer {
			t.Errorf("%s, cut by a proxy that hangs up: %v", format, err)
		}
	}
}

func TestRequestsThatSayTheirFormat(t *testing.T) {
	client := connect(t)
	_, err := client.Save(t.Context(), bowshot.Request(`{"dataset":"people","shape":"rows","format":"csv"}`),
		io.Discard, bowshot.SaveOptions{})
	wantCode(t, err, bowshot.CodeBadParameter)
	for _, request := range []string{"", "[]", "null", "{"} {
		_, err = client.Save(t.Context(), bowshot.Request(request), io.Discard, bowshot.SaveOptions{})
		wantCode(t, err, bowshot.CodeBadJSON)
		_, err = client.Read(t.Context(), bowshot.Request(request))
		if asError(err) == nil || asError(err).Status != 400 {
			t.Errorf("%q: %v", request, err)
		}
	}
}
