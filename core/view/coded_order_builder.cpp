#include "view/coded_order_builder.hpp"

#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <optional>
#include <thread>
#include <utility>

#include "view/build_scan.hpp"
#include "view/code_sort.hpp"
#include "view/order_codes.hpp"

namespace bowshot {
namespace {

/// Each takes a few MB; more gain little beside a scan.
constexpr unsigned kSortThreadsMax = 8;

/// The order's keys as they are coded: a dictionary's values as the texts that they are.
std::vector<OrderItem> coded_keys(const Plan& plan) {
  std::vector<OrderItem> keys = plan.order;
  for (OrderItem& key : keys)
    if (key.expression->type->id() == arrow::Type::DICTIONARY)
      key.expression = make_call(arrow::utf8(), Function::kCast, {key.expression});
  return keys;
}

/// The plan's filtered rows as they lie: the keys, then, where there is a filter, `_row`.
Plan key_scan(const Plan& plan, const std::vector<OrderItem>& keys) {
  Plan scan = plan;
  scan.order.clear();
  arrow::FieldVector fields;
  const auto add = [&](const ExpressionPtr& expression) {
    scan.select.push_back({.name = "", .expression = expression});
    fields.push_back(arrow::field("", expression->type));
  };
  for (const OrderItem& key : keys) add(key.expression);
  if (plan.filter) add(row_number());
  scan.schema = arrow::schema(std::move(fields));
  return scan;
}

/// One build of an order.
class CodedOrder {
 public:
  CodedOrder(Engine* engine, const Plan& plan, const BuildContext& context)
      : engine_(engine), plan_(plan), context_(context), keys_(coded_keys(plan)) {}

  /// Empty: there are no codes for the keys, or there is no room for them.
  Result<std::optional<std::vector<uint32_t>>> build(int64_t rows) {
    const bool has_codes = std::ranges::all_of(
        keys_, [](const OrderItem& key) { return KeyCodes::takes(*key.expression->type); });
    if (!has_codes) return std::nullopt;
    if (context_.take_room) {
      const auto reserved = context_.take_room(rows * row_bytes());
      if (!reserved && reserved.error().code == ErrorCode::kOutOfMemory) return std::nullopt;
      BOWSHOT_TRY(reserved);
    }
    if (context_.steps) context_.steps->expect(kStepsPerRow * rows);
    BOWSHOT_ASSIGN(const auto words, scan(rows));
    if (words.empty()) return std::nullopt;
    const unsigned threads = std::clamp(std::thread::hardware_concurrency(), 1U, kSortThreadsMax);
    BOWSHOT_ASSIGN(std::vector<uint32_t> order,
                   sort_positions(words, {.threads = static_cast<int>(threads),
                                          .stop = context_.stop,
                                          .steps = context_.steps}));
    if (plan_.filter)
      for (uint32_t& row : order) row = numbers_[row];
    return order;
  }

 private:
  /// The scan takes about as long as the two steps of the sort together.
  static constexpr int64_t kStepsPerRow = 4;
  static constexpr int64_t kScanSteps = 2;

  /// Codes, the row number of each, and its place in the order.
  int64_t row_bytes() const {
    const auto keys = static_cast<int64_t>(keys_.size());
    const auto number = static_cast<int64_t>(sizeof(uint32_t));
    return keys * static_cast<int64_t>(sizeof(uint64_t)) + (plan_.filter ? 2 : 1) * number +
           kCodeSortRowBytes;
  }

  Result<std::vector<std::vector<uint64_t>>> scan(int64_t rows) {
    OrderCodes codes(keys_, rows);
    if (plan_.filter) numbers_.reserve(static_cast<size_t>(rows));
    bool is_coded = true;
    int64_t scanned = 0;
    const auto append = [&](const arrow::RecordBatch& batch) -> Result<bool> {
      BOWSHOT_ASSIGN(is_coded, codes.append(batch));
      if (plan_.filter) {
        const int64_t* numbers = int64_values(batch, batch.num_columns() - 1);
        numbers_.insert(numbers_.end(), numbers, numbers + batch.num_rows());
      }
      scanned += batch.num_rows();
      if (context_.rows_done) *context_.rows_done = scanned;
      if (context_.steps) context_.steps->add(kScanSteps * batch.num_rows());
      return is_coded;
    };
    BOWSHOT_TRY(for_each_batch(*engine_, key_scan(plan_, keys_), context_.stop, append));
    if (!is_coded) return std::vector<std::vector<uint64_t>>();
    if (scanned != rows) return fail(ErrorCode::kBadData, "rows that were counted are not there");
    return codes.finish();
  }

  Engine* engine_;
  const Plan& plan_;  // the caller's, as is the context
  const BuildContext& context_;
  std::vector<OrderItem> keys_;
  std::vector<uint32_t> numbers_;  // of the filtered rows
};

}  // namespace

Result<RowOrder> CodedOrderBuilder::build(std::shared_ptr<const Plan> plan, int64_t rows,
                                          const BuildContext& context) {
  {
    BOWSHOT_ASSIGN(auto order, CodedOrder(engine_, *plan, context).build(rows));
    if (order) return RowOrder(*std::move(order));
  }
  if (context.steps) context.steps->restart();
  if (context.rows_done) *context.rows_done = 0;
  return next_->build(std::move(plan), rows, context);
}

}  // namespace bowshot
