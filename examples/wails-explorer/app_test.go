package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/bowshot/bowshot/clients/go/wails"
)

func touch(t *testing.T, path string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestPathsBecomeDatasetsOfNamesThatTheProtocolHas(t *testing.T) {
	folder := t.TempDir()
	var datasets []dataset
	for file, want := range map[string]string{
		"flights.parquet": "flights", "Flüge 1.csv": "Fl_ge_1", ".hidden.csv": "_.hidden", "-x.csv": "_-x",
		"a=b.csv": "a_b", "zipped.csv.gz": "zipped", strings.Repeat("n", 200) + ".csv": strings.Repeat("n", datasetNameMax),
	} {
		added, err := withPaths(nil, []string{touch(t, filepath.Join(folder, file))})
		if err != nil || len(added) != 1 || added[0].name != want {
			t.Errorf("%s: %v %v", file, added, err)
		}
	}
	first, second := touch(t, filepath.Join(folder, "1/flights.parquet")), touch(t, filepath.Join(folder, "2/flights.csv"))
	datasets, err := withPaths(datasets, []string{first, second, first})
	if err != nil || len(datasets) != 2 || datasets[0].name != "flights" || datasets[1].name != "flights_2" {
		t.Errorf("two of one name, one of them twice: %v %v", datasets, err)
	}
	if _, err := withPaths(datasets, []string{filepath.Join(folder, "none")}); err == nil {
		t.Error("a path where nothing is was taken")
	}
}

func TestACommandLineIsReadInItsFolder(t *testing.T) {
	given, err := parseArguments([]string{"--settings", "s", "a.csv", "/b/../c.csv"}, "/data")
	if err != nil || given.settings != "/data/s" || given.tokenFile != "" ||
		!slices.Equal(given.paths, []string{"/data/a.csv", "/c.csv"}) {
		t.Errorf("%+v %v", given, err)
	}
	given, err = parseArguments([]string{"--server", "http://h", "--token-file", "../t"}, "/data")
	if err != nil || given.server != "http://h" || given.tokenFile != "/t" {
		t.Errorf("%+v %v", given, err)
	}
	for _, words := range [][]string{
		{"--server", "http://h", "a.csv"}, {"--part", "jumps"}, {"--self-test", "--part", "none"},
	} {
		if _, err := parseArguments(words, "/data"); err == nil {
			t.Errorf("%v is taken", words)
		}
	}
}

func TestSettingsAreForTheNextWindow(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "new")
	first, err := loadSettings(folder)
	if err != nil {
		t.Fatal(err)
	}
	if window := first.window(); window.Width < widthMin || window.HasPosition {
		t.Errorf("the first window is %+v", window)
	}
	for i := range recentMax + 3 {
		first.remember("/data/" + strings.Repeat("x", i+1))
	}
	first.remember("/data/xxxxx")
	first.change(func(k *kept) { k.Window = windowState{X: 1, Y: 2, Width: 900, Height: 700, HasPosition: true} })
	next, err := loadSettings(folder)
	if err != nil {
		t.Fatal(err)
	}
	if window := next.window(); window.Width != 900 || window.X != 1 {
		t.Errorf("the next window is %+v", window)
	}
	if recent := next.recent(); len(recent) != recentMax || recent[0] != "/data/xxxxx" {
		t.Errorf("recent are %v", recent)
	}
	next.forget("/data/xxxxx")
	if recent := next.recent(); recent[0] == "/data/xxxxx" {
		t.Errorf("what is forgotten is there: %v", recent)
	}
}

func TestDialogsBeginWhereTheLastFileWas(t *testing.T) {
	home, folder := t.TempDir(), t.TempDir()
	t.Setenv("HOME", home)
	loaded, err := loadSettings(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct{ opened, want string }{
		{"http://127.0.0.1:8765", home}, {filepath.Join(folder, "a.csv"), folder},
		{"/nowhere/b.csv", folder}, {"unix:/tmp/socket", folder},
	} {
		loaded.remember(step.opened)
		if found := loaded.lastFolder(); found != step.want {
			t.Errorf("after %s a dialog begins at %s", step.opened, found)
		}
	}
}

func TestSettingsThatCannotBeReadAreNone(t *testing.T) {
	folder := t.TempDir()
	for _, text := range []string{"", "{", `{"window":{"width":-1,"height":1e9}}`, `[1]`} {
		if err := os.WriteFile(filepath.Join(folder, settingsFile), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		loaded, err := loadSettings(folder)
		if err != nil || loaded.window().Width != 1280 {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// saving is the routes of saves into a folder, without a window.
func saving(t *testing.T, folder string) *httptest.Server {
	t.Helper()
	s := newSaves(wails.NewHandler(wails.Options{Page: fstest.MapFS{}}))
	routes := http.NewServeMux()
	s.addRoutes(routes, nil)
	s.ask = func(suggested string) (string, error) {
		if suggested == "" {
			return "", nil
		}
		return filepath.Join(folder, suggested), nil
	}
	server := httptest.NewServer(routes)
	t.Cleanup(server.Close)
	t.Cleanup(s.abortAll)
	return server
}

func say(t *testing.T, server *httptest.Server, method, path, body string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := server.Client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, _ := io.ReadAll(answer.Body)
	return answer.StatusCode, string(text)
}

func filesIn(t *testing.T, folder string) []string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	names := make([]string, 0, len(entries))
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

func TestASavedFileIsWholeOrNotThere(t *testing.T) {
	folder := t.TempDir()
	server := saving(t, folder)
	steps := []struct {
		method, path, body string
		status             int
	}{
		{"POST", "/desktop/saves?name=", "", http.StatusNoContent}, // the reader thought better of it
		{"POST", "/desktop/saves?name=a.csv", "", http.StatusCreated},
		{"POST", "/desktop/saves/1/part?at=0", "12", http.StatusNoContent},
		{"POST", "/desktop/saves/1/part?at=0", "12", http.StatusUnprocessableEntity}, // twice
		{"POST", "/desktop/saves/1/part?at=2", "3", http.StatusNoContent},
	}
	for _, step := range steps {
		if status, text := say(t, server, step.method, step.path, step.body); status != step.status {
			t.Fatalf("%s: %d %s", step.path, status, text)
		}
	}
	if names := filesIn(t, folder); len(names) != 1 || names[0] == "a.csv" {
		t.Errorf("before its end there are %v", names)
	}
	if status, text := say(t, server, "POST", "/desktop/saves/1/end?bytes=3", ""); status != http.StatusNoContent {
		t.Fatalf("the end: %d %s", status, text)
	}
	content, err := os.ReadFile(filepath.Join(folder, "a.csv"))
	if err != nil || string(content) != "123" {
		t.Errorf("the file is %q, %v", content, err)
	}
	for _, ending := range [][2]string{{"DELETE", "/desktop/saves/2"}, {"POST", "/desktop/saves/3/end?bytes=7"}} {
		say(t, server, "POST", "/desktop/saves?name=b.csv", "")
		say(t, server, "POST", strings.Split(ending[1], "/end")[0]+"/part?at=0", "12")
		say(t, server, ending[0], ending[1], "")
		if names := filesIn(t, folder); len(names) != 1 {
			t.Errorf("after %v there are %v", ending, names)
		}
	}
	if status, text := say(t, server, "POST", "/desktop/saves?name=none/c.csv", ""); status != http.StatusUnprocessableEntity {
		t.Errorf("a folder that is not there: %d %s", status, text)
	}
}

func TestTheWordsOfAServerThatEndedAreWithoutItsEverydayLife(t *testing.T) {
	log := "bowshot: the server ended: signal: killed\n" +
		"2026-11-23T14:55:17.860+00:00 info started version=0.1.0\n" +
		"2026-11-23T14:55:18.000+00:00 error out of space"
	want := "bowshot: the server ended: signal: killed\n2026-11-23T14:55:18.000+00:00 error out of space"
	if said := lastLines(log); said != want {
		t.Errorf("%q", said)
	}
}
