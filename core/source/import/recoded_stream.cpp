#include "source/import/recoded_stream.hpp"

#include <arrow/buffer.h>
#include <arrow/io/interfaces.h>
#include <arrow/result.h>
#include <fmt/format.h>
#include <iconv.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace bowshot {

namespace {

class RecodedStream : public arrow::io::InputStream {
 public:
  RecodedStream(std::shared_ptr<arrow::io::InputStream> text, iconv_t recoder)
      : text_(std::move(text)), recoder_(recoder) {}
  ~RecodedStream() override { ::iconv_close(recoder_); }
  RecodedStream(const RecodedStream&) = delete;
  RecodedStream& operator=(const RecodedStream&) = delete;

  arrow::Result<int64_t> Read(int64_t bytes, void* out) override {
    auto* const begin = static_cast<char*>(out);
    char* end = begin;
    auto room = static_cast<size_t>(bytes);
    while (room >= kCharacterBytesMax && end == begin) {
      ARROW_RETURN_NOT_OK(fill());
      if (waiting_.empty()) break;
      char* from = waiting_.data();
      size_t left = waiting_.size();
      const size_t status = ::iconv(recoder_, &from, &left, &end, &room);
      const int problem = status == static_cast<size_t>(-1) ? errno : 0;
      waiting_.erase(0, waiting_.size() - left);
      const bool is_cut = problem == EINVAL && has_ended_;
      if (problem == EILSEQ || is_cut)
        return arrow::Status::Invalid("the text is not of the encoding that was given");
    }
    position_ += end - begin;
    return end - begin;
  }

  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(int64_t bytes) override {
    ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateResizableBuffer(bytes));
    ARROW_ASSIGN_OR_RAISE(const int64_t done, Read(bytes, buffer->mutable_data()));
    ARROW_RETURN_NOT_OK(buffer->Resize(done));
    return std::shared_ptr<arrow::Buffer>(std::move(buffer));
  }

  arrow::Result<int64_t> Tell() const override { return position_; }
  arrow::Status Close() override { return arrow::Status::OK(); }
  bool closed() const override { return false; }

 private:
  static constexpr size_t kCharacterBytesMax = 8;
  static constexpr int64_t kReadBytes = 256 << 10;

  arrow::Status fill() {
    if (has_ended_ || static_cast<int64_t>(waiting_.size()) >= kReadBytes / 2)
      return arrow::Status::OK();
    ARROW_ASSIGN_OR_RAISE(auto more, text_->Read(kReadBytes));
    has_ended_ = more->size() == 0;
    waiting_.append(reinterpret_cast<const char*>(more->data()), static_cast<size_t>(more->size()));
    return arrow::Status::OK();
  }

  const std::shared_ptr<arrow::io::InputStream> text_;
  const iconv_t recoder_;
  std::string waiting_;  // read, not yet recoded
  bool has_ended_ = false;
  int64_t position_ = 0;
};

}  // namespace

Result<std::shared_ptr<arrow::io::InputStream>> recoded(
    std::shared_ptr<arrow::io::InputStream> text, const std::string& encoding) {
  std::string name = encoding;
  std::ranges::transform(name, name.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; });
  if (name == "utf-8" || name == "utf8") return text;
  const iconv_t recoder = ::iconv_open("UTF-8", name.c_str());
  // NOLINTNEXTLINE(performance-no-int-to-ptr): iconv's own way to say that it failed
  if (recoder == reinterpret_cast<iconv_t>(-1)) {
    Error error{.code = ErrorCode::kBadParameter,
                .detail = fmt::format("encoding: \"{}\" is not known", encoding)};
    error.parameter = "encoding";
    return fail(std::move(error));
  }
  return std::make_shared<RecodedStream>(std::move(text), recoder);
}

}  // namespace bowshot
