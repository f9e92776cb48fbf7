package bowshot_test

import (
	"encoding/base64"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// typeName is the protocol's name of a type.
func typeName(kind arrow.DataType) string {
	switch kind := kind.(type) {
	case *arrow.DictionaryType:
		return "dictionary<" + typeName(kind.ValueType) + ">"
	case *arrow.ListType:
		return "list<" + typeName(kind.Elem()) + ">"
	case *arrow.StructType:
		fields := make([]string, 0, kind.NumFields())
		for _, field := range kind.Fields() {
			fields = append(fields, field.Name+": "+typeName(field.Type))
		}
		return "struct<" + strings.Join(fields, ", ") + ">"
	case *arrow.TimestampType:
		if kind.TimeZone != "" {
			return fmt.Sprintf("timestamp[%s, tz=%s]", kind.Unit, kind.TimeZone)
		}
		return fmt.Sprintf("timestamp[%s]", kind.Unit)
	case *arrow.Time64Type:
		return fmt.Sprintf("time64[%s]", kind.Unit)
	case *arrow.DurationType:
		return fmt.Sprintf("duration[%s]", kind.Unit)
	case *arrow.Decimal128Type:
		return fmt.Sprintf("decimal128(%d, %d)", kind.Precision, kind.Scale)
	}
	return kind.Name()
}

// spellTable gives the rows as the case files write them, and encoding/json reads them.
func spellTable(table arrow.Table) []any {
	rows := make([]any, table.NumRows())
	for i := range rows {
		rows[i] = make([]any, table.NumCols())
	}
	for c := range int(table.NumCols()) {
		r := 0
		for _, chunk := range table.Column(c).Data().Chunks() {
			for i := range chunk.Len() {
				rows[r].([]any)[c] = spell(chunk, i)
				r++
			}
		}
	}
	return rows
}

func spell(values arrow.Array, i int) any {
	if values.IsNull(i) {
		return nil
	}
	switch values := values.(type) {
	case *array.Dictionary:
		return spell(values.Dictionary(), values.GetValueIndex(i))
	case *array.List:
		start, end := values.ValueOffsets(i)
		items := make([]any, 0, end-start)
		for at := start; at < end; at++ {
			items = append(items, spell(values.ListValues(), int(at)))
		}
		return items
	case *array.Struct:
		fields := map[string]any{}
		for f := range values.NumField() {
			fields[values.DataType().(*arrow.StructType).Field(f).Name] = spell(values.Field(f), i)
		}
		return fields
	case *array.Timestamp:
		kind := values.DataType().(*arrow.TimestampType)
		return spellTime(int64(values.Value(i)), kind)
	case *array.Date32:
		return values.Value(i).ToTime().Format(time.DateOnly)
	case *array.Time64:
		return time.UnixMicro(int64(values.Value(i))).UTC().Format("15:04:05.000000")
	case *array.Decimal128:
		return values.Value(i).ToString(values.DataType().(*arrow.Decimal128Type).Scale)
	case *array.Binary:
		return base64.StdEncoding.EncodeToString(values.Value(i))
	case *array.String:
		return values.Value(i)
	case *array.Boolean:
		return values.Value(i)
	}
	return spellNumber(values, i)
}

func spellTime(ticks int64, kind *arrow.TimestampType) string {
	digits := 3 * int(kind.Unit)
	unit := int64(math.Pow10(digits))
	seconds, fraction := ticks/unit, ticks%unit
	if fraction < 0 {
		seconds, fraction = seconds-1, fraction+unit
	}
	text := time.Unix(seconds, 0).UTC().Format("2006-01-02T15:04:05")
	if digits > 0 {
		text += fmt.Sprintf(".%0*d", digits, fraction)
	}
	if kind.TimeZone != "" {
		text += "Z"
	}
	return text
}

// spellNumber: as float64, as encoding/json reads numbers.
func spellNumber(values arrow.Array, i int) any {
	var number float64
	switch values := values.(type) {
	case *array.Int8:
		number = float64(values.Value(i))
	case *array.Int16:
		number = float64(values.Value(i))
	case *array.Int32:
		number = float64(values.Value(i))
	case *array.Int64:
		number = float64(values.Value(i))
	case *array.Uint8:
		number = float64(values.Value(i))
	case *array.Uint16:
		number = float64(values.Value(i))
	case *array.Uint32:
		number = float64(values.Value(i))
	case *array.Uint64:
		number = float64(values.Value(i))
	case *array.Duration:
		number = float64(values.Value(i))
	case *array.Float16:
		number = float64(values.Value(i).Float32())
	case *array.Float32:
		number = float64(values.Value(i))
	case *array.Float64:
		number = values.Value(i)
	default:
		panic(fmt.Sprintf("a type that the protocol does not have: %v", values.DataType()))
	}
	switch {
	case math.IsNaN(number):
		return "NaN"
	case math.IsInf(number, 0):
		return strings.TrimPrefix(strings.ReplaceAll(fmt.Sprintf("%vinity", number), "+", ""), "+")
	}
	return number
}
