package main

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"path/filepath"
	"strings"
)

const (
	desktopPrefix  = "/desktop/"
	desktopScript  = "/desktop/desktop.js"
	startPath      = "/desktop/start"
	questionBytes  = 64 << 10
	startPolicy    = "default-src 'self'; style-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'"
	recentIsServer = "server"
)

// desktopRoutes are the paths of this window, which only its own page can ask for.
func (a *app) desktopRoutes() *http.ServeMux {
	routes := http.NewServeMux()
	routes.HandleFunc("GET "+startPath, a.serveStart)
	addOwn(routes, "desktop.js", "desktop.css", "start/start.js", "start/start.css")
	routes.HandleFunc("GET /desktop/state", a.tellState)
	routes.HandleFunc("POST /desktop/ask-files", func(w http.ResponseWriter, _ *http.Request) {
		a.askForFiles()
		done(w)
	})
	routes.HandleFunc("POST /desktop/ask-folder", func(w http.ResponseWriter, _ *http.Request) {
		a.askForFolder()
		done(w)
	})
	routes.HandleFunc("POST /desktop/open", a.openRecent)
	routes.HandleFunc("POST /desktop/forget", a.forgetRecent)
	routes.HandleFunc("POST /desktop/connect", a.connectAsked)
	routes.HandleFunc("POST /desktop/restore", func(w http.ResponseWriter, r *http.Request) {
		answerDone(w, a.restore(r.Context()))
	})
	a.saves.addRoutes(routes, a)
	routes.HandleFunc("POST /desktop/report", func(w http.ResponseWriter, r *http.Request) {
		if a.test != nil {
			a.test.take(r.Body)
		}
		done(w)
	})
	return routes
}

func (a *app) serveStart(w http.ResponseWriter, _ *http.Request) {
	a.handler.StopAnswers() // those of the page before
	a.saves.abortAll()
	w.Header().Set("Content-Security-Policy", startPolicy)
	serveOwn(w, "start/start.html")
}

var mediaTypes = map[string]string{
	".html": "text/html; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
}

// addOwn adds the routes of files of frontend/.
func addOwn(routes *http.ServeMux, names ...string) {
	for _, name := range names {
		routes.HandleFunc("GET "+desktopPrefix+name, func(w http.ResponseWriter, _ *http.Request) {
			serveOwn(w, name)
		})
	}
}

func serveOwn(w http.ResponseWriter, name string) {
	content, err := frontend.ReadFile("frontend/" + name)
	if err != nil {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", mediaTypes[filepath.Ext(name)])
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(content)
}

// recent is a line of the start page.
type recent struct {
	Place  string `json:"place"`
	Name   string `json:"name"`
	Folder string `json:"folder"`
	Kind   string `json:"kind"`
}

func (a *app) tellState(w http.ResponseWriter, _ *http.Request) {
	places := a.settings.recent()
	lines := make([]recent, len(places))
	for i, place := range places {
		lines[i] = describe(place)
	}
	writeJSON(w, http.StatusOK, map[string]any{
		"recent": lines, "problem": a.session.lastProblem(), "isOpen": a.session.isOpen(),
	})
}

func describe(place string) recent {
	if isAddress(place) {
		return recent{Place: place, Name: place, Kind: recentIsServer}
	}
	return recent{Place: place, Name: filepath.Base(place), Folder: filepath.Dir(place), Kind: "file"}
}

func isAddress(place string) bool {
	for _, scheme := range []string{"http://", "https://", "unix:"} {
		if strings.HasPrefix(place, scheme) {
			return true
		}
	}
	return false
}

type placeAsked struct {
	Place string `json:"place"`
	Token string `json:"token"`
}

func (a *app) openRecent(w http.ResponseWriter, r *http.Request) {
	asked, ok := readQuestion(w, r)
	switch {
	case !ok:
	case isAddress(asked.Place):
		answerDone(w, a.connect(asked.Place, asked.Token))
	case filepath.IsAbs(asked.Place):
		a.openPaths([]string{asked.Place})
		done(w)
	default:
		refuse(w, errors.New("that is neither a path nor an address"))
	}
}

func (a *app) forgetRecent(w http.ResponseWriter, r *http.Request) {
	if asked, ok := readQuestion(w, r); ok {
		a.settings.forget(asked.Place)
		done(w)
	}
}

func (a *app) connectAsked(w http.ResponseWriter, r *http.Request) {
	if asked, ok := readQuestion(w, r); ok {
		if !isAddress(asked.Place) && asked.Place != "" {
			asked.Place = "http://" + asked.Place
		}
		answerDone(w, a.connect(asked.Place, asked.Token))
	}
}

func readQuestion(w http.ResponseWriter, r *http.Request) (placeAsked, bool) {
	var asked placeAsked
	if err := json.NewDecoder(io.LimitReader(r.Body, questionBytes)).Decode(&asked); err != nil {
		refuse(w, err)
		return asked, false
	}
	asked.Place, asked.Token = strings.TrimSpace(asked.Place), strings.TrimSpace(asked.Token)
	return asked, true
}

func done(w http.ResponseWriter) { w.WriteHeader(http.StatusNoContent) }

func answerDone(w http.ResponseWriter, err error) {
	if err != nil {
		refuse(w, err)
		return
	}
	done(w)
}

// refuse tells the page what did not work; it shows the words.
func refuse(w http.ResponseWriter, err error) {
	told := map[string]string{"title": "That did not work", "detail": err.Error()}
	var failed *openError
	if errors.As(err, &failed) {
		told = map[string]string{"title": failed.title, "detail": failed.detail}
	}
	writeJSON(w, http.StatusUnprocessableEntity, told)
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value) // a page that left needs nothing
}
