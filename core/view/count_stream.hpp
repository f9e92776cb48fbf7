#pragma once

#include "view/view_stream.hpp"

namespace bowshot {

/// count() of the rows that a filter keeps, by its match counts: one scan, which windows of these
/// rows then need no more. One thread at a time.
class CountStream : public ViewStream {
 public:
  using ViewStream::ViewStream;

 protected:
  Result<std::unique_ptr<BatchStream>> open() override;
};

}  // namespace bowshot
