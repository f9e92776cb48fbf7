#pragma once

#include <memory>
#include <vector>

#include "view/view_builder.hpp"

namespace bowshot {

/// Scans the keys once and sorts them as words of 64 bits: several times as quick as an engine's
/// sort, and of known size. What it has no codes for (texts beyond a million different ones, say),
/// or no room, it leaves to the builder behind it.
class CodedOrderBuilder : public OrderBuilder {
 public:
  /// Both outlive this.
  CodedOrderBuilder(Engine* engine, OrderBuilder* next) : engine_(engine), next_(next) {}
  int64_t rows_max() const override { return next_->rows_max(); }
  Result<RowOrder> build(std::shared_ptr<const Plan> plan, int64_t rows,
                         const BuildContext& context) override;

 private:
  Engine* engine_;
  OrderBuilder* next_;
};

}  // namespace bowshot
