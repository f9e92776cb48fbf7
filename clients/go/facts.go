package bowshot

import (
	"net/http"
	"strconv"

	"github.com/apache/arrow-go/v18/arrow"
)

// Completeness is how much of the truth an answer holds.
type Completeness string

// What an answer says of itself.
const (
	Exact       Completeness = "exact"
	Sampled     Completeness = "sampled"
	Approximate Completeness = "approximate"
)

// Unknown stands for a number that the server did not tell.
const Unknown int64 = -1

// Facts are what an answer says of itself before its first row.
type Facts struct {
	Version      string // of the dataset; see [Dataset.Pin]
	Completeness Completeness
	Rows         int64  // of this answer, or [Unknown]
	TotalRows    int64  // of the same request without offset and limit, or [Unknown]
	Population   int64  // of a sample: the rows it was drawn from, else [Unknown]
	Bounds       string // of a density: "xmin,xmax,ymin,ymax"
	RequestID    string
}

const (
	headerRequest      = "Bowshot-Request"
	headerVersion      = "Bowshot-Version"
	headerCompleteness = "Bowshot-Completeness"
	headerRows         = "Bowshot-Rows"
	headerTotalRows    = "Bowshot-Total-Rows"
	headerPopulation   = "Bowshot-Population"
)

func factsOf(header http.Header) Facts {
	return Facts{
		Version:      header.Get(headerVersion),
		Completeness: Completeness(header.Get(headerCompleteness)),
		Rows:         count(header.Get(headerRows)),
		TotalRows:    count(header.Get(headerTotalRows)),
		Population:   count(header.Get(headerPopulation)),
		RequestID:    header.Get(headerRequest),
	}
}

// completedBy adds what the schema tells; a proxy may have dropped headers, but not that.
func (f Facts) completedBy(metadata arrow.Metadata) Facts {
	if value, ok := metadata.GetValue("bowshot.version"); ok {
		f.Version = value
	}
	if value, ok := metadata.GetValue("bowshot.completeness"); ok {
		f.Completeness = Completeness(value)
	}
	for name, field := range map[string]*int64{
		"bowshot.rows":       &f.Rows,
		"bowshot.total_rows": &f.TotalRows,
		"bowshot.population": &f.Population,
	} {
		if value, ok := metadata.GetValue(name); ok {
			*field = count(value)
		}
	}
	f.Bounds, _ = metadata.GetValue("bowshot.bounds")
	return f
}

func count(text string) int64 {
	value, err := strconv.ParseInt(text, 10, 64)
	if err != nil || value < 0 {
		return Unknown
	}
	return value
}
