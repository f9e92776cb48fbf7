#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <string>

#include "base/error.hpp"

namespace bowshot {

/// The protocol's name of a type, `timestamp[us, tz=UTC]`: section 2 of protocol/PROTOCOL.md.
std::string type_name(const arrow::DataType& type);

/// The protocol's type for a type that a source declares: large and view variants become the plain
/// ones, every time of day becomes time64[us] (nanoseconds are cut), maps become list<struct<key,
/// value>>, fixed-size lists and binaries the plain ones, dictionaries of text dictionary<utf8>
/// with int32 indices at the top level (elsewhere their value type), extension types their storage.
/// An error (`bad_data`) for a type that has no exact counterpart.
Result<std::shared_ptr<arrow::DataType>> protocol_type(const arrow::DataType& type);

/// `array` as `type`, where `type` came from protocol_type or from an engine's reading of the same
/// column: relabels zones, rescales time units without loss, widens, unwraps, in nested types too.
/// Slots under a null become zero. Dictionary columns are not for this function.
Result<std::shared_ptr<arrow::Array>> recast(const std::shared_ptr<arrow::Array>& array,
                                             const std::shared_ptr<arrow::DataType>& type);

bool is_integer(const arrow::DataType& type);   // int8..uint64
bool is_floating(const arrow::DataType& type);  // float16, float32, float64
bool is_numeric(const arrow::DataType& type);   // integer, floating or decimal
bool is_text(const arrow::DataType& type);      // utf8 or dictionary<utf8>

}  // namespace bowshot
