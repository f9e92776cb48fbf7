package wails

import (
	"net/http"
	"regexp"
	"strings"
)

const (
	methodQuery    = "QUERY" // RFC 10008
	allowedMethods = "GET, HEAD, POST, QUERY, PUT, DELETE"
)

func isProtocolMethod(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, methodQuery, http.MethodPut, http.MethodDelete:
		return true
	default:
		return false
	}
}

var datasetName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$`)

// segmentsMax: /v1/datasets/NAME/tiles/Z/X/Y.png
const segmentsMax = 7

// isProtocolPath knows the paths of PROTOCOL.md, section 2, by their decoded spelling. /v1/login is
// not among them: the token is this process's to show, and the page has no cookie.
func isProtocolPath(path string) bool {
	switch path {
	case "/healthz", "/readyz", "/version", "/metrics", "/openapi.json", "/v1/datasets", "/v1/query":
		return true
	}
	segments := strings.Split(strings.TrimPrefix(path, "/"), "/")
	if len(segments) < 3 || len(segments) > segmentsMax || segments[0] != "v1" {
		return false
	}
	for _, segment := range segments {
		if segment == "" || segment == "." || segment == ".." {
			return false
		}
	}
	switch segments[1] {
	case "datasets":
		return datasetName.MatchString(segments[2])
	case "requests":
		return len(segments) == 3
	default:
		return false
	}
}
