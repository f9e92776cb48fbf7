// CQL2 JSON, and what it means for a table with a column of every type. A mistake's position says
// which node of the JSON is at fault, so it must be one of them.
#include "query/cql2_json.hpp"

#include "base/check.hpp"
#include "fuzz_target.hpp"
#include "query/binder.hpp"
#include "query/test_schema.hpp"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const bowshot::Limits limits;
  const auto json = bowshot::parse_json(bowshot::fuzz::as_text(data, size),
                                        bowshot::cql2_json_levels_max(limits));
  if (!json) return 0;
  // The same value, spelt anew, is the same value.
  const std::string spelt = bowshot::spell_json(*json);
  const auto again = bowshot::parse_json(spelt, bowshot::cql2_json_levels_max(limits));
  BOWSHOT_CHECK(again.has_value());
  BOWSHOT_CHECK(bowshot::spell_json(*again) == spelt);
  const auto filter = bowshot::read_cql2_json(*json, limits);
  if (!filter) {
    BOWSHOT_CHECK(!filter.error().detail.empty());
    return 0;
  }
  const bowshot::Binder binder(bowshot::all_types(), true);
  const auto bound = binder.bind_filter(filter->syntax);
  if (bound || !bound.error().position) return 0;
  BOWSHOT_CHECK(*bound.error().position >= 0);
  BOWSHOT_CHECK(static_cast<size_t>(*bound.error().position) < filter->pointers.size());
  return 0;
}
