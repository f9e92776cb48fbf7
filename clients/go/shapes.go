package bowshot

// Shape is what a screen needs of a dataset: one of [Window], [Count], [Aggregate], [Profile],
// [Values], [Histogram], [Sample], [Series] and [Density]. PROTOCOL.md, section 4, says what each
// answers. A field at its zero value is left out, which gives the protocol's default.
type Shape interface {
	shape() string
	add(asked *parameters) error
}

// Window is the rows from Offset (counted from 0) on, at most Limit; without a Limit all of them,
// streamed. An Offset past the end gives no rows, and no error.
type Window struct {
	Offset int64
	Limit  int64
}

func (Window) shape() string { return "rows" }

func (w Window) add(asked *parameters) error {
	asked.addNumber("offset", w.Offset)
	asked.addNumber("limit", w.Limit)
	return nil
}

// Count is how many rows there are; see also [Dataset.Count].
type Count struct{}

func (Count) shape() string           { return "count" }
func (Count) add(_ *parameters) error { return nil }

// Aggregate groups rows. By: "carrier", "month:time_bin(date,'1 month')", "bin(distance,100)".
// Measures: "count()", "average:mean(delay)", "quantile(delay,0.9)"; count() if there are none.
// Offset and Limit are of the groups.
type Aggregate struct {
	By       []string
	Measures []string
	Offset   int64
	Limit    int64
}

func (Aggregate) shape() string { return "aggregate" }

func (a Aggregate) add(asked *parameters) error {
	asked.addList("by", a.By)
	asked.addList("measures", a.Measures)
	asked.addNumber("offset", a.Offset)
	asked.addNumber("limit", a.Limit)
	return nil
}

// Profile describes columns, a row each; all columns if none is named.
type Profile struct{ Columns []string }

func (Profile) shape() string { return "profile" }

func (p Profile) add(asked *parameters) error {
	asked.addList("columns", p.Columns)
	return nil
}

// Values are a column's values and how often each occurs, the most frequent first, at most Limit (100
// by default), those that begin with Prefix.
type Values struct {
	Column string
	Prefix string
	Limit  int64
}

func (Values) shape() string { return "values" }

func (v Values) add(asked *parameters) error {
	asked.addText("column", v.Column)
	asked.addText("prefix", v.Prefix)
	asked.addNumber("limit", v.Limit)
	return nil
}

// Histogram counts a column's values in equal bins from Min to Max: numbers, a [time.Time], a [Date],
// or nil for the values' own.
type Histogram struct {
	Column   string
	Bins     int
	Min, Max any
}

func (Histogram) shape() string { return "histogram" }

func (h Histogram) add(asked *parameters) error {
	asked.addText("column", h.Column)
	asked.addNumber("bins", int64(h.Bins))
	if err := asked.addBound("min", h.Min); err != nil {
		return err
	}
	return asked.addBound("max", h.Max)
}

// Sample draws Size rows at random, without replacement. With one Seed a larger sample begins with the
// smaller. By makes it stratified by that column, and adds a column _weight.
type Sample struct {
	Size int64
	Seed uint64
	By   string
}

func (Sample) shape() string { return "sample" }

func (s Sample) add(asked *parameters) error {
	asked.add("size", s.Size)
	if s.Seed != 0 {
		asked.add("seed", s.Seed)
	}
	asked.addText("by", s.By)
	return nil
}

// Series is what a line chart of Width pixels (1 to 20000) needs of Y over X, from From to To (the whole of X if
// they are nil). Method is "m4", the default, "minmax" or "mean".
type Series struct {
	X        string
	Y        []string
	Width    int
	From, To any
	Method   string
}

func (Series) shape() string { return "series" }

func (s Series) add(asked *parameters) error {
	asked.addText("x", s.X)
	asked.addList("y", s.Y)
	asked.addNumber("width", int64(s.Width))
	if err := asked.addBound("from", s.From); err != nil {
		return err
	}
	if err := asked.addBound("to", s.To); err != nil {
		return err
	}
	asked.addText("method", s.Method)
	return nil
}

// Density is a grid of Width x Height cells (1 to 4096 each) over the columns X and Y. Value is "count()", the default, "sum(c)" or
// "mean(c)". Color and Scale are for pictures only: "viridis", "magma", "inferno", "cividis", "turbo",
// "gray"; "eq_hist", "linear", "log".
type Density struct {
	X, Y          string
	Width, Height int
	XMin, XMax    any
	YMin, YMax    any
	Value         string
	Color         string
	Scale         string
}

func (Density) shape() string { return "density" }

func (d Density) add(asked *parameters) error {
	asked.addText("x", d.X)
	asked.addText("y", d.Y)
	asked.addNumber("width", int64(d.Width))
	asked.addNumber("height", int64(d.Height))
	for _, limit := range []parameter{
		{"xmin", d.XMin}, {"xmax", d.XMax}, {"ymin", d.YMin}, {"ymax", d.YMax},
	} {
		if err := asked.addBound(limit.name, limit.value); err != nil {
			return err
		}
	}
	asked.addText("value", d.Value)
	asked.addText("color", d.Color)
	asked.addText("scale", d.Scale)
	return nil
}
