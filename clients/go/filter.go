package bowshot

import (
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Date is a day, for filters and bounds: bowshot.Date(t) is the day of t in its own zone.
type Date time.Time

// Name spells a column's name as filters and lists want it: bare where that is an identifier, else in
// double quotes.
//
//	d.OrderBy("-" + bowshot.Name("my column"))
func Name(column string) string {
	if isIdentifier(column) && !isKeyword(column) && column != "_row" {
		return column
	}
	return `"` + strings.ReplaceAll(column, `"`, `""`) + `"`
}

func isIdentifier(name string) bool {
	for i, letter := range name {
		isFirst := letter == '_' || unicode.IsLetter(letter)
		if !isFirst && (i == 0 || (letter != '.' && !unicode.IsDigit(letter))) {
			return false
		}
	}
	return name != "" && utf8.ValidString(name)
}

var keywords = map[string]bool{
	"AND": true, "OR": true, "NOT": true, "BETWEEN": true, "IN": true, "LIKE": true, "IS": true,
	"NULL": true, "TRUE": true, "FALSE": true, "DIV": true, "CASEI": true, "ACCENTI": true,
	"DATE": true, "TIMESTAMP": true, "INTERVAL": true,
}

// isKeyword: a quoted name is always right, so this list may be too long, but not too short.
func isKeyword(name string) bool { return keywords[strings.ToUpper(name)] }

// fillIn puts the values in place of the question marks outside of quotes.
func fillIn(text string, values []any) (string, error) {
	if len(values) == 0 {
		return text, nil
	}
	var out strings.Builder
	used := 0
	for i := 0; i < len(text); {
		switch text[i] {
		case '\'', '"':
			end := i + quotedBytes(text[i:])
			out.WriteString(text[i:end])
			i = end
			continue
		case '?':
			if used < len(values) {
				literal, err := Literal(values[used])
				if err != nil {
					return "", err
				}
				out.WriteString(literal)
			}
			used++
		default:
			out.WriteByte(text[i])
		}
		i++
	}
	if used != len(values) {
		return "", failure(CodeBadFilter, nil, "the filter has %d question marks and %d values: %s", used,
			len(values), text)
	}
	return out.String(), nil
}

// quotedBytes is how long the quoted text is that begins here; all that is left if it does not end. A
// doubled quote ends one quoted text and begins the next, which comes to the same.
func quotedBytes(text string) int {
	end := strings.IndexByte(text[1:], text[0])
	if end < 0 {
		return len(text)
	}
	return end + 2
}

// Literal spells a value as a filter wants it: text, booleans, numbers, times, days, and slices of
// these as the list of an IN. Nothing spells null (use IS NULL), NaN or infinity.
func Literal(value any) (string, error) {
	switch v := value.(type) {
	case time.Time:
		return "TIMESTAMP('" + v.UTC().Format(time.RFC3339Nano) + "')", nil
	case Date:
		return "DATE('" + time.Time(v).Format(time.DateOnly) + "')", nil
	}
	v := reflect.ValueOf(value)
	switch v.Kind() { //nolint:exhaustive // every other kind is refused below
	case reflect.String:
		return "'" + strings.ReplaceAll(v.String(), "'", "''") + "'", nil
	case reflect.Bool:
		return strings.ToUpper(strconv.FormatBool(v.Bool())), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return strconv.FormatInt(v.Int(), 10), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return strconv.FormatUint(v.Uint(), 10), nil
	case reflect.Float32, reflect.Float64:
		return floatLiteral(v)
	case reflect.Slice, reflect.Array:
		return listLiteral(v)
	}
	return "", failure(CodeBadFilter, nil, "a %T cannot be a value of a filter", value)
}

func floatLiteral(v reflect.Value) (string, error) {
	if math.IsNaN(v.Float()) || math.IsInf(v.Float(), 0) {
		return "", failure(CodeBadFilter, nil, "%v cannot be a value of a filter", v.Float())
	}
	spelt := strconv.FormatFloat(v.Float(), 'g', -1, v.Type().Bits())
	if !strings.ContainsAny(spelt, ".e") {
		spelt += ".0" // it stays a float64 in arithmetic
	}
	return spelt, nil
}

func listLiteral(v reflect.Value) (string, error) {
	if v.Len() == 0 {
		return "", failure(CodeBadFilter, nil, "an empty list cannot be a value of a filter")
	}
	items := make([]string, v.Len())
	for i := range items {
		item := v.Index(i).Interface()
		if kind := reflect.ValueOf(item).Kind(); kind == reflect.Slice {
			return "", failure(CodeBadFilter, nil, "a %T cannot be a value of a filter", v.Interface())
		}
		spelt, err := Literal(item)
		if err != nil {
			return "", err
		}
		items[i] = spelt
	}
	return "(" + strings.Join(items, ", ") + ")", nil
}

// conjunction joins filters by AND. Each must be closed in itself, or one could change what another
// means: "x) OR (y".
func conjunction(filters []string) (string, error) {
	if len(filters) == 1 {
		return filters[0], nil // as it was written, so that a position is one in it
	}
	parts := make([]string, len(filters))
	for i, filter := range filters {
		if !isClosed(filter) {
			return "", failure(CodeBadFilter, nil,
				"a filter among several must have its quotes and parentheses closed: %s", filter)
		}
		parts[i] = "(" + filter + ")"
	}
	return strings.Join(parts, " AND "), nil
}

func isClosed(filter string) bool {
	depth := 0
	for i := 0; i < len(filter); i++ {
		switch filter[i] {
		case '\'', '"':
			length := quotedBytes(filter[i:])
			if length < 2 || filter[i+length-1] != filter[i] {
				return false
			}
			i += length - 1
		case '(':
			depth++
		case ')':
			depth--
		}
		if depth < 0 {
			return false
		}
	}
	return depth == 0
}

// bound spells a limit of an axis: a number, or a time as ISO 8601 text.
func bound(value any) (any, error) {
	switch v := value.(type) {
	case nil, string:
		return v, nil
	case time.Time:
		return v.UTC().Format(time.RFC3339Nano), nil
	case Date:
		return time.Time(v).Format(time.DateOnly), nil
	}
	switch v := reflect.ValueOf(value); v.Kind() { //nolint:exhaustive // every other kind is refused
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return v.Int(), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return v.Uint(), nil
	case reflect.Float32, reflect.Float64:
		if !math.IsNaN(v.Float()) && !math.IsInf(v.Float(), 0) {
			return v.Float(), nil
		}
	}
	return nil, failure(CodeBadParameter, nil, "%s cannot be a bound",
		strings.TrimSpace(fmt.Sprintf("%T %v", value, value)))
}
