package bowshot

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// Request is a request as JSON, as POST /v1/query takes it:
//
//	bowshot.Request(`{"dataset": "flights", "shape": "rows", "filter": "delay > 60", "limit": 10}`)
type Request []byte

// Read sends a request whose answer is Arrow, the default format, and returns when its schema is there.
// Release the reader.
func (c *Client) Read(ctx context.Context, request Request) (*Reader, error) {
	return c.read(ctx, request.message(c.acceptArrow()))
}

// Table sends a request and reads its answer whole. Release the table.
func (c *Client) Table(ctx context.Context, request Request) (arrow.Table, error) {
	reader, err := c.Read(ctx, request)
	if err != nil {
		return nil, err
	}
	return reader.Table()
}

func (r Request) message(accept string) *message {
	return &message{
		method: http.MethodPost, target: "/v1/query", accept: accept, content: r,
		header: http.Header{"Content-Type": {mediaJSON}},
	}
}

// with is the request with one more parameter.
func (r Request) with(name string, value any) (Request, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(r, &fields); err != nil || fields == nil {
		return nil, failure(CodeBadJSON, err, "the request is not a JSON object: %v", err)
	}
	if _, isThere := fields[name]; isThere {
		return nil, failure(CodeBadParameter, nil, "the request has %q already", name)
	}
	encoded, err := readableJSON(value)
	if err != nil {
		return nil, failure(CodeBadJSON, err, "%v", err)
	}
	fields[name] = encoded
	return readableJSON(fields)
}

// parameters of a request, in the order in which they were added. A value is text, an integer, a
// float64, a list of texts, or JSON.
type parameters []parameter

type parameter struct {
	name  string
	value any
}

func (p *parameters) add(name string, value any) { *p = append(*p, parameter{name, value}) }

func (p *parameters) addText(name, value string) {
	if value != "" {
		p.add(name, value)
	}
}

func (p *parameters) addList(name string, values []string) {
	if len(values) > 0 {
		p.add(name, values)
	}
}

func (p *parameters) addNumber(name string, value int64) {
	if value != 0 {
		p.add(name, value)
	}
}

// addBound leaves out what is nil.
func (p *parameters) addBound(name string, value any) error {
	spelt, err := bound(value)
	if err == nil && spelt != nil {
		p.add(name, spelt)
	}
	return err
}

// Integers beyond 2^53 are texts in the protocol's JSON, and may be so before.
const exactIntegerMax = 1 << 53

func (p parameters) request(dataset, shape string) (Request, error) {
	var out bytes.Buffer
	out.WriteString("{")
	for i, one := range append(parameters{{"dataset", dataset}, {"shape", shape}}, p...) {
		switch v := one.value.(type) {
		case int64:
			if v > exactIntegerMax || v < -exactIntegerMax {
				one.value = fmt.Sprint(v)
			}
		case uint64:
			if v > exactIntegerMax {
				one.value = fmt.Sprint(v)
			}
		}
		encoded, err := readableJSON(one.value)
		if err != nil {
			return nil, failure(CodeBadJSON, err, "%s: %v", one.name, err)
		}
		if i > 0 {
			out.WriteString(",")
		}
		fmt.Fprintf(&out, "%q:%s", one.name, encoded)
	}
	out.WriteString("}")
	return out.Bytes(), nil
}

// readableJSON leaves < and > as they are: a request is shown to people, and never part of a page.
func readableJSON(value any) ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(value)
	return bytes.TrimRight(out.Bytes(), "\n"), err
}

// query spells the parameters for a URL.
func (p parameters) query() string {
	var out strings.Builder
	for i, one := range p {
		if i > 0 {
			out.WriteString("&")
		}
		text := fmt.Sprint(one.value)
		switch v := one.value.(type) {
		case []string:
			text = strings.Join(v, ",")
		case json.RawMessage:
			text = string(v)
			if one.name == "filter" {
				out.WriteString("filter-lang=cql2-json&")
			}
		}
		out.WriteString(one.name + "=" + url.QueryEscape(text))
	}
	return out.String()
}

func onlyInt64(table arrow.Table) (int64, error) {
	if table.NumRows() == 1 && table.NumCols() == 1 {
		for _, chunk := range table.Column(0).Data().Chunks() {
			if values, ok := chunk.(*array.Int64); ok && values.Len() == 1 && values.IsValid(0) {
				return values.Value(0), nil
			}
		}
	}
	return 0, failure(CodeBadAnswer, nil, "the count is not one int64")
}
