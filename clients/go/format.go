package bowshot

import (
	"mime"
	"net/http"
)

// Format is how an answer is written.
type Format string

// The formats; see PROTOCOL.md, section 5.
const (
	ArrowStream Format = "arrow"
	ArrowFile   Format = "arrow-file"
	Parquet     Format = "parquet"
	CSV         Format = "csv"
	JSON        Format = "json"
	NDJSON      Format = "ndjson"
	PNG         Format = "png"
	WebP        Format = "webp"
)

func isMedia(header http.Header, wanted string) bool {
	found, _, err := mime.ParseMediaType(header.Get("Content-Type"))
	return err == nil && found == wanted
}
