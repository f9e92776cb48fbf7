package wails

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
)

const (
	bridgePrefix  = "/bowshot/"
	bridgeScript  = bridgePrefix + "bridge.js"
	answersPrefix = bridgePrefix + "answers/"
	indexPage     = "index.html"

	contentSecurityPolicy = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; " +
		"style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; connect-src 'self'; " +
		"worker-src 'self' blob:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
)

//go:embed bridge.js
var bridge []byte

func isBridgePath(path string) bool { return strings.HasPrefix(path, bridgePrefix) }

// serveBridge answers bridge.js: the script itself, and what it says and asks of an answer.
func (h *Handler) serveBridge(w http.ResponseWriter, r *http.Request) {
	name, isAnswer := strings.CutPrefix(r.URL.Path, answersPrefix)
	switch {
	case r.URL.Path == bridgeScript && r.Method == http.MethodGet:
		writeBytes(w, "text/javascript; charset=utf-8", bridge)
	case isAnswer && r.Method == http.MethodPost:
		h.hearOf(name, r.URL.RawQuery)
		w.WriteHeader(http.StatusNoContent)
	case isAnswer && r.Method == http.MethodGet:
		h.tellEnd(w, name)
	default:
		writeProblem(w, http.StatusNotFound, "unknown_path", "the bridge has no such path")
	}
}

// hearOf: `stop`, or `read=BYTES`.
func (h *Handler) hearOf(name, word string) {
	if word == "stop" {
		h.answers.stop(name)
		return
	}
	number, isRead := strings.CutPrefix(word, "read=")
	running := h.answers.find(name) // it may have ended meanwhile
	if read, err := strconv.ParseInt(number, 10, 64); isRead && err == nil && running != nil {
		running.hasRead(read)
	}
}

func (h *Handler) tellEnd(w http.ResponseWriter, name string) {
	failed, isKnown := h.answers.endOf(name)
	end := map[string]any{"whole": isKnown && failed == nil}
	if failed != nil {
		end["detail"] = "the answer was cut off"
	}
	body, _ := json.Marshal(end) // a bool and a text: never fails
	w.Header().Set("Cache-Control", "no-store")
	writeBytes(w, "application/json", body)
}

// servePage serves the page's files. A page that is loaded anew has left its answers.
func (h *Handler) servePage(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		writeProblem(w, http.StatusNotFound, "unknown_path", "the server has no such path")
		return
	}
	name := strings.TrimPrefix(r.URL.Path, "/")
	if name == "" {
		name = indexPage
	}
	content, err := h.pageFile(name)
	if err != nil {
		writeProblem(w, http.StatusNotFound, "unknown_path", "the page has no such file")
		return
	}
	mediaType := mediaTypeOf(name)
	w.Header().Set("Cache-Control", "no-cache")
	if name != indexPage {
		writeBytes(w, mediaType, content)
		return
	}
	h.StopAnswers()
	w.Header().Set("Content-Security-Policy", contentSecurityPolicy)
	w.Header().Set("Referrer-Policy", "no-referrer")
	w.Header().Set("Content-Type", mediaType)
	// No length: Wails puts scripts of its own into what is written here.
	_, _ = w.Write(h.withScripts(content)) //nolint:gosec // the page is the program's own
}

func (h *Handler) pageFile(name string) ([]byte, error) {
	if h.options.Page == nil || !fs.ValidPath(name) {
		return nil, fs.ErrNotExist
	}
	return fs.ReadFile(h.options.Page, name)
}

// withScripts begins the head with the bridge, so that the page's first fetch is the bridge's.
func (h *Handler) withScripts(page []byte) []byte {
	var scripts strings.Builder
	for _, source := range append([]string{bridgeScript}, h.options.Scripts...) {
		scripts.WriteString(`<script src="` + source + `"></script>`)
	}
	head := []byte("<head>")
	return bytes.Replace(page, head, append(head, scripts.String()...), 1)
}

func mediaTypeOf(name string) string {
	switch extension := path.Ext(name); extension {
	case ".html":
		return "text/html; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8" // mime asks the system, which may not know
	default:
		if known := mime.TypeByExtension(extension); known != "" {
			return known
		}
		return "application/octet-stream"
	}
}

func writeBytes(w http.ResponseWriter, mediaType string, content []byte) {
	w.Header().Set("Content-Type", mediaType)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Content-Length", strconv.Itoa(len(content)))
	_, _ = w.Write(content) //nolint:gosec // as above
}
