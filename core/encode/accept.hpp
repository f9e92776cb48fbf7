#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bowshot {

/// One media range of an Accept header: `text/*;q=0.5`. Lower case but for `codecs`' order.
struct MediaRange {
  std::string type;                 // "*" for any
  std::string subtype;              // "*" for any
  std::vector<std::string> codecs;  // of the parameter `codecs`, in the client's order
  double quality = 1;
};

/// The ranges of an Accept header (RFC 9110, 12.5.1) in the client's order. What is malformed is
/// left out and harms nothing else: an element without a slash, a quality that is no number.
/// `codecs=zstd, lz4` without quotes is understood, though its comma ends an element by the
/// grammar.
std::vector<MediaRange> parse_accept(std::string_view header);

/// What an Accept-Encoding header (RFC 9110, 12.5.3) says of content codings.
class AcceptedCodings {
 public:
  explicit AcceptedCodings(std::string_view header);
  /// The quality of a coding that the client takes, by its name or by `*`; 0 for one it does not.
  double quality(std::string_view coding) const;
  /// The quality of no coding: 0 means the client's wish for one, never a ban that we keep.
  double identity_quality() const;

 private:
  struct Coding {
    std::string name;
    double quality = 1;
  };
  std::optional<double> listed(std::string_view name) const;
  std::vector<Coding> codings_;
};

}  // namespace bowshot
