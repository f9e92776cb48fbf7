#include "shape/profile_stream.hpp"

#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_nested.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <algorithm>
#include <span>

#include "shape/arrow_result.hpp"
#include "shape/column_profile.hpp"
#include "source/data_type.hpp"

namespace bowshot {

namespace {

/// How many columns share scans: what each holds of samples and lists adds up.
constexpr size_t kColumnsPerScan = 32;

/// Rows of the answer, one a profile.
class ProfileRows {
 public:
  arrow::Status append(const NamedExpression& column, const ColumnProfile& profile) {
    ARROW_RETURN_NOT_OK(name_.Append(column.name));
    ARROW_RETURN_NOT_OK(type_.Append(type_name(*column.expression->type)));
    ARROW_RETURN_NOT_OK(rows_.Append(profile.rows));
    ARROW_RETURN_NOT_OK(nulls_.Append(profile.nulls));
    ARROW_RETURN_NOT_OK(distinct_.AppendOrNull(profile.distinct));
    ARROW_RETURN_NOT_OK(append_text(profile.min, min_));
    ARROW_RETURN_NOT_OK(append_text(profile.max, max_));
    ARROW_RETURN_NOT_OK(mean_.AppendOrNull(profile.mean));
    ARROW_RETURN_NOT_OK(stddev_.AppendOrNull(profile.stddev));
    ARROW_RETURN_NOT_OK(q25_.AppendOrNull(profile.q25));
    ARROW_RETURN_NOT_OK(median_.AppendOrNull(profile.median));
    ARROW_RETURN_NOT_OK(q75_.AppendOrNull(profile.q75));
    ARROW_RETURN_NOT_OK(append_top(profile));
    return append_histogram(profile);
  }

  arrow::Result<std::shared_ptr<arrow::RecordBatch>> finish(
      const std::shared_ptr<arrow::Schema>& schema) {
    const std::vector<arrow::ArrayBuilder*> builders = {
        &name_, &type_,   &rows_, &nulls_,  &distinct_, &min_, &max_,
        &mean_, &stddev_, &q25_,  &median_, &q75_,      &top_, &histogram_};
    std::vector<std::shared_ptr<arrow::Array>> columns;
    const int64_t rows = name_.length();
    for (arrow::ArrayBuilder* builder : builders) {
      ARROW_ASSIGN_OR_RAISE(auto column, builder->Finish());
      // Builders do not know that the fields within a list are never null.
      ARROW_ASSIGN_OR_RAISE(column,
                            column->View(schema->field(static_cast<int>(columns.size()))->type()));
      columns.push_back(std::move(column));
    }
    return arrow::RecordBatch::Make(schema, rows, std::move(columns));
  }

 private:
  static arrow::Status append_text(const std::optional<std::string>& text,
                                   arrow::StringBuilder& builder) {
    return text ? builder.Append(*text) : builder.AppendNull();
  }

  arrow::Status append_top(const ColumnProfile& profile) {
    if (!profile.top) return top_.AppendNull();
    ARROW_RETURN_NOT_OK(top_.Append());
    for (const ColumnProfile::Frequent& frequent : *profile.top) {
      ARROW_RETURN_NOT_OK(top_items_->Append());
      ARROW_RETURN_NOT_OK(top_values_->Append(frequent.value));
      ARROW_RETURN_NOT_OK(top_counts_->Append(frequent.count));
    }
    return arrow::Status::OK();
  }

  arrow::Status append_histogram(const ColumnProfile& profile) {
    if (!profile.histogram) return histogram_.AppendNull();
    ARROW_RETURN_NOT_OK(histogram_.Append());
    return bins_->AppendValues(*profile.histogram);
  }

  arrow::MemoryPool* pool_ = arrow::default_memory_pool();
  arrow::StringBuilder name_, type_, min_, max_;
  arrow::Int64Builder rows_, nulls_, distinct_;
  arrow::DoubleBuilder mean_, stddev_, q25_, median_, q75_;
  // Arrow's way: a nested builder shares those of its items.
  std::shared_ptr<arrow::StringBuilder> top_values_ = std::make_shared<arrow::StringBuilder>(pool_);
  std::shared_ptr<arrow::Int64Builder> top_counts_ = std::make_shared<arrow::Int64Builder>(pool_);
  std::shared_ptr<arrow::StructBuilder> top_items_ = std::make_shared<arrow::StructBuilder>(
      arrow::struct_({arrow::field("value", arrow::utf8()), arrow::field("count", arrow::int64())}),
      pool_, std::vector<std::shared_ptr<arrow::ArrayBuilder>>{top_values_, top_counts_});
  arrow::ListBuilder top_{pool_, top_items_};
  std::shared_ptr<arrow::Int64Builder> bins_ = std::make_shared<arrow::Int64Builder>(pool_);
  arrow::ListBuilder histogram_{pool_, bins_};
};

}  // namespace

Result<std::shared_ptr<arrow::RecordBatch>> ProfileStream::next() {
  if (!outcome_) return fail(outcome_.error());
  if (sent_ == std::get<ProfilePart>(sub_plans_.plan().derived).columns.size()) return nullptr;
  auto batch = next_columns();
  if (!batch) outcome_ = fail(batch.error());
  return batch;
}

Result<std::shared_ptr<arrow::RecordBatch>> ProfileStream::next_columns() {
  std::span<const NamedExpression> columns =
      std::get<ProfilePart>(sub_plans_.plan().derived).columns;
  columns = columns.subspan(sent_, std::min(kColumnsPerScan, columns.size() - sent_));
  BOWSHOT_ASSIGN(const auto profiles, profile_columns(sub_plans_, columns));
  ProfileRows rows;
  for (size_t i = 0; i < columns.size(); ++i)
    BOWSHOT_TRY(from_arrow_call(rows.append(columns[i], profiles[i])));
  sent_ += columns.size();
  return from_arrow_call(rows.finish(schema()));
}

}  // namespace bowshot
