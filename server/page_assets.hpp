#pragma once

#include <span>
#include <string_view>

namespace bowshot {

/// One file of the explorer page, linked into the program.
struct PageAsset {
  std::string_view path;  // as in the URL: /index.html
  std::string_view content;
};

/// Defined by a source that tools/embed_page writes when the program is built.
std::span<const PageAsset> page_assets();

/// The file of a URL's path; `/` is the page itself. Null: there is none.
const PageAsset* find_page_asset(std::string_view path);

}  // namespace bowshot
