#pragma once

#include <arrow/type.h>

#include <memory>

namespace bowshot {

/// For tests: one column a type; the comments are how to_string() spells a reference to it.
inline std::shared_ptr<arrow::Schema> all_types() {
  using arrow::field;
  return arrow::schema(
      {field("flag", arrow::boolean()),                                           // #0
       field("i8", arrow::int8()),                                                // #1
       field("i32", arrow::int32()),                                              // #2
       field("i64", arrow::int64()),                                              // #3
       field("u8", arrow::uint8()),                                               // #4
       field("u64", arrow::uint64()),                                             // #5
       field("f32", arrow::float32()),                                            // #6
       field("f64", arrow::float64()),                                            // #7
       field("d", arrow::decimal128(10, 2)),                                      // #8
       field("wide", arrow::decimal128(38, 30)),                                  // #9
       field("name", arrow::utf8()),                                              // #10
       field("category", arrow::dictionary(arrow::int32(), arrow::utf8())),       // #11
       field("bytes", arrow::binary()),                                           // #12
       field("day", arrow::date32()),                                             // #13
       field("us", arrow::timestamp(arrow::TimeUnit::MICRO)),                     // #14
       field("ns", arrow::timestamp(arrow::TimeUnit::NANO)),                      // #15
       field("zoned", arrow::timestamp(arrow::TimeUnit::MICRO, "Europe/Paris")),  // #16
       field("clock", arrow::time64(arrow::TimeUnit::MICRO)),                     // #17
       field("span", arrow::duration(arrow::TimeUnit::MILLI)),                    // #18
       field("tags", arrow::list(arrow::utf8())),                                 // #19
       field("my col", arrow::int64()),                                           // #20
       field("Delay", arrow::int64()),                                            // #21
       field("s", arrow::timestamp(arrow::TimeUnit::SECOND)),                     // #22
       field("f16", arrow::float16()),                                            // #23
       field("u32", arrow::uint32())});                                           // #24
}

}  // namespace bowshot
