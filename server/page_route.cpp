#include <algorithm>

#include "exchange.hpp"
#include "page_assets.hpp"

namespace bowshot {

namespace {

constexpr const char* kContentSecurityPolicy =
    "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; connect-src 'self'; worker-src 'self' blob:; object-src 'none'; "
    "base-uri 'none'; frame-ancestors 'self'";

std::string_view media_type(std::string_view path) {
  struct Row {
    std::string_view extension;
    std::string_view media_type;
  };
  constexpr Row kMediaTypes[] = {
      {".html", "text/html; charset=utf-8"},
      {".js", "text/javascript; charset=utf-8"},
      {".css", "text/css; charset=utf-8"},
      {".svg", "image/svg+xml"},
      {".png", "image/png"},
      {".ico", "image/x-icon"},
      {".wasm", "application/wasm"},
      {".json", "application/json"},
      {".txt", "text/plain; charset=utf-8"},
      {".woff2", "font/woff2"},
      {".webmanifest", "application/manifest+json"},
  };
  for (const Row& row : kMediaTypes)
    if (path.ends_with(row.extension)) return row.media_type;
  return "application/octet-stream";
}

}  // namespace

const PageAsset* find_page_asset(std::string_view path) {
  if (path == "/") path = "/index.html";
  const auto assets = page_assets();
  const auto asset = std::ranges::find(assets, path, &PageAsset::path);
  return asset == assets.end() ? nullptr : &*asset;
}

/// The explorer page's own files, which are part of the program. Their query belongs to the page.
void App::get_page(Exchange& exchange) {
  const PageAsset* const asset = find_page_asset(exchange.path);
  if (asset == nullptr)
    return exchange.send_error(
        {.code = ErrorCode::kUnknownPath, .detail = "the endpoints are listed in /openapi.json"});
  const bool has_hashed_name = asset->path.starts_with("/assets/");
  exchange.headers.set("Cache-Control",
                       has_hashed_name ? "public, max-age=31536000, immutable" : "no-cache");
  exchange.headers.set("Content-Security-Policy", kContentSecurityPolicy);
  exchange.headers.set("Referrer-Policy", "no-referrer");
  exchange.send_tagged(weak_etag(asset->content), media_type(asset->path), asset->content);
}

}  // namespace bowshot
