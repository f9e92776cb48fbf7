#pragma once

#include <string>

#include "engine/dialect.hpp"

namespace bowshot {

/// Plans as DuckDB 1.5 spells them, for a database that is set up by DuckDbDatabase.
class DuckDbDialect : public Dialect {
 public:
  Result<std::string> source(const Scan& scan) const override;
  Result<std::string> expression(const Expression& expression) const override;
  Result<FilterText> filter(const Expression& expression) const override;
  Result<std::string> measure(const Measure& measure) const override;
  std::string order(const std::string& name, bool descending) const override;
  std::string opaque(std::string select) const override;
};

}  // namespace bowshot
