#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/engine.hpp"
#include "view/view_builder.hpp"
#include "view/view_store.hpp"

namespace bowshot {

class DuckDbEngine;

/// What an answer by views runs with. All that is pointed to outlives it.
struct ViewContext {
  std::shared_ptr<const Plan> plan;  // shared: its dataset's files stay open
  DuckDbEngine* engine;
  ViewStore* store;
  const OrderBuilder* orders;
  StopToken stop;
};

/// A window of rows whose way is chosen when it is first asked for: by what views are there then.
/// One thread at a time.
class ViewStream : public BatchStream {
 public:
  explicit ViewStream(ViewContext context) : context_(std::move(context)) {}
  const std::shared_ptr<arrow::Schema>& schema() const override { return context_.plan->schema; }
  Result<std::shared_ptr<arrow::RecordBatch>> next() override;
  void rest() override {
    if (rows_) rows_->rest();
  }

 protected:
  virtual Result<std::unique_ptr<BatchStream>> open() = 0;

  /// The plan as the engine runs it. Where all of the window's rows came, `after` is asked for
  /// then: the screen may be scrolled next.
  Result<std::unique_ptr<BatchStream>> open_without(std::optional<ViewRequest> after);
  Result<std::unique_ptr<BatchStream>> open_rows(std::vector<int64_t> rows);
  void want_after(ViewRequest request);

  /// What the error says should the deadline pass.
  void say_of_deadline(std::string detail) { of_deadline_ = std::move(detail); }

  const Plan& plan() const { return *context_.plan; }
  ViewContext context_;

 private:
  std::unique_ptr<BatchStream> rows_;
  std::optional<ViewRequest> after_;
  int64_t rows_given_ = 0;
  bool has_ended_ = false;
  std::string of_deadline_;
  std::optional<Error> error_;  // given again by every later next()
};

/// Whether the asker left, or the server stops: nothing else is to be tried.
bool is_stop(const Error& error, const StopToken& stop);

/// Filtered rows as they lie.
std::unique_ptr<BatchStream> make_filtered_window(ViewContext context);
/// Rows in an order other than their own, filtered or not.
std::unique_ptr<BatchStream> make_ordered_window(ViewContext context);

}  // namespace bowshot
