package bowshot_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/memory"

	bowshot "github.com/bowshot/bowshot/clients/go"
)

// caseOf is one of tests/cases/*.test; their README says how they are written.
type caseOf struct {
	name       string
	request    string // dataset/shape
	parameters [][2]string
	onlyURL    bool
	status     int
	code       bowshot.Code
	facts      [][2]string
	columns    []column
	rows       []any
}

type column struct{ name, kind string }

func readCases(t *testing.T) []caseOf {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(top, "tests", "cases", "*.test"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	var cases []caseOf
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		stem := strings.TrimSuffix(filepath.Base(path), ".test")
		for part := range strings.SplitSeq("\n"+string(text), "\n== ") {
			if name, rest, isCase := strings.Cut(part, "\n"); isCase && name != "" && name[0] != '#' {
				cases = append(cases, readCase(t, stem+": "+name, rest))
			}
		}
	}
	return cases
}

func readCase(t *testing.T, name, text string) caseOf {
	t.Helper()
	one := caseOf{name: name}
	isAnswer := false
	for line := range strings.SplitSeq(text, "\n") {
		key, value, _ := strings.Cut(line, ": ")
		switch {
		case strings.HasPrefix(line, "#") || line == "":
		case strings.HasPrefix(line, "---"):
			isAnswer = true
			_, _ = fmt.Sscanf(line, "--- %d %s", &one.status, &one.code) // nothing where rows are expected
		case isAnswer && one.code != "":
			one.facts = append(one.facts, [2]string{key, value})
		case isAnswer && strings.HasPrefix(line, "{"):
			one.columns = readColumns(t, line)
		case isAnswer:
			var row any
			if err := json.Unmarshal([]byte(line), &row); err != nil {
				t.Fatalf("%s: %q: %v", name, line, err)
			}
			one.rows = append(one.rows, row)
		case one.request == "":
			one.request = line
		case line == "only url":
			one.onlyURL = true
		default:
			one.parameters = append(one.parameters, [2]string{strings.TrimSuffix(key, ":"), value})
		}
	}
	return one
}

// readColumns keeps the order of a JSON object's keys.
func readColumns(t *testing.T, line string) []column {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(line))
	var words []string
	for {
		token, err := decoder.Token()
		if err != nil {
			break
		}
		if word, isText := token.(string); isText {
			words = append(words, word)
		}
	}
	columns := make([]column, 0, len(words)/2)
	for i := 0; i+1 < len(words); i += 2 {
		columns = append(columns, column{words[i], words[i+1]})
	}
	return columns
}

func TestCases(t *testing.T) {
	client := connect(t)
	asked, typed := 0, 0
	for _, one := range readCases(t) {
		dataset, shape, isQuestion := strings.Cut(one.request, "/")
		if !isQuestion || strings.Contains(one.request, " ") || one.onlyURL || dataset == "flights" {
			continue // what is spelt out as HTTP, or cannot be JSON, is no request of a client
		}
		asked++
		t.Run(one.name, func(t *testing.T) {
			reader, err := client.Read(t.Context(), jsonOf(t, dataset, shape, one.parameters))
			one.check(t, reader, err)
			if described, wanted, ok := typedOf(client, dataset, shape, one.parameters); ok {
				typed++
				reader, err := described.Read(t.Context(), wanted)
				one.check(t, reader, err)
			}
		})
	}
	if asked < 250 || typed < 200 {
		t.Errorf("only %d cases were asked, %d of them with types", asked, typed)
	}
}

func jsonOf(t *testing.T, dataset, shape string, parameters [][2]string) bowshot.Request {
	t.Helper()
	fields := map[string]any{"dataset": dataset, "shape": shape}
	for _, one := range parameters {
		fields[one[0]] = one[1]
	}
	encoded, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}

// typedOf spells the case with the package's types; false where they cannot say it.
func typedOf(client *bowshot.Client, dataset, shape string, parameters [][2]string) (
	bowshot.Dataset, bowshot.Shape, bool,
) {
	described := client.Dataset(dataset)
	left := map[string]string{}
	for _, one := range parameters {
		if left[one[0]] = one[1]; one[1] == "" && one[0] != "filter" {
			return described, nil, false
		}
	}
	if len(left) != len(parameters) {
		return described, nil, false
	}
	take := func(name string) string {
		value := left[name]
		delete(left, name)
		return value
	}
	number := func(name string) int64 {
		value, err := strconv.ParseInt(left[name], 10, 64)
		if err == nil && value != 0 {
			delete(left, name)
		}
		return value
	}
	if filter, isThere := left["filter"]; isThere {
		described = described.Filter(filter)
		delete(left, "filter")
	}
	for _, item := range listOf(take("compute")) {
		alias, expression, _ := strings.Cut(item, ":")
		if quoted, isQuoted := strings.CutPrefix(alias, `"`); isQuoted {
			alias = strings.ReplaceAll(strings.TrimSuffix(quoted, `"`), `""`, `"`)
		}
		described = described.Compute(alias, expression)
	}
	described = described.Pin(take("version"))
	if list := listOf(take("select")); list != nil {
		described = described.Select(list...)
	}
	if list := listOf(take("order")); list != nil {
		described = described.OrderBy(list...)
	}
	var wanted bowshot.Shape
	switch shape {
	case "rows":
		wanted = bowshot.Window{Offset: number("offset"), Limit: number("limit")}
	case "count":
		wanted = bowshot.Count{}
	case "aggregate":
		wanted = bowshot.Aggregate{
			By: listOf(take("by")), Measures: listOf(take("measures")),
			Offset: number("offset"), Limit: number("limit"),
		}
	case "profile":
		wanted = bowshot.Profile{Columns: listOf(take("columns"))}
	case "values":
		wanted = bowshot.Values{
			Column: take("column"), Prefix: take("prefix"), Limit: number("limit"),
		}
	case "histogram":
		histogram := bowshot.Histogram{Column: take("column"), Bins: int(number("bins"))}
		if text, isThere := left["min"]; isThere {
			histogram.Min, _ = text, take("min")
		}
		if text, isThere := left["max"]; isThere {
			histogram.Max, _ = text, take("max")
		}
		wanted = histogram
	case "sample":
		seed, err := strconv.ParseUint(cmp.Or(left["seed"], "0"), 10, 64)
		if _, hasSize := left["size"]; err != nil || !hasSize {
			return described, nil, false
		}
		delete(left, "seed")
		wanted = bowshot.Sample{Size: number("size"), Seed: seed, By: take("by")}
	}
	return described, wanted, wanted != nil && len(left) == 0
}

// listOf splits at the commas outside of quotes and parentheses.
func listOf(text string) []string {
	if text == "" {
		return nil
	}
	var items []string
	start, depth, quote := 0, 0, rune(0)
	for i, letter := range text {
		switch {
		case quote != 0:
			if letter == quote {
				quote = 0
			}
		case letter == '"' || letter == '\'':
			quote = letter
		case letter == '(':
			depth++
		case letter == ')':
			depth--
		case letter == ',' && depth == 0:
			items = append(items, strings.TrimSpace(text[start:i]))
			start = i + 1
		}
	}
	return append(items, strings.TrimSpace(text[start:]))
}

func (c *caseOf) check(t *testing.T, reader *bowshot.Reader, err error) {
	t.Helper()
	if c.code != "" {
		if err == nil {
			reader.Release()
		}
		c.checkError(t, err)
		return
	}
	if err != nil {
		t.Error(err)
		return
	}
	table, err := reader.Table()
	if err != nil {
		t.Error(err)
		return
	}
	defer table.Release()
	columns := make([]column, 0, table.NumCols())
	for _, field := range table.Schema().Fields() {
		columns = append(columns, column{field.Name, typeName(field.Type)})
	}
	if !slices.Equal(columns, c.columns) {
		t.Errorf("columns %v, want %v", columns, c.columns)
	}
	if rows := spellTable(table); !isSame(rows, c.rows) {
		t.Errorf("rows %v\nwant %v", rows, c.rows)
	}
}

func (c *caseOf) checkError(t *testing.T, err error) {
	t.Helper()
	failure := asError(err)
	if failure == nil || failure.Code != c.code || failure.Status != c.status || failure.Detail == "" {
		t.Errorf("want %d %s: %#v", c.status, c.code, err)
		return
	}
	for _, fact := range c.facts {
		name, want := fact[0], fact[1]
		isRight := true
		switch name {
		case "detail":
			isRight = strings.Contains(failure.Detail, want)
		case "parameter":
			isRight = failure.Parameter == want
		case "position":
			// In a list that is JSON it counts within the item that the pointer names.
			isRight = strconv.Itoa(failure.Position) == want || failure.Pointer != ""
		case "pointer":
			isRight = failure.Pointer == want
		case "suggestions":
			isRight = slices.Contains(failure.Suggestions, want)
		default:
			t.Errorf("a fact that this test does not know: %s", name)
		}
		if !isRight {
			t.Errorf("%s is not %q: %+v", name, want, failure)
		}
	}
}

// isSame: floats within what the order of addition changes.
func isSame(a, b any) bool {
	switch a := a.(type) {
	case []any:
		b, isList := b.([]any)
		return isList && slices.EqualFunc(a, b, isSame)
	case map[string]any:
		b, isObject := b.(map[string]any)
		if !isObject || len(a) != len(b) {
			return false
		}
		for name, value := range a {
			if other, isThere := b[name]; !isThere || !isSame(value, other) {
				return false
			}
		}
		return true
	case float64:
		b, isNumber := b.(float64)
		return isNumber && (a == b || math.Abs(a-b) <= 1e-12*max(math.Abs(a), math.Abs(b)))
	}
	return a == b
}

// TestSampleVectors: samples are in the order of protocol/sample.md, also by seeds that JSON cannot say.
func TestSampleVectors(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(top, "protocol", "vectors", "sample.json"))
	if err != nil {
		t.Fatal(err)
	}
	var vectors struct {
		Samples []struct {
			Seed   uint64  `json:"seed,string"`
			Rows   int     `json:"rows"`
			Size   int64   `json:"size"`
			Sample []int64 `json:"sample"`
		} `json:"samples"`
	}
	if err := json.Unmarshal(text, &vectors); err != nil || len(vectors.Samples) == 0 {
		t.Fatalf("no vectors: %v", err)
	}
	client := connect(t)
	for _, rows := range []int{1, 10, 1000} {
		published := numbers(memory.NewGoAllocator(), 1, rows)
		if _, err := client.Publish(t.Context(), fmt.Sprintf("first_%d", rows), published); err != nil {
			t.Fatal(err)
		}
		published.Release()
	}
	for _, one := range vectors.Samples {
		drawn := client.Dataset(fmt.Sprintf("first_%d", one.Rows))
		reader, err := drawn.Read(t.Context(), bowshot.Sample{Size: one.Size, Seed: one.Seed})
		if err != nil {
			t.Fatal(err)
		}
		facts := reader.Facts()
		table, err := reader.Table()
		if err != nil {
			t.Fatal(err)
		}
		got := spellTable(table)
		table.Release()
		want := make([]any, len(one.Sample))
		for i, row := range one.Sample {
			want[i] = []any{float64(row)}
		}
		if !isSame(got, want) || facts.Completeness != bowshot.Sampled || facts.Population != int64(one.Rows) {
			t.Errorf("seed %d of %d: %v, want %v; %+v", one.Seed, one.Rows, got, want, facts)
		}
	}
}
