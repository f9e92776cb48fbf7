// CQL2 text, and what it and its pieces mean for a table with a column of every type.
#include "base/check.hpp"
#include "fuzz_target.hpp"
#include "query/binder.hpp"
#include "query/cql2.hpp"
#include "query/test_schema.hpp"

namespace {

void check_position(const bowshot::Error& error, size_t size) {
  BOWSHOT_CHECK(!error.detail.empty());
  if (error.position) BOWSHOT_CHECK(*error.position >= 0);
  if (error.position) BOWSHOT_CHECK(static_cast<size_t>(*error.position) <= size);
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = bowshot::fuzz::as_text(data, size);
  const bowshot::Limits limits;
  const auto syntax = bowshot::parse_cql2(text, limits);
  if (!syntax) {
    BOWSHOT_CHECK(syntax.error().code == bowshot::ErrorCode::kBadFilter);
    check_position(syntax.error(), size);
  } else {
    const bowshot::Binder binder(bowshot::all_types(), true);
    const auto bound = binder.bind_filter(*syntax);
    if (!bound) check_position(bound.error(), size);
  }
  for (const auto parse : {bowshot::parse_name_list, bowshot::parse_order_list,
                           bowshot::parse_function_list, bowshot::parse_compute_list}) {
    const auto items = parse(text, limits);
    if (!items) check_position(items.error(), size);
    if (items) BOWSHOT_CHECK(!items->empty());
  }
  return 0;
}
