#include "source/memory_table.hpp"

#include <arrow/array.h>
#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/array/concatenate.h>
#include <arrow/buffer.h>
#include <arrow/compute/api_vector.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/byte_size.h>
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <numeric>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "base/check.hpp"
#include "base/guarded.hpp"
#include "base/limits.hpp"
#include "source/data_type.hpp"
#include "source/memory_dictionary.hpp"
#include "source/utf8_check.hpp"

namespace bowshot {
namespace {

using ArrayPtr = std::shared_ptr<arrow::Array>;

/// Batches of fewer rows are joined: a request should not go through a million of them.
constexpr int64_t kKeptRowsMin = 8'192;

using Registry = std::unordered_map<int64_t, std::weak_ptr<const MemoryTable>>;

Guarded<Registry>& registry() {
  static Guarded<Registry> tables;
  return tables;
}

std::unexpected<Error> arrow_failure(const arrow::Status& status) {
  if (status.IsOutOfMemory())
    return fail(ErrorCode::kOutOfMemory, "not enough memory for a batch of rows");
  return fail(ErrorCode::kInternal, "rows of a table in memory cannot be read");
}

template <class T>
Result<T> from_arrow(arrow::Result<T> result) {
  if (!result.ok()) return arrow_failure(result.status());
  return *std::move(result);
}

bool is_view(const arrow::Array& array) {
  return array.type_id() == arrow::Type::STRING_VIEW || array.type_id() == arrow::Type::BINARY_VIEW;
}

/// What the rows of `array` hold, of buffers that others may share.
int64_t value_bytes(const ArrayPtr& array) {
  if (is_view(*array)) {
    const auto& views = static_cast<const arrow::BinaryViewArray&>(*array);
    int64_t bytes = 0;
    for (int64_t i = 0; i < views.length(); ++i)
      if (views.IsValid(i)) bytes += static_cast<int64_t>(views.GetView(i).size());
    return bytes + views.length() * static_cast<int64_t>(sizeof(int32_t));
  }
  const auto bytes = arrow::util::ReferencedBufferSize(*array);
  return bytes.ok() ? *bytes : arrow::util::TotalBufferSize(*array);
}

/// Adds up whole buffers, each once.
class BufferBytes {
 public:
  void add(const arrow::ArrayData& data) {
    for (const auto& buffer : data.buffers)
      if (buffer) add(*buffer);
    for (const auto& child : data.child_data) add(*child);
    if (data.dictionary) add(*data.dictionary);
  }
  int64_t bytes() const { return bytes_; }

 private:
  void add(const arrow::Buffer& buffer) {
    const arrow::Buffer* whole = &buffer;
    while (whole->parent()) whole = whole->parent().get();
    if (seen_.insert(whole->address()).second) bytes_ += whole->size();
  }

  std::unordered_set<uintptr_t> seen_;
  int64_t bytes_ = 0;
};

/// `rows` of a view array as plain text or binary.
Result<ArrayPtr> take_views(const arrow::Array& array, const arrow::DataType& type,
                            std::span<const int64_t> rows) {
  const auto& views = static_cast<const arrow::BinaryViewArray&>(array);
  const auto take_into = [&](auto builder) -> arrow::Result<ArrayPtr> {
    for (const int64_t row : rows)
      ARROW_RETURN_NOT_OK(views.IsNull(row) ? builder.AppendNull()
                                            : builder.Append(views.GetView(row)));
    return builder.Finish();
  };
  return from_arrow(type.id() == arrow::Type::STRING ? take_into(arrow::StringBuilder())
                                                     : take_into(arrow::BinaryBuilder()));
}

Result<ArrayPtr> take_values(const arrow::Array& array, const arrow::DataType& type,
                             std::span<const int64_t> rows) {
  if (is_view(array)) return take_views(array, type, rows);
  const arrow::Int64Array indices(static_cast<int64_t>(rows.size()),
                                  arrow::Buffer::Wrap(rows.data(), rows.size()));
  return from_arrow(arrow::compute::Take(array, indices));
}

}  // namespace

/// Gathers batches; short ones wait for others to be joined with.
class MemoryTable::Builder {
 public:
  explicit Builder(std::shared_ptr<arrow::Schema> schema) : table_(new MemoryTable) {
    for (const auto& field : schema->fields())
      dictionaries_.emplace_back(field->type()->id() == arrow::Type::DICTIONARY
                                     ? std::make_unique<MemoryDictionary>()
                                     : nullptr);
    table_->row_bytes_.resize(static_cast<size_t>(schema->num_fields()));
    table_->schema_ = std::move(schema);
  }

  int64_t bytes() const { return bytes_.bytes(); }

  Result<void> add(const arrow::RecordBatch& batch) {
    if (batch.num_rows() == 0) return {};
    arrow::ArrayVector columns = batch.columns();
    for (size_t column = 0; column < columns.size(); ++column) {
      if (auto& dictionary = dictionaries_[column]) {
        const auto& codes = static_cast<const arrow::DictionaryArray&>(*columns[column]);
        BOWSHOT_ASSIGN(columns[column], dictionary->encode(codes));
      } else {
        BOWSHOT_TRY(check_text(*columns[column], column));
      }
      bytes_.add(*columns[column]->data());
    }
    if (waiting_rows_ + batch.num_rows() > kBatchRowsMax || batch.num_rows() >= kKeptRowsMin)
      BOWSHOT_TRY(join_waiting());
    if (batch.num_rows() >= kKeptRowsMin) {
      keep(std::move(columns), batch.num_rows());
    } else {
      waiting_.push_back(std::move(columns));
      waiting_rows_ += batch.num_rows();
    }
    return {};
  }

  Result<std::shared_ptr<const MemoryTable>> finish() {
    BOWSHOT_TRY(join_waiting());
    for (size_t column = 0; column < dictionaries_.size(); ++column) {
      table_->dictionaries_.emplace_back();
      if (!dictionaries_[column]) continue;
      BOWSHOT_ASSIGN(auto values, dictionaries_[column]->finish());
      BOWSHOT_TRY(check_text(*values, column));
      bytes_.add(*values->data());
      for (auto& batch : table_->batches_)
        batch[column] = std::make_shared<arrow::DictionaryArray>(
            table_->schema_->field(static_cast<int>(column))->type(), batch[column], values);
      table_->dictionaries_.back() = std::make_shared<const ColumnDictionary>(values);
    }
    for (int column = 0; column < table_->schema_->num_fields(); ++column)
      table_->kept_types_.push_back(table_->batches_.empty()
                                        ? table_->schema_->field(column)->type()
                                        : table_->batches_[0][static_cast<size_t>(column)]->type());
    table_->bytes_ = bytes_.bytes();
    static std::atomic<int64_t> last_id = 0;
    table_->id_ = ++last_id;
    registry().with([&](auto& tables) { tables[table_->id_] = table_; });
    return table_;
  }

 private:
  Result<void> check_text(const arrow::Array& array, size_t column) const {
    if (is_valid_utf8(*array.data())) return {};
    const auto& field = table_->schema_->field(static_cast<int>(column));
    return fail(ErrorCode::kBadData,
                fmt::format("column \"{}\" holds text that is not UTF-8", field->name()));
  }

  Result<void> join_waiting() {
    if (waiting_.empty()) return {};
    auto batches = std::exchange(waiting_, {});
    const int64_t rows = std::exchange(waiting_rows_, 0);
    if (batches.size() == 1) {
      keep(std::move(batches[0]), rows);
      return {};
    }
    arrow::ArrayVector columns;
    for (size_t column = 0; column < batches[0].size(); ++column) {
      arrow::ArrayVector parts;
      for (const auto& batch : batches) parts.push_back(batch[column]);
      BOWSHOT_ASSIGN(auto joined, from_arrow(arrow::Concatenate(parts)));
      columns.push_back(std::move(joined));
    }
    keep(std::move(columns), rows);
    return {};
  }

  void keep(arrow::ArrayVector columns, int64_t rows) {
    for (size_t column = 0; column < columns.size(); ++column) {
      const double bytes = static_cast<double>(value_bytes(columns[column]));
      double& row_bytes = table_->row_bytes_[column];
      row_bytes = std::max(row_bytes, bytes / static_cast<double>(rows));
    }
    table_->batches_.push_back(std::move(columns));
    table_->starts_.push_back(table_->starts_.back() + rows);
  }

  std::shared_ptr<MemoryTable> table_;
  std::vector<std::unique_ptr<MemoryDictionary>> dictionaries_;  // null: not of that type
  std::vector<arrow::ArrayVector> waiting_;
  int64_t waiting_rows_ = 0;
  BufferBytes bytes_;
};

Result<std::shared_ptr<const MemoryTable>> MemoryTable::make(TableBody& body, int64_t bytes_max) {
  Builder builder(body.schema());
  for (;;) {
    BOWSHOT_ASSIGN(const auto batch, body.next());
    if (!batch) return builder.finish();
    BOWSHOT_TRY(builder.add(*batch));
    if (builder.bytes() > bytes_max) return nullptr;
  }
}

MemoryTable::~MemoryTable() {
  registry().with([&](auto& tables) { tables.erase(id_); });
}

std::shared_ptr<const MemoryTable> MemoryTable::find(int64_t id) {
  return registry().with([&](const auto& tables) -> std::shared_ptr<const MemoryTable> {
    const auto found = tables.find(id);
    return found == tables.end() ? nullptr : found->second.lock();
  });
}

size_t MemoryTable::batch_of(int64_t row) const {
  BOWSHOT_CHECK(row >= 0 && row < rows());
  return static_cast<size_t>(std::ranges::upper_bound(starts_, row) - starts_.begin()) - 1;
}

int64_t MemoryTable::batch_end(int64_t row) const {
  return starts_[batch_of(row) + 1];
}

ArrayPtr MemoryTable::slice(int column, int64_t begin, int64_t end) const {
  const size_t batch = batch_of(begin);
  BOWSHOT_CHECK(begin <= end && end <= starts_[batch + 1]);
  return batches_[batch][static_cast<size_t>(column)]->Slice(begin - starts_[batch], end - begin);
}

Result<arrow::ArrayVector> MemoryTable::take(std::span<const int> columns,
                                             std::span<const int64_t> rows) const {
  // By ascending number, batch by batch; then back into their order.
  std::vector<int64_t> places(rows.size());
  std::iota(places.begin(), places.end(), 0);
  const bool is_ascending = std::ranges::is_sorted(rows);
  if (!is_ascending) std::ranges::sort(places, {}, [&](int64_t place) { return rows[place]; });
  std::vector<arrow::ArrayVector> parts(columns.size());
  for (size_t used = 0; used < places.size();) {
    const size_t batch = batch_of(rows[places[used]]);
    std::vector<int64_t> within;
    for (; used < places.size() && rows[places[used]] < starts_[batch + 1]; ++used)
      within.push_back(rows[places[used]] - starts_[batch]);
    for (size_t i = 0; i < columns.size(); ++i) {
      const auto& array = batches_[batch][static_cast<size_t>(columns[i])];
      BOWSHOT_ASSIGN(auto taken, take_values(*array, *schema_->field(columns[i])->type(), within));
      parts[i].push_back(std::move(taken));
    }
  }
  std::vector<int64_t> back(rows.size());
  for (size_t i = 0; i < places.size(); ++i) back[static_cast<size_t>(places[i])] = i;
  arrow::ArrayVector arrays;
  for (size_t i = 0; i < columns.size(); ++i) {
    ArrayPtr array;
    if (parts[i].empty()) {
      BOWSHOT_ASSIGN(array, from_arrow(arrow::MakeEmptyArray(schema_->field(columns[i])->type())));
    } else if (parts[i].size() == 1) {
      array = parts[i][0];
    } else {
      BOWSHOT_ASSIGN(array, from_arrow(arrow::Concatenate(parts[i])));
    }
    if (!is_ascending) {
      BOWSHOT_ASSIGN(array, take_values(*array, *array->type(), back));
    }
    arrays.push_back(std::move(array));
  }
  return arrays;
}

}  // namespace bowshot
