#include "help_format.hpp"

#include <fmt/format.h>

#include <array>
#include <sstream>

namespace bowshot {

namespace {

constexpr size_t kLineColumns = 100;
constexpr size_t kNameColumns = 32;

/// Breaks at spaces; line ends stay.
std::string wrap(std::string_view text, size_t columns) {
  std::string wrapped;
  size_t line = 0;  // columns of the last line
  while (!text.empty()) {
    const size_t end = std::min(text.find_first_of(" \n"), text.size());
    const bool is_begun = line > 0;
    if (is_begun && line + 1 + end > columns) {
      wrapped += '\n';
      line = 0;
    } else if (is_begun) {
      wrapped += ' ';
      ++line;
    }
    wrapped += text.substr(0, end);
    line += end;
    if (end < text.size() && text[end] == '\n') {
      wrapped += '\n';
      line = 0;
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return wrapped;
}

}  // namespace

HelpFormatter::HelpFormatter() {
  column_width(kNameColumns);
}

std::string HelpFormatter::make_description(const CLI::App* command) const {
  return wrap(command->get_description(), kLineColumns) + "\n";
}

std::string HelpFormatter::make_option_opts(const CLI::Option* option) const {
  return option->get_type_size() == 0 ? "" : fmt::format(" {}", option->get_type_name());
}

std::string HelpFormatter::make_option_desc(const CLI::Option* option) const {
  std::string text = option->get_description();
  const bool is_list = option->get_expected_max() == CLI::detail::expected_max_vector_size;
  if (is_list && option->nonpositional()) text += "; may be repeated";
  if (!option->get_default_str().empty())
    text += fmt::format(" [default: {}]", option->get_default_str());
  return wrap(text, kLineColumns - kNameColumns);
}

std::string HelpFormatter::make_subcommand(const CLI::App* command) const {
  const std::string about = command->get_description();
  std::stringstream out;
  CLI::detail::format_help(out, command->get_display_name(true),
                           wrap(about.substr(0, about.find('\n')), kLineColumns - 16), 14);
  return out.str();
}

std::string spelt_size(int64_t bytes) {
  constexpr std::array<std::string_view, 4> kUnits = {"KiB", "MiB", "GiB", "TiB"};
  double size = static_cast<double>(bytes);
  size_t unit = 0;
  for (size /= 1024; size >= 1024 && unit + 1 < kUnits.size(); size /= 1024) ++unit;
  if (bytes < 1024) return fmt::format("{}", bytes);
  return fmt::format("{} ({:.3g} {})", bytes, size, kUnits[unit]);
}

}  // namespace bowshot
