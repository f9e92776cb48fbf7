package bowshot

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
)

// Dataset describes rows of a dataset: all of them, or those that filters keep, with computed columns
// and an order. It is a value: each method returns a changed copy, and nothing is sent before
// something is read. A mistake made on the way (a filter with too few values) is the error of what is
// read then.
type Dataset struct {
	client        *Client
	name          string
	filters       []string
	filterJSON    json.RawMessage
	computed      []string
	selected      []string
	order         []string
	pinnedVersion string
	mistake       error
}

// Name is the dataset's name on the server.
func (d Dataset) Name() string { return d.name }

// Filter keeps the rows for which the CQL2 text is true; several filters must all be. Each ? outside
// of quotes stands for one of the values, which is then spelt and escaped: text, numbers, booleans,
// a [time.Time], a [Date], or a slice of these for IN.
//
//	d.Filter("origin = ? AND delay > ?", userInput, 60)
//	d.Filter("origin IN ?", []string{"JFK", "LGA"})
func (d Dataset) Filter(text string, values ...any) Dataset {
	spelt, err := fillIn(text, values)
	if err != nil {
		return d.mistaken(err)
	}
	d.filters = append(slices.Clip(d.filters), spelt)
	return d
}

// FilterJSON filters by CQL2 JSON: anything that encoding/json can write. It replaces other filters.
func (d Dataset) FilterJSON(expression any) Dataset {
	encoded, err := json.Marshal(expression)
	if err != nil {
		return d.mistaken(failure(CodeBadFilter, err, "the filter cannot be written as JSON: %v", err))
	}
	d.filterJSON, d.filters = encoded, nil
	return d
}

// Compute adds a column before everything else, so that it can be filtered, ordered and grouped by.
func (d Dataset) Compute(alias, expression string) Dataset {
	d.computed = append(slices.Clip(d.computed), Name(alias)+":"+expression)
	return d
}

// Select chooses the columns of rows and samples, in that order. An item is spelt as in the protocol:
// a plain name bare, _row for the row number, any other name as [Name] gives it.
func (d Dataset) Select(columns ...string) Dataset {
	d.selected = slices.Clone(columns)
	return d
}

// OrderBy orders rows, or the groups of an aggregate; "-delay" is descending, nulls come last both
// ways. Names are spelt as in [Dataset.Select].
func (d Dataset) OrderBy(columns ...string) Dataset {
	d.order = slices.Clone(columns)
	return d
}

// Pin asks for one version of the dataset: if it is another by now, the answer is
// [CodeVersionChanged]. Pages of one table belong together only if they are of one version.
func (d Dataset) Pin(version string) Dataset {
	d.pinnedVersion = version
	return d
}

func (d Dataset) mistaken(err error) Dataset {
	if d.mistake == nil {
		d.mistake = err
	}
	return d
}

// Request is what asking for this shape sends; see [Client.Read].
func (d Dataset) Request(shape Shape) (Request, error) {
	asked, err := d.parameters(shape)
	if err != nil {
		return nil, err
	}
	return asked.request(d.name, shape.shape())
}

func (d Dataset) parameters(shape Shape) (parameters, error) {
	if d.mistake != nil {
		return nil, d.mistake
	}
	var asked parameters
	switch filter, err := conjunction(d.filters); {
	case err != nil:
		return nil, err
	case d.filterJSON != nil && filter != "":
		return nil, failure(CodeBadFilter, nil, "one filter is text and another JSON: use one of them")
	case d.filterJSON != nil:
		asked.add("filter", d.filterJSON)
	case len(d.filters) > 0: // an empty one too, which the server refuses
		asked.add("filter", filter)
	}
	asked.addList("compute", d.computed)
	asked.addList("select", d.selected)
	asked.addList("order", d.order)
	asked.addText("version", d.pinnedVersion)
	return asked, shape.add(&asked)
}

// Read asks for a shape and returns when the answer's schema is there. Release the reader.
func (d Dataset) Read(ctx context.Context, shape Shape) (*Reader, error) {
	request, err := d.Request(shape)
	if err != nil {
		return nil, err
	}
	return d.client.Read(ctx, request)
}

// Table asks for a shape and reads it whole. Release the table.
func (d Dataset) Table(ctx context.Context, shape Shape) (arrow.Table, error) {
	reader, err := d.Read(ctx, shape)
	if err != nil {
		return nil, err
	}
	return reader.Table()
}

// Rows reads a window of the rows; Window{} is all of them.
func (d Dataset) Rows(ctx context.Context, window Window) (*Reader, error) {
	return d.Read(ctx, window)
}

// Count is the number of rows that the filters keep.
func (d Dataset) Count(ctx context.Context) (int64, error) {
	table, err := d.Table(ctx, Count{})
	if err != nil {
		return 0, err
	}
	defer table.Release()
	return onlyInt64(table)
}

// Info is what the server tells of a dataset.
type Info struct {
	Name       string     `json:"name"`
	Version    string     `json:"version"` // see [Dataset.Pin] and [IfVersion]
	Rows       int64      `json:"rows"`
	Bytes      int64      `json:"bytes"`       // of its files
	RowNumbers bool       `json:"row_numbers"` // whether _row can be selected
	Source     SourceInfo `json:"source"`
	Columns    []Column   `json:"columns"`
	Views      []View     `json:"views"`
}

// SourceInfo says what a dataset was read from; Details are that kind's own, as JSON.
type SourceInfo struct {
	Kind    string
	Details json.RawMessage
}

// UnmarshalJSON keeps all that is there.
func (s *SourceInfo) UnmarshalJSON(encoded []byte) error {
	var known struct {
		Kind string `json:"kind"`
	}
	if err := json.Unmarshal(encoded, &known); err != nil {
		return err
	}
	s.Kind, s.Details = known.Kind, slices.Clone(encoded)
	return nil
}

// Column is one of a dataset's columns. Type is the protocol's name of it: "timestamp[us, tz=UTC]".
type Column struct {
	Name     string `json:"name"`
	Type     string `json:"type"`
	Nullable bool   `json:"nullable"`
}

// View is something that the server keeps of a dataset, so that windows of it are quick.
type View struct {
	Kind     string  `json:"kind"`     // "filter", "matches" or "order"
	State    string  `json:"state"`    // "building", "ready" or "failed"
	Order    string  `json:"order"`    // of an order: "-delay,origin"
	Filtered bool    `json:"filtered"` // of an order: whether a filter leaves rows out
	Rows     int64   `json:"rows"`     // that match, or are in order, so far
	Bytes    int64   `json:"bytes"`    // of memory; while it is built, what it may take
	Progress float64 `json:"progress"` // of the build, from 0 to 1
}

// Info asks for the dataset's schema, size and version as they are now.
func (d Dataset) Info(ctx context.Context) (*Info, error) {
	var info Info
	if err := d.client.transport.json(ctx, d.path(), &info); err != nil {
		return nil, err
	}
	return &info, nil
}

func (d Dataset) path() string { return "/v1/datasets/" + url.PathEscape(d.name) }
