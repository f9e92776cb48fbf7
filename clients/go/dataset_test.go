package bowshot_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	bowshot "github.com/bowshot/bowshot/clients/go"
)

func offline(t *testing.T) bowshot.Dataset {
	t.Helper()
	client, err := bowshot.NewClient("http://127.0.0.1:1", bowshot.WithRetries(0))
	if err != nil {
		t.Fatal(err)
	}
	return client.Dataset("d")
}

func TestRequestsAsTheProtocolSpellsThem(t *testing.T) {
	d := offline(t)
	at := time.Date(2026, 11, 23, 8, 0, 0, 5000, time.FixedZone("", 3600))
	for want, asked := range map[string]struct {
		dataset bowshot.Dataset
		shape   bowshot.Shape
	}{
		`"shape":"rows"`: {d, bowshot.Window{}},
		`"shape":"rows","filter":"a > 1","order":["-a","b"],"offset":5,"limit":7`: {
			d.Filter("a > 1").OrderBy("-a", "b"), bowshot.Window{Offset: 5, Limit: 7}},
		`"shape":"rows","filter":"(a OR b) AND (c)","compute":["x:a + 1","\"my x\":x"],"select":["_row","x"],"version":"v"`: {
			d.Filter("a OR b").Filter("c").Compute("x", "a + 1").Compute("my x", "x").Select("_row", "x").Pin("v"),
			bowshot.Window{}},
		`"shape":"count","filter":{"args":[{"property":"a"}],"op":"isNull"}`: {
			d.FilterJSON(map[string]any{"op": "isNull", "args": []any{map[string]string{"property": "a"}}}),
			bowshot.Count{}},
		`"shape":"aggregate","by":["a"],"measures":["m:mean(b)"],"limit":3`: {
			d, bowshot.Aggregate{By: []string{"a"}, Measures: []string{"m:mean(b)"}, Limit: 3}},
		`"shape":"profile","columns":["a"]`:          {d, bowshot.Profile{Columns: []string{"a"}}},
		`"shape":"values","column":"a","prefix":"x"`: {d, bowshot.Values{Column: "a", Prefix: "x"}},
		`"shape":"sample","size":0`:                  {d, bowshot.Sample{}},
		`"shape":"sample","size":9,"seed":"18446744073709551615","by":"g"`: {
			d, bowshot.Sample{Size: 9, Seed: math.MaxUint64, By: "g"}},
		`"shape":"histogram","column":"a","bins":4,"min":-1.5,"max":9`: {
			d, bowshot.Histogram{Column: "a", Bins: 4, Min: -1.5, Max: uint8(9)}},
		`"shape":"histogram","column":"t","min":"2026-11-23","max":"2026-11-23T07:00:00.000005Z"`: {
			d, bowshot.Histogram{Column: "t", Min: bowshot.Date(at), Max: at}},
		`"shape":"series","x":"t","y":["a","b"],"width":800,"from":0,"to":"9","method":"minmax"`: {
			d, bowshot.Series{X: "t", Y: []string{"a", "b"}, Width: 800, From: 0, To: "9", Method: "minmax"}},
		`"shape":"density","x":"a","y":"b","width":2,"height":3,"xmin":0,"ymax":1.5,"value":"sum(c)","color":"gray","scale":"log"`: {
			d, bowshot.Density{X: "a", Y: "b", Width: 2, Height: 3, XMin: 0, YMax: 1.5, Value: "sum(c)",
				Color: "gray", Scale: "log"}},
	} {
		request, err := asked.dataset.Request(asked.shape)
		if got := string(request); err != nil || got != `{"dataset":"d",`+want+`}` {
			t.Errorf("%s %v\nwant    %s", got, err, want)
		}
	}
}

func TestDatasetsAreValues(t *testing.T) {
	base := offline(t).Filter("a")
	first, second := base.Filter("b"), base.Filter("c")
	for want, dataset := range map[string]bowshot.Dataset{"a": base, "(a) AND (b)": first, "(a) AND (c)": second} {
		request, err := dataset.Request(bowshot.Count{})
		if err != nil || !strings.Contains(string(request), fmt.Sprintf("%q", want)) {
			t.Errorf("%s %v, want %s", request, err, want)
		}
	}
}

type text string

func TestValuesOfFilters(t *testing.T) {
	at := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	for want, asked := range map[string][]any{
		`a = 'O''Brien'`:                       {"a = ?", "O'Brien"},
		`a = 'x' AND '?' <> "?" AND b = 5`:     {`a = ? AND '?' <> "?" AND b = ?`, text("x"), 5},
		`a = 'it''s ?' OR c = TRUE`:            {`a = 'it''s ?' OR c = ?`, true},
		`a IN ('p', 'q') AND b IN (1, 2)`:      {"a IN ? AND b IN ?", []string{"p", "q"}, [2]int8{1, 2}},
		`a > 1.5 AND a > 3.0 AND a < 1e+300`:   {"a > ? AND a > ? AND a < ?", 1.5, 3.0, 1e300},
		`a > 0.1 AND b > 18446744073709551615`: {"a > ? AND b > ?", float32(0.1), uint64(math.MaxUint64)},
		`t > TIMESTAMP('2026-11-23T08:00:00Z') AND d = DATE('2026-11-23')`: {
			"t > ? AND d = ?", at.In(time.FixedZone("", -7200)), bowshot.Date(at)},
	} {
		request, err := offline(t).Filter(asked[0].(string), asked[1:]...).Request(bowshot.Count{})
		encoded := strings.ReplaceAll(want, `"`, `\"`)
		if err != nil || !strings.Contains(string(request), `"filter":"`+encoded+`"`) {
			t.Errorf("%s %v\nwant %s", request, err, want)
		}
	}
	for _, asked := range [][]any{
		{"a = ?", 1, 2}, {"a = ? AND b = ?", 1}, {"a = ?", nil}, {"a = ?", math.NaN()},
		{"a = ?", math.Inf(1)}, {"a IN ?", []int{}}, {"a IN ?", [][]int{{1}}}, {"a = ?", struct{}{}},
		{"a = ?", []any{nil}},
	} {
		_, err := offline(t).Filter(asked[0].(string), asked[1:]...).Count(t.Context())
		wantCode(t, err, bowshot.CodeBadFilter)
	}
}

func TestAFilterCannotChangeAnother(t *testing.T) {
	for _, second := range []string{"x) OR (y", "x' OR y", `x" OR y`, "x) OR (y AND 'z)'", "(", ")", "'", `"`} {
		_, err := offline(t).Filter("allowed").Filter(second).Request(bowshot.Count{})
		wantCode(t, err, bowshot.CodeBadFilter)
	}
	for _, second := range []string{"(x) OR (y)", "x = ')'", `")" = 1`, "x = 'it''s)'"} {
		if _, err := offline(t).Filter("allowed").Filter(second).Request(bowshot.Count{}); err != nil {
			t.Errorf("%s: %v", second, err)
		}
	}
	_, err := offline(t).FilterJSON(true).Filter("x").Request(bowshot.Count{})
	wantCode(t, err, bowshot.CodeBadFilter)
	_, err = offline(t).FilterJSON(func() {}).Request(bowshot.Count{})
	wantCode(t, err, bowshot.CodeBadFilter)
	for _, bad := range []any{math.NaN(), true, []int{1}} {
		_, err = offline(t).Request(bowshot.Histogram{Column: "a", Min: bad})
		wantCode(t, err, bowshot.CodeBadParameter)
	}
}

// Every name of tests/datasets.py's table of awkward names finds its own column.
func TestAwkwardNames(t *testing.T) {
	client := connect(t)
	info, err := client.Dataset("names").Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for number, column := range info.Columns {
		name := bowshot.Name(column.Name)
		dataset := client.Dataset("names").Filter(name+" >= ?", 100).Select(name).OrderBy("-"+name).
			Compute("twice of "+column.Name, name+" * 2")
		table, err := dataset.Table(t.Context(), bowshot.Window{Limit: 1})
		if err != nil {
			t.Errorf("%q: %v", column.Name, err)
			continue
		}
		if got := fmt.Sprint(spellTable(table)); got != fmt.Sprintf("[[%d]]", 400+number) {
			t.Errorf("%q: %s", column.Name, got)
		}
		table.Release()
	}
}

func TestFilterJSONIsAsked(t *testing.T) {
	older := map[string]any{"op": ">", "args": []any{map[string]string{"property": "age"}, 90}}
	rows, err := connect(t).Dataset("people").FilterJSON(older).Count(t.Context())
	if err != nil || rows != 2 {
		t.Errorf("%d %v", rows, err)
	}
}
